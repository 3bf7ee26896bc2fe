"""A server that does to each connection what a test says, byte by byte.

Sockets alone: what HTTP should not do, this can.
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Connection:
    """One accepted connection. ``received`` is what the client sent; ``sent`` counts our bytes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    received: bytes = b""
    sent: int = 0

    async def request(self) -> bytes:
        """Read one whole request, and nothing after it."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        self.received += head
        lengths = [
            int(line.split(b":")[1])
            for line in head.lower().splitlines()
            if line.startswith(b"content-length:")
        ]
        body = await self.reader.readexactly(sum(lengths))
        self.received += body
        return head + body

    async def send(self, data: bytes) -> None:
        """Send; returns when the client has taken nearly all of it."""
        self.writer.write(data)
        await self.writer.drain()
        self.sent += len(data)

    async def until_closed(self) -> bytes:
        """Wait until the client has closed its side; gives what it still sent."""
        try:
            rest = await self.reader.read()
        except ConnectionError:
            rest = b""
        self.received += rest
        return rest

    def reset(self) -> None:
        """Break the connection off with RST instead of FIN."""
        raw: socket.socket = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


#: What is done to a connection; it is closed afterwards.
Act = Callable[[Connection], Awaitable[None]]


@dataclass(slots=True)
class Server:
    """``connections`` are all that were accepted; ``closed`` those that ended, in their order."""

    act: Act
    url: str = ""
    connections: list[Connection] = field(default_factory=list)
    closed: asyncio.Queue[Connection] = field(default_factory=asyncio.Queue)
    faults: list[BaseException] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _over: bool = False

    @property
    def requests(self) -> list[bytes]:
        """Every request line that any client sent."""
        lines = [line for each in self.connections for line in each.received.splitlines()]
        return [line for line in lines if line.endswith(b" HTTP/1.1")]

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection; one that comes too late is dropped."""
        connection = Connection(reader, writer)
        self.connections.append(connection)
        if self._over:
            writer.transport.abort()
            return
        task = asyncio.create_task(self._serve(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: Connection) -> None:
        try:
            await self.act(connection)
        except ConnectionError:
            pass  # the client went away, as some tests want it to
        except Exception as fault:
            self.faults.append(fault)
        finally:
            connection.writer.close()
            self.closed.put_nowait(connection)

    async def end(self) -> None:
        """Drop whatever is open, and whatever is on its way: asyncio accepts in several turns."""
        self._over = True
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in self.connections:
            connection.writer.transport.abort()
        for _ in range(10):
            await asyncio.sleep(0)


@asynccontextmanager
async def serving(act: Act, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """Serve on a free port of loopback; an act that fails fails the test."""
    server = Server(act)
    listening = await asyncio.start_server(server.accept, "127.0.0.1", 0, ssl=tls, backlog=1000)
    port = listening.sockets[0].getsockname()[1]
    server.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        yield server
    finally:
        # Listening to the end: asyncio loses a socket that it accepts for a server just closed.
        await server.end()
        listening.close()
        await asyncio.sleep(0)
    if server.faults:
        raise server.faults[0]


def http(status: int, body: bytes = b"", *headers: str) -> bytes:
    """A well-formed answer."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def replying(data: bytes) -> Act:
    """Read a request, send these bytes, close."""

    async def act(connection: Connection) -> None:
        await connection.request()
        await connection.send(data)

    return act


@contextmanager
def full_backlog() -> Iterator[int]:
    """A port whose queue of connections is full: one more gets no answer at all."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(listening.getsockname())
        try:
            yield listening.getsockname()[1]
        finally:
            for each in waiting:
                each.close()
