"""Which user of this machine is at the other end of a connection to loopback.

Only Linux tells, and not everywhere; ``peer_judge`` finds out by asking about a connection of its
own. Where it is told, a server that asks for no token is of use to its own user alone, and to the
system's, whom nothing keeps out.

Invariant: a peer that has gone, or cannot be found, is nobody: it may have been another user.

Source: sock_diag(7).
"""

import errno
import os
import socket
import struct
from collections.abc import Callable

from starlette.types import Scope

_SOCK_DIAG = 4
_BY_FAMILY = 20
_ERROR = 2
_REQUEST = 1
_WAIT_S = 1.0
_ANY_STATE = 0xFFFFFFFF
_NO_COOKIE = (0xFFFFFFFF, 0xFFFFFFFF)
_HEADER = struct.Struct("=IHHII")
_QUESTION = struct.Struct("=BBBBI")
_PORTS = struct.Struct("!HH16s16s")
_REST = struct.Struct("=III")
#: Behind the header: family and state, the two ends, three counters; then the user and the inode.
_ANSWER = struct.Struct("=BBBB48sIIIII")

Address = tuple[str, int]


def peer_judge() -> Callable[[Scope], bool]:
    """Give what says of a request whether its connection may be another user's.

    Where the system does not tell, no request's is.
    """
    if not _tells():
        return lambda _scope: False
    own = {0, os.geteuid()}

    def is_others(scope: Scope) -> bool:
        client, server = scope.get("client"), scope.get("server")
        return not client or not server or owner(tuple(client), tuple(server)) not in own

    return is_others


def owner(client: Address, server: Address) -> int | None:
    """The number of the user who has the client's end; None for nobody.

    Raises ``OSError`` where the system does not tell.
    """
    family, *ends = _ends(client, server)
    question = _QUESTION.pack(family, socket.IPPROTO_TCP, 0, 0, _ANY_STATE)
    question += _PORTS.pack(client[1], server[1], *ends) + _REST.pack(0, *_NO_COOKIE)
    header = _HEADER.pack(_HEADER.size + len(question), _BY_FAMILY, _REQUEST, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
        kernel.settimeout(_WAIT_S)
        kernel.sendto(header + question, (0, 0))
        answer = kernel.recv(4_096)
    return _owner_in(answer)


def _owner_in(answer: bytes) -> int | None:
    kind = _HEADER.unpack_from(answer)[1]
    if kind == _ERROR:
        code = -struct.unpack_from("=i", answer, _HEADER.size)[0]
        if code == errno.ENOENT:
            return None
        raise OSError(code, os.strerror(code))
    *_, user, inode = _ANSWER.unpack_from(answer, _HEADER.size)
    # Without an inode nobody has it any more, and the user's number is that of the system.
    return int(user) if inode else None


def _ends(client: Address, server: Address) -> tuple[int, bytes, bytes]:
    hosts = [host.removeprefix("::ffff:") for host, _ in (client, server)]
    family = socket.AF_INET6 if ":" in hosts[0] else socket.AF_INET
    here, there = (socket.inet_pton(family, host).ljust(16, b"\0") for host in hosts)
    return family, here, there


def _tells() -> bool:
    """Ask about a connection that is our own."""
    if not hasattr(socket, "AF_NETLINK"):
        return False
    try:
        with (
            socket.create_server(("127.0.0.1", 0)) as listener,
            socket.create_connection(listener.getsockname()) as client,
        ):
            return owner(client.getsockname(), listener.getsockname()) == os.geteuid()
    except OSError:
        return False
