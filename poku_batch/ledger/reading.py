"""Reading a ledger beside its writer, on a connection of its own, off the event loop."""

import json
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from poku_batch.errors import LedgerError
from poku_batch.ledger import cells, history, instants, runs, selection, statements, verdicts
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.failures import DATABASE_ERRORS, is_lost, translated
from poku_batch.ledger.places import Place
from poku_batch.models import (
    CampaignId,
    ContactRecord,
    ContactState,
    Counts,
    HistoryEntry,
    PastCalls,
    PlainRecord,
    PutBack,
    Selection,
    UnknownCall,
    Usage,
    Wait,
)

T = TypeVar("T")

#: How many attempts are looked at for each call that is wanted.
_LOOKED_AT = 10


class Reader:
    """The reading connection: one question at a time, in a worker thread.

    It sees what was committed before the question, and never holds up the writer.
    """

    def __init__(self, connection: Connection, place: Place) -> None:
        self._connection = connection
        self._place = place
        self._turn = anyio.Lock()
        self._open = True

    async def run(self, ask: Callable[[Connection], T]) -> T:
        """Ask in a worker thread. Raises ``LedgerError`` where that fails, or it is closed."""
        async with self._turn:
            if not self._open:
                raise LedgerError(f"{self._place}: the ledger is closed")
            try:
                return await anyio.to_thread.run_sync(self._ask, ask)
            except DATABASE_ERRORS as error:
                raise translated(error, self._place) from error

    def _ask(self, ask: Callable[[Connection], T]) -> T:
        try:
            return ask(self._connection)
        except DATABASE_ERRORS as error:
            if not is_lost(error):
                raise
            # A question may be asked twice; the connection looks for the database anew.
            return ask(self._connection)

    async def close(self) -> None:
        """Wait for the question under way, then close the connection."""
        with anyio.CancelScope(shield=True):
            async with self._turn:
                self._open = False
                await anyio.to_thread.run_sync(self._connection.close)

    async def columns(self, campaign: CampaignId) -> tuple[str, ...] | None:
        """The current sheet's columns; None for a campaign never enrolled."""
        found = await self.run(lambda connection: _campaign(connection, campaign))
        return cells.from_stored(found[1]) if found and found[1] is not None else None

    async def counts(self, campaign: CampaignId, *, now: datetime) -> Counts:
        """How the current sheet stands."""
        stored_now = instants.to_stored(now)

        def ask(connection: Connection) -> Counts:
            found = _campaign(connection, campaign)
            return counts_of(
                connection.execute(
                    statements.COUNT_CONTACTS,
                    {"campaign": found[0] if found else None, "now": stored_now},
                )
            )

        return await self.run(ask)

    async def latest_at(self) -> datetime | None:
        """The latest time that the ledger tells of; None for an empty one."""
        row = await self.run(
            lambda connection: connection.execute(statements.FIND_LATEST).fetchone()
        )
        return instants.maybe_from_stored(row[0])

    async def next_due_at(self, campaign: int) -> datetime | None:
        """When the first pending contact that is not reserved is due; None for nobody."""
        row = await self.run(
            lambda connection: connection.execute(
                statements.FIND_NEXT_DUE, {"campaign": campaign}
            ).fetchone()
        )
        return instants.maybe_from_stored(row[0])

    async def usage(self, campaign: CampaignId, *, longest: timedelta | None) -> Usage:
        """What a campaign has used up so far; nothing for one never enrolled."""
        return await self.of(
            campaign,
            Usage(),
            lambda connection, number: runs.usage(connection, number, longest=longest),
        )

    async def past_calls(self, *, last: int, longest: timedelta | None) -> PastCalls:
        """What the latest calls that ended came to."""
        values = {
            "last": last,
            "within": last * _LOOKED_AT,
            "longest": None if longest is None else instants.length(longest),
        }

        def ask(connection: Connection) -> PastCalls:
            rows = connection.execute(statements.COUNT_PAST_CALLS, values).fetchall()
            return PastCalls(
                calls=sum(calls for _, calls, _, _ in rows),
                seconds=sum(length for _, _, length, _ in rows) / 1_000_000,
                minutes=sum(minutes for _, _, _, minutes in rows),
                outcomes={outcome: calls for outcome, calls, _, _ in rows},
            )

        return await self.run(ask)

    async def unknown_calls(self, campaign: CampaignId, *, limit: int) -> list[UnknownCall]:
        """The first unknown contacts of the current sheet."""
        return await self.of(
            campaign,
            [],
            lambda connection, number: verdicts.unknown_calls(connection, number, limit),
        )

    async def selected(self, campaign: CampaignId, chosen: Selection) -> PutBack:
        """What putting a selection back would do."""
        nobody = PutBack(contacts=0, may_ring_twice=0, asked_not_to=0)
        return await self.of(campaign, nobody, partial(selection.count, selection=chosen))

    async def contact(self, campaign: CampaignId, key: str) -> ContactRecord | None:
        """The contact with a key, whether it is in the current sheet or not."""

        def ask(connection: Connection, number: int) -> ContactRecord | None:
            values = {"campaign": number, "key": key}
            return next(iter(records_of(connection.execute(statements.READ_RECORD, values))), None)

        return await self.of(campaign, None, ask)

    async def near_keys(self, campaign: CampaignId, key: str, *, limit: int) -> list[str]:
        """Keys that may have been meant."""
        return await self.of(
            campaign,
            [],
            lambda connection, number: history.near_keys(connection, number, key, limit),
        )

    async def history(
        self, campaign: CampaignId, *, key: str | None = None, batch: int = 1_000
    ) -> AsyncIterator[list[HistoryEntry]]:
        """What happened, as it was written, up to ``batch`` entries at once."""
        found = await self.run(lambda connection: _campaign(connection, campaign))
        after = 0

        def ask(connection: Connection) -> tuple[list[HistoryEntry], int]:
            number = found[0] if found else None
            if number is None:
                return [], after
            return history.entries(connection, number, key=key, after=after, limit=batch)

        while True:
            entries, after = await self.run(ask)
            if not entries:
                return
            yield entries

    async def of(self, campaign: CampaignId, none: T, ask: Callable[[Connection, int], T]) -> T:
        """Ask about a campaign by its number; ``none`` for one that is not in the ledger."""

        def ask_numbered(connection: Connection) -> T:
            found = _campaign(connection, campaign)
            return ask(connection, found[0]) if found else none

        return await self.run(ask_numbered)

    async def records(
        self, campaign: CampaignId, *, batch: int = 10_000
    ) -> AsyncIterator[list[ContactRecord]]:
        """The current sheet's rows, in sheet order, up to ``batch`` at once."""
        found = await self.run(lambda connection: _campaign(connection, campaign))
        if found is None:
            return
        values = {"campaign": found[0], "after": -1, "limit": max(batch, 1)}

        def ask(connection: Connection) -> list[tuple[Any, ...]]:
            return connection.execute(statements.READ_RECORDS, values).fetchall()

        while rows := await self.run(ask):
            yield await anyio.to_thread.run_sync(records_of, rows)
            values["after"] = rows[-1][0]

    async def plain_records(
        self, campaign: CampaignId, *, batch: int = 2_000
    ) -> AsyncIterator[list[PlainRecord]]:
        """The current sheet's rows as ``statements.READ_PLAIN`` has them, in sheet order."""
        found = await self.run(lambda connection: _campaign(connection, campaign))
        if found is None:
            return
        values = {"campaign": found[0], "after": -1, "limit": max(batch, 1)}

        def ask(connection: Connection) -> list[PlainRecord]:
            return connection.execute(statements.READ_PLAIN, values).fetchall()

        while rows := await self.run(ask):
            yield rows
            values["after"] = rows[-1][0]


def counts_of(rows: Iterable[tuple[Any, ...]]) -> Counts:
    """Counts from rows of state, outcome, kind of reason, country, kind of wait, number, first due.

    The kind of a wait is None for who does not wait.
    """
    states: dict[ContactState, int] = {}
    outcomes: dict[str, int] = {}
    failures: dict[str, int] = {}
    skip_reasons: dict[str, int] = {}
    countries: dict[str, int] = {}
    waits: dict[str, Wait] = {}
    due = 0
    for state, outcome, reason, country, kind, number, first_due in rows:
        states[ContactState(state)] = states.get(ContactState(state), 0) + number
        if outcome is not None:
            outcomes[outcome] = outcomes.get(outcome, 0) + number
        if reason is not None:
            reasons = failures if state == ContactState.FAILED else skip_reasons
            reasons[reason] = reasons.get(reason, 0) + number
        if country is not None:
            countries[country] = countries.get(country, 0) + number
        if kind is not None:
            _count_wait(waits, kind, number, instants.from_stored(first_due))
        elif state == ContactState.PENDING:
            due += number
    return Counts(
        states=states,
        outcomes=outcomes,
        failures=failures,
        skip_reasons=skip_reasons,
        countries=countries,
        due=due,
        next_due_at=min((wait.first_at for wait in waits.values()), default=None),
        waits=waits,
    )


def _count_wait(waits: dict[str, Wait], kind: str, number: int, first_at: datetime) -> None:
    before = waits.get(kind)
    if before is not None:
        number, first_at = number + before.contacts, min(first_at, before.first_at)
    waits[kind] = Wait(contacts=number, first_at=first_at)


def _campaign(connection: Connection, campaign: CampaignId) -> tuple[int, str | None] | None:
    found: tuple[int, str | None] | None = connection.execute(
        statements.FIND_CAMPAIGN, {"name": campaign.name, "wave": campaign.wave}
    ).fetchone()
    return found


def records_of(rows: Iterable[tuple[Any, ...]]) -> list[ContactRecord]:
    """The records of rows that a statement of ``statements`` has read."""
    return [
        ContactRecord(
            row=row,
            key=key or "",
            cells=cells.from_stored(stored_cells),
            state=ContactState(state),
            to=to,
            attempts=attempts,
            outcome=outcome,
            summary=summary,
            recording_url=recording_url,
            interaction_id=interaction_id,
            started_at=instants.maybe_from_stored(placed_at),
            ended_at=instants.maybe_from_stored(ended_at),
            error=reason,
            fields=json.loads(fields) if fields else {},
            due_at=instants.maybe_from_stored(due_at),
            waits_for=waits_for,
            rang=bool(rang),
            last_from=last_from,
        )
        for (
            _,
            row,
            key,
            stored_cells,
            state,
            to,
            attempts,
            outcome,
            summary,
            recording_url,
            interaction_id,
            placed_at,
            ended_at,
            reason,
            fields,
            due_at,
            waits_for,
            rang,
            last_from,
        ) in rows
    ]
