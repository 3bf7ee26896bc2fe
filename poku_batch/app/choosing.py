"""Finding the row that somebody asks for, in sheets of any length.

Rows are planned (rendered, judged) only where they may be the one: that is what takes time.
"""

import difflib
import re
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator, Sequence
from datetime import datetime

import anyio.to_thread

from poku_batch.app import rules
from poku_batch.app.preparing import Prepared
from poku_batch.app.rows import rows_of
from poku_batch.engine.permits import Permits
from poku_batch.engine.plan import KeyColumns
from poku_batch.errors import ContactsError, PhoneError, UsageError
from poku_batch.models import ContactState, Enrolment, EnrolmentReport, SheetRow
from poku_batch.ports import Ledger

#: How many rows are planned at once in search of the first that would be called.
_AT_ONCE = 500
#: How many keys, of nearly the length of the one asked for, are compared with it.
_COMPARED = 20_000
#: So many last digits tell numbers apart well enough to look closer.
_TAIL = 6


class RowsOfSheet:
    """A prepared sheet's rows, to be searched, and what the ledger would make of some of them."""

    def __init__(
        self, prepared: Prepared, ledger: Ledger, permits: Permits, *, now: datetime
    ) -> None:
        """Take the sheet, the ledger that knows its contacts, and the rules as they are ``now``."""
        self._prepared = prepared
        self._ledger = ledger
        self._now = now
        self._planner = prepared.planner(permits, now=now)

    async def batches(self) -> AsyncIterator[Sequence[SheetRow]]:
        """The rows in the order of the sheet, read in worker threads."""
        rows = await rows_of(self._prepared, self._ledger)
        if isinstance(rows, AsyncIterable):
            async for batch in rows:
                yield batch
            return
        source = iter(rows)
        while (part := await anyio.to_thread.run_sync(_next_of, source)) is not None:
            yield part

    def plan(self, row: SheetRow) -> Enrolment:
        """What one row is to the campaign."""
        return self._planner.plan([row])[0]

    async def enrolled(self, plans: Sequence[Enrolment]) -> EnrolmentReport:
        """What enrolling these rows alone would do; nothing is changed.

        Raises ``ContactsError`` where the rows contradict each other.
        """
        campaign = self._prepared.campaign
        async with self._ledger.enrolment(
            campaign.identity,
            self._prepared.sheet.columns,
            campaign.contacts.duplicates,
            number_caps=rules.number_caps(campaign),
        ) as session:
            await session.add(plans)
            return await session.preview(now=self._now)

    async def numbered(self, number: int) -> SheetRow:
        """The row of a number. Raises ``UsageError`` where there is none, saying what is there."""
        before, last = 0, 0
        async for batch in self.batches():
            for row in batch:
                if row.row == number:
                    return row
                before = row.row if row.row < number else before
                last = max(last, row.row)
        raise UsageError(self._not_there(number, before, last))

    async def keyed(self, key: str) -> SheetRow:
        """The first row with a key, or with the number that is the key, however it is written.

        Raises ``UsageError`` with the nearest keys where there is none.
        """
        columns = self._prepared.columns
        wanted = self._number_key(key) if columns.key is None else key
        may_be = _may_have_key(columns, wanted)
        length, near = len(_comparable(columns, wanted)), dict[str, SheetRow]()
        async for batch in self.batches():
            for row in batch:
                if may_be(row) and self.plan(row).key == wanted:
                    return row
                text = _comparable(columns, _raw_key(columns, row))
                if abs(len(text) - length) <= 2 and len(near) < _COMPARED:
                    near.setdefault(text, row)
        found = difflib.get_close_matches(_comparable(columns, wanted), near, n=3)
        raise UsageError(self._no_key(key, [self.plan(near[text]).key for text in found]))

    def require_key(self, row: SheetRow, key: str) -> None:
        """Raise ``UsageError`` where a row has another key."""
        wanted = self._number_key(key) if self._prepared.columns.key is None else key
        known = self.plan(row).key
        if known != wanted:
            has = "no key" if known is None else f"the key {str(known)!r}"
            raise UsageError(f"row {row.row} has {has}, not {key!r}; give --row or --key, not both")

    async def to_call(self) -> AsyncIterator[SheetRow]:
        """Rows that would be called now or later, as far as each few hundred tell by themselves."""
        async for batch in self.batches():
            for start in range(0, len(batch), _AT_ONCE):
                part = batch[start : start + _AT_ONCE]
                plans = await anyio.to_thread.run_sync(self._planner.plan, part)
                fit = [
                    (row, plan)
                    for row, plan in zip(part, plans, strict=True)
                    if plan.skip_reason is None
                ]
                async for row in self._pending(fit):
                    yield row

    async def first(self) -> SheetRow:
        """The first row of all, whatever becomes of it."""
        async for batch in self.batches():
            return batch[0]
        raise UsageError(f"{self._prepared.sheet.name} has no rows")

    async def twins(self, row: SheetRow, plan: Enrolment, *, most: int) -> list[Enrolment]:
        """The other rows with the same number or the same key, the first ``most`` of them."""
        columns = self._prepared.columns
        may_have = _may_have_number(columns.phone, plan.to or "")
        found: list[Enrolment] = []
        async for batch in self.batches():
            for other in batch:
                same_key = columns.key is not None and _raw_key(columns, other) == _raw_key(
                    columns, row
                )
                if other.row == row.row or not (same_key or (plan.to and may_have(other))):
                    continue
                twin = self.plan(other)
                if (plan.to and twin.to == plan.to) or (plan.key and twin.key == plan.key):
                    found.append(twin)
                    if len(found) == most:
                        return found
        return found

    async def with_number(self, e164: str, *, most: int) -> list[int]:
        """The rows, by number, that would call a number; the first ``most`` of them."""
        may_have = _may_have_number(self._prepared.columns.phone, e164)
        found: list[int] = []
        async for batch in self.batches():
            found += [row.row for row in batch if may_have(row) and self.plan(row).to == e164]
            if len(found) >= most:
                break
        return found[:most]

    async def _pending(self, fit: Sequence[tuple[SheetRow, Enrolment]]) -> AsyncIterator[SheetRow]:
        """Those that the ledger would call, one after the other, found by halving."""
        while fit and await self._any_pending(fit):
            few, many = 0, len(fit)
            while many - few > 1:
                middle = (few + many) // 2
                if await self._any_pending(fit[:middle]):
                    many = middle
                else:
                    few = middle
            yield fit[many - 1][0]
            fit = fit[many:]

    async def _any_pending(self, fit: Sequence[tuple[SheetRow, Enrolment]]) -> bool:
        try:
            report = await self.enrolled([plan for _, plan in fit])
        except ContactsError:  # rows that contradict each other: told of the row that is shown
            return True
        return report.counts.of(ContactState.PENDING) > 0

    def _number_key(self, key: str) -> str:
        from poku_batch.phone import parse_phone

        try:
            return parse_phone(key, self._prepared.campaign.contacts.region).e164
        except PhoneError:
            return key

    def _not_there(self, number: int, before: int, last: int) -> str:
        """Why there is no contact in a row; ``before`` and ``last`` are rows that have one."""
        sheet = self._prepared.sheet
        header = sheet.header_row
        asked = f"--row {number}"
        if number == header:
            return f"{asked} has the column names of {sheet.name}; contacts begin at {header + 1}"
        if number < header:
            return f"{asked} is above the column names of {sheet.name}, which are in row {header}"
        if number < last:
            beside = f"; the contact before it is in row {before}" if before else ""
            return f"{asked} is blank in {sheet.name}{beside}"
        return f"{asked}: {sheet.name} has no such row; its last is row {last}"

    def _no_key(self, key: str, near: Sequence[str | None]) -> str:
        meant = " or ".join(repr(str(known)) for known in near if known is not None)
        names = " and ".join(self._prepared.columns.names) or "the number, as +14155550100"
        hint = f"; did you mean {meant}?" if meant else ""
        return (
            f"{self._prepared.sheet.name} has no row with the key {key!r}{hint} (a key is {names})"
        )


def _next_of(source: Iterator[Sequence[SheetRow]]) -> Sequence[SheetRow] | None:
    return next(source, None)


def _may_have_number(phone: int, e164: str) -> Callable[[SheetRow], bool]:
    """A quick test that no row with the number fails."""
    tail = e164[-_TAIL:]

    def test(row: SheetRow) -> bool:
        cell = row.cells[phone]
        return not cell.isascii() or tail in re.sub(r"\D", "", cell)

    return test


def _may_have_key(columns: KeyColumns, key: str) -> Callable[[SheetRow], bool]:
    """A quick test that no row with the key fails."""
    plain = [at for at in columns.key or () if at != columns.phone]
    if not plain:
        return _may_have_number(columns.phone, key)
    if len(columns.key or ()) == 1:
        return lambda row: row.cells[plain[0]].strip() == key
    return lambda row: all(row.cells[at].strip().replace("|", "||") in key for at in plain)


def _raw_key(columns: KeyColumns, row: SheetRow) -> str:
    """A row's key, but that the number in it is as the cell has it."""
    places = (columns.phone,) if columns.key is None else columns.key
    return " | ".join(row.cells[at].strip() for at in places)


def _comparable(columns: KeyColumns, key: str) -> str:
    return re.sub(r"\D", "", key)[-10:] if columns.key is None else key
