"""One example, as a process of its own."""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request

START = 90


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Backend:
    def __init__(self, name, folder, command, log, settings, between=None):
        self.name, self.between = name, between
        self.port, self.log = free_port(), log
        environment = dict(os.environ, PORT=str(self.port), **settings)
        command = [part.replace("$PORT", str(self.port)) for part in command]
        with open(log, "wb") as out:
            self.process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=subprocess.STDOUT)

    def wait(self):
        """Waits until it listens."""
        deadline = time.monotonic() + START
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{self.name} did not start: {self.said()}") from None
                time.sleep(0.05)

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()[-1000:]

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def ask(self, path, token=None, scheme="Bearer"):
        """Status, `WWW-Authenticate` and body of an answer."""
        headers = {} if token is None else {"Authorization": f"{scheme} {token}"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, None, json.load(answer)
        except urllib.error.HTTPError as answer:
            with answer:
                body = answer.read()
                try:
                    body = json.loads(body)
                except ValueError:
                    body = {}
                return answer.code, answer.headers.get("WWW-Authenticate"), body
