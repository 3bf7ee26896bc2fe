"""Lists of numbers that must not be called, in files: any that a person has.

Every number of a list counts, or the list is refused: what cannot be read as a number is a fault,
never passed over. Numbers are kept sorted in an array, 8 bytes each.

A sheet has a header, and then its numbers stand in the columns with a usual name for them, or in
the only one; or it has none, and they stand in the first. A ``.txt`` has one number a line. Blank
rows are passed over, and so are comments: behind ``#`` in a ``.txt``, a row of nothing but one in a
sheet.
"""

import csv
import io
import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

from poku_batch.contacts.columns import find_phone_column
from poku_batch.contacts.delimiter import detect_delimiter
from poku_batch.contacts.encoding import detect_encoding
from poku_batch.contacts.files import Stamp, reading, require_file, require_unchanged
from poku_batch.contacts.formats import TEXT_ENDINGS, WORKBOOK_ENDINGS, require_ending
from poku_batch.contacts.kinds import foreign_kind
from poku_batch.errors import ContactsError, Fault, PhoneError

#: Gives the E.164 of a text that names one number; raises ``PhoneError`` for any other.
NumberOf = Callable[[str], str]

_SHOWN_FAULTS = 20

_HINT = "name the column with the numbers phone, or keep them in the first, without a header"
_SAMPLE_LINES = 1_000
#: Usual names for numbers that name other things too, beside a clearer one.
_UNCLEAR = frozenset({"to", "number"})
_COMMENT = re.compile(r"(?:^|\s)#.*")
#: So many numbers are sorted as they are; beyond, numpy is worth its import.
_FEW_NUMBERS = 20_000
#: A first cell with so many digits is meant as a number, though it may not be one.
_LEAST_DIGITS = 5


class ListedNumbers:
    """The numbers of one list; ``in`` takes E.164, iterating gives it in ascending order."""

    def __init__(self, numbers: "array[int]") -> None:
        """Take the digits of E.164 numbers, in any order and any number of times."""
        self._sorted = _ascending(numbers)

    def __contains__(self, e164: str) -> bool:
        number = int(e164)
        place = bisect_left(self._sorted, number)
        return place < len(self._sorted) and self._sorted[place] == number

    def __len__(self) -> int:
        return len(self._sorted)

    def __iter__(self) -> Iterator[str]:
        return (f"+{number}" for number in self._sorted)


def _ascending(numbers: "array[int]") -> "array[int]":
    if len(numbers) <= _FEW_NUMBERS:
        return array("Q", sorted(set(numbers)))
    import numpy as np

    return array("Q", np.unique(np.frombuffer(numbers, dtype=np.uint64)).tobytes())


def read_do_not_call(path: Path, number_of: NumberOf, *, name: str | None = None) -> ListedNumbers:
    """Read a list: csv, tsv, txt, xlsx or parquet, told by the ending.

    ``name`` is how messages call the file; unset, its path as given. Blocks while it reads. Raises
    ``ContactsError`` for a file that cannot be read or is empty, and for each cell that is no
    number, with its line or row; the first 20 are told.
    """
    file = str(path) if name is None else name
    ending = require_ending(path, file=file)
    stamp = require_file(path, file=file)
    if ending in TEXT_ENDINGS:
        rows = _text_rows(path, file)
    elif ending in WORKBOOK_ENDINGS:
        rows = _workbook_rows(path, file)
    else:
        rows = _parquet_rows(path, file, stamp)
    with reading(path, file=file):
        numbers = _numbers(rows, number_of, file, is_sheet=ending != ".txt")
    require_unchanged(path, stamp, file=file)
    return numbers


class DoNotCallFiles:
    """The lists that a campaign names, read again when they are edited."""

    def __init__(self, paths: Iterable[Path], number_of: NumberOf) -> None:
        """Nothing is read before ``load``."""
        self._paths = tuple(paths)
        self._number_of = number_of
        self._lists: dict[Path, ListedNumbers] = {}
        self._read: dict[Path, Stamp] = {}
        self._looked: dict[Path, Stamp | None] = {}

    def load(self) -> None:
        """Read the files that are not read as they are now; blocks.

        Raises ``ContactsError`` with the faults of all of them; then every list stays as it was.
        """
        self._looked = {path: _stamp(path) for path in self._paths}
        faults: list[Fault] = []
        fresh: dict[Path, ListedNumbers] = {}
        for path, stamp in self._looked.items():
            if stamp is not None and self._read.get(path) == stamp:
                continue
            try:
                fresh[path] = read_do_not_call(path, self._number_of)
            except ContactsError as error:
                faults += error.faults
        if faults:
            raise ContactsError(faults)
        self._lists |= fresh
        self._read |= {path: stamp for path, stamp in self._looked.items() if stamp is not None}

    def reload(self) -> str | None:
        """As ``load``; says why the lists of before are kept, None where all is well."""
        try:
            self.load()
        except ContactsError as error:
            return str(error)
        return None

    def changed(self) -> bool:
        """Whether a file is not the one that was last looked at, well or badly; blocks shortly."""
        return any(self._looked.get(path) != _stamp(path) for path in self._paths)

    def numbers(self) -> Iterator[str]:
        """The numbers of all files, E.164; one that several have comes several times."""
        return chain.from_iterable(self._lists.values())

    def source(self, e164: str) -> str | None:
        """The name of the first file that has the number; None where none has it."""
        return next((path.name for path, numbers in self._lists.items() if e164 in numbers), None)


def _stamp(path: Path) -> Stamp | None:
    """What tells a file from another, as ``files`` has it; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


# --- rows --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """The cells of a row, and where a person finds it: by line in a text, by row in a sheet."""

    cells: Sequence[str]
    line: int | None = None
    row: int | None = None

    def fault(self, file: str, message: str, hint: str | None = None) -> Fault:
        return Fault(file=file, line=self.line, row=self.row, message=message, hint=hint)


def _text_rows(path: Path, file: str) -> Iterator[_Row]:
    kind = foreign_kind(path, expected="text")
    if kind is not None:
        hint = "give it the ending of what it is, or save it as CSV UTF-8"
        raise ContactsError([Fault(file=file, message=f"is {kind}, not a text file", hint=hint)])
    text = detect_encoding(path, file=file)
    with text.open() as stream:
        if path.suffix.lower() == ".txt":
            for line, content in enumerate(stream, start=1):
                yield _Row(cells=(_COMMENT.sub("", content.rstrip()),), line=line)
            return
        is_tab = path.suffix.lower() == ".tsv"
        delimiter = "\t" if is_tab else detect_delimiter(_without_comments(stream))
    with text.open() as stream:
        yield from _records(stream, delimiter, file)


def _without_comments(stream: TextIO) -> TextIO:
    """The first lines that are no comment; some of them may be rows, which do not matter here."""
    lines = (line for line in stream if not line.startswith("#"))
    return io.StringIO("".join(islice(lines, _SAMPLE_LINES)), newline="")


def _records(stream: TextIO, delimiter: str, file: str) -> Iterator[_Row]:
    reader = csv.reader(stream, delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            yield _Row(cells=cells, line=line)
            line = reader.line_num + 1
    except csv.Error as error:
        message = "double quotes that do not fit together, or a character that no list holds"
        fault = Fault(file=file, line=line, message=message, hint="save it again as CSV UTF-8")
        raise ContactsError([fault]) from error


def _workbook_rows(path: Path, file: str) -> Iterator[_Row]:
    from poku_batch.contacts.workbook import workbook_rows

    for number, cells in enumerate(workbook_rows(path, file=file), start=1):
        yield _Row(cells=cells, row=number)


def _parquet_rows(path: Path, file: str, stamp: Stamp) -> Iterator[_Row]:
    from poku_batch.contacts.parquet import open_parquet

    with open_parquet(path, file=file, stamp=stamp) as sheet:
        yield _Row(cells=sheet.columns, row=1)
        for batch in sheet.batches():
            for found in batch:
                yield _Row(cells=found.cells, row=found.row)


# --- numbers -----------------------------------------------------------------------------------


def _numbers(
    rows: Iterator[_Row], number_of: NumberOf, file: str, *, is_sheet: bool
) -> ListedNumbers:
    filled = (row for row in rows if _is_filled(row))
    first = next(filled, None)
    numbers = array("Q")
    if first is None:
        return ListedNumbers(numbers)
    header = _header(first, number_of, file, is_sheet=is_sheet)
    faults: list[Fault] = []
    unread = 0
    for row in filled if header else chain([first], filled):
        try:
            numbers.extend(_numbers_in(row, header, number_of))
        except PhoneError as error:
            unread += 1
            if unread <= _SHOWN_FAULTS:
                faults.append(row.fault(file, error.reason))
    if unread > _SHOWN_FAULTS:
        message = f"{unread - _SHOWN_FAULTS:,} more rows have such faults"
        faults.append(Fault(file=file, message=message))
    if not numbers and not faults and header is not None and not header.usual:
        # A header that nothing stands below may be a number that nobody can read.
        shown = " ".join(first.cells).strip()[:40]
        faults.append(first.fault(file, f"no number in {shown!r}, and none below it", _HINT))
    if faults:
        raise ContactsError(faults)
    return ListedNumbers(numbers)


def _is_filled(row: _Row) -> bool:
    """Whether a row holds anything but a comment."""
    cells = [text for cell in row.cells if (text := cell.strip().strip("\ufeff"))]
    return bool(cells) and not (len(cells) == 1 and cells[0].startswith("#"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """Where the numbers stand, from 0, how many columns there are, and if such a name is usual."""

    columns: tuple[int, ...]
    width: int
    usual: bool = False


def _header(first: _Row, number_of: NumberOf, file: str, *, is_sheet: bool) -> _Header | None:
    """What the first row says of the columns; None where it is, or must be, a number already."""
    names = [cell.strip().strip("\ufeff").strip() for cell in first.cells]
    usual = [place for place, name in enumerate(names) if find_phone_column([name])]
    clear = [place for place in usual if names[place].casefold() not in _UNCLEAR]
    if usual:
        return _Header(columns=tuple(clear or usual), width=len(names), usual=True)
    if not is_sheet:
        return None
    named = [place for place, name in enumerate(names) if name]
    digits = sum(letter.isdigit() for letter in names[0])
    if digits >= _LEAST_DIGITS or (digits and len(named) == 1) or _is_number(names[0], number_of):
        return None
    if len(named) == 1:
        return _Header(columns=(named[0],), width=len(names))
    message = "no column has a usual name for numbers, such as phone or mobile"
    raise ContactsError([first.fault(file, message, _HINT)])


def _is_number(text: str, number_of: NumberOf) -> bool:
    try:
        number_of(text)
    except PhoneError:
        return False
    return True


def _numbers_in(row: _Row, header: _Header | None, number_of: NumberOf) -> list[int]:
    """The numbers of a row; raises ``PhoneError`` where there is none, or one cannot be read."""
    if header is None:
        return [int(number_of(row.cells[0]))]
    if any(cell.strip() for cell in row.cells[header.width :]):
        raise PhoneError("more cells than the header has")
    cells = [row.cells[place] for place in header.columns if place < len(row.cells)]
    found = [int(number_of(cell)) for cell in cells if cell.strip()]
    if not found:
        raise PhoneError("no number")
    return found
