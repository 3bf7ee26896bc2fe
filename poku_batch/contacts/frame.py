"""Sheets from DataFrames, for notebooks."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from poku_batch.contacts.cells import cell_text
from poku_batch.contacts.header import Header, nameless_fault, read_header
from poku_batch.contacts.sheet import Sheet, frame_of, require_contacts
from poku_batch.errors import ContactsError, Fault

if TYPE_CHECKING:
    import pandas as pd

_NAME = "the DataFrame"


def frame_sheet(df: "pd.DataFrame") -> Sheet:
    """Make a sheet of a DataFrame with columns of any dtypes, one contact a row.

    Missing values become empty cells, whole numbers lose ``.0``, times are ISO 8601. The index is
    not part of the sheet: the first row is row 2, as if the frame were saved with its header.
    Raises ``ContactsError`` for what a file would be refused for.
    """
    if df.columns.nlevels > 1:
        hint = "flatten them first"
        raise ContactsError([Fault(file=_NAME, message="has columns of several levels", hint=hint)])
    header = read_header(map(cell_text, df.columns), file=_NAME)
    for position in header.nameless:
        for offset, cell in enumerate(_texts(df.iloc[:, position])):
            if cell.strip():
                raise ContactsError([nameless_fault(position, file=_NAME, row=offset + 2)])
    sheet = Sheet(
        name=_NAME,
        columns=header.names,
        read=lambda batch: _frames(df, header, batch),
        letters=header.letters,
        last_row=len(df) + 1,
    )
    return require_contacts(sheet)


def _frames(df: "pd.DataFrame", header: Header, batch: int) -> "Iterator[pd.DataFrame]":
    for start in range(0, len(df), batch):
        part = df.iloc[start : start + batch]
        lists = [_texts(part.iloc[:, position]) for position in header.kept]
        frame = frame_of(header.names, lists, first_row=start + 2)
        _require_unicode(frame)
        yield frame


def _texts(column: "pd.Series") -> list[str]:
    missing = column.isna().tolist()
    cells = zip(column.tolist(), missing, strict=True)
    return ["" if is_missing else cell_text(cell) for cell, is_missing in cells]


def _require_unicode(frame: "pd.DataFrame") -> None:
    """Refuse halves of surrogate pairs, which no file and no ledger can hold."""
    for name in frame.columns:
        for row, cell in zip(frame.index, frame[name], strict=True):
            try:
                cell.encode()
            except UnicodeEncodeError as error:
                message = "holds half of a character (a lone surrogate)"
                fault = Fault(file=_NAME, row=row, column=name, message=message)
                raise ContactsError([fault]) from error
