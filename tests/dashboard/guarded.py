"""A real server of a small application behind the guard, and ways to be impolite to it."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from poku_batch.dashboard.guard import Guard, Site, csrf_field, csrf_token, server_settings

TOKEN = "a token of the tests, long enough"  # noqa: S105


@dataclass(slots=True)
class SmallApp:
    """An application of a page, forms, an upload, a stream, a fault and a style."""

    #: What it was made to do.
    done: list[str] = field(default_factory=list)
    #: Bytes of uploads that it was given, also of those that broke off.
    taken: int = 0
    #: What went on in it and was ended.
    ended: int = 0

    def asgi(self) -> ASGIApp:
        """The application itself."""
        return Starlette(
            routes=[
                Route("/", self.page),
                Route("/do", self.do, methods=["POST", "PUT", "DELETE"]),
                Route("/upload", self.upload, methods=["POST"]),
                Route("/events", self.events),
                Route("/slow", self.slow),
                Route("/fault", self.fault),
                Route("/static/style.css", self.style),
            ]
        )

    async def page(self, request: Request) -> Response:
        """A page that runs into every trap: it shows what it is told to, and may be kept."""
        hidden = csrf_field(request)
        shown = request.query_params.get("show", "")
        return HTMLResponse(
            f"<!doctype html><title>Calls</title><h1>Calls</h1>{shown}"
            f'<form id="do" method="post" action="/do">{hidden}'
            '<input name="what" value="call"><button>Do</button></form>'
            f'<form id="up" method="post" action="/upload" enctype="multipart/form-data">{hidden}'
            '<input name="sheet" type="file"><button>Upload</button></form>'
            f'<p id="token">{csrf_token(request)}</p>',
            headers={"Cache-Control": "public, max-age=60", "Server": "small"},
        )

    async def do(self, request: Request) -> Response:
        """Do what a form says."""
        async with request.form() as form:
            self.done.append(f"{request.method} {form.get('what', '')}")
        return PlainTextResponse("done")

    async def upload(self, request: Request) -> Response:
        """Take a file, piece by piece."""
        try:
            async for piece in request.stream():
                self.taken += len(piece)
        except BaseException:
            self.ended += 1
            raise
        self.done.append("upload")
        return PlainTextResponse("kept")

    async def events(self, _request: Request) -> Response:
        """Tell of calls without an end."""

        async def ticks() -> AsyncIterator[str]:
            try:
                while True:
                    yield "data: tick\n\n"
                    await anyio.sleep(0.05)
            finally:
                self.ended += 1

        return StreamingResponse(ticks(), media_type="text/event-stream")

    async def slow(self, _request: Request) -> Response:
        """Answer after a second."""
        await anyio.sleep(1)
        return PlainTextResponse("at last")

    async def fault(self, _request: Request) -> Response:
        """Fail."""
        raise RuntimeError("a detail that is nobody's business")

    async def style(self, _request: Request) -> Response:
        """Something that anybody may have."""
        headers = {"Cache-Control": "max-age=600"}
        return PlainTextResponse("h1 { color: teal }", media_type="text/css", headers=headers)


@dataclass(slots=True, kw_only=True)
class Served:
    """A server that listens on ``port``, and what it was made to do."""

    port: int
    guard: Guard
    app: SmallApp

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def host(self) -> str:
        """What browsers call it."""
        return f"127.0.0.1:{self.port}"


@contextmanager
def serving(app: ASGIApp, listener: socket.socket, **settings: object) -> Iterator[None]:
    """Serve an application as the dashboard does, in a thread of its own."""
    server = uvicorn.Server(uvicorn.Config(app, **{**server_settings(), **settings}))
    thread = threading.Thread(
        target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        thread.join(10)
        listener.close()


@contextmanager
def guarded(*, host: str = "127.0.0.1", **site: object) -> Iterator[Served]:
    """Serve the small application behind a guard."""
    app = SmallApp()
    clock = site.pop("monotonic", None)
    listener = socket.create_server((host, 0))
    port = listener.getsockname()[1]
    more = {} if clock is None else {"monotonic": clock}
    guard = Guard(Site(host=host, port=port, **site), **more)  # type: ignore[arg-type]  # a test's
    with serving(guard.wrap(app.asgi()), listener):
        yield Served(port=port, guard=guard, app=app)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer as it came over the wire; header names in lower case, in their order."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """The values of a header, joined; "" for none."""
        return ", ".join(value for key, value in self.headers if key == name)


def raw(port: int, request: bytes, *, wait_s: float = 5.0) -> Answer:
    """Send these very bytes, and read to the connection's end or the answer's."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait_s) as client:
        with suppress(OSError):  # it may answer before it has everything
            client.sendall(request)
        return read_answer(client)


def read_answer(client: socket.socket) -> Answer:
    """Read one answer."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = client.recv(65_536)
        if not piece:
            raise EOFError(f"no answer, but {data!r}")
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = [(name.lower(), value) for name, _, value in (line.partition(": ") for line in lines)]
    answer = Answer(status=int(first.split()[1]), headers=headers, body=body)
    length = answer.header("content-length")
    with suppress(OSError):
        while length and len(body) < int(length) and (piece := client.recv(65_536)):
            body += piece
    return Answer(status=answer.status, headers=headers, body=body)


def get(port: int, path: str = "/", *headers: str, host: str | None = None) -> Answer:
    """GET a path, with further header lines."""
    return raw(port, head("GET", path, f"127.0.0.1:{port}" if host is None else host, *headers))


def head(method: str, path: str, host: str, *headers: str) -> bytes:
    """A request's head."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")
