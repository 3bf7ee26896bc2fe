"""One sheet in several files with the same columns, such as a folder's.

Rows are numbered through: those of the first file as they are there, those of each next file on
from its last one. ``Sheet.place`` says in which file a row is, and where. What is kept of a file is
a few numbers; one workbook is held at a time.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from poku_batch.contacts.columns import nearest
from poku_batch.contacts.files import Stamp, require_file, require_unchanged
from poku_batch.contacts.formats import open_table
from poku_batch.contacts.sheet import Layout, Part, Sheet, require_contacts
from poku_batch.errors import ContactsError, Fault

if TYPE_CHECKING:
    import pandas as pd

_SHOWN_COLUMNS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A file that was opened and checked."""

    path: Path
    stamp: Stamp
    sheet: Sheet
    reopen: Callable[[], Sheet]

    @contextmanager
    def opened(self) -> Iterator[Sheet]:
        """The file's sheet: a workbook is opened again, other formats hold nothing open."""
        require_unchanged(self.path, self.stamp, file=self.sheet.name)
        if self.sheet.worksheet is None:
            yield self.sheet
            return
        with self.reopen() as sheet:
            yield sheet


def open_sheets(
    paths: Sequence[Path],
    *,
    name: str,
    worksheet: str | None = None,
    header_row: int = 1,
    decimal: str | None = None,
) -> Sheet:
    """Open files as one sheet, in their order; the rest is as ``open_sheet`` has it.

    ``name`` is how messages call them together. The columns are in the order of the first. A file
    may hold no contact, as long as another does. Raises ``ContactsError`` for each file with a
    fault, and for one whose columns are not those of the first.
    """
    layout = Layout(worksheet=worksheet, header_row=header_row, decimal=decimal)
    files = _checked(paths, layout)
    sheets = [file.sheet for file in files]
    first = sheets[0]
    parts = tuple(_parts(files))
    return require_contacts(
        Sheet(
            name=name,
            columns=first.columns,
            read=lambda batch: _frames(files, parts, batch),
            encoding=_joined([sheet.encoding for sheet in sheets]),
            delimiter=_common([sheet.delimiter for sheet in sheets]),
            letters=first.letters,
            decimal=first.decimal,
            header_row=header_row,
            last_row=parts[-1].last_row,
            parts=parts,
        )
    )


def _checked(paths: Sequence[Path], layout: Layout) -> list[_File]:
    """Open each file once, and raise what is wrong with any of them."""
    files: list[_File] = []
    faults: list[Fault] = []
    for path in paths:
        try:
            files.append(_file(path, layout))
        except ContactsError as error:
            faults += error.faults
    if not faults:
        faults = [fault for file in files[1:] for fault in _differences(files[0], file)]
    if faults:
        raise ContactsError(faults)
    return files


def _file(path: Path, layout: Layout) -> _File:
    def reopen() -> Sheet:
        return open_table(path, layout)

    stamp = require_file(path, file=str(path))
    with reopen() as sheet:
        return _File(path=path, stamp=stamp, sheet=_without_rows(sheet), reopen=reopen)


def _without_rows(sheet: Sheet) -> Sheet:
    """What was found of a workbook, without the workbook; any other sheet as it is."""
    if sheet.worksheet is None:
        return sheet
    return replace(sheet, read=lambda _batch: iter(()), release=lambda: None)


def _differences(first: _File, other: _File) -> Iterator[Fault]:
    """Say in one fault each how columns, and in another how decimals differ from the first's."""
    ours, theirs = first.sheet, other.sheet
    missing = [column for column in ours.columns if column not in theirs.columns]
    extra = [column for column in theirs.columns if column not in ours.columns]
    if missing or extra:
        yield _columns_fault(first, other, missing, extra)
    elif ours.decimal != theirs.decimal:
        words = {",": "a comma", ".": "a point"}
        message = (
            f"separates decimals with {words[theirs.decimal]}, and {first.path.name} with "
            f"{words[ours.decimal]}"
        )
        hint = "save them all in one format, or set contacts.decimal"
        yield Fault(file=theirs.name, message=message, hint=hint)


def _columns_fault(
    first: _File, other: _File, missing: Sequence[str], extra: Sequence[str]
) -> Fault:
    lacks = f"lacks {_listed(missing)}" if missing else ""
    has = f"has {_listed(extra)}" if extra else ""
    near = nearest(missing[0], extra) if missing else None
    hint = "all files of a pattern need the same columns"
    if near is not None:
        hint = f'rename "{near}" to "{missing[0]}"? {hint}'
    return Fault(
        file=other.sheet.name,
        row=other.sheet.header_row,
        message=f"the columns are not those of {first.path.name}: it "
        + " and ".join(part for part in (lacks, has) if part),
        hint=hint,
    )


def _listed(columns: Sequence[str]) -> str:
    shown = ", ".join(f'"{column}"' for column in columns[:_SHOWN_COLUMNS])
    more = len(columns) - _SHOWN_COLUMNS
    return f"{shown} and {more} more" if more > 0 else shown


def _parts(files: Sequence[_File]) -> Iterator[Part]:
    """Number the rows of all files through, and name each file as shortly as tells it."""
    columns = files[0].sheet.columns
    folder = os.path.commonpath([file.path.parent for file in files])
    last_row = files[0].sheet.header_row
    for file in files:
        sheet = file.sheet
        shift = last_row - sheet.header_row
        last_row = sheet.last_row + shift
        letters = dict(zip(sheet.columns, sheet.letters, strict=True))
        yield Part(
            name=os.path.relpath(file.path, folder),
            last_row=last_row,
            shift=shift,
            letters=tuple(letters[column] for column in columns),
            worksheet=sheet.worksheet,
        )


def _frames(files: Sequence[_File], parts: Sequence[Part], batch: int) -> "Iterator[pd.DataFrame]":
    import pandas as pd

    columns = list(files[0].sheet.columns)
    for file, part in zip(files, parts, strict=True):
        with file.opened() as sheet:
            for frame in sheet.read(batch):
                ordered = frame[columns]
                first, last = frame.index[0] + part.shift, frame.index[-1] + part.shift
                yield ordered.set_axis(pd.RangeIndex(first, last + 1, name="row"))


def _joined(words: Sequence[str | None]) -> str | None:
    """Each word once, or None where there is none."""
    return " and ".join(dict.fromkeys(word for word in words if word)) or None


def _common(words: Sequence[str | None]) -> str | None:
    """The word that all have, or None."""
    return words[0] if len(set(words)) == 1 else None
