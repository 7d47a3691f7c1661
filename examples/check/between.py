"""What stands between a backend and Menshen: counts, can be cut, and publishes a key of the test's own."""

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlparse

JWKS = "/.well-known/jwks.json"


class Between(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, menshen, jwk):
        super().__init__(("127.0.0.1", 0), Passing)
        self.menshen, self.jwk = urlparse(menshen).netloc, jwk
        self.cut, self.fetches, self.counting = False, 0, threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def count(self):
        with self.counting:
            self.fetches += 1

    def handle_error(self, *_):
        """A backend that gives up waiting is no news."""


class Passing(BaseHTTPRequestHandler):
    def do_GET(self):
        self.close_connection = True
        if self.path == JWKS:
            self.server.count()
        if self.server.cut:
            return
        link = http.client.HTTPConnection(self.server.menshen, timeout=10)
        link.request("GET", self.path, headers={"Authorization": self.headers.get("Authorization", "")})
        answer = link.getresponse()
        body = answer.read()
        if self.path == JWKS:
            keys = json.loads(body)
            keys["keys"].append(self.server.jwk)
            body = json.dumps(keys).encode()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "connection", "date", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        link.close()

    def log_message(self, *_):
        """Nothing is printed for each request."""
