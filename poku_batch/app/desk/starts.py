"""Runs that were started from pages: processes of their own, told of from files they leave.

Each has three files in a private folder beside the ledger: what it is (``.json``), what it prints
(``.log``), and its exit code once it has left by itself (``.ended``). It holds a lock on its log
for as long as it lives, however it dies: so another dashboard knows too that it goes on, and no
process that has its number later is taken for it. Everything blocks.
"""

import json
import os
import re
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from poku_batch.app import environment
from poku_batch.app.desk.commands import command_environment, plain
from poku_batch.app.desk.private import new_file, private_folder, write_whole
from poku_batch.dashboard.desk import Start
from poku_batch.models import CampaignId

_FOLDER = "starts"
_ID = re.compile(r"[0-9]{8}T[0-9]{12}-[0-9a-f]{8}")

#: How many of a campaign are kept, and told.
_KEPT, _TOLD = 20, 5

#: How much of what a run printed is shown: the last of it.
_TAIL_BYTES, _TAIL_LINES, _LONGEST_LINE = 32_768, 60, 500

#: The exit code of a run that left none: it was killed, or the machine went down.
KILLED = -9
_KILLED_TEXT = (
    "It left without a word: it was killed, or the machine went down. Start it again: it goes on, "
    "and nobody is called twice."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What a run was started as."""

    id: str
    campaign: CampaignId
    simulated: bool
    at: datetime
    pid: int
    upload: str | None


class Starts:
    """The runs that were started from pages, of one folder's campaigns."""

    def __init__(self, folder: Path) -> None:
        """Take the campaigns' folder."""
        self._folder = folder
        self._place = environment.desk_folder(folder, _FOLDER)

    def begin(
        self,
        arguments: Sequence[str],
        campaign: CampaignId,
        *,
        simulated: bool,
        upload: str | None,
    ) -> Begun:
        """Start a command as a process that outlives this one, with nothing to read.

        A rehearsal has no key in its environment. Raises ``OSError`` where it cannot be started.
        """
        place = private_folder(self._folder, _FOLDER)
        at = datetime.now(UTC)
        name = f"{at:%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}"
        begun = Begun(id=name, campaign=campaign, simulated=simulated, at=at, pid=0, upload=upload)
        try:
            write_whole(place / f"{name}.json", _written(begun))
            begun = replace(begun, pid=self._spawn(arguments, begun))
        except BaseException:
            self._remove(begun)
            raise
        with suppress(OSError):  # it is started; its number is for people alone
            write_whole(place / f"{name}.json", _written(begun))
        return begun

    def _spawn(self, arguments: Sequence[str], begun: Begun) -> int:
        """Start the process, and give its number."""
        log = new_file(self._file(begun, "log"))
        try:
            _hold(log)
            process = subprocess.Popen(  # noqa: S603 – this program, and no shell
                [*_watched(self._file(begun, "ended")), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=command_environment(with_key=not begun.simulated),
                start_new_session=True,
            )
        finally:
            os.close(log)
        # Somebody has to hear of its end, or its number would stay taken.
        threading.Thread(target=process.wait, daemon=True).start()
        return process.pid

    def of(self, campaign: CampaignId, *, simulated: bool) -> list[Start]:
        """The latest of a campaign's, the latest first."""
        return [self._told(begun) for begun in self._all(campaign, simulated=simulated)[:_TOLD]]

    def going_on(self, campaign: CampaignId, *, simulated: bool) -> Begun | None:
        """The one that goes on; None where none does."""
        every = self._all(campaign, simulated=simulated)
        return next((begun for begun in every if self._lives(begun)), None)

    def uploads(self) -> set[str]:
        """The sheets that campaigns were last started from, and those of runs that go on."""
        latest: dict[tuple[CampaignId, bool], str | None] = {}
        alive = set()
        for begun in self._read():
            latest.setdefault((begun.campaign, begun.simulated), begun.upload)
            if begun.upload and self._lives(begun):
                alive.add(begun.upload)
        return alive | {upload for upload in latest.values() if upload}

    def prune(self) -> None:
        """Remove what is left of all but the latest of each campaign."""
        counted: dict[tuple[CampaignId, bool], int] = {}
        for begun in self._read():
            which = (begun.campaign, begun.simulated)
            counted[which] = counted.get(which, 0) + 1
            if counted[which] > _KEPT and not self._lives(begun):
                self._remove(begun)

    def _remove(self, begun: Begun) -> None:
        for ending in ("json", "log", "ended"):
            self._file(begun, ending).unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove what is left of all that do not go on."""
        for begun in list(self._read()):
            if not self._lives(begun):
                self._remove(begun)

    def _all(self, campaign: CampaignId, *, simulated: bool) -> list[Begun]:
        which = (campaign, simulated)
        return [begun for begun in self._read() if (begun.campaign, begun.simulated) == which]

    def _read(self) -> Iterator[Begun]:
        """All of them, the latest first; a file that holds something else is passed over."""
        if not self._place.is_dir():
            return
        for path in sorted(self._place.glob("*.json"), reverse=True):
            if _ID.fullmatch(path.stem):
                with suppress(OSError, ValueError, KeyError, TypeError):
                    yield _begun(path.stem, json.loads(path.read_bytes()))

    def _told(self, begun: Begun) -> Start:
        lives = self._lives(begun)
        code = None if lives else self._code(begun)
        text = _tail(self._file(begun, "log"))
        return Start(
            at=begun.at,
            pid=begun.pid,
            simulated=begun.simulated,
            exit_code=code,
            text=f"{text}\n{_KILLED_TEXT}".lstrip() if code == KILLED else text,
        )

    def _code(self, begun: Begun) -> int:
        try:
            return int(self._file(begun, "ended").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return KILLED

    def _lives(self, begun: Begun) -> bool:
        return _is_held(self._file(begun, "log"), otherwise=not self._file(begun, "ended").exists())

    def _file(self, begun: Begun, ending: str) -> Path:
        return self._place / f"{begun.id}.{ending}"


def _watched(ended: Path) -> list[str]:
    return [sys.executable, "-P", "-m", "poku_batch.app.desk.started", str(ended)]


def _hold(descriptor: int) -> None:
    """Lock an open file for as long as any process has this very opening of it."""
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _is_held(path: Path, *, otherwise: bool) -> bool:
    """Whether somebody holds the lock on a file; ``otherwise`` where there are no such locks."""
    if sys.platform == "win32":
        return otherwise
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return otherwise
    else:
        return False
    finally:
        os.close(descriptor)


def _written(begun: Begun) -> bytes:
    return json.dumps(
        {
            "name": begun.campaign.name,
            "wave": begun.campaign.wave,
            "simulated": begun.simulated,
            "at": begun.at.isoformat(),
            "pid": begun.pid,
            "upload": begun.upload,
        }
    ).encode()


def _begun(identity: str, found: dict[str, Any]) -> Begun:
    return Begun(
        id=identity,
        campaign=CampaignId(name=str(found["name"]), wave=str(found["wave"])),
        simulated=bool(found["simulated"]),
        at=datetime.fromisoformat(found["at"]),
        pid=int(found["pid"]),
        upload=None if found["upload"] is None else str(found["upload"]),
    )


def _tail(path: Path) -> str:
    """The last lines of a file, as plain text."""
    try:
        with path.open("rb") as file:
            length = file.seek(0, os.SEEK_END)
            file.seek(max(length - _TAIL_BYTES, 0))
            data = file.read(_TAIL_BYTES)
    except OSError:
        return ""
    lines = plain(data.decode("utf-8", errors="replace")).strip().split("\n")
    shown = lines[-_TAIL_LINES:] if length <= _TAIL_BYTES else lines[1:][-_TAIL_LINES:]
    return "\n".join(line[:_LONGEST_LINE].rstrip() for line in shown)
