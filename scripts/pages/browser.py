"""A browser without a window, driven as WebDriver has it."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WAIT = 20


class Browser:
    """Chromium with a fresh profile, until the end of the block."""

    def __enter__(self):
        self.profile = tempfile.TemporaryDirectory()
        environment = dict(os.environ, TMPDIR=self.profile.name)
        self.driver = subprocess.Popen(
            [shutil.which("chromedriver") or "chromedriver", "--port=0"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            found = next(filter(None, (re.search(r"successfully on port (\d+)", line) for line in self.driver.stdout)))
            self.address = f"http://127.0.0.1:{found[1]}/session"
            options = {
                "binary": shutil.which("chromium"),
                "args": [*FLAGS, f"--user-data-dir={self.profile.name}/profile"],
            }
            wanted = {"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}}
            self.address += "/" + self.call("POST", "", wanted)["sessionId"]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            self.call("DELETE", "")
        except OSError:
            pass
        self.driver.terminate()
        self.driver.wait(timeout=WAIT)
        self.profile.cleanup()

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"content-type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{path}: {json.load(error)['value']['message']}") from None

    def open(self, url):
        self.call("POST", "/url", {"url": url})

    def ask(self, script, *arguments):
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def devtools(self, command, **parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def width(self, pixels):
        self.devtools(
            "Emulation.setDeviceMetricsOverride", width=pixels, height=844, deviceScaleFactor=1, mobile=pixels < 600
        )

    def find(self, selector):
        return self.call("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def tap(self, selector):
        self.call("POST", f"/element/{self.find(selector)}/click", {})

    def write(self, selector, text):
        self.call("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def until(self, what, script, *arguments):
        """Waits until it is so, and answers what it is."""
        deadline = time.monotonic() + WAIT
        while not (found := self.ask(script, *arguments)):
            if time.monotonic() > deadline:
                raise AssertionError(f"{what}: not within {WAIT} seconds, at {self.ask('return location.href')}")
            time.sleep(0.05)
        return found
