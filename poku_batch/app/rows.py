"""The rows that a campaign enrols: always its whole sheet."""

import re
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
    from poku_batch.contacts import CorrectedSheet, Identity, Sheet

#: A row as ``Sheet.place`` says it, and as a fault names another.
_PLACE = re.compile(r"(?:(?P<file>.+), )?row (?P<row>[0-9]+)")
_OTHER_ROW = re.compile(r"\brow ([0-9]+)")

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
        raise ContactsError([_placed(fault, sheet) for fault in error.faults]) from error


def _placed(fault: Fault, sheet: "Sheet") -> Fault:
    """Say where a person finds the rows of a fault, which the ledger numbers through."""
    if fault.file is not None or fault.row is None:
        return fault if fault.file is not None else replace(fault, file=sheet.name)
    message = _OTHER_ROW.sub(lambda found: sheet.place(int(found[1])), fault.message)
    place = sheet.place(fault.row)
    found = _PLACE.fullmatch(place)
    if found is None:  # corrected rejects do not have the row
        return replace(fault, file=sheet.name, row=None, message=f"{place}: {message}")
    file, row = found["file"] or sheet.name, int(found["row"])
    return replace(fault, file=file, row=row, message=message)


def left_out(prepared: Prepared) -> Sequence[int]:
    """Rows that corrected rejects would have changed, and that were called already.

    Known once the rows of ``rows_of`` are read.
    """
    from poku_batch.contacts import CorrectedSheet

    sheet = prepared.sheet
    return sheet.corrections.left_out if isinstance(sheet, CorrectedSheet) else ()


def _identity(prepared: Prepared) -> "Identity":
    """What tells a row of the sheet from the others, whatever is corrected in it."""
    from poku_batch.contacts import Identity

    columns = prepared.columns
    if columns.key is not None and columns.phone not in columns.key:
        return Identity(columns=columns.key, is_key=True)
    width = len(prepared.sheet.columns)
    return Identity(columns=tuple(at for at in range(width) if at != columns.phone))


async def _whole(
    prepared: Prepared, sheet: "CorrectedSheet", ledger: Ledger
) -> AsyncIterator[Sequence[SheetRow]]:
    from poku_batch.contacts import Merging

    merging = Merging(sheet.corrections, _identity(prepared))
    async for records in ledger.records(prepared.campaign.identity):
        yield await anyio.to_thread.run_sync(merging.rows, records)
    rest = merging.rest()
    if rest:
        yield rest
