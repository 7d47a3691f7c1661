"""The real server, in the development profile, with its offline WeChat."""

import base64
import glob
import itertools
import json
import os
import re
import subprocess
import time
import urllib.request

SERVER = os.path.abspath("target/debug/menshen")
START = 60
names = itertools.count()


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def header_of(token):
    """What a token says about itself."""
    head = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))


class Menshen:
    """A server over the database in a folder; others may run over the same one."""

    def __init__(self, folder, settings=None, hours_ago=0):
        self.folder = folder
        self.environment = dict(os.environ, MENSHEN_SERVER__LISTEN="127.0.0.1:0", **(settings or {}))
        if hours_ago:
            [clock] = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
            self.environment.update(LD_PRELOAD=clock, FAKETIME=f"-{hours_ago}h", FAKETIME_DONT_FAKE_MONOTONIC="1")

    def __enter__(self):
        self.log = os.path.join(self.folder, f"menshen-{next(names)}.log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [SERVER], cwd=self.folder, env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + START
        while True:
            with open(self.log, encoding="utf-8") as log:
                said = log.read()
            found = re.search(r"(http://127\.0\.0\.1:\d+)/playground", said)
            if found:
                self.base = found.group(1)
                return self
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError(f"the server did not start: {said}")
            time.sleep(0.05)

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def sign_in(self):
        """Somebody new, with a session."""
        name = f"person-{next(names)}"
        post(f"{self.base}/simulator/control/people", {"name": name})
        code = post(f"{self.base}/simulator/control/wechat/login", {"person": name})["code"]
        login = post(f"{self.base}/v1/login/wechat", {"code": code, "client": {"type": "mini_program"}})
        return login["data"]

    def sign_out(self, token):
        address = f"{self.base}/v1/logout"
        request = urllib.request.Request(address, b"{}", {"content-type": "application/json"}, method="POST")
        request.add_header("authorization", f"Bearer {token}")
        urllib.request.urlopen(request, timeout=10).close()

    def published(self):
        """The ids of the keys that are published."""
        with urllib.request.urlopen(f"{self.base}/.well-known/jwks.json", timeout=10) as answer:
            return {key["kid"] for key in json.load(answer)["keys"]}

    def drop_key(self, kid):
        """Takes a signing key out of use, as an operator does, and waits until that is so."""
        subprocess.run(
            [SERVER, "keys", "drop", kid], cwd=self.folder, env=self.environment, check=True, capture_output=True, timeout=60
        )
        deadline = time.monotonic() + 90
        while kid in self.published():
            if time.monotonic() > deadline:
                raise RuntimeError("a dropped key is still published after 90 seconds")
            time.sleep(0.2)
