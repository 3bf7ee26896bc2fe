"""The sheet of a campaign, from wherever it comes: files, an address, standard input.

What is fetched or read from standard input is kept in a private file while the sheet is open, and
gone however that ends. Messages call a sheet as the campaign does.
"""

import io
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import anyio
import anyio.to_thread

from poku_batch.campaign import Campaign
from poku_batch.errors import ContactsError, Fault
from poku_batch.models import Source, SourceKind

if TYPE_CHECKING:
    from poku_batch.contacts import Sheet

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSource:
    """An open sheet, and the files of the person's that it is read from."""

    sheet: "Sheet"
    files: tuple[Path, ...] = ()


@asynccontextmanager
async def opening(campaign: Campaign) -> AsyncIterator[OpenSource]:
    """Open the sheet of a campaign; it is closed, and what was fetched deleted, at the end.

    Raises ``ContactsError`` if there is no such sheet, it cannot be had, or it has faults.
    """
    from poku_batch.contacts import open_sheet, open_sheets

    source = campaign.contacts.file
    files: tuple[Path, ...] = ()
    async with AsyncExitStack() as stack:
        match source.kind:
            case SourceKind.FILE:
                files = (source.path or Path(),)
                sheet = await _opened(campaign, open_sheet, files[0])
            case SourceKind.PATTERN:
                files = await anyio.to_thread.run_sync(matching, campaign)
                sheet = await _opened(campaign, open_sheets, files)
            case SourceKind.LINK | SourceKind.STDIN:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="poku-batch-"))
                path = await fetched(source, Path(folder), campaign)
                sheet = await _opened(campaign, open_sheet, path)
        stack.enter_context(sheet)
        yield OpenSource(sheet=sheet, files=files)


async def _opened(
    campaign: Campaign, opener: "Callable[..., Sheet]", where: Path | tuple[Path, ...]
) -> "Sheet":
    """Open a file, or several, as the campaign says how; in a thread."""
    contacts = campaign.contacts
    return await anyio.to_thread.run_sync(
        partial(
            opener,
            where,
            name=str(contacts.file),
            worksheet=contacts.sheet,
            header_row=contacts.header_row,
            decimal=contacts.decimal,
        )
    )


def matching(campaign: Campaign) -> tuple[Path, ...]:
    """The files of a pattern, without those that the campaign writes or reads as something else."""
    from poku_batch.contacts import matching_files
    from poku_batch.results import simulated_path

    written = list(campaign.output.file)
    if campaign.output.rejects is not None:
        written.append(campaign.output.rejects)
    written += [simulated_path(path) for path in written]
    source = campaign.contacts.file
    return matching_files(
        source.path or Path(), leave_out=(*written, *campaign.do_not_call), name=str(source)
    )


async def fetched(source: Source, folder: Path, campaign: Campaign) -> Path:
    """Bring a sheet into the folder, under the ending of what it is."""
    from poku_batch.contacts import sheet_ending

    path = folder / "sheet"
    ending = ""
    if source.kind is SourceKind.STDIN:
        await _read_standard_input(path)
    else:
        from poku_batch.links import fetch

        fetched = await fetch(source, path, workbook=campaign.contacts.sheet is not None)
        ending = fetched.text_ending
    found = sheet_ending(path)
    return path.rename(path.with_suffix(ending if ending and found == ".csv" else found))


async def _read_standard_input(path: Path) -> None:
    """Copy standard input to a private file; an empty one gives an empty file.

    Raises ``ContactsError`` where a person sits at it.
    """
    stream = getattr(sys.stdin, "buffer", None)
    if stream is None or sys.stdin.isatty():
        message = "is a terminal, not a sheet" if stream is not None else "is closed"
        hint = "give it a sheet: poku-batch check campaign.yaml < sheet.csv"
        raise ContactsError([Fault(file="standard input", message=message, hint=hint)])
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        try:
            await _copy(stream, file)
        except OSError as error:
            message = f"cannot be read: {error.strerror or error}"
            hint = "save the sheet as a file, and name that"
            raise ContactsError(
                [Fault(file="standard input", message=message, hint=hint)]
            ) from error


async def _copy(stream: io.BufferedReader, file: BinaryIO) -> None:
    """Copy a stream to its end; Ctrl-C ends the waiting for a slow one, where it can be awaited."""
    while True:
        try:
            await anyio.wait_readable(stream)
        except (OSError, ValueError, NotImplementedError):
            # A file is always ready, and cannot be waited for.
            await anyio.to_thread.run_sync(shutil.copyfileobj, stream, file, _CHUNK)
            return
        chunk = stream.read1(_CHUNK)
        if not chunk:
            return
        file.write(chunk)
