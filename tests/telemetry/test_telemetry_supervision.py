"""What systemd hears of a process, on a socket such as its own."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from poku_batch.telemetry.supervision import tell_supervisor

pytestmark = pytest.mark.anyio


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)
        yield listening


def heard(systemd: socket.socket) -> list[str]:
    words = []
    while True:
        try:
            words.append(systemd.recv(100).decode())
        except BlockingIOError:
            return words


async def test_it_hears_that_a_process_is_ready_and_then_that_it_lives(
    systemd: socket.socket,
) -> None:
    asked = {
        "NOTIFY_SOCKET": systemd.getsockname(),
        "WATCHDOG_USEC": "60000",
        "WATCHDOG_PID": str(os.getpid()),
    }
    words: list[str] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tell_supervisor, asked)
        with anyio.fail_after(20):
            while len(words) < 4:
                await anyio.sleep(0.01)
                words += heard(systemd)
        tasks.cancel_scope.cancel()
    assert words[:2] == ["READY=1", "WATCHDOG=1"]
    assert set(words[2:]) == {"WATCHDOG=1"}


@pytest.mark.parametrize(
    "watchdog",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "x"},
        {"WATCHDOG_USEC": "9", "WATCHDOG_PID": "1"},
    ],
)
async def test_it_hears_once_where_it_does_not_watch(
    systemd: socket.socket, watchdog: dict[str, str]
) -> None:
    await tell_supervisor({"NOTIFY_SOCKET": systemd.getsockname(), **watchdog})
    assert heard(systemd) == ["READY=1"]


@pytest.mark.parametrize("asked", [{}, {"NOTIFY_SOCKET": "/nowhere/notify", "WATCHDOG_USEC": ""}])
async def test_nobody_is_in_the_way_who_does_not_listen(asked: dict[str, str]) -> None:
    await tell_supervisor(asked)


async def test_sockets_without_a_file_are_found_too() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("")  # Linux picks an abstract name
        name = listening.getsockname().decode()
        listening.setblocking(False)
        await tell_supervisor({"NOTIFY_SOCKET": "@" + name[1:]})
        assert heard(listening) == ["READY=1"]
