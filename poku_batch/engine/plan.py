"""What each row of the sheet is to the campaign: a contact to call, or a row to skip and why.

Nothing is written and nothing is dialled here. Memory does not grow with the sheet.
"""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import anyio.to_thread

from poku_batch.engine.compose import Composer, Unfit
from poku_batch.engine.permits import Permits
from poku_batch.errors import Fault, PhoneError, PromptError
from poku_batch.models import ContactKey, Enrolment, Later, Never, SheetRow
from poku_batch.phone import parse_phone
from poku_batch.ports import EnrolmentSession

#: How many rows' template faults are told one by one.
_FAULTS_TOLD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyColumns:
    """Where a row's number and key stand: indexes of columns, from 0.

    ``key`` is None where the number is the key; ``names`` are the key columns' names, for messages.
    """

    phone: int
    key: tuple[int, ...] | None
    names: tuple[str, ...] = ()


class Planner:
    """Plans rows, batch after batch, and gathers what is wrong with the template on the way."""

    def __init__(
        self,
        composer: Composer,
        columns: KeyColumns,
        permits: Permits,
        *,
        region: str | None,
        now: datetime,
    ) -> None:
        """Take what makes requests, where number and key stand, and who may be called.

        ``region`` is the country of numbers written without a plus sign; ``now`` (aware) is when
        the rules are asked.
        """
        self._composer = composer
        self._columns = columns
        self._permits = permits
        self._region = region
        self._now = now
        self._faults: list[Fault] = []
        self._faulty_rows = 0

    def plan(self, rows: Sequence[SheetRow]) -> list[Enrolment]:
        """Plan rows, one enrolment a row in the same order; template faults are kept for later."""
        return [self._plan_row(row) for row in rows]

    def raise_faults(self) -> None:
        """Raise ``PromptError`` if any row planned so far could not be rendered."""
        if not self._faults:
            return
        more = self._faulty_rows - _FAULTS_TOLD
        if more > 0:
            self._faults.append(Fault(message=f"… and {more:,} more rows with such faults"))
        raise PromptError(self._faults)

    def _plan_row(self, row: SheetRow) -> Enrolment:
        to, country, reason = self._number(row)
        key = self._key(row, to)
        if key is None and reason is None:
            reason = f"no key: {' and '.join(map(repr, self._columns.names))} empty in this row"
        later, priority, group = None, 0, 0
        if to is not None and key is not None and reason is None:
            priority, reason = self._try_out(row, to, key)
            permission, group = self._permits.judge_planned(
                row.cells, to=to, country=country, now=self._now
            )
            if isinstance(permission, Never):
                reason = reason or permission.why
            elif isinstance(permission, Later):
                later = permission
        return Enrolment(
            row=row.row,
            cells=row.cells,
            key=key,
            to=to,
            country=country,
            skip_reason=reason,
            later=later,
            priority=priority,
            group=group,
        )

    def _number(self, row: SheetRow) -> tuple[str | None, str | None, str | None]:
        try:
            number = parse_phone(row.cells[self._columns.phone], self._region)
        except PhoneError as error:
            return None, None, error.reason
        return number.e164, number.region, None

    def _key(self, row: SheetRow, to: str | None) -> ContactKey | None:
        if self._columns.key is None:
            return ContactKey(to) if to is not None else None
        parts = [self._key_part(row, index, to) for index in self._columns.key]
        return ContactKey(" | ".join(parts)) if any(parts) else None

    def _key_part(self, row: SheetRow, index: int, to: str | None) -> str:
        """A cell of the key: the number in its one form, so that rewriting it calls nobody twice.

        With several columns a bar within a cell is doubled, so that no two keys look the same.
        """
        part = to if to is not None and index == self._columns.phone else row.cells[index].strip()
        several = self._columns.key is not None and len(self._columns.key) > 1
        return part.replace("|", "||") if several else part

    def _try_out(self, row: SheetRow, to: str, key: ContactKey) -> tuple[int, str | None]:
        """Give a row's priority, and why it cannot be called; faults of its template are kept."""
        try:
            found = self._composer.try_out(row, to=to, key=key)
        except PromptError as error:
            self._faulty_rows += 1
            if self._faulty_rows <= _FAULTS_TOLD:
                self._faults.extend(error.faults)
            return 0, None
        return (0, found.reason) if isinstance(found, Unfit) else (found, None)


async def enrol(
    batches: AsyncIterable[Sequence[SheetRow]] | Iterable[Sequence[SheetRow]],
    planner: Planner,
    session: EnrolmentSession,
    *,
    progress: Callable[[int], None] = lambda _rows: None,
) -> None:
    """Read, plan and hand over a sheet, in worker threads; ``progress`` hears rows read so far.

    Raises ``ContactsError`` for a malformed sheet and ``PromptError`` for rows that cannot be
    rendered; the session is then not to be committed.
    """
    read = 0
    source = batches if isinstance(batches, AsyncIterable) else _in_threads(batches)
    async for batch in source:
        await session.add(await anyio.to_thread.run_sync(planner.plan, batch))
        read += len(batch)
        progress(read)
    planner.raise_faults()


async def _in_threads(batches: Iterable[Sequence[SheetRow]]) -> AsyncIterator[Sequence[SheetRow]]:
    """Read batches that block, each in a worker thread."""
    source: Iterator[Sequence[SheetRow]] = iter(batches)
    while (batch := await anyio.to_thread.run_sync(next, source, None)) is not None:
        yield batch
