"""What systemd is told of a process: that it is ready, and that its event loop turns.

Nothing where systemd does not ask (``NOTIFY_SOCKET``). One that is told to watch
(``WatchdogSec=``) ends a process that it has not heard of for so long.

Source: sd_notify(3) and sd_watchdog_enabled(3) of systemd.
"""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress

import anyio


async def tell_supervisor(environment: Mapping[str, str]) -> None:
    """Say that the process is ready; then, where that is asked for, that it lives."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return
    every_s = _every_s(environment)
    _tell(address, "READY=1")
    while every_s is not None:
        _tell(address, "WATCHDOG=1")
        await anyio.sleep(every_s)


def _every_s(environment: Mapping[str, str]) -> float | None:
    """How often it is to be said, in seconds: thrice in the time that is waited for it."""
    waited_us, whose = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not waited_us.isdecimal() or int(waited_us) == 0 or whose not in ("", str(os.getpid())):
        return None
    return int(waited_us) / 3_000_000


def _tell(address: str, words: str) -> None:
    """Send a word that nobody has to take: it is not waited for."""
    abstract = address.startswith("@")
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
        sending.settimeout(0)
        sending.sendto(words.encode(), "\0" + address[1:] if abstract else address)
