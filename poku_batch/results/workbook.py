"""Results as an Excel workbook, in bounded memory: one worksheet, the header frozen and filtered.

Every text is written as text, so that none becomes a formula, a link or a number.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import xlsxwriter
from xlsxwriter.exceptions import FileCreateError, FileSizeError

from poku_batch.errors import ResultsError
from poku_batch.results.columns import CALL_COLUMNS, TIME_COLUMNS
from poku_batch.results.fields import Fields, columns_of
from poku_batch.results.outputs import check_worksheet

#: UTF-16 code units that a cell holds. Source: Excel's specifications and limits.
_CELL_LIMIT = 32_767
_CUT_MARK = "… [cut]"
# XML 1.0 cannot hold these, and xlsxwriter escapes only the controls.
_UNFIT = re.compile("[\ud800-\udfff\ufffe\uffff]")
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
#: Its dates begin with this year, and its numbers are floats. Source: as above.
_FIRST_YEAR = 1900
_LARGEST = 2**53
_MAX_WIDTH = 40
_SAMPLED_ROWS = 200


class WorkbookTable:
    """One .xlsx file; rows are kept in a private folder beside it until it is completed."""

    def __init__(self, path: Path, columns: Sequence[str], fields: Fields, *, target: Path) -> None:
        self._target = target
        self._names = [*columns, *CALL_COLUMNS, *columns_of(fields)]
        check_worksheet(target, rows=0, columns=len(self._names))
        self._folder = TemporaryDirectory(dir=path.parent, prefix=f"{path.name}.")
        self._book = xlsxwriter.Workbook(path, {**_OPTIONS, "tmpdir": self._folder.name})
        self._sheet = self._book.add_worksheet("Results")
        self._plain = self._book.add_format()
        self._moment = self._book.add_format({"num_format": 'yyyy-mm-dd hh:mm:ss"Z"'})
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        bold = self._book.add_format({"bold": True})
        self._widths = [len(name) for name in self._names]
        self._rows = 0
        self._sheet.freeze_panes(1, 0)
        for position, name in enumerate(self._names):
            self._write_text(0, position, name, bold)

    def write(self, frame: pd.DataFrame) -> None:
        """Add rows. Raises ``ResultsError`` when a worksheet is full."""
        check_worksheet(self._target, rows=self._rows + len(frame), columns=len(self._names))
        lists = [_plain_cells(frame.iloc[:, place]) for place in range(len(self._names))]
        for cells in zip(*lists, strict=True):
            self._rows += 1
            for position, cell in enumerate(cells):
                self._write_cell(position, cell)

    def _write_cell(self, position: int, cell: object) -> None:
        match cell:
            case None | "":
                return
            case str():
                if self._rows <= _SAMPLED_ROWS:
                    self._widths[position] = max(self._widths[position], len(cell))
                self._write_text(self._rows, position, cell, self._plain)
            case datetime():
                self._widths[position] = max(self._widths[position], 20)
                self._sheet.write_datetime(self._rows, position, cell, self._moment)
            case date() if cell.year >= _FIRST_YEAR:
                self._widths[position] = max(self._widths[position], 10)
                self._sheet.write_datetime(self._rows, position, cell, self._day)
            case bool():
                self._sheet.write_boolean(self._rows, position, cell)
            case int() | float() if abs(cell) <= _LARGEST or isinstance(cell, float):
                self._sheet.write_number(self._rows, position, cell)
            case _:
                # What a worksheet's dates and numbers cannot hold without harm.
                self._write_text(self._rows, position, str(cell), self._plain)

    def _write_text(self, row: int, position: int, text: str, style: object) -> None:
        fit = _within_limit(_UNFIT.sub("\ufffd", text))
        if fit.startswith("<r>") and fit.endswith("</r>"):
            # xlsxwriter takes such text for its own mark-up and would write it as it is, so that
            # a summary could break the file; in two runs it is escaped like any other.
            self._sheet.write_rich_string(row, position, "<", self._plain, fit[1:], style)
        else:
            self._sheet.write_string(row, position, fit, style)

    def close(self) -> None:
        """Assemble the file."""
        self._sheet.autofilter(0, 0, self._rows, len(self._names) - 1)
        for position, width in enumerate(self._widths):
            self._sheet.set_column(position, position, min(width + 2, _MAX_WIDTH))
        try:
            self._book.close()
        except FileSizeError as error:
            raise ResultsError(
                f"{self._target}: the workbook is larger than 4 GB; write .csv or .parquet instead"
            ) from error
        except FileCreateError as error:
            # It wraps the operating system's error, which says more.
            raise _cause_of(error) from error
        self._folder.cleanup()

    def abandon(self) -> None:
        """Close what is open and drop the rows written so far."""
        self._sheet._opt_close()  # noqa: SLF001 - there is no public way but assembling the file
        self._book.fileclosed = True
        self._folder.cleanup()


def _plain_cells(column: "pd.Series[Any]") -> list[object]:
    """A column's cells as Python has them: None where nothing is known, times in naive UTC.

    Not as another column: pandas would turn None among times into NaT, which is a ``datetime``.
    """
    if column.name in TIME_COLUMNS:
        moments = column.dt.tz_localize(None)
        return [None if pd.isna(at) else at.to_pydatetime() for at in moments]
    return [None if pd.isna(cell) else cell for cell in column.tolist()]


def _within_limit(text: str) -> str:
    """Cut text that a cell cannot hold, and mark it as cut."""
    if len(text) * 2 <= _CELL_LIMIT:
        return text
    units = text.encode("utf-16-le")
    if len(units) <= _CELL_LIMIT * 2:
        return text
    kept = units[: (_CELL_LIMIT - len(_CUT_MARK)) * 2]
    return kept.decode("utf-16-le", "ignore") + _CUT_MARK


def _cause_of(error: FileCreateError) -> Exception:
    cause = error.args[0] if error.args else None
    return cause if isinstance(cause, OSError) else OSError(str(error))
