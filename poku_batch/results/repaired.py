"""A repaired copy of a sheet, and the list of what was repaired in it.

Cells are written as they are given, as text; a row keeps its distance from the header, so that it
is found under its number again. Both files are written beside their places and renamed into them
when they are complete; whatever breaks that off leaves nothing behind.
"""

import csv
import os
import re
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import xlsxwriter

from poku_batch.errors import ResultsError
from poku_batch.results.outputs import check_worksheet
from poku_batch.results.outside import without_formula

ENDINGS = (".csv", ".tsv", ".xlsx")
LIST_COLUMNS = ("row", "cell", "column", "before", "after", "why")
#: UTF-16 code units that a cell holds. Source: Excel's specifications and limits.
_CELL_LIMIT = 32_767
_UNFIT = re.compile("[\ud800-\udfff\ufffe\uffff]")
_WIDTH = 24


class _Table(Protocol):
    def write(self, at: int, cells: Sequence[str]) -> None:
        """Write a row ``at`` so many rows below the header."""

    def close(self) -> None:
        """Complete the file."""

    def abandon(self) -> None:
        """Let go of the file."""


class _Text:
    def __init__(self, path: Path, columns: Sequence[str], delimiter: str) -> None:
        # The mark lets Excel read the file as what it is.
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file, delimiter=delimiter, lineterminator="\r\n")
        self._blank = [""] * len(columns)
        self._writer.writerow(columns)
        self._next = 1

    def write(self, at: int, cells: Sequence[str]) -> None:
        for _ in range(at - self._next):
            self._writer.writerow(self._blank)
        self._writer.writerow(cells)
        self._next = at + 1

    def close(self) -> None:
        self._file.close()

    def abandon(self) -> None:
        self._file.close()


class _Workbook:
    """Every cell is text and formatted as text, so that no program makes a number of it again."""

    def __init__(self, path: Path, columns: Sequence[str], target: Path) -> None:
        self._target = target
        self._width = len(columns)
        check_worksheet(target, rows=0, columns=self._width)
        self._book = xlsxwriter.Workbook(
            path,
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "tmpdir": str(path.parent),
            },
        )
        self._sheet = self._book.add_worksheet("Repaired")
        self._plain = self._book.add_format({"num_format": "@"})
        bold = self._book.add_format({"bold": True, "num_format": "@"})
        self._sheet.freeze_panes(1, 0)
        self._sheet.set_column(0, self._width - 1, _WIDTH, self._plain)
        for position, name in enumerate(columns):
            self._write(0, position, name, bold)

    def write(self, at: int, cells: Sequence[str]) -> None:
        check_worksheet(self._target, rows=at, columns=self._width)
        for position, cell in enumerate(cells):
            if cell:
                self._write(at, position, cell, self._plain)

    def _write(self, row: int, position: int, text: str, style: object) -> None:
        if len(text) * 2 > _CELL_LIMIT and len(text.encode("utf-16-le")) > _CELL_LIMIT * 2:
            raise ResultsError(
                f"{self._target}: a cell of a workbook holds {_CELL_LIMIT:,} characters, and one "
                "has more; name a .csv file instead"
            )
        fit = _UNFIT.sub("\ufffd", text)
        if fit.startswith("<r>") and fit.endswith("</r>"):
            # xlsxwriter takes such text for its own mark-up, and would write it as it is.
            self._sheet.write_rich_string(row, position, "<", self._plain, fit[1:], style)
        else:
            self._sheet.write_string(row, position, fit, style)

    def close(self) -> None:
        self._book.close()

    def abandon(self) -> None:
        self._sheet._opt_close()  # noqa: SLF001 - there is no public way but assembling the file
        self._book.fileclosed = True


class RepairedCopy:
    """The copy and its list, while they are written; they are in place after ``complete``."""

    def __init__(self, target: Path, columns: Sequence[str], *, delimiter: str) -> None:
        """Begin a copy with these columns; a csv file is separated by ``delimiter``.

        Raises ``ResultsError`` if it cannot be written there.
        """
        self.target = target
        self.list = list_path(target)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._folder = tempfile.TemporaryDirectory(dir=target.parent, prefix=".poku-batch-")
            folder = Path(self._folder.name)
            self._drafts = (folder / f"copy{target.suffix}", folder / "list.csv")
            self._table = _open(self._drafts[0], columns, delimiter, target)
            self._list = self._drafts[1].open("w", encoding="utf-8-sig", newline="")
            self._repairs = csv.writer(self._list, lineterminator="\r\n")
            self._repairs.writerow(LIST_COLUMNS)
        except OSError as error:
            self._clean()
            raise _unwritten(target, error) from error

    def write(self, at: int, cells: Sequence[str]) -> None:
        """Write a row that is ``at`` rows below the header; rows come in order."""
        try:
            self._table.write(at, cells)
        except OSError as error:
            raise _unwritten(self.target, error) from error

    def repaired(self, *cells: str | int) -> None:
        """Add a line to the list: row, cell, column, before, after, why."""
        try:
            self._repairs.writerow([without_formula(cell) for cell in cells])
        except OSError as error:
            raise _unwritten(self.list, error) from error

    def complete(self) -> None:
        """Put both files in their places, in which nothing stands, or what may be replaced."""
        try:
            self._table.close()
            self._list.close()
            for draft, place in zip(self._drafts, (self.target, self.list), strict=True):
                with draft.open("rb+") as file:
                    os.fsync(file.fileno())
                draft.chmod(0o600)
                draft.replace(place)
        except OSError as error:
            raise _unwritten(self.target, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            with suppress(OSError):
                self._table.abandon()
            with suppress(OSError):
                self._list.close()
        self._clean()

    def _clean(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()


def list_path(target: Path) -> Path:
    """Where the list of repairs goes: ``people.csv`` → ``people.repairs.csv``."""
    return target.with_name(f"{target.stem}.repairs.csv")


def _open(path: Path, columns: Sequence[str], delimiter: str, target: Path) -> _Table:
    match target.suffix.lower():
        case ".xlsx":
            return _Workbook(path, columns, target)
        case ".tsv":
            return _Text(path, columns, "\t")
        case _:
            return _Text(path, columns, delimiter)


def _unwritten(target: Path, error: OSError) -> ResultsError:
    return ResultsError(
        f"{target}: the repaired copy cannot be written: {error.strerror or error}; name another "
        "place"
    )
