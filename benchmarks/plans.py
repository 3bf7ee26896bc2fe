"""What a database does for a piece of work: how much it reads, and which tables from end to end."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from poku_batch.ledger.connection import Connection

_SETTINGS = (
    "LOAD 'auto_explain'",
    "SET auto_explain.log_min_duration = 0",
    "SET auto_explain.log_analyze = on",
    "SET auto_explain.log_buffers = on",
    "SET auto_explain.log_timing = off",
    "SET client_min_messages = log",
)

_BUFFERS = re.compile(r"Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?")
_SCANS = re.compile(r"Seq Scan on (\w+)")


@dataclass(slots=True)
class Work:
    """The plans of the statements that were executed."""

    plans: list[str] = field(default_factory=list)

    @property
    def pages(self) -> int:
        """How many pages were read, from memory or from the disk."""
        # The first such line of a plan is the sum of all.
        found = [match for plan in self.plans if (match := _BUFFERS.search(plan))]
        return sum(int(number or 0) for match in found for number in match.groups())

    @property
    def scanned(self) -> set[str]:
        """The tables that were read from end to end."""
        return {table for plan in self.plans for table in _SCANS.findall(plan)}


@contextmanager
def watched(connection: Connection) -> Iterator[Work]:
    """Keep the plans of all that a connection to PostgreSQL does; it must be an administrator's."""
    work = Work()

    def hear(notice: Any) -> None:
        if "plan:" in (notice.message_primary or ""):
            work.plans.append(notice.message_primary)

    session = connection._session  # type: ignore[attr-defined]  # noqa: SLF001 – psycopg's
    for statement in _SETTINGS:
        session.execute(statement)
    session.add_notice_handler(hear)
    try:
        yield work
    finally:
        session.remove_notice_handler(hear)
        session.execute("SET auto_explain.log_min_duration = -1")
        session.execute("SET client_min_messages = notice")
