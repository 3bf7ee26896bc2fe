"""The rows that a campaign enrols: always its whole sheet."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio.to_thread

from poku_batch.app.preparing import Prepared
from poku_batch.errors import ContactsError, Fault
from poku_batch.models import SheetRow
from poku_batch.ports import Ledger

if TYPE_CHECKING:
    from poku_batch.contacts import CorrectedSheet, Sheet

Rows = AsyncIterable[Sequence[SheetRow]] | Iterable[Sequence[SheetRow]]


async def rows_of(prepared: Prepared, ledger: Ledger) -> Rows:
    """Give the rows of a campaign's sheet, in batches, in the sheet's order.

    Of corrected rejects that is the sheet that the ledger has, with the corrected rows in their
    places and new ones after the last: so that nobody else leaves the campaign, and rows with the
    same number are still seen. Raises ``ContactsError``, also while they are read, for rejects
    that do not fit the sheet.
    """
    from poku_batch.contacts import CorrectedSheet

    sheet = prepared.sheet
    if not isinstance(sheet, CorrectedSheet):
        return sheet.batches()
    if await ledger.columns(prepared.campaign.identity) != sheet.columns:
        message = "the ledger has no sheet any more that these rejects could be put back into"
        hint = "another run, or --fresh, has taken it away; run the campaign with its whole sheet"
        raise ContactsError([Fault(file=sheet.name, message=message, hint=hint)])
    return _whole(prepared, sheet, ledger)


@contextmanager
def naming(sheet: "Sheet") -> Iterator[None]:
    """Name the sheet in faults of its rows that the ledger finds, which knows no files."""
    try:
        yield
    except ContactsError as error:
        faults = [
            replace(fault, file=sheet.name) if fault.file is None else fault
            for fault in error.faults
        ]
        raise ContactsError(faults) from error


def left_out(prepared: Prepared) -> Sequence[int]:
    """Rows that corrected rejects would have changed, and that were called already.

    Known once the rows of ``rows_of`` are read.
    """
    from poku_batch.contacts import CorrectedSheet

    sheet = prepared.sheet
    return sheet.corrections.left_out if isinstance(sheet, CorrectedSheet) else ()


async def _whole(
    prepared: Prepared, sheet: "CorrectedSheet", ledger: Ledger
) -> AsyncIterator[Sequence[SheetRow]]:
    from poku_batch.contacts import Merging

    merging = Merging(sheet.corrections)
    async for records in ledger.records(prepared.campaign.identity):
        yield await anyio.to_thread.run_sync(merging.rows, records)
    rest = merging.rest()
    if rest:
        yield rest
