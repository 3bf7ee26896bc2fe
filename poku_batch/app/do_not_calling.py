"""The do-not-call list that the campaigns of a folder share, in the hands of a person."""

import csv
import os
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO

import anyio.to_thread

from poku_batch.app import environment
from poku_batch.app.remembering import mask_numbers
from poku_batch.campaign import load_campaign
from poku_batch.errors import PhoneError, UsageError
from poku_batch.models import DoNotCallEntry

#: How many numbers are written at once: a run must not wait long for its turn.
_BATCH = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedList:
    """Whose list is meant: the folder's, real or of its rehearsals; ``region`` reads numbers."""

    folder: Path
    region: str | None = None
    simulate: bool = False

    @property
    def url(self) -> str:
        """The ledger that holds the list."""
        return environment.folder_ledger_url(self.folder, simulate=self.simulate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What a file held: so many numbers, of which ``new`` were not on the list."""

    numbers: int
    new: int


def shared_list(where: Path, *, region: str | None, simulate: bool) -> SharedList:
    """Find the list of a campaign file's folder, or of a folder.

    ``region`` is for numbers without ``+``; unset, the campaign's. Raises ``UsageError`` for one
    that is no country, ``CampaignError`` where the file is no campaign.
    """
    if region is not None:
        region = _country(region)
    if where.is_dir():
        return SharedList(folder=where.absolute(), region=region, simulate=simulate)
    campaign = load_campaign(where)
    return SharedList(
        folder=campaign.folder, region=region or campaign.contacts.region, simulate=simulate
    )


async def add_numbers(
    chosen: SharedList, raw: Sequence[str], *, reason: str | None, by: str | None = None
) -> int:
    """Put numbers onto the list for good, and say how many were not on it.

    ``by`` is who does so; unset, the operating system's name of the user.
    The ledger is created where there is none. Raises ``UsageError``, and adds nothing, where one of
    them is not a number.
    """
    from poku_batch.ledger import open_ledger

    numbers = _numbers(chosen, raw)
    async with open_ledger(chosen.url) as ledger:
        entries = _entries(numbers, source="added", reason=reason, by=by)
        return await ledger.add_do_not_call(entries)


async def import_numbers(chosen: SharedList, file: Path) -> Imported:
    """Put the numbers of a file onto the list; any that ``do_not_call`` of a campaign can name.

    The ledger is created where there is none. Raises ``ContactsError``, and adds nothing, where a
    line of the file cannot be read as a number.
    """
    from poku_batch.contacts.do_not_call import read_do_not_call
    from poku_batch.ledger import open_ledger
    from poku_batch.phone import possible_number

    number_of = partial(possible_number, region=chosen.region)
    numbers = await anyio.to_thread.run_sync(partial(read_do_not_call, file, number_of))
    left, new = iter(numbers), 0
    async with open_ledger(chosen.url) as ledger:
        while batch := list(islice(left, _BATCH)):
            entries = _entries(batch, source=f"imported from {file.name}", reason=None)
            new += await ledger.add_do_not_call(entries)
    return Imported(numbers=len(numbers), new=new)


async def listed_entries(chosen: SharedList, raw: Sequence[str]) -> list[DoNotCallEntry]:
    """The entries of numbers. Raises ``UsageError`` where one is no number, or is not listed."""
    from poku_batch.phone import mask

    numbers = _numbers(chosen, raw)
    found: dict[str, DoNotCallEntry] = {}
    async with listed(chosen) as batches:
        async for entries in batches:
            found |= {entry.number: entry for entry in entries if entry.number in numbers}
    if missing := [mask(number) for number in numbers if number not in found]:
        are = "is" if len(missing) == 1 else "are"
        raise UsageError(f"{', '.join(missing)} {are} not on the list; nothing was removed")
    return [found[number] for number in numbers]


async def remove_entries(chosen: SharedList, entries: Iterable[DoNotCallEntry]) -> int:
    """Take numbers off the list, and say how many were still on it."""
    from poku_batch.ledger import open_ledger

    removed = 0
    async with open_ledger(chosen.url) as ledger:
        for entry in entries:
            removed += await ledger.remove_do_not_call(
                entry.number, by=environment.person(), at=datetime.now(UTC)
            )
    return removed


@asynccontextmanager
async def listed(
    chosen: SharedList, *, numbers: bool = True
) -> AsyncIterator[AsyncIterator[list[DoNotCallEntry]]]:
    """Open the list, in the order in which numbers came onto it, in batches.

    Without ``numbers`` they are masked, in reasons too. No ledger is an empty list.
    """
    from poku_batch.ledger import ledger_exists, look_into

    if not ledger_exists(chosen.url):
        yield _nobody()
        return
    async with look_into(chosen.url) as ledger:

        async def batches() -> AsyncIterator[list[DoNotCallEntry]]:
            async for entries in ledger.do_not_call(batch=_BATCH):
                yield entries if numbers else [masked(entry) for entry in entries]

        yield batches()


async def export_numbers(chosen: SharedList, to: Path) -> int:
    """Write the list to a CSV file that does not exist yet, and say how many numbers it holds.

    Columns: number (E.164), source, reason, added_at (ISO 8601, UTC), added_by. What stands in them
    and comes from outside is no formula. Raises ``UsageError`` where there is a file already or the
    name is not that of a CSV file, ``ResultsError`` where it cannot be written.
    """
    from poku_batch.results.failures import writing

    if to.suffix.lower() != ".csv":
        raise UsageError(f"{to}: the list is written as CSV; name a file that ends in .csv")
    written = 0
    with writing(to), _new_file(to) as stream:
        writer = csv.writer(stream)
        writer.writerow(("number", "source", "reason", "added_at", "added_by"))
        async with listed(chosen) as batches:
            async for entries in batches:
                writer.writerows(map(_row, entries))
                written += len(entries)
    return written


def masked(entry: DoNotCallEntry) -> DoNotCallEntry:
    """An entry without the numbers that are in it."""
    return replace(
        entry,
        number=mask_numbers(entry.number),
        source=mask_numbers(entry.source),
        reason=None if entry.reason is None else mask_numbers(entry.reason),
    )


def _entries(
    numbers: Iterable[str], *, source: str, reason: str | None, by: str | None = None
) -> list[DoNotCallEntry]:
    at, person = datetime.now(UTC), by or environment.person()
    return [
        DoNotCallEntry(number=number, source=source, at=at, reason=reason, by=person)
        for number in numbers
    ]


def _numbers(chosen: SharedList, raw: Sequence[str]) -> list[str]:
    """The E.164 of what a person typed, each once; all faults at once."""
    from poku_batch.phone import possible_number

    numbers, faults = [], []
    for text in raw:
        try:
            numbers.append(possible_number(text, chosen.region))
        except PhoneError as error:
            faults.append(error.reason)
    if faults:
        told = "; ".join(faults)
        raise UsageError(f"{told}. Write numbers as +14155550100, or name a --region")
    return list(dict.fromkeys(numbers))


def _country(region: str) -> str:
    from phonenumbers import SUPPORTED_REGIONS

    if region.upper() not in SUPPORTED_REGIONS:
        raise UsageError(f"--region: {region!r} is not a country; two letters, such as US or DE")
    return region.upper()


async def _nobody() -> AsyncIterator[list[DoNotCallEntry]]:
    nothing: tuple[list[DoNotCallEntry], ...] = ()
    for entries in nothing:
        yield entries


def _row(entry: DoNotCallEntry) -> tuple[object, ...]:
    from poku_batch.results.outside import clean, without_formula

    return (
        entry.number,
        without_formula(clean(entry.source)),
        without_formula(clean(entry.reason)),
        entry.at.isoformat(),
        without_formula(clean(entry.by)),
    )


@contextmanager
def _new_file(path: Path) -> Iterator[IO[str]]:
    """A file that was not there, for its owner alone; gone again where the block fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        message = f"{path} exists already; name a file that does not, or remove it first"
        raise UsageError(message) from None
    try:
        with open(handle, "w", encoding="utf-8", newline="") as stream:  # noqa: PTH123 – a handle
            yield stream
            stream.flush()
            os.fsync(handle)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
