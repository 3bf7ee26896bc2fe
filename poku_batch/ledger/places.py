"""Where a ledger is: a file, or a schema of a PostgreSQL database."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote

from poku_batch.campaign.fields import expanded
from poku_batch.errors import LedgerError
from poku_batch.ledger.connection import Connection, transaction
from poku_batch.ledger.lock import Lease
from poku_batch.ledger.opening import SqliteFile
from poku_batch.models import CampaignId
from poku_batch.ports import Distribution

_SQLITE = "sqlite:///"
_POSTGRESQL = ("postgresql://", "postgres://")


class SharedLedger(Distribution, Protocol):
    """What lets workers make calls, with a connection of its own for heartbeats."""

    async def close(self) -> None:
        """Let go of it."""


class Place(Protocol):
    """Where a ledger is, and how it is reached. As text it is fit for everybody's eyes."""

    @property
    def gather_s(self) -> float:
        """How long a commit waits for others to join it, where there are many; in seconds."""

    def __str__(self) -> str: ...

    def exists(self) -> bool:
        """Whether there is a ledger; creates nothing."""

    def prepare(self) -> None:
        """Create the ledger where it is missing, and bring it up to date. Blocks."""

    def connect(self, *, read_only: bool = False, sealed: bool = False) -> Connection:
        """A connection to an existing ledger, in autocommit, for one thread at a time.

        A ``read_only`` one changes nothing at all; a ``sealed`` one has temporary tables alone.
        """

    def version_of(self, connection: Any) -> int:
        """The version of a ledger, on one of the connections of this place; 0 for an empty one.

        Raises ``LedgerError`` where this is another program's, or a newer version's.
        """

    def lease(self, campaign: CampaignId, *, beside: Any = None) -> Lease:
        """What lets one process at a time run a campaign.

        ``beside`` is a lease of the same place that is held: they share what it costs to hold one,
        and that one is let go last.
        """

    def distribution(
        self, writer: Any, reader: Any, keep: Callable[[Any], None]
    ) -> SharedLedger | None:
        """What lets workers make calls; None where they cannot.

        It takes the ledger's writer and reader, and who keeps a hold on a campaign until the end.
        """


def place_of(url: str | Path) -> Place:
    """The place that a ledger URL names: a path, ``sqlite:///`` and a path, ``postgresql://…``.

    Raises ``LedgerError`` for another scheme, or where nothing is named.
    """
    if isinstance(url, str) and url.startswith(_POSTGRESQL):
        from poku_batch.ledger.postgresql import PostgresSchema

        return PostgresSchema(url)
    return SqliteFile(ledger_path(url))


def file_of(url: str | Path, *, instead: str) -> SqliteFile:
    """The file that a ledger URL names, for what can be done with files alone.

    Raises ``LedgerError`` for a database, which says what is to be done ``instead``.
    """
    place = place_of(url)
    if not isinstance(place, SqliteFile):
        raise LedgerError(f"{place}: this ledger is in a database, not in a file; {instead}")
    return place


def ledger_path(url: str | Path) -> Path:
    """The file that a ledger URL names: a path, or ``sqlite:///`` and a path.

    Raises ``LedgerError`` for another scheme, or where no path is given.
    """
    text = str(url)
    if isinstance(url, str) and text.startswith(_SQLITE):
        text = unquote(text.removeprefix(_SQLITE))
    elif isinstance(url, str) and "://" in text:
        # Only the scheme is shown: the rest of a URL may hold a password.
        raise LedgerError(
            f"no ledger is known for {text.partition('://')[0]}:// addresses; give a file's path, "
            "sqlite:///path (sqlite:////absolute/path), or postgresql://user@host/database"
        )
    if not text.strip():
        raise LedgerError(
            "the ledger's address is empty; give a file's path, sqlite:///path, or postgresql://…"
        )
    return expanded(text).absolute()


def ledger_place(url: str | Path) -> Path | str:
    """Where a ledger is, for everybody's eyes: its file, or an address without a password."""
    return named(place_of(url))


def bring_up_to_date(url: str | Path) -> tuple[Path | str, int]:
    """Make a ledger's tables, or bring them up to date; gives where it is, and its version.

    Raises ``LedgerError`` where that is not allowed, or it comes from a newer version.
    """
    place = place_of(url)
    place.prepare()
    if not isinstance(place, SqliteFile):
        _prepare_engine(place)
    with closing(place.connect(read_only=True)) as connection:
        return named(place), place.version_of(connection)


def _prepare_engine(place: Place) -> None:
    """Make what workers need: they may have no right to make it."""
    from poku_batch.ledger.postgresql import jobs
    from poku_batch.ledger.postgresql.connection import PostgresConnection

    with closing(place.connect()) as connection, transaction(connection, writing=True):
        if isinstance(connection, PostgresConnection):
            jobs.prepare(connection)


def named(place: Place) -> Path | str:
    """A place as a file, where it is one."""
    return place.path if isinstance(place, SqliteFile) else str(place)


def ledger_file(url: str | Path) -> Path | None:
    """The file of a ledger; None for one in a database. Opens nothing."""
    place = place_of(url)
    return place.path if isinstance(place, SqliteFile) else None


def ledger_everywhere(url: str) -> str:
    """A ledger URL that names the same ledger in every working directory."""
    file = ledger_file(url)
    return url if file is None else str(file)


def ledger_exists(url: str | Path) -> bool:
    """Whether there is a ledger where a URL says; creates nothing.

    Raises ``LedgerError`` where that cannot be known.
    """
    return place_of(url).exists()
