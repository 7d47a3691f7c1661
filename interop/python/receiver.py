"""What the simulator pushes to a client, taken in on a port of the loopback."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from urllib.parse import parse_qsl, urlsplit


class Receiver:
    """Answers each request with what `answer(query, body)` says, and keeps it: (headers, body)."""

    def __init__(self, answer):
        self.taken = Queue()
        taken = self.taken

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.respond(b"")

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                taken.put((self.headers, body))
                self.respond(body)

            def respond(self, body):
                try:
                    status, said = 200, answer(dict(parse_qsl(urlsplit(self.path).query)), body)
                except Exception as error:  # what the client refuses, the pusher is told
                    status, said = 403, f"{type(error).__name__}: {error}"
                self.send_response(status)
                self.end_headers()
                self.wfile.write(said.encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next(self):
        """The next request that was pushed."""
        try:
            return self.taken.get(timeout=10)
        except Empty:
            raise AssertionError("nothing was pushed") from None
