"""Somebody who is told by hooks: a real server on loopback, with none of poku_batch in it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook


class Receiver:
    """Keeps the messages that came, once their signature is found to be right."""

    def __init__(self, secret: str) -> None:
        self.url = ""
        self.messages: list[dict[str, Any]] = []
        self.wrong: list[str] = []
        #: what it answers with
        self.status = 204
        self._signed = Webhook(secret)

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """Verify a message and keep it; gives the status to answer with."""
        try:
            self._signed.verify(body, headers)
        except Exception as wrong:
            self.wrong.append(str(wrong))
            return 400
        if self.status < 300:
            self.messages.append(json.loads(body))
        return self.status


@contextmanager
def receiving(secret: str, *, port: int = 0) -> Iterator[Receiver]:
    """A receiver that knows the secret, while the block lasts."""
    receiver = Receiver(secret)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(receiver.take(headers, body))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/told"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
