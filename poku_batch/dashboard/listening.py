"""The socket that the pages are served from."""

import os
import socket

from poku_batch.errors import UsageError

_BACKLOG = 128


def listen(host: str, port: int) -> socket.socket:
    """Take an address at once; port 0 takes a free one.

    Raises ``UsageError`` for an address of no interface, and for one that is in use.
    """
    name = host.removeprefix("[").removesuffix("]")
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{host!r} is not the name or address of a network interface") from error
    family, _, _, _, address = found[0]
    # asyncio switches Nagle's delay off only where the protocol is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            # Else a restart waits a minute for the last one's connections to be forgotten.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise UsageError(
            f"cannot listen on {host}:{port}: {error.strerror}; is a dashboard open there already? "
            "Choose another port with --port, or 0 for any that is free"
        ) from error
    listener.settimeout(0)
    return listener


def port_of(listener: socket.socket) -> int:
    """The port that a socket listens on."""
    return int(listener.getsockname()[1])


def url_of(host: str, listener: socket.socket) -> str:
    """Where a browser on this machine finds the pages."""
    name = host.removeprefix("[").removesuffix("]")
    # Every interface is no address that a browser could open.
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, name)  # noqa: S104 – compared alone
    return (
        f"http://[{name}]:{port_of(listener)}/"
        if ":" in name
        else (f"http://{name}:{port_of(listener)}/")
    )
