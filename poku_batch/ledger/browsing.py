"""A ledger by the page: contacts by what a person asks for, calls as they come.

Contacts are found by their place in the sheet first, out of an index alone where one has all that
is asked, and only those of the page are read whole.
"""

import json
import sqlite3
from datetime import datetime
from functools import partial
from typing import Any

from poku_batch.ledger import instants, latest, statements
from poku_batch.ledger.attempts import attempts_of
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.reading import Reader, records_of
from poku_batch.ledger.searching import Search
from poku_batch.models import (
    AttemptRecord,
    AttemptState,
    CallNow,
    CallThen,
    CampaignId,
    ContactKey,
    ContactOrder,
    ContactQuery,
    ContactsPage,
)

_FIND_CAMPAIGNS = """
    SELECT name, wave FROM campaigns WHERE enrolled_at IS NOT NULL
    ORDER BY enrolled_at DESC, id DESC
"""

_SHEET = "c.campaign_id = :campaign AND c.position IS NOT NULL"
_STATES = "c.state IN (SELECT value FROM json_each(:states))"
_OUTCOMES = "c.outcome IN (SELECT value FROM json_each(:outcomes))"

#: What an order goes by; the contact's own columns, or those of the attempt that its record tells.
_BY = {
    ContactOrder.STATE: "c.state",
    ContactOrder.OUTCOME: "c.outcome",
    ContactOrder.ATTEMPTS: "c.attempts",
    ContactOrder.STARTED: "a.placed_at",
    ContactOrder.DURATION: "a.ended_at - a.placed_at",
}

_COUNT_OUTCOMES = """
    SELECT outcome, COUNT(*) AS found FROM contacts INDEXED BY contacts_standing
    WHERE campaign_id = :campaign AND position IS NOT NULL AND outcome IS NOT NULL
    GROUP BY outcome ORDER BY found DESC, outcome
"""

_FIND_OPEN = """
    SELECT c.sheet_row, c.key, a.to_number, a.number, a.state, a.placed_at
    FROM attempts a INDEXED BY attempts_unfinished CROSS JOIN contacts c ON c.id = a.contact_id
    WHERE c.campaign_id = :campaign
        AND a.state IN ('dialing', 'in_call', 'unknown') AND a.state <> 'unknown'
    ORDER BY a.placed_at, a.id
"""


class SqlBrowsing:
    """The implementation of ``ports.Browsing``, on a reading connection."""

    def __init__(self, reader: Reader) -> None:
        """Take the connection that is asked."""
        self._reader = reader

    async def campaigns(self) -> list[CampaignId]:
        """Every campaign that was ever enrolled, the latest enrolment first."""
        rows = await self._reader.run(
            lambda connection: connection.execute(_FIND_CAMPAIGNS).fetchall()
        )
        return [CampaignId(name=name, wave=wave) for name, wave in rows]

    async def version(self) -> int:
        """A number that differs whenever another connection has changed the ledger since."""
        return await self._reader.run(lambda connection: connection.changes())

    async def contacts(self, campaign: CampaignId, query: ContactQuery) -> ContactsPage:
        """A page of the current sheet's contacts."""
        nobody = ContactsPage(contacts=(), total=0)
        return await self._reader.of(campaign, nobody, partial(_page, query=query))

    async def outcomes(self, campaign: CampaignId) -> dict[str, int]:
        """How many contacts of the current sheet a query for each outcome finds, the most first."""
        nobody: dict[str, int] = {}
        return await self._reader.of(campaign, nobody, _outcomes)

    async def attempts(self, campaign: CampaignId, key: str) -> list[AttemptRecord]:
        """Every attempt to call the contact with a key, in their order."""
        return await self._reader.of(campaign, [], partial(attempts_of, key=key))

    async def attempt(self, campaign: CampaignId, key: str, number: int) -> AttemptRecord | None:
        """One attempt of a contact; None where there is none."""
        nobody: list[AttemptRecord] = []
        one = partial(attempts_of, key=key, number=number)
        found = await self._reader.of(campaign, nobody, one)
        return found[0] if found else None

    async def calls_now(self, campaign: CampaignId, *, limit: int) -> tuple[list[CallNow], int]:
        """The calls that are open, the oldest first; and how many are."""
        nobody: tuple[list[CallNow], int] = ([], 0)
        return await self._reader.of(campaign, nobody, partial(_open_calls, limit=limit))

    async def calls_then(self, campaign: CampaignId, *, limit: int) -> list[CallThen]:
        """The latest calls that ended, failed or are unknown, the latest first."""
        return await self._reader.of(campaign, [], partial(latest.calls, limit=limit))

    async def ended_since(self, campaign: CampaignId, since: datetime) -> int:
        """How many calls ended, or became unknown, since a time of the recent past."""
        return await self._reader.of(campaign, 0, partial(latest.count_ended, since=since))


def _page(connection: Connection, campaign: int, query: ContactQuery) -> ContactsPage:
    search = Search(query.search, in_sqlite=isinstance(connection, sqlite3.Connection))
    where = " AND ".join(
        [
            _SHEET,
            *([_STATES] if query.states else []),
            *([_OUTCOMES] if query.outcomes else []),
            *([search.condition] if query.search else []),
        ]
    )
    values = {
        "campaign": campaign,
        "states": json.dumps(query.states),
        "outcomes": json.dumps(query.outcomes),
        "limit": max(query.limit, 0),
        "offset": max(query.offset, 0),
        **search.values,
    }
    ask = partial(_ask, connection, values)
    total = ask(f"SELECT COUNT(*) FROM contacts c WHERE {where}")[0][0]  # noqa: S608  # parts above
    if not total > query.offset:
        return ContactsPage(contacts=(), total=total)
    found = [position for (position,) in ask(_places(where, query))]
    values["positions"] = json.dumps(found)
    rows = {row[0]: row for row in ask(statements.READ_CHOSEN)}
    chosen = (rows[position] for position in found if position in rows)
    return ContactsPage(contacts=tuple(records_of(chosen)), total=total)


def _outcomes(connection: Connection, campaign: int) -> dict[str, int]:
    return dict(connection.execute(_COUNT_OUTCOMES, {"campaign": campaign}).fetchall())


def _places(where: str, query: ContactQuery) -> str:
    """The statement for the places in the sheet of a page's contacts, in their order."""
    down = " DESC" if query.descending else ""
    if query.order is ContactOrder.ROW:
        joins, order = "", f"c.position{down}"
    else:
        by = _BY[query.order]
        joins = statements.TOLD_ATTEMPT if by.startswith("a.") else ""
        order = f"({by}) IS NULL, {by}{down}, c.position"
    return f"""
        SELECT c.position FROM contacts c {joins}
        WHERE {where} ORDER BY {order} LIMIT :limit OFFSET :offset
    """  # noqa: S608  # put together from the parts above alone


def _ask(connection: Connection, values: dict[str, Any], statement: str) -> list[tuple[Any, ...]]:
    return connection.execute(statement, values).fetchall()


def _open_calls(connection: Connection, campaign: int, *, limit: int) -> tuple[list[CallNow], int]:
    rows = connection.execute(_FIND_OPEN, {"campaign": campaign}).fetchall()
    shown = [
        CallNow(
            row=row,
            key=ContactKey(key or ""),
            to=to,
            attempt=attempt,
            state=AttemptState(state),
            placed_at=instants.from_stored(placed_at),
        )
        for row, key, to, attempt, state, placed_at in rows[: max(limit, 0)]
    ]
    return shown, len(rows)
