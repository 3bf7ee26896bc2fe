"""A sheet on its way into the ledger, on a connection of its own.

Invariants: the rows lie in a temporary table of that connection, on disk, so memory does not grow
with them, no lock is held while the sheet is read, and sessions never see each other's rows;
``preview`` and ``commit`` make the same plan with the same SQL, and ``commit`` makes and applies it
in one transaction.
"""

from array import array
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import TypeVar

import anyio
import anyio.to_thread

from poku_batch.errors import ContactsError, Fault, LedgerError
from poku_batch.ledger import (
    cells,
    comparing,
    decisions,
    holds,
    instants,
    newcomers,
    standing,
    statements,
)
from poku_batch.ledger.connection import Connection, transaction
from poku_batch.ledger.erasure import skip_forgotten
from poku_batch.ledger.failures import DATABASE_ERRORS, translated
from poku_batch.ledger.guards import said
from poku_batch.ledger.kinds import SAME_NUMBER, kind_of
from poku_batch.ledger.places import Place
from poku_batch.ledger.reports import report_of, report_of_the_rest
from poku_batch.models import (
    CampaignId,
    Cap,
    DuplicateRule,
    Enrolment,
    EnrolmentReport,
    Later,
    SheetRow,
    WaitKind,
)

T = TypeVar("T")

#: How many faults of a kind are named; a sheet may have a million.
_FAULTS = 50

#: From how many rows on a sheet changes what is best to do with the contacts.
_MANY = 500

#: No campaign has this number: the preview of one that was never enrolled meets no contacts.
_NO_CAMPAIGN = -1

_NO_KEY = "the row has no key"
_NO_NUMBER = "the row has no number that can be called"

_DIFFERENT_NUMBERS = "the same key as row {first}, with a different number"
_DIFFERENT_NUMBERS_HINT = "correct the numbers, or give contacts.key columns that tell them apart"
_SAME_KEY = "the same key as row {first}; under duplicates: all every row needs a key of its own"
_SAME_KEY_HINT = "give contacts.key columns that tell the rows apart"
_SHARED_NUMBER = "the same number as row {first}, and duplicates: error refuses that"
_SHARED_NUMBER_HINT = "remove one of them, or choose duplicates: first or all"


class SqlEnrolment:
    """The implementation of ``ports.EnrolmentSession``.

    A cancelled call waits for the step under way, which happens as a whole or fails as a whole.
    """

    def __init__(
        self,
        connection: Connection,
        place: Place,
        campaign: CampaignId,
        columns: Sequence[str],
        duplicates: DuplicateRule,
        number_caps: Sequence[Cap] = (),
    ) -> None:
        self._connection = connection
        self._place = place
        self._campaign = campaign
        self._columns = tuple(columns)
        self._duplicates = duplicates
        self._caps = tuple(number_caps)
        self._turn = anyio.Lock()
        self._rows = 0
        #: Whether any row is not to be called yet.
        self._any_later = False
        #: The sheet that is enrolled again as it is, and the positions of its rows to come.
        self._source: str | None = None
        self._positions = array("q")
        self._open = True

    async def prepare(self) -> None:
        """Make the temporary tables."""
        await self._run(self._create_tables)

    async def add(self, rows: Sequence[Enrolment]) -> None:
        """Take rows, in sheet order."""
        await self._run(lambda: self._add(rows))

    async def preview(self, *, now: datetime) -> EnrolmentReport:
        """Say what ``commit`` would do."""
        return await self._run(lambda: self._preview(instants.to_stored(now)))

    async def again(
        self, source: str, *, batch: int = 10_000
    ) -> AsyncIterator[list[SheetRow]] | None:
        """The rows to be added of a sheet that is enrolled again as it is."""
        if not await self._run(lambda: self._recall(source)):
            return None
        return self._rows_again(batch)

    async def commit(self, *, now: datetime, source: str | None = None) -> EnrolmentReport:
        """Make the added rows the campaign's current sheet."""
        return await self._run(lambda: self._commit(instants.to_stored(now), source))

    async def close(self) -> None:
        """Forget the rows."""
        with anyio.CancelScope(shield=True):
            async with self._turn:
                self._open = False
                await anyio.to_thread.run_sync(self._connection.close)

    async def _run(self, step: Callable[[], T]) -> T:
        async with self._turn:
            if not self._open:
                raise LedgerError(f"{self._place}: this enrolment is over")
            try:
                return await anyio.to_thread.run_sync(step)
            except DATABASE_ERRORS as error:
                raise translated(error, self._place) from error

    def _create_tables(self) -> None:
        with transaction(self._connection, writing=False, temporary=True):
            for statement in (*decisions.TABLES, standing.TABLE):
                self._connection.execute(statement)

    def _add(self, rows: Sequence[Enrolment]) -> None:
        first, last = self._rows, self._rows + len(rows)
        places: Sequence[int] = range(first, last)
        if self._source is not None:
            places = self._positions[first:last]
            if len(places) != len(rows):
                raise LedgerError(f"{self._place}: more rows than the sheet has that is known")
        self._any_later = self._any_later or any(row.later is not None for row in rows)
        with transaction(self._connection, writing=False):
            self._require_keys(rows)
            stored = map(_stored_row, places, rows)
            # Rows that are alike go in together, in their order.
            for columns, alike in groupby(stored, len):
                self._connection.add_rows("temp.sheet", decisions.SHEET_COLUMNS[:columns], alike)
        self._rows = last

    def _require_keys(self, rows: Sequence[Enrolment]) -> None:
        """Raise ``ContactsError`` for a key that would not come back as it was."""
        for row in rows:
            key = row.key
            # What is printable ASCII does, whatever the database.
            if key is None or (key.isascii() and key.isprintable()) or self._connection.holds(key):
                continue
            fault = Fault(
                message="the key holds a character that no text file can hold",
                row=row.row,
                hint="correct the cell",
            )
            raise ContactsError([fault])

    def _recall(self, source: str) -> bool:
        with transaction(self._connection, writing=False):
            found = standing.recall(self._connection, self._campaign, self._columns, source)
        self._source = source if found else None
        return found

    async def _rows_again(self, batch: int) -> AsyncIterator[list[SheetRow]]:
        after = -1
        while True:
            step = partial(standing.rows, self._connection, after=after, limit=batch)
            places, rows = await self._run(step)
            if not rows:
                return
            self._positions.extend(places)
            after = places[-1]
            yield rows

    def _preview(self, now: int) -> EnrolmentReport:
        with transaction(self._connection, writing=False, temporary=True):
            found = self._connection.execute(
                statements.FIND_CAMPAIGN,
                {"name": self._campaign.name, "wave": self._campaign.wave},
            ).fetchone()
            number, columns = found or (_NO_CAMPAIGN, None)
            return self._plan(number, columns, now)[0]

    def _commit(self, now: int, source: str | None) -> EnrolmentReport:
        with transaction(self._connection, writing=True):
            number = holds.campaign_number(self._connection, self._campaign)
            columns = self._connection.execute(decisions.FIND_COLUMNS, {"campaign": number})
            report, apply = self._plan(number, columns.fetchone()[0], now)
            values = {
                "campaign": number,
                "now": now,
                "columns": cells.to_stored(self._columns),
                "source": source,
            }
            self._connection.execute(decisions.SET_COLUMNS, values)
            self._keep_source(values)
            if self._source is None:
                self._connection.execute(decisions.TAKE_OUT, values)
                for statement in standing.KEEP_SHARING:
                    self._connection.execute(statement, values)
            for statement in apply:
                self._connection.execute(statement, values)
            if self._rows >= _MANY:
                # A run may begin at once, and a planner that knows nothing would sort them all.
                self._connection.look_at("contacts")
        return report

    def _keep_source(self, values: dict[str, object]) -> None:
        """Keep what the sheet is enrolled from, if its report can be made again without it."""
        if self._connection.execute(standing.HAS_CHANGED).fetchone()[0]:
            values = values | {"source": None}
        self._connection.execute(standing.KEEP_SOURCE, values)

    def _plan(
        self, campaign: int, old_columns: str | None, now: int
    ) -> tuple[EnrolmentReport, tuple[str, ...]]:
        """Fill the temporary tables; ``old_columns`` are the stored ones of the sheet before.

        Gives the report, and the statements that write the plan.
        """
        self._connection.look_at("temp.sheet")
        for statement in (*decisions.CLEAR, *decisions.FIND_REPEATED):
            self._connection.execute(statement)
        sharing = bool(self._connection.execute(decisions.ARE_REPEATED).fetchone()[0])
        if sharing:
            for statement in decisions.INDEX_SHEET:
                self._connection.execute(statement)
        if faults := list(self._faults()):
            raise ContactsError(faults)
        skip_forgotten(self._connection)
        values = {"campaign": campaign}
        known = bool(self._connection.execute(decisions.HAS_CONTACTS, values).fetchone()[0])
        self._fill_known(campaign, old_columns, known=known)
        if self._duplicates is DuplicateRule.FIRST:
            self._connection.execute(decisions.FILL_LEADERS)
        self._connection.execute(decisions.FILL_CARRIERS)
        apply = self._fill_plan(now, known=known, sharing=sharing)
        if self._source is None:
            return report_of(self._connection, campaign, now, known=known), apply
        self._require_known(campaign)
        return report_of_the_rest(self._connection, campaign, now), apply

    def _require_known(self, campaign: int) -> None:
        """Raise where the rows are not those of the contacts that they are taken for."""
        same = standing.is_from(self._connection, campaign, self._source or "")
        if self._connection.execute(standing.COUNT_AGAIN).fetchone()[0] != self._rows:
            raise LedgerError(f"{self._place}: not all rows were added that are asked about anew")
        if not same or self._connection.execute(standing.FIND_STRANGER).fetchone():
            raise LedgerError(
                f"{self._place}: the sheet of {self._campaign} was changed by another program "
                "meanwhile; run again"
            )

    def _fill_known(self, campaign: int, old_columns: str | None, *, known: bool) -> None:
        if known:
            differ = cells.difference(old_columns, self._columns)
            comparing.fill_beside(self._connection, campaign, differ)
            self._connection.look_at("temp.beside")
            self._connection.execute(decisions.KNOWN_BESIDE)
        else:
            self._connection.execute(newcomers.KNOWN)

    def _fill_plan(self, now: int, *, known: bool, sharing: bool) -> tuple[str, ...]:
        """Make the plan; gives the statements that write it."""
        if not known and not self._any_later and not self._caps:
            self._connection.execute(newcomers.PLAN_SHARING if sharing else newcomers.PLAN_ALONE)
            return newcomers.APPLY
        fill = decisions.FILL_PLAN if known else newcomers.FILL_PLAN
        self._connection.execute(fill, {"same_number": SAME_NUMBER})
        self._connection.execute(decisions.PLAN_BESIDE)
        self._connection.look_at("temp.planned")
        self._wait(now)
        return decisions.APPLY

    def _wait(self, now: int) -> None:
        """Let pending rows wait for what they say themselves, and for the caps on their numbers."""
        if self._any_later:
            self._connection.execute(decisions.WAIT_FOR_ROWS)
        for cap in self._caps:
            values = {
                "now": now,
                "within": instants.length(cap.within),
                "but": cap.calls - 1,
                "kind": WaitKind.NUMBER_CAP,
                "why": said(WaitKind.NUMBER_CAP, cap),
            }
            self._connection.execute(decisions.WAIT_FOR_CAP, values)

    def _faults(self) -> Iterator[Fault]:
        yield from self._pairs(
            decisions.CONFLICTING_NUMBERS, _DIFFERENT_NUMBERS, _DIFFERENT_NUMBERS_HINT
        )
        if self._duplicates is DuplicateRule.ALL:
            yield from self._pairs(decisions.REPEATED_KEYS, _SAME_KEY, _SAME_KEY_HINT)
        if self._duplicates is DuplicateRule.ERROR:
            yield from self._pairs(decisions.REPEATED_NUMBERS, _SHARED_NUMBER, _SHARED_NUMBER_HINT)

    def _pairs(self, statement: str, message: str, hint: str) -> Iterator[Fault]:
        pairs = self._connection.execute(statement, {"limit": _FAULTS + 1}).fetchall()
        for first, other in pairs[:_FAULTS]:
            yield Fault(message=message.format(first=first), row=other, hint=hint)
        if len(pairs) > _FAULTS:
            yield Fault(message=f"and more such rows, after the first {_FAULTS}")


def _stored_row(position: int, row: Enrolment) -> tuple[int | str | None, ...]:
    """The row's columns in the order of ``sheet``, as many as it has."""
    key, to, later = row.key, row.to, row.later
    stored = cells.to_stored(row.cells)
    first = (position, row.row, row.country or "", stored, row.priority, row.group, key, to)
    if not row.skip_reason and key is not None and to is not None:
        return first if later is None else first + _stored_later(later)
    reason = cells.storable(row.skip_reason or (_NO_KEY if key is None else _NO_NUMBER))
    wait = (None, None, None) if later is None else _stored_later(later)
    return (*first, *wait, reason, kind_of(reason))


def _stored_later(later: Later) -> tuple[int, str, str]:
    return instants.to_stored(later.until), later.kind, cells.storable(later.why)
