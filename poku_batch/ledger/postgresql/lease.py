"""The hold on a campaign in PostgreSQL: an advisory lock of a session that does nothing else.

It ends with the session, and so with the process, however that dies. Where the session is lost and
the process lives, another may take the campaign: what it finds of the run it ends and what was
reserved it takes back, so that the one which lost its hold begins no call any more.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from poku_batch.ledger.failures import PostgresError, translated
from poku_batch.ledger.postgresql import keys
from poku_batch.ledger.postgresql.session import driver
from poku_batch.models import CampaignId


class PostgresLease:
    """A hold on one campaign. May be taken and released from different threads."""

    def __init__(
        self,
        open_: Callable[[], tuple[Any, int]],
        place: object,
        campaign: CampaignId,
        *,
        beside: "PostgresLease | None" = None,
    ) -> None:
        self._open = open_
        #: The lease whose session this one shares; it ends with that.
        self._beside = beside
        self._place = place
        self._campaign = campaign
        self._session: Any = None
        self._schema = 0
        self._turn = threading.Lock()

    def acquire(self) -> bool:
        """Take the lock; False, at once, where somebody else holds it. Raises ``LedgerError``."""
        with self._turn:
            try:
                return self._acquire()
            except PostgresError as error:
                raise translated(error, self._place) from error

    def renew(self) -> None:
        """Take the lock again where its session was lost; nothing is raised."""
        with self._turn:
            if self._session is None or self._is_alive():
                return
            # Another may have the campaign by now: the ledger tells this run that it has ended.
            with suppress(PostgresError):
                self._acquire()

    def release(self) -> None:
        """Let the lock go; nothing happens where it is not held."""
        with self._turn:
            session, self._session = self._session, None
        if session is None:
            return
        if self._beside is not None:
            return
        # The server would notice the end of the session a moment later only.
        with suppress(driver().Error):
            session.execute("SELECT pg_advisory_unlock_all()")
        session.close()

    def shared(self) -> tuple[Any, int]:
        """The session that holds this one, and the number of the ledger's schema."""
        return self._session, self._schema

    def _acquire(self) -> bool:
        session, self._schema = self._open() if self._beside is None else self._beside.shared()
        key = keys.campaign(self._schema, self._campaign)
        try:
            found = session.execute("SELECT pg_try_advisory_lock(%s)", (key,)).fetchone()
        except driver().Error as error:
            session.close()
            raise PostgresError("the connection to the database broke", is_lost=True) from error
        if not found[0]:
            if self._beside is None:
                session.close()
            return False
        self._session = session
        return True

    def _is_alive(self) -> bool:
        try:
            self._session.execute("SELECT 1")
        except driver().Error:
            return False
        return True
