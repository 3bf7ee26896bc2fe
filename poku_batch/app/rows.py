"""The rows that a campaign enrols."""

from collections.abc import AsyncIterable, Iterable, Sequence

from poku_batch.app.preparing import Prepared
from poku_batch.models import SheetRow
from poku_batch.ports import Ledger

Rows = AsyncIterable[Sequence[SheetRow]] | Iterable[Sequence[SheetRow]]


async def rows_of(prepared: Prepared, ledger: Ledger) -> Rows:
    """Give the rows of a campaign's sheet, in batches, in the sheet's order."""
    _ = ledger
    return prepared.sheet.batches()
