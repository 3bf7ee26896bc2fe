"""Results as an Excel workbook, in bounded memory: rows coloured by state, and an overview.

Every text is written as text, so that none becomes a formula or a number, nor a link but where a
column is for links.
"""

import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import xlsxwriter
from xlsxwriter.exceptions import FileCreateError, FileSizeError
from xlsxwriter.utility import xl_col_to_name

from poku_batch.errors import ResultsError
from poku_batch.results.layout import Kind, Layout
from poku_batch.results.outputs import check_worksheet
from poku_batch.results.overview import (
    LOUD_STATES,
    STATE_COLOURS,
    Overview,
    write_overview,
)

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
#: Links of a worksheet, and characters of one. Source: as above, "hyperlinks in a worksheet"; and
#: xlsxwriter, "write_url".
MAX_LINKS = 65_530
_LINK_LENGTH = 2_079
#: An address without what would have to be escaped, so that it is followed as it stands.
_ADDRESS = re.compile(r"https?://[!#-;=?-\[\]_a-z~]+", re.IGNORECASE)

_SAMPLED_ROWS = 200
_MAX_WIDTHS: Mapping[Kind, int] = {Kind.PROSE: 60, Kind.LINK: 30}
_MAX_WIDTH = 40
#: What the arrow of a filter takes from a name's room.
_ARROW = 3
#: The longest text is shown in so many lines, in points each; what is longer is cut by the row.
_SHOWN_LINES = 4
_LINE_HEIGHT = 15
#: After so many rows that are higher than others, no further one is: each takes memory.
_HIGH_ROWS = 10_000
#: Longer text is not formatted as text: some versions of Excel show it as ####.
_AS_TEXT_LENGTH = 255

_STYLES: Mapping[Kind, Mapping[str, object]] = {
    Kind.PROSE: {"text_wrap": True},
    Kind.LINK: {"font_color": "#0563C1", "underline": 1},
    Kind.MOMENT: {"num_format": 'yyyy-mm-dd hh:mm:ss"Z"'},
    Kind.DATE: {"num_format": "yyyy-mm-dd"},
    Kind.COUNT: {"num_format": "0", "align": "center"},
    Kind.SECONDS: {"num_format": "#,##0.0"},
}
_STATUS = "call_status"


class WorkbookTable:
    """One .xlsx file; rows are kept in a private folder beside it until it is completed.

    Where results come with an ``overview``, it is the second worksheet. A table without a state is
    for people to fill in: what they type into the sheet's columns stays text.
    """

    def __init__(
        self, path: Path, layout: Layout, *, target: Path, overview: Overview | None = None
    ) -> None:
        self._target = target
        self._layout = layout
        self._overview = overview
        names = [column.name for column in layout]
        check_worksheet(target, rows=0, columns=len(names))
        self._status = names.index(_STATUS) if _STATUS in names else None
        self._folder = TemporaryDirectory(dir=path.parent, prefix=f"{path.name}.")
        self._book = xlsxwriter.Workbook(path, {**_OPTIONS, "tmpdir": self._folder.name})
        self._sheet = self._book.add_worksheet("To correct" if self._status is None else "Results")
        self._plain = self._format({})
        self._styles = {kind: self._format(style) for kind, style in _STYLES.items()}
        self._as_text = self._format({"num_format": "@"})
        self._widths = [len(name) + _ARROW for name in names]
        self._rows = self._links = self._high_rows = 0
        self._attempts = 0
        self._sheet.freeze_panes(1, 0)
        head = self._format({"bold": True, "bottom": 1, "bg_color": "#F2F2F2"})
        for position, name in enumerate(names):
            self._write_text(position, name, head)

    def _format(self, style: Mapping[str, object]) -> Any:
        return self._book.add_format({"valign": "top", **style})

    def write(self, frame: pd.DataFrame) -> None:
        """Add rows. Raises ``ResultsError`` when a worksheet is full."""
        check_worksheet(self._target, rows=self._rows + len(frame), columns=len(self._layout))
        lists = [_plain_cells(frame[column.name], column.kind) for column in self._layout]
        for cells in zip(*lists, strict=True):
            self._rows += 1
            for position, cell in enumerate(cells):
                self._write_cell(position, cell)
        if self._status is not None:
            self._attempts += int(frame["call_attempts"].sum())

    def _write_cell(self, position: int, cell: object) -> None:
        kind = self._layout[position].kind
        style = self._styles.get(kind, self._plain)
        match cell:
            case None | "":
                if kind is Kind.CELL and self._status is None:
                    self._sheet.write_blank(self._rows, position, None, self._as_text)
            case str():
                self._write_words(position, cell, kind)
            case datetime():
                self._widen(position, 20)
                self._sheet.write_datetime(self._rows, position, cell, style)
            case date() if cell.year >= _FIRST_YEAR:
                self._widen(position, 10)
                self._sheet.write_datetime(self._rows, position, cell, style)
            case bool():
                self._sheet.write_boolean(self._rows, position, cell, style)
            case int() | float() if abs(cell) <= _LARGEST or isinstance(cell, float):
                self._sheet.write_number(self._rows, position, cell, style)
            case _:
                # What a worksheet's dates and numbers cannot hold without harm.
                self._write_text(position, str(cell), self._plain)

    def _write_words(self, position: int, text: str, kind: Kind) -> None:
        if self._rows <= _SAMPLED_ROWS:
            self._widen(position, len(text))
        if kind is Kind.LINK and self._links < MAX_LINKS and _is_address(text):
            self._links += 1
            self._sheet.write_url(self._rows, position, text, self._styles[kind], text)
        elif kind is Kind.PROSE and self._is_made_high(text):
            self._write_text(position, text, self._styles[kind])
        elif kind is Kind.CELL and self._status is None and len(text) <= _AS_TEXT_LENGTH:
            self._write_text(position, text, self._as_text)
        else:
            self._write_text(position, text, self._plain)

    def _is_made_high(self, text: str) -> bool:
        """Make the row as high as the text has lines, if there are some and memory allows it."""
        lines = sum(
            max(math.ceil(len(line) / _MAX_WIDTHS[Kind.PROSE]), 1) for line in text.split("\n")
        )
        if lines < 2 or self._high_rows >= _HIGH_ROWS:
            return False
        self._high_rows += 1
        self._sheet.set_row(self._rows, min(lines, _SHOWN_LINES) * _LINE_HEIGHT)
        return True

    def _widen(self, position: int, width: int) -> None:
        self._widths[position] = max(self._widths[position], width)

    def _write_text(self, position: int, text: str, style: object) -> None:
        fit = _within_limit(_UNFIT.sub("\ufffd", text))
        if fit.startswith("<r>") and fit.endswith("</r>"):
            # xlsxwriter takes such text for its own mark-up and would write it as it is, so that
            # a summary could break the file; in two runs it is escaped like any other.
            self._sheet.write_rich_string(self._rows, position, "<", self._plain, fit[1:], style)
        else:
            self._sheet.write_string(self._rows, position, fit, style)

    def close(self) -> None:
        """Assemble the file."""
        self._lay_out()
        if self._overview is not None:
            write_overview(self._book, self._overview, attempts=self._attempts)
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

    def _lay_out(self) -> None:
        """What holds for columns and for all rows: filter, widths, colours."""
        last = len(self._layout) - 1
        self._sheet.autofilter(0, 0, self._rows, last)
        self._sheet.set_landscape()
        self._sheet.fit_to_pages(1, 0)
        self._sheet.repeat_rows(0)
        for position, width in enumerate(self._widths):
            kind = self._layout[position].kind
            style = self._as_text if kind is Kind.CELL and self._status is None else None
            widest = _MAX_WIDTHS.get(kind, _MAX_WIDTH)
            self._sheet.set_column(position, position, min(width + 1, widest), style)
        # Numbers of phones are text for good, and no mistake to be marked.
        self._sheet.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        if self._status is None or not self._rows:
            return
        state = f"${xl_col_to_name(self._status)}2"
        for word, colour in STATE_COLOURS.items():
            rule = {"type": "formula", "criteria": f'={state}="{word}"'}
            fill = self._book.add_format({"bg_color": colour})
            self._sheet.conditional_format(1, 0, self._rows, last, rule | {"format": fill})
        for word in LOUD_STATES:
            rule = {"type": "cell", "criteria": "==", "value": f'"{word}"'}
            loud = self._book.add_format({"bold": True})
            where = (1, self._status, self._rows, self._status)
            self._sheet.conditional_format(*where, rule | {"format": loud})

    def abandon(self) -> None:
        """Close what is open and drop the rows written so far."""
        self._sheet._opt_close()  # noqa: SLF001 - there is no public way but assembling the file
        self._book.fileclosed = True
        self._folder.cleanup()


def _plain_cells(column: "pd.Series[Any]", kind: Kind) -> list[object]:
    """A column's cells as Python has them: None where nothing is known, times in naive UTC.

    Not as another column: pandas would turn None among times into NaT, which is a ``datetime``.
    """
    if kind is Kind.MOMENT:
        moments = column.dt.tz_localize(None)
        return [None if pd.isna(at) else at.to_pydatetime() for at in moments]
    return [None if pd.isna(cell) else cell for cell in column.tolist()]


def _is_address(text: str) -> bool:
    """Whether text is one web address that a link can hold, and hides nothing before its host."""
    if len(text) > _LINK_LENGTH or not _ADDRESS.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False


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
