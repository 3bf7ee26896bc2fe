"""A repaired copy of a campaign's sheet, beside which the sheet itself stays as it is."""

import difflib
import os
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from poku_batch.campaign import Campaign
from poku_batch.errors import UsageError
from poku_batch.inspection import Mender, Repair
from poku_batch.models import SheetRow, Source, SourceKind

if TYPE_CHECKING:
    from poku_batch.contacts import Sheet
    from poku_batch.results.repaired import RepairedCopy


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """What was written: the copy, the list of its repairs, and how many cells were repaired.

    ``decimal`` is what ``contacts.decimal`` has to say of the copy; None where nothing.
    """

    path: Path
    list: Path
    rows: int
    repairs: int
    decimal: str | None


def check_target(campaign: Campaign, target: Path, *, force: bool) -> None:
    """Raise ``UsageError`` if a repaired copy must not be written there."""
    from poku_batch.results.repaired import ENDINGS, list_path

    if target.suffix.lower() not in ENDINGS:
        near = difflib.get_close_matches(target.suffix.lower(), ENDINGS, n=1)
        hint = f"did you mean {target.with_suffix(near[0])}? " if near else ""
        raise UsageError(f"--fix {target}: {hint}a copy is written as {', '.join(ENDINGS)}")
    if target.is_dir():
        raise UsageError(f"--fix {target}: is a folder; name a file in it")
    places = (target, list_path(target))
    for place in places:
        if any(_is_same(place, kept) for kept in _kept(campaign)):
            raise UsageError(
                f"--fix {place}: is a file of the campaign, which is never written; name another"
            )
    for source in _sources(campaign):
        if source.kind is SourceKind.PATTERN and fnmatch(str(target.resolve()), str(source.path)):
            raise UsageError(
                f"--fix {target}: the pattern {source.name} would take the copy for a sheet to "
                "call; name a file in another folder"
            )
    there = [place for place in places if place.exists() or place.is_symlink()]
    if there and not force:
        raise UsageError(
            f"--fix {there[0]}: is there already; name another file, or add --force to replace it"
        )


def write_fixed(
    sheet: "Sheet",
    mender: Mender,
    target: Path,
    progress: Callable[[int], None],
) -> Fixed:
    """Write a copy of a sheet with every sure repair made, and the list of them.

    Raises ``ResultsError`` where it cannot be written; then nothing is there that was not before.
    """
    from poku_batch.results.repaired import RepairedCopy

    delimiter = ";" if sheet.delimiter == ";" else ","
    rows = repairs = 0
    with RepairedCopy(target, sheet.columns, delimiter=delimiter) as copy:
        for batch in sheet.batches():
            for row in batch:
                repairs += _write_row(copy, sheet, mender, row)
            rows += len(batch)
            progress(rows)
        copy.complete()
    is_semicolons = target.suffix.lower() == ".csv" and delimiter == ";"
    usual = "," if is_semicolons else "."
    return Fixed(
        path=target,
        list=copy.list,
        rows=rows,
        repairs=repairs,
        decimal=None if sheet.decimal == usual else sheet.decimal,
    )


def _write_row(copy: "RepairedCopy", sheet: "Sheet", mender: Mender, row: SheetRow) -> int:
    cells, repairs = mender.mend(row)
    copy.write(row.row - sheet.header_row, cells)
    for repair in repairs:
        copy.repaired(*_line(sheet, repair))
    return len(repairs)


def _line(sheet: "Sheet", repair: Repair) -> tuple[str | int, ...]:
    place = sheet.place(repair.row, repair.position)
    name = sheet.columns[repair.position]
    return (repair.row, place, name, repair.before, repair.after, repair.why)


def _kept(campaign: Campaign) -> list[Path]:
    """The files that the campaign is read from."""
    files = [campaign.path, campaign.prompt.file, *(one.file for one in _sources(campaign))]
    return [*(file for file in files if file is not None), *campaign.do_not_call]


def _sources(campaign: Campaign) -> list[Source]:
    """The sheet that is read, and the campaign's own where it is another."""
    own = campaign.own_sheet
    return [campaign.contacts.file] if own is None else [campaign.contacts.file, own]


def _is_same(path: Path, other: Path) -> bool:
    if os.path.realpath(path) == os.path.realpath(other):
        return True
    return path.exists() and other.exists() and path.samefile(other)
