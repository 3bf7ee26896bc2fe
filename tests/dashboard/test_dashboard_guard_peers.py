"""Other users of the same machine, on a server that asks for no token."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from poku_batch.dashboard.guard.peers import owner, peer_judge
from tests.dashboard.guarded import TOKEN, Served, get, guarded, head

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")

NOBODY = 65_534

#: Connects, sends, and then leaves in one of several ways; prints what came back.
_VISITOR = """
import encodings.idna, os, socket, struct, sys
port, way, user = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
os.setuid(user)
client = socket.create_connection(("127.0.0.1", port), timeout=5)
if way == "reset":
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
client.sendall(sys.stdin.buffer.read())
if way == "stay":
    print(client.recv(64)[9:12].decode())
if way == "half":
    client.shutdown(socket.SHUT_WR)
    print(client.recv(64)[9:12].decode())
client.close()
"""

needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be somebody else"
)


@pytest.fixture
def served() -> Iterator[Served]:
    with guarded() as served:
        yield served


def visited(served: Served, request: bytes, way: str = "stay", *, user: int = 0) -> str:
    """Send a request as a user of this machine; gives the status, "" where none is waited for."""
    command = [sys.executable, "-I", "-S", "-c", _VISITOR, str(served.port), way, str(user)]
    done = subprocess.run(command, input=request, capture_output=True, check=True, timeout=10)
    return done.stdout.decode().strip()


def allowed_deed(served: Served) -> bytes:
    """A request that would do something if the right user sent it."""
    page = get(served.port)
    token = re.search(rb'<p id="token">([0-9a-f]{64})</p>', page.body)
    assert token is not None
    cookie = page.header("set-cookie").partition(";")[0]
    lines = [f"Cookie: {cookie}", f"X-CSRF-Token: {token[1].decode()}", "Content-Length: 0"]
    return head("POST", "/do", served.host, *lines)


@needs_root
def test_another_user_of_the_machine_is_turned_away(served: Served) -> None:
    page = head("GET", "/", served.host)

    assert visited(served, page) == "200"
    assert visited(served, page, user=NOBODY) == "403"
    assert visited(served, page, "half", user=NOBODY) == "403"
    assert visited(served, head("GET", "/static/style.css", served.host), user=NOBODY) == "403"


@needs_root
def test_another_user_who_leaves_at_once_has_done_nothing(served: Served) -> None:
    deed = allowed_deed(served)
    for way in ["close", "reset", "stay", "half"]:
        for _ in range(5):
            visited(served, deed, way, user=NOBODY)
    assert get(served.port).status == 200
    assert served.app.done == []
    assert visited(served, deed) == "200"
    assert served.app.done == ["POST "]


@needs_root
def test_with_a_token_other_users_may_log_in() -> None:
    with guarded(token=TOKEN) as served:
        page = head("GET", "/login", served.host)
        assert visited(served, page, user=NOBODY) == "200"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_who_has_the_other_end_is_told_while_somebody_has_it(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with listener:
        server = listener.getsockname()[:2]
        with socket.create_connection(server) as client:
            address = client.getsockname()[:2]
            assert owner(address, server) == os.geteuid()
        assert owner(address, server) is None
        assert owner((host, 1), server) is None


def test_where_the_system_does_not_tell_nobody_is_turned_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(socket, "AF_NETLINK")
    assert not peer_judge()({"client": None, "server": None})
