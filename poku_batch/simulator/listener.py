"""The socket that the simulator listens on: this machine alone, unless more is asked for."""

import ipaddress
import os
import socket

from poku_batch.errors import UsageError

BACKLOG = 4_096


def listen(host: str, port: int, *, allow_remote: bool) -> socket.socket:
    """Take the address at once, so that connections wait instead of being refused.

    Raises ``UsageError`` for an address of no interface, one in use, and one that other machines
    reach unless ``allow_remote``.
    """
    _raise_file_limit()
    family, address = _address(host, port)
    if not (allow_remote or ipaddress.ip_address(address[0]).is_loopback):
        raise UsageError(
            f"{host} can be reached from other machines: the simulator stays on 127.0.0.1 "
            "unless remote clients are allowed (--allow-remote)"
        )
    # asyncio switches Nagle's delay (40 ms an answer) off only where the protocol is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            # Else a restart waits a minute for the last one's connections to be forgotten.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise UsageError(
            f"cannot listen on {host}:{port}: {error.strerror}; "
            "choose another port, or 0 for any that is free"
        ) from error
    listener.settimeout(0)
    return listener


def _address(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
    if not 0 <= port <= 65_535:
        raise UsageError(f"port {port} does not exist: choose one from 1 to 65535, or 0 for any")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{host!r} is not the name or address of a network interface") from error
    family, _, _, _, address = found[0]
    return family, (str(address[0]), int(address[1]))


def url_of(listener: socket.socket) -> str:
    """Give the URL that a listening socket answers at."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _raise_file_limit() -> None:
    """Allow as many open connections as the system lets this process have."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
