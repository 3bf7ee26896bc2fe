"""A host of recordings on this machine: whole, broken off, or not there, as a test says."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.recordings.recordings_world import wav


@dataclass(slots=True)
class Host:
    """``bodies`` by path; any other path has ``default``, and None is not there.

    While ``stops_after`` is a number, an answer stops after so many bytes of its body, and goes on
    when it is None again. ``statuses`` are answered with instead.
    """

    url: str = ""
    default: bytes | None = field(default_factory=lambda: wav(6_000))
    bodies: dict[str, bytes] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    stops_after: int | None = None
    #: path and headers of every request
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def paths(self) -> list[str]:
        return sorted(path for path, _ in self.requests)

    @property
    def ranges(self) -> list[str | None]:
        return [headers.get("range") for _, headers in self.requests]


class _Handler(BaseHTTPRequestHandler):
    host: Host

    def do_GET(self) -> None:
        host = self.host
        headers = {name.lower(): value for name, value in self.headers.items()}
        host.requests.append((self.path, headers))
        path = self.path.partition("?")[0]
        body = host.bodies.get(path, host.default)
        status = host.statuses.get(path, 404 if body is None else 200)
        if status != 200 or body is None:
            self.send_error(status)
            return
        start = int(headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Type", "audio/wav")
        self.send_header("Content-Length", str(len(body) - start))
        self.send_header("ETag", f'"{path}"')
        self.end_headers()
        self._send(body[start:])

    def _send(self, body: bytes) -> None:
        stop = self.host.stops_after
        if stop is not None and stop < len(body):
            self.wfile.write(body[:stop])
            self.wfile.flush()
            self.host.stopped.set()
            while self.host.stops_after is not None and not self.host.over.is_set():
                time.sleep(0.01)
            body = body[stop:]
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that was killed is no matter."""


@contextmanager
def hosting() -> Iterator[Host]:
    """Serve recordings on a free port of loopback."""
    host = Host()
    handler = type("Handler", (_Handler,), {"host": host})
    server = _Server(("127.0.0.1", 0), handler)
    host.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield host
    finally:
        host.over.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
