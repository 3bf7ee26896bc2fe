"""Sheets in text files: CSV, TSV and their relatives, of any length.

Two passes that must never disagree. The first, by the standard library, checks the shape of every
row when the sheet is opened; the second, by pandas, reads the cells, a chunk at a time. pandas
alone would take a row that is one cell too long for an index, rename duplicate columns, and skip
blank lines without counting them. Where the passes could differ (text behind a closing quote, an
unclosed quote, NUL) the first refuses the file. Both begin at the header, so many lines into the
file as the first has counted.

A first line such as ``sep=;`` tells a spreadsheet program the delimiter and is not a row to it, nor
here.
"""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple, NoReturn, TextIO

import pandas as pd

from poku_batch.contacts.delimiter import delimiter_below, detect_delimiter
from poku_batch.contacts.encoding import TextFile, detect_encoding
from poku_batch.contacts.files import Stamp, changed, reading, require_unchanged
from poku_batch.contacts.header import (
    LOOKED_AT,
    Header,
    check_header_place,
    no_such_row,
    read_header,
)
from poku_batch.contacts.kinds import foreign_kind
from poku_batch.contacts.sheet import Layout, Sheet
from poku_batch.errors import ContactsError, Fault

_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_SHOWN_FAULTS = 10


#: Excel's hint, quoted by some writers. Source: what Excel reads; no standard has it.
_SEPARATOR_LINE = re.compile(r"""\ufeff?"?sep=([\t!#-&(-/:-@[-`{-~])"?[\r\n]*""", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """A text file, and how to read it; ``file`` is how messages call it.

    ``hint_lines`` counts the lines before its first row: one that names the delimiter, or none.
    """

    text: TextFile
    stamp: Stamp
    delimiter: str
    file: str
    hint_lines: int
    header_row: int

    @contextmanager
    def rows_stream(self) -> Iterator[TextIO]:
        """Open the text where its first row begins."""
        with self.text.open() as stream:
            for _ in range(self.hint_lines):
                stream.readline()
            yield stream


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """What the first pass found: the header, the lines above it, and the last row's number."""

    header: Header
    lines_above: int
    last_row: int


class _Record(NamedTuple):
    """Its number from 1, the line it begins on, the lines up to its end, its cells.

    A tuple, since a sheet may have a million.
    """

    row: int
    line: int
    lines: int
    cells: list[str]


def open_text(path: Path, *, file: str, stamp: Stamp, layout: Layout) -> Sheet:
    """Open a text file after checking every row of it.

    Raises ``ContactsError`` naming the row and the line of each row that is malformed.
    """
    if layout.worksheet is not None:
        raise _no_worksheets(file)
    with reading(path, file=file):
        kind = foreign_kind(path, expected="text")
        if kind is not None:
            hint = "give it the ending of what it is, or save it as CSV UTF-8"
            message = f"is {kind}, not a text file"
            raise ContactsError([Fault(file=file, message=message, hint=hint)])
        table = _table(path, file, stamp, layout)
        shape = _check_shape(table)
    return Sheet(
        name=file,
        columns=shape.header.names,
        read=lambda batch: _frames(table, shape, batch),
        encoding=table.text.encoding,
        delimiter=table.delimiter,
        letters=shape.header.letters,
        decimal=layout.decimal or ("," if table.delimiter == ";" else "."),
        header_row=layout.header_row,
        last_row=shape.last_row,
    )


def _no_worksheets(file: str) -> ContactsError:
    message = "a text file has no worksheets"
    hint = "take it out of the campaign; only workbooks have some"
    return ContactsError([Fault(file=file, column="contacts.sheet", message=message, hint=hint)])


def _table(path: Path, file: str, stamp: Stamp, layout: Layout) -> _Table:
    """Find out how to read a text: its encoding, and its delimiter, which the file may name."""
    text = detect_encoding(path, file=file)
    with text.open() as stream:
        named = _SEPARATOR_LINE.fullmatch(stream.readline(16))
    table = _Table(
        text=text,
        stamp=stamp,
        delimiter="\t" if path.suffix.lower() == ".tsv" else ",",
        file=file,
        hint_lines=0 if named is None else 1,
        header_row=layout.header_row,
    )
    if named is not None:
        return replace(table, delimiter=named[1])
    if table.delimiter == "\t":
        return table
    with table.rows_stream() as stream:
        return replace(table, delimiter=detect_delimiter(stream, header_row=layout.header_row))


def _check_shape(table: _Table) -> _Shape:
    """The first pass: read all records, and raise what is wrong with any of them."""
    with table.rows_stream() as stream:
        records = _records(table, stream)
        above = deque(islice(records, table.header_row - 1), maxlen=1)
        first = list(islice(records, LOOKED_AT))
        if not first:
            rows = above[0].row if above else 0
            raise no_such_row(table.header_row, file=table.file, rows=rows)
        _check_header_place(table, first)
        header = read_header(first[0].cells, file=table.file, row=table.header_row)
        last_row = _check_rows(table, header, chain(first[1:], records))
    lines_above = table.hint_lines + (above[0].lines if above else 0)
    return _Shape(header=header, lines_above=lines_above, last_row=last_row)


def _check_rows(table: _Table, header: Header, records: Iterable[_Record]) -> int:
    """Check the rows after the header, and give the number of the last."""
    faults: list[Fault] = []
    unshown, last_row = 0, header.row
    # Of a million rows almost all have just as many cells as the header.
    usual = None if header.nameless else header.width
    for record in records:
        last_row, _, _, cells = record
        if len(cells) == usual:
            continue
        fault = _shape_fault(table, header, record)
        if fault is None:
            continue
        if len(faults) < _SHOWN_FAULTS:
            faults.append(fault)
        else:
            unshown += 1
    if unshown:
        faults.append(Fault(file=table.file, message=f"{unshown} more rows have such faults"))
    if faults:
        raise ContactsError(faults)
    return last_row


def _check_header_place(table: _Table, first: Sequence[_Record]) -> None:
    """Raise ``ContactsError`` if the header's row is a title above the table."""
    rows = [record.cells for record in first]
    if len(rows[0]) == 1:
        # A title has no delimiter, and so it may not be known yet.
        with table.rows_stream() as stream:
            below = delimiter_below(stream, header_row=table.header_row)
        rows = _cut(replace(table, delimiter=below or table.delimiter))
    check_header_place(rows, file=table.file, row=table.header_row)


def _cut(table: _Table) -> list[list[str]]:
    """The cells of the first rows from the header's on, as far as they can be read."""
    rows: list[list[str]] = []
    with table.rows_stream() as stream, suppress(ContactsError):
        records = islice(_records(table, stream), table.header_row - 1, None)
        rows.extend(record.cells for record in islice(records, LOOKED_AT))
    return rows


def _shape_fault(table: _Table, header: Header, record: _Record) -> Fault | None:
    cells = record.cells
    if not any(cell.strip() for cell in cells):
        return None
    # Spreadsheet programs leave empty cells at the right of some rows and not of others.
    if header.least_width <= len(cells) and not any(map(str.strip, cells[header.width :])):
        return header.stray(cells, file=table.file, row=record.row)
    mark = _NAMES.get(table.delimiter, table.delimiter)
    message = f"{len(cells)} cells where the header has {header.width}"
    hint = f"a cell that holds a {mark} must be in double quotes"
    if len(cells) < header.width:
        # Source of what Excel does: Microsoft's support article 77295.
        hint = (
            f"each row needs as many {mark}s as the header; Excel leaves some out behind the last "
            "filled cell: save the sheet as .xlsx"
        )
    return Fault(file=table.file, line=record.line, row=record.row, message=message, hint=hint)


def _records(table: _Table, stream: Iterable[str]) -> Iterator[_Record]:
    """Read records strictly, from the first row on."""
    reader = csv.reader(_without_nul(stream), delimiter=table.delimiter, strict=True)
    row, line = 1, table.hint_lines + 1
    try:
        for cells in reader:
            yield _Record(row, line, reader.line_num, cells)
            row += 1
            line = table.hint_lines + reader.line_num + 1
    except (csv.Error, _NulError) as error:
        _refuse(table, row, line, error)


class _NulError(Exception):
    """A NUL character, which ends a cell early in some readers and not in others."""


def _without_nul(stream: Iterable[str]) -> Iterator[str]:
    for line in stream:
        if "\0" in line:
            raise _NulError
        yield line


def _refuse(table: _Table, row: int, line: int, error: Exception) -> NoReturn:
    text = str(error)
    if isinstance(error, _NulError):
        message, hint = "holds a NUL character", "save the sheet again as CSV UTF-8"
    elif "unexpected end" in text:
        message = "a double quote is opened in this row and never closed"
        hint = 'close it, or write "" for a quote that belongs to the text'
    elif "field larger" in text:
        message = f"a cell is longer than {csv.field_size_limit():,} characters"
        hint = "is a double quote opened in this row and never closed?"
    elif "expected after" in text:
        message = "text follows a closing double quote"
        hint = 'write "" for a quote that belongs to the text'
    else:
        message, hint = f"cannot be read: {text}", "save the sheet again as CSV UTF-8"
    fault = Fault(file=table.file, line=line, row=row, message=message, hint=hint)
    raise ContactsError([fault]) from error


def _frames(table: _Table, shape: _Shape, batch: int) -> Iterator[pd.DataFrame]:
    """The second pass: the cells of checked rows."""
    path, file = table.text.path, table.file
    require_unchanged(path, table.stamp, file=file)
    with reading(path, file=file), table.text.open() as stream:
        for _ in range(shape.lines_above):
            stream.readline()
        try:
            for frame in _chunks(table, shape.header, batch, stream):
                frame.columns = pd.Index(shape.header.names, dtype=object)
                # pandas counts from 0, and from the header.
                first, last = frame.index[0] + shape.header.row, frame.index[-1] + shape.header.row
                frame.index = pd.RangeIndex(first, last + 1, name="row")
                yield frame
        except (pd.errors.ParserError, UnicodeDecodeError) as error:
            raise changed(file) from error
    require_unchanged(path, table.stamp, file=file)


def _chunks(table: _Table, header: Header, batch: int, stream: TextIO) -> Iterator[pd.DataFrame]:
    with pd.read_csv(
        stream,
        sep=table.delimiter,
        engine="c",
        header=None,
        names=list(range(len(header.kept))),
        # With the positions given, a blank row may be of any width.
        usecols=list(header.kept),
        index_col=False,
        # object holds Python's own str; pandas 3's str would copy each cell to Arrow and back.
        dtype=object,
        keep_default_na=False,
        na_filter=False,
        skip_blank_lines=False,
        chunksize=batch,
    ) as chunks:
        chunks.get_chunk(1)  # the header
        yield from chunks
