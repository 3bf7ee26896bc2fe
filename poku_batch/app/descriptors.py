"""Open files and local ports enough for all calls at once, seen to before anybody is called.

Each open call holds a connection, which is a file descriptor and a local port. Of the first there
are as many as ``ulimit -n`` says: the soft limit is raised where the hard one allows. Without them
calls would fail in the middle of a run, and so would the ledger.
"""

import os
from contextlib import suppress
from pathlib import Path

from poku_batch.errors import UsageError

#: Descriptors for the ledger, lists, results, hooks, the terminal and what Python opens itself.
_RESERVE = 64

#: Descriptors beside them that are had where the system gives them: a dashboard beside a run has
#: connections of its own, and looks into the ledger.
_SPARE = 512

#: A rehearsal has the other end of each connection in the same process.
_ENDS = {False: 1, True: 2}

_PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def make_room_for_calls(calls: int, *, simulate: bool) -> None:
    """Raise the soft limit of open files to what so many calls at once need.

    Raises ``UsageError`` where the hard limit does not allow it, and where there are fewer local
    ports to one address than calls. What a system does not tell is not judged.
    """
    _require_ports(calls)
    _require_descriptors(calls, ends=_ENDS[simulate])


def _require_descriptors(calls: int, *, ends: int) -> None:
    try:
        import resource
    except ImportError:  # Windows bounds handles by memory alone
        return
    others = _open_now() + _RESERVE
    needed = others + calls * ends
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed + _SPARE:
        return
    most = needed + _SPARE if hard == resource.RLIM_INFINITY else min(hard, needed + _SPARE)
    for limit in (most, needed):
        if soft < limit <= most:
            # A system may have a bound of its own, as macOS does.
            with suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
                soft = limit
    if soft >= needed:
        return
    allowed = soft if most >= needed else hard
    at_once = (allowed - others) // ends
    raise UsageError(
        f"limits.concurrency: {calls:,} calls at once need {needed:,} open files, and this system "
        f"allows {allowed:,} (ulimit -Hn). {_advice(at_once)}raise the limit: LimitNOFILE={needed} "
        "for a systemd service, the nofile lines of /etc/security/limits.conf, or ulimit -n "
        f"{needed} as root. Nobody was called."
    )


def _require_ports(calls: int) -> None:
    ports = _local_ports()
    if ports is None or calls <= ports:
        return
    raise UsageError(
        f"limits.concurrency: {calls:,} calls at once need as many local ports, and this system "
        f"has {ports:,} to one address. {_advice(ports)}widen the range: sysctl "
        'net.ipv4.ip_local_port_range="1024 65535". Nobody was called.'
    )


def _advice(at_once: int) -> str:
    return f"Make it {at_once:,} or less, or " if at_once > 0 else "To call at all, "


def _open_now() -> int:
    """How many descriptors are open now, as far as the system tells."""
    try:
        return len(os.listdir("/dev/fd"))  # noqa: PTH208 – names alone
    except OSError:
        return 0


def _local_ports() -> int | None:
    """How many connections to one address there can be; None where the system does not tell.

    Source: ip_local_port_range in the Linux kernel's Documentation/networking/ip-sysctl.rst.
    """
    try:
        first, last = map(int, _PORT_RANGE.read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return None
    return last - first + 1
