"""An enrolment of a whole sheet beside one of the rows alone that have to be asked about anew."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from poku_batch.ledger import open_ledger
from poku_batch.ledger.connection import transaction
from poku_batch.ledger.copying import copy_tables
from poku_batch.ledger.places import place_of
from poku_batch.models import CampaignId, Cap, DuplicateRule, Enrolment, EnrolmentReport, SheetRow
from tests.ledger.ledger_raw import raw

#: All of it but the numbers of contacts: rows that are nobody's are made anew.
CONTENTS = (
    """
    SELECT c.key, c.position, c.sheet_row, c.to_number, c.country, c.cells, c.state, c.reason,
        c.reason_kind, c.outcome, c.due_at, c.attempts, c.reserved_by, c.priority, c.base_due_at,
        c.base_kind, c.base_why, c.wait_kind, c.wait_why, c.campaign_id
    FROM contacts c ORDER BY c.campaign_id, c.position, c.key
    """,
    "SELECT * FROM campaigns ORDER BY id",
    "SELECT * FROM sharing ORDER BY campaign_id, first_position, position",
    "SELECT * FROM attempts ORDER BY id",
    "SELECT * FROM attempt_events ORDER BY id",
)


def copied(path: str | Path, to: str | Path) -> str | Path:
    """A ledger as it stands, with what is in its log, in a file or where nothing is yet."""
    if not str(to).startswith("postgresql"):
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(to)) as copy:
            source.backup(copy)
        return to
    place_of(to).prepare()
    with (
        raw(path) as reading,
        raw(to) as writing,
        transaction(reading, writing=False),
        transaction(writing, writing=True),
    ):
        copy_tables(reading, writing)
    return to


def contents(path: str | Path) -> list[list[tuple[object, ...]]]:
    with raw(path) as connection:
        return [connection.execute(query).fetchall() for query in CONTENTS]


async def enrolled(
    path: str | Path,
    campaign: CampaignId,
    columns: Sequence[str],
    plan: Callable[[SheetRow], Enrolment],
    *,
    sheet: Sequence[SheetRow],
    source: str,
    again: bool,
    duplicates: DuplicateRule,
    caps: Sequence[Cap] = (),
    now: datetime,
) -> tuple[EnrolmentReport, int] | None:
    """Enrol a sheet, and say how many rows that took; None where the ledger has another."""
    async with (
        open_ledger(path) as ledger,
        ledger.enrolment(campaign, columns, duplicates, number_caps=caps) as session,
    ):
        asked = 0
        if again:
            found = await session.again(source, batch=2)
            if found is None:
                return None
            async for rows in found:
                asked += len(rows)
                await session.add([plan(row) for row in rows])
        else:
            asked = len(sheet)
            await session.add([plan(row) for row in sheet])
        return await session.commit(now=now, source=source), asked
