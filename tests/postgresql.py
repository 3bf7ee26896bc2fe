"""A PostgreSQL server of the tests' own, and ledgers in it.

It listens on a socket in a folder of its own, nowhere else, and is gone with the tests.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

from poku_batch.ledger.places import place_of

#: Files in memory are synced at no cost.
_MEMORY = Path("/dev/shm")  # noqa: S108 – where Linux has files in memory

#: The server may not be root's; Debian's package brings this user.
_USER = "postgres"

TABLES = (
    *("campaigns", "runs", "contacts", "attempts", "answers", "attempt_events", "prompts"),
    *("verdicts", "salts", "forgotten", "do_not_call", "outbox", "sharing", "recordings"),
    *("definitions", "listed", "workers", "refusals"),
)

#: What many tests beside each other need, and nothing that goes on by itself.
_SMALL = {"max_connections": "300", "shared_buffers": "64MB", "autovacuum": "off"}

MISSING = "PostgreSQL is not installed (Debian: apt-get install postgresql)"


class Server:
    """A running server; each of its ledgers is a schema.

    ``within`` is a network namespace that it runs in; there it listens on all addresses too.
    """

    def __init__(
        self,
        bin_: Path,
        folder: Path,
        settings: Mapping[str, str] = _SMALL,
        *,
        within: str | None = None,
    ) -> None:
        self.folder = folder
        self._bin = bin_
        self._settings = settings
        self._within = within
        self._numbers = count(1)
        self._unused: list[str] = []

    @contextmanager
    def ledger(self) -> Iterator[str]:
        """The URL of a ledger in which nothing is; others may have used it before."""
        url = self._unused.pop() if self._unused else self.new_ledger()
        place_of(url).prepare()
        yield url
        with closing(place_of(url).connect()) as connection:
            connection.execute(f"TRUNCATE {', '.join(TABLES)} RESTART IDENTITY")
        self._unused.append(url)

    def new_ledger(self) -> str:
        """The URL of an empty schema."""
        name = f"ledger_{next(self._numbers)}"
        self.ask(f"CREATE SCHEMA {name}")
        return self.url(name)

    def url(self, schema: str = "public", *, user: str = _USER) -> str:
        return f"postgresql://{user}@/postgres?host={self.folder}&options=-csearch_path%3D{schema}"

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        import psycopg

        with psycopg.connect(self.url(), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        settings = {"unix_socket_directories": str(self.folder), **self._settings}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        options += f" -c listen_addresses='{'*' if self._within else ''}'"
        self._run("pg_ctl", "-w", "-o", options, "-l", str(self.folder / "log"), "start")

    def restart(self) -> None:
        """As a power cut would: nothing is finished, the log is played back."""
        self._run("pg_ctl", "-w", "-m", "immediate", "restart")

    def stop(self, how: str = "immediate") -> None:
        self._run("pg_ctl", "-w", "-m", how, "stop")

    def make(self) -> None:
        self._run("initdb", "-A", "trust", "-U", _USER, "-E", "UTF8", "--no-sync")
        if self._within:
            with (self.folder / "data" / "pg_hba.conf").open("a") as rules:
                rules.write("host all all 10.0.0.0/8 trust\n")

    def _run(self, name: str, *arguments: str) -> None:
        command = [str(self._bin / name), "-D", str(self.folder / "data"), *arguments]
        done = subprocess.run(
            [*self._as_user(), *command],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
        )
        if done.returncode:
            log = self.folder / "log"
            told = log.read_text() if log.exists() else ""
            raise RuntimeError(f"{name} failed: {done.stderr}\n{told[-2_000:]}")

    def _as_user(self) -> list[str]:
        if os.getuid() != 0:
            return []
        enter = ["ip", "netns", "exec", self._within] if self._within else []
        return [*enter, "setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups"]


def programs() -> Path | None:
    """The folder of the newest server's programs; None where there is none."""
    found = sorted(
        (path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")),
        key=lambda path: int(path.parent.name),
    )
    on_path = shutil.which("initdb")
    if found:
        return found[-1]
    return Path(on_path).parent if on_path else None


@contextmanager
def server(
    settings: Mapping[str, str] = _SMALL, *, on_disk: bool = False, within: str | None = None
) -> Iterator[Server]:
    """A server that has just been made; ``programs`` must be there."""
    bin_ = programs()
    assert bin_ is not None
    parent = str(_MEMORY) if os.access(_MEMORY, os.W_OK) and not on_disk else None
    with tempfile.TemporaryDirectory(dir=parent, prefix="poku-pg-") as name:
        folder = Path(name)
        if os.getuid() == 0:
            user = pwd.getpwnam(_USER)
            os.chown(folder, user.pw_uid, user.pw_gid)
        running = Server(bin_, folder, settings, within=within)
        running.make()
        running.start()
        try:
            yield running
        finally:
            running.stop()
