"""A first campaign: somebody's sheet looked at, two files written beside it.

All files are written, or none: what was written is loaded and compiled as a run would do it, and is
taken away again where that fails. Nothing is written over.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from poku_batch.app.preparing import preparing
from poku_batch.campaign import load_campaign
from poku_batch.drafting.campaign_text import draft_campaign
from poku_batch.drafting.choices import Choices, Sheet
from poku_batch.drafting.columns import LOOKED_AT, Column
from poku_batch.drafting.numbers import phone_columns
from poku_batch.drafting.prompt_text import draft_prompt
from poku_batch.drafting.sample import FILE_NAME, sample_columns, sample_text
from poku_batch.errors import ContactsError, Fault, PromptError, UsageError
from poku_batch.models import SheetRow
from poku_batch.prompts import RowTemplates

if TYPE_CHECKING:
    from poku_batch import contacts

_ENDINGS = frozenset({".csv", ".tsv", ".xlsx", ".xlsm", ".parquet"})
#: How ``contacts`` says that the names of the columns stand further down.
_FURTHER_DOWN = re.compile(r"set contacts\.header_row: ([0-9]+)")
_MOST_LISTED = 50
_MOST_WORKSHEETS = 20
_WILD = re.compile(r"[*?]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A sheet that was looked at; ``path`` is None for the sample, which is not written yet.

    ``path`` is as it is named: a pattern too, of which the first file was looked at. ``notes`` say
    what was found out about how it is to be read.
    """

    sheet: Sheet
    path: Path | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What was written: the campaign, its template, and the sample sheet if there is one."""

    campaign: Path
    prompt: Path
    sample: Path | None


def sheets_in(folder: Path) -> tuple[Path, ...]:
    """The sheets in a folder, by name; none where there is no such folder.

    Raises ``UsageError`` where the folder is a file, or may not be read.
    """
    try:
        entries = sorted(folder.iterdir())
    except FileNotFoundError:
        return ()
    except NotADirectoryError:
        raise UsageError(
            f"{folder} is a file: name the folder that the campaign goes into"
        ) from None
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror or error}") from None
    sheets = [
        path
        for path in entries
        if path.suffix.lower() in _ENDINGS
        and not path.name.startswith((".", "~$"))
        and not path.name.endswith(".repairs.csv")  # the list that check --fix writes
    ]
    return tuple(path for path in sheets[:_MOST_LISTED] if path.is_file())


def worksheets_of(path: Path) -> tuple[str, ...]:
    """The visible worksheets of a workbook, in order; none for other files. Blocks."""
    from poku_batch.contacts import worksheets

    return worksheets(path)


def is_pattern(path: Path) -> bool:
    """Whether a path names several sheets; one that is there is a file, whatever its name."""
    return bool(_WILD.search(str(path))) and not path.exists()


def likely_worksheet(path: Path, names: Sequence[str]) -> str:
    """The first worksheet with a column of numbers to call; the first where there is none.

    Blocks. Of many, only the first ones are looked at.
    """
    for name in names[:_MOST_WORKSHEETS]:
        try:
            with _opened(path, name, None) as sheet:
                if phone_columns(_columns(sheet)):
                    return name
        except ContactsError:  # a cover page, or an empty one: whoever chooses it is told
            continue
    return names[0]


def look_at_several(
    pattern: Path, folder: Path, *, worksheet: str | None = None, header_row: int | None = None
) -> Look:
    """Look at the first of the sheets that a pattern names, for a campaign of them all; blocks.

    Raises ``ContactsError`` as ``look_at`` does, and where nothing matches.
    """
    from poku_batch.contacts import matching_files

    files = matching_files(_plain_path(pattern), name=str(pattern))
    look = look_at(files[0], folder, worksheet=worksheet, header_row=header_row)
    count = "1 sheet now" if len(files) == 1 else f"{len(files):,} sheets now"
    note = f"{pattern} names {count}, all read as one; {files[0].name} was looked at."
    sheet = replace(look.sheet, file=_as_named(pattern, folder))
    return Look(sheet=sheet, path=pattern, notes=(note, *look.notes))


def look_at(
    path: Path, folder: Path, *, worksheet: str | None = None, header_row: int | None = None
) -> Look:
    """Read the first rows of a sheet, for a campaign in ``folder``; blocks.

    ``header_row`` None: the first, or the one that holds the names of the columns. Raises
    ``ContactsError`` where the sheet cannot be read, or has columns of the results' names.
    """
    from poku_batch.results import check_columns

    notes: list[str] = []
    with _opened(path, worksheet, header_row) as sheet:
        check_columns(sheet.columns, file=str(path))
        if header_row is None and sheet.header_row != 1:
            notes.append(f"The names of the columns are in row {sheet.header_row}.")
        drawn = Sheet(
            file=_as_named(path, folder),
            columns=_columns(sheet),
            worksheet=worksheet,
            header_row=sheet.header_row if sheet.header_row != 1 else None,
        )
    return Look(sheet=drawn, path=path, notes=tuple(notes))


def look_at_sample() -> Look:
    """The sample sheet, as if it was there."""
    return Look(sheet=Sheet(file=FILE_NAME, columns=sample_columns()), path=None)


@contextmanager
def _opened(
    path: Path, worksheet: str | None, header_row: int | None
) -> "Iterator[contacts.Sheet]":
    from poku_batch.contacts import open_sheet

    try:
        sheet = open_sheet(path, worksheet=worksheet, header_row=header_row or 1)
    except ContactsError as error:
        further = _FURTHER_DOWN.search(str(error))
        if header_row is not None or further is None:
            raise
        sheet = open_sheet(path, worksheet=worksheet, header_row=int(further[1]))
    with sheet:
        yield sheet


def _columns(sheet: "contacts.Sheet") -> tuple[Column, ...]:
    rows = next(iter(sheet.batches(LOOKED_AT)), [])
    return tuple(
        Column(name=name, letter=letter, cells=tuple(row.cells[at] for row in rows))
        for at, (name, letter) in enumerate(zip(sheet.columns, sheet.letters, strict=True))
    )


def _as_named(path: Path, folder: Path) -> str:
    """A sheet as a campaign in a folder names it: relative, where that can be read back."""
    try:
        near = Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix()
    except ValueError:  # another drive, on Windows
        return path.absolute().as_posix()
    # A tilde at the beginning would be somebody's home, and a hyphen alone is standard input.
    return path.absolute().as_posix() if near.startswith("~") or near == "-" else near


def in_the_way(folder: Path, name: str) -> str | None:
    """The file that a campaign of this name would have to write over, if there is one."""
    for path in (campaign_path(folder, name), prompt_path(folder, name)):
        if os.path.lexists(path):
            return str(path)
    return None


def campaign_path(folder: Path, name: str) -> Path:
    """Where a campaign goes."""
    return folder / f"{name}.yaml"


def prompt_path(folder: Path, name: str) -> Path:
    """Where its template goes."""
    return folder / "prompts" / f"{name}.md.j2"


async def start_campaign(folder: Path, choices: Choices, look: Look) -> Started:
    """Write the campaign and its template, and the sample sheet if that is looked at.

    Raises ``UsageError`` where they cannot be written, or something is in the way; ``InputError``
    where what was written cannot be used. Nothing is left behind then.
    """
    campaign, prompt = campaign_path(folder, choices.name), prompt_path(folder, choices.name)
    sample = folder / FILE_NAME if look.path is None else None
    written = {campaign: draft_campaign(choices), prompt: _prompt_text(choices)}
    if sample is not None:
        written[sample] = sample_text()
    with _all_or_nothing() as made:
        for path, text in written.items():
            _write(path, text, made)
        await _require_usable(campaign, _plain_path(sample or look.path or folder))
    return Started(campaign=campaign, prompt=prompt, sample=sample)


def _prompt_text(choices: Choices) -> str:
    """The template, with days and times in words where all that were looked at can be read."""
    texts = _texts()
    spoken = draft_prompt(replace(choices, speaks=True), texts)
    plain = draft_prompt(choices, texts)
    return spoken if spoken != plain and _can_be_rendered(spoken, choices) else plain


def _can_be_rendered(text: str, choices: Choices) -> bool:
    columns = choices.sheet.columns
    try:
        templates = RowTemplates.compile(
            prompt=text,
            prompt_name=choices.name,
            folder=None,
            call={"language": choices.language},
            columns=[column.name for column in columns],
            campaign={},
        )
        for at, cells in enumerate(zip(*(column.cells for column in columns), strict=True)):
            templates.render(SheetRow(row=at + 2, cells=cells), to="", key="", number=1)
    except PromptError:
        return False
    return True


def _texts() -> dict[str, str]:
    """The texts of the templates that come with the program, by file name."""
    folder = resources.files("poku_batch.drafting") / "prompts"
    return {text.name: text.read_text(encoding="utf-8") for text in folder.iterdir()}


def _plain_path(path: Path) -> Path:
    return Path(os.path.normpath(path.absolute()))


async def _require_usable(campaign: Path, sheet: Path) -> None:
    """Go the way of a run as far as the first row; ``sheet`` is an absolute path."""
    loaded = load_campaign(campaign)
    named = loaded.contacts.file.path
    if named != sheet or (loaded.contacts.file.file is None and not is_pattern(sheet)):
        hint = "rename it, with letters, digits, - and _"
        raise ContactsError(
            [Fault(file=str(sheet), message="no campaign can name this file", hint=hint)]
        )
    async with preparing(loaded, simulate=True):
        pass


@contextmanager
def _all_or_nothing() -> Iterator[list[Path]]:
    """Give a list for what is made; takes it away again, newest first, where something fails."""
    made: list[Path] = []
    try:
        yield made
    except BaseException:
        _remove(reversed(made))
        raise


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        try:
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()
        except OSError:  # somebody else put something into it, or took it away
            continue


def _write(path: Path, text: str, made: list[Path]) -> None:
    try:
        for folder in reversed([path.parent, *path.parent.parents]):
            if not folder.exists():
                folder.mkdir()
                made.append(folder)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            made.append(path)
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path} is there already, and is not written over: take --name") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise UsageError(f"{path} cannot be written: {reason or 'not a path'}") from None
