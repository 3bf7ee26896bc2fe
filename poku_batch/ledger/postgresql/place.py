"""A schema of a PostgreSQL database as the place of a ledger."""

from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from poku_batch.errors import LedgerError
from poku_batch.ledger.failures import PostgresError, translated
from poku_batch.ledger.postgresql import making
from poku_batch.ledger.postgresql.connection import PostgresConnection
from poku_batch.ledger.postgresql.lease import PostgresLease
from poku_batch.ledger.postgresql.session import driver, opened
from poku_batch.models import CampaignId


class PostgresSchema:
    """The schema that comes first in the search path of who connects; see ``places.Place``."""

    #: Between two calls of a slot three commits of workers wait one after the other: the end of the
    #: one, the admission and the intent of the next.
    gather_s = 0.003

    def __init__(self, url: str) -> None:
        """Take an address as libpq knows it; nothing is connected to."""
        self._url = url
        self._shown = _shown(url)

    def __str__(self) -> str:
        return self._shown

    def __repr__(self) -> str:
        return f"PostgresSchema({self._shown!r})"

    def exists(self) -> bool:
        """Whether the schema has a ledger. Raises ``LedgerError`` where that cannot be known."""
        try:
            with closing(self.connect(read_only=True)) as connection:
                return making.version(connection) > 0
        except PostgresError as error:
            raise translated(error, self) from error

    def prepare(self) -> None:
        """Create the ledger's tables where they are missing, and bring them up to date."""
        try:
            with closing(self.connect()) as connection:
                making.prepare(connection, self)
        except PostgresError as error:
            raise translated(error, self) from error

    def connect(self, *, read_only: bool = False, sealed: bool = False) -> PostgresConnection:
        """A connection; those for enrolments have temporary tables, and are not made anew."""
        read_only = read_only or sealed
        return PostgresConnection(
            partial(opened, self._url, self, read_only=read_only), read_only=read_only
        )

    def version_of(self, connection: PostgresConnection) -> int:
        """The version of the ledger; 0 where there is none."""
        return making.known_version(connection, self)

    def lease(self, campaign: CampaignId, *, beside: Any = None) -> PostgresLease:
        """What lets one process at a time run a campaign."""
        open_ = partial(opened, self._url, self, read_only=False)
        return PostgresLease(open_, self, campaign, beside=beside)

    def distribution(self, writer: Any, reader: Any, keep: Callable[[Any], None]) -> Any:
        """What lets workers make calls."""
        from poku_batch.ledger.postgresql.distribution import PostgresDistribution

        return PostgresDistribution(self, writer, reader, keep)


def _shown(url: str) -> str:
    """An address without its password, wherever it stands.

    Raises ``LedgerError``, which shows nothing of it, where it is none.
    """
    psycopg = driver()
    try:
        parts: dict[str, Any] = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        raise LedgerError(
            "the ledger's address cannot be read; write it as "
            "postgresql://user@host:5432/database, special characters as %40"
        ) from None
    host = parts.get("host") or parts.get("hostaddr") or ""
    if host.startswith("/"):
        host = f"[{host}]"
    user = f"{parts['user']}@" if parts.get("user") else ""
    port = f":{parts['port']}" if parts.get("port") else ""
    scheme = urlsplit(url).scheme
    return f"{scheme}://{user}{host}{port}/{parts.get('dbname') or ''}"
