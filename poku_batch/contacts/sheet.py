"""A sheet opened for reading: its columns, and its rows in batches.

Memory is bounded by the batch for text and by a row group for Parquet; a workbook is held whole by
its reader. Rows can be read any number of times. Wholly blank rows are passed over, and still
counted in the numbers of the rows after them.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING

from poku_batch.errors import ContactsError, Fault
from poku_batch.models import SheetRow

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What a campaign says of how its sheet is laid out; ``decimal`` None: the file decides."""

    worksheet: str | None = None
    header_row: int = 1
    decimal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file of a sheet that is in several; ``letters`` and ``worksheet`` as ``Sheet`` has them.

    Its rows are the sheet's up to ``last_row``, after those of the part before; ``shift`` was added
    to the numbers that they have in the file.
    """

    name: str
    last_row: int
    shift: int
    letters: tuple[str, ...]
    worksheet: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet of contacts. ``name`` is how messages call it.

    ``encoding`` and ``delimiter`` say what was detected in a text file; None for other formats.
    ``worksheet`` is the name of a workbook's, ``worksheets`` are all of its visible ones.
    ``letters`` are what a spreadsheet program calls the columns, one each. ``decimal`` separates
    decimals in its numbers. ``header_row`` is the row of the column names, ``last_row`` the last
    that the file has, blank ones counted. ``parts`` are the files of a sheet in several.
    ``read`` gives all rows after the header, blank ones too, as frames like those of ``rows``.
    """

    name: str
    columns: tuple[str, ...]
    read: Callable[[int], "Iterator[pd.DataFrame]"] = field(repr=False)
    release: Callable[[], None] = field(repr=False, default=lambda: None)
    encoding: str | None = None
    delimiter: str | None = None
    worksheet: str | None = None
    worksheets: tuple[str, ...] = ()
    letters: tuple[str, ...] = ()
    decimal: str = "."
    header_row: int = 1
    last_row: int = 0
    parts: tuple[Part, ...] = ()

    def place(self, row: int, position: int | None = None) -> str:
        """Where a person finds a row, or the cell in its column at ``position``, from 0.

        As a spreadsheet program writes it: ``Tuesday!C15`` in a workbook, ``C15`` in other files,
        ``row 15`` without a position; ``north.csv, C15`` where the sheet is in several files.
        """
        if not self.parts:
            return _place(row, position, self.letters, self.worksheet)
        found = bisect_left(self.parts, row, key=lambda part: part.last_row)
        part = self.parts[min(found, len(self.parts) - 1)]
        own = _place(row - part.shift, position, part.letters, part.worksheet)
        return f"{part.name}, {own}"

    def rows(self, batch: int = 10_000) -> "Iterator[pd.DataFrame]":
        """Read the rows, up to ``batch`` at once.

        One row per contact, in file order; columns in file order, dtype object, every cell a
        ``str``; the index, named ``row``, is the row's number in the sheet (the file's first is
        1).
        Raises ``ContactsError`` if the file can no longer be read as it was when opened.
        """
        for frame in self.read(batch):
            filled = _without_blank_rows(frame)
            if len(filled):
                yield filled

    def batches(self, batch: int = 10_000) -> Iterator[list[SheetRow]]:
        """Read the rows as values, up to ``batch`` at once, in file order."""
        for frame in self.rows(batch):
            cells = zip(*(frame[name].tolist() for name in self.columns), strict=True)
            numbers = frame.index.tolist()
            yield [SheetRow(row=n, cells=c) for n, c in zip(numbers, cells, strict=True)]

    def close(self) -> None:
        """Let go of the file; rows cannot be read any more."""
        self.release()

    def __enter__(self) -> "Sheet":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _place(row: int, position: int | None, letters: Sequence[str], worksheet: str | None) -> str:
    if position is None:
        return f"row {row}"
    cell = f"{letters[position]}{row}"
    return cell if worksheet is None else f"{worksheet}!{cell}"


def frame_of(
    columns: Sequence[str], lists: Sequence[Sequence[str]], *, first_row: int
) -> "pd.DataFrame":
    """Build a frame from one list of cells per column; rows are numbered from ``first_row``."""
    import pandas as pd

    frame = pd.DataFrame(dict(zip(columns, lists, strict=True)), dtype=object)
    frame.index = pd.RangeIndex(first_row, first_row + len(frame), name="row")
    return frame


def require_contacts(sheet: Sheet) -> Sheet:
    """Return the sheet. Raises ``ContactsError`` if it holds no row that is not blank."""
    for _ in sheet.rows(1_000):
        return sheet
    hint = "add a row for each person to call"
    raise ContactsError([Fault(file=sheet.name, message="has a header and no rows", hint=hint)])


def _without_blank_rows(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Drop rows of nothing but white space; looks at a further column only while some remain."""
    blank: Sequence[int] = range(len(frame))
    for position in range(frame.shape[1]):
        cells = frame.iloc[:, position].tolist()
        blank = [place for place in blank if not cells[place].strip()]
        if not blank:
            return frame
    return frame.drop(index=frame.index[list(blank)])
