"""Sheets in text files: CSV, TSV and their relatives, of any length.

Two passes that must never disagree. The first, by the standard library, checks the shape of every
row when the sheet is opened; the second, by pandas, reads the cells, a chunk at a time. pandas
alone would take a row that is one cell too long for an index, rename duplicate columns, and skip
blank lines without counting them. Where the passes could differ (text behind a closing quote, an
unclosed quote, NUL) the first refuses the file.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NoReturn, TextIO

import pandas as pd

from poku_batch.contacts.delimiter import detect_delimiter
from poku_batch.contacts.encoding import TextFile, detect_encoding
from poku_batch.contacts.files import Stamp, changed, reading, require_unchanged
from poku_batch.contacts.header import Header, read_header
from poku_batch.contacts.kinds import foreign_kind
from poku_batch.contacts.sheet import Sheet
from poku_batch.errors import ContactsError, Fault

_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_SHOWN_FAULTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """A text file, and how to read it; ``file`` is how messages call it."""

    text: TextFile
    stamp: Stamp
    delimiter: str
    file: str


def open_text(path: Path, *, file: str, stamp: Stamp) -> Sheet:
    """Open a text file after checking every row of it.

    Raises ``ContactsError`` naming the row and the line of each row that is malformed.
    """
    with reading(path, file=file):
        kind = foreign_kind(path, expected="text")
        if kind is not None:
            hint = "give it the ending of what it is, or save it as CSV UTF-8"
            message = f"is {kind}, not a text file"
            raise ContactsError([Fault(file=file, message=message, hint=hint)])
        text = detect_encoding(path, file=file)
        with text.open() as stream:
            delimiter = "\t" if path.suffix.lower() == ".tsv" else detect_delimiter(stream)
        table = _Table(text=text, stamp=stamp, delimiter=delimiter, file=file)
        header = _check_shape(table)
    return Sheet(
        name=file,
        columns=header.names,
        read=lambda batch: _frames(table, header, batch),
        encoding=text.encoding,
        delimiter=delimiter,
    )


def _check_shape(table: _Table) -> Header:
    """The first pass: read all records, and raise what is wrong with any of them."""
    with table.text.open() as stream:
        records = _records(table, stream)
        first = next(records, None)
        if first is None:
            message = "is empty"
            hint = "the first row must hold the column names"
            raise ContactsError([Fault(file=table.file, message=message, hint=hint)])
        header = read_header(first[2], file=table.file)
        faults = _shape_faults(table, header, records)
        shown = list(islice(faults, _SHOWN_FAULTS))
        more = sum(1 for _ in faults)
    if more:
        shown.append(Fault(file=table.file, message=f"{more} more rows have such faults"))
    if shown:
        raise ContactsError(shown)
    return header


def _shape_faults(
    table: _Table, header: Header, records: Iterable[tuple[int, int, list[str]]]
) -> Iterator[Fault]:
    for row, line, cells in records:
        if len(cells) == header.width and not header.nameless:
            continue
        fault = _shape_fault(table, header, row, line, cells)
        if fault is not None:
            yield fault


def _shape_fault(
    table: _Table, header: Header, row: int, line: int, cells: list[str]
) -> Fault | None:
    if not any(cell.strip() for cell in cells):
        return None
    if header.least_width <= len(cells) <= header.width:
        return header.stray(cells, file=table.file, row=row)
    mark = _NAMES[table.delimiter]
    message = f"{len(cells)} cells where the header has {header.width}"
    hint = f"a cell that holds a {mark} must be in double quotes"
    if len(cells) < header.width:
        hint = f"each row needs as many {mark}s as the header; empty cells keep theirs"
    return Fault(file=table.file, line=line, row=row, message=message, hint=hint)


def _records(table: _Table, stream: Iterable[str]) -> Iterator[tuple[int, int, list[str]]]:
    """Read records strictly: row from 1, the line it begins on from 1, its cells."""
    reader = csv.reader(_without_nul(stream), delimiter=table.delimiter, strict=True)
    row, line = 1, 1
    try:
        for cells in reader:
            yield row, line, cells
            row += 1
            line = reader.line_num + 1
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


def _frames(table: _Table, header: Header, batch: int) -> Iterator[pd.DataFrame]:
    """The second pass: the cells of checked rows."""
    path, file = table.text.path, table.file
    require_unchanged(path, table.stamp, file=file)
    with reading(path, file=file), table.text.open() as stream:
        try:
            for frame in _chunks(table, header, batch, stream):
                frame.columns = pd.Index(header.names, dtype=object)
                # pandas counts from 0, and counts the header.
                frame.index = pd.RangeIndex(frame.index[0] + 1, frame.index[-1] + 2, name="row")
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
