"""The desk of the dashboard: what there is to see (``Looking``), and what a person may do to it.

Whatever may call somebody goes the way of the commands: a check, then ``run`` with what was agreed
to, in a process of its own that asks the ledger, the lists and the hours like any other run. Here
nobody is called.
"""

import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Self

import anyio
import anyio.to_thread

from poku_batch.app.deciding import Retried, resolve_contact, retry_contacts
from poku_batch.app.desk.checks import Found, run_check
from poku_batch.app.desk.commands import run_command
from poku_batch.app.desk.looking import Looking
from poku_batch.app.desk.prints import fingerprint
from poku_batch.app.desk.starts import Starts
from poku_batch.app.desk.telling import telling
from poku_batch.app.desk.tickets import Ticket, Tickets
from poku_batch.app.desk.uploads import Uploads
from poku_batch.app.do_not_calling import SharedList, add_numbers
from poku_batch.app.sources import fetched
from poku_batch.campaign import Campaign, load_campaign
from poku_batch.dashboard.desk import Checked, DeskError, Entry, Start
from poku_batch.errors import PokuBatchError
from poku_batch.models import ContactState, PutBack, Selection, SourceKind
from poku_batch.policy.liveness import Liveness

_KINDS = ("csv", "xlsx", "parquet")
_CHUNK = 1 << 20

#: An upload's path as a command tells it.
_UPLOADED = re.compile(r"(?<!--contacts )\.poku-batch/uploads/([0-9a-f]{32})\.[a-z]+")

#: How long an export may take, in seconds, and how much of what it says is kept, in bytes.
_EXPORT_WITHIN_S, _EXPORT_SAYS = 1_800.0, 64 << 10


class FolderDesk(Looking):
    """The campaigns of one folder, to be looked at and worked with."""

    def __init__(self, folder: Path, *, shown: str) -> None:
        """Take the folder of the campaigns, and how a person would type it."""
        super().__init__(folder.absolute(), shown=shown)
        self._uploads = Uploads(self.folder)
        self._starts = Starts(self.folder)
        self._tickets = Tickets()
        self._starting = anyio.Lock()
        self._checking = anyio.CapacityLimiter(1)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        await self._tidy()
        return self

    # --- a sheet, a check, a start --------------------------------------------------------------

    async def keep_upload(
        self,
        entry: Entry,  # noqa: ARG002 – it may be checked against any campaign of the folder
        name: str,
        data: AsyncIterator[bytes],
    ) -> str:
        """Keep an uploaded sheet privately, and give what it is known by."""
        upload = await self._uploads.keep(name, data)
        await self._tidy(upload)
        return upload

    async def check(self, entry: Entry, *, upload: str | None = None) -> Checked:
        """Check a campaign, with an uploaded sheet in place of its own if there is one."""
        if entry.file is None or entry.fault is not None:
            return Checked(text=entry.fault or _no_file(entry))
        async with self._checking:
            upload = upload or await self._fetched(entry)
            campaign = await self._campaign(entry, upload)
            before = await _fingerprint(campaign)
            found = await run_check(self._arguments(entry, upload), cwd=self.folder)
            text = self._named(found.text)
            if found.plan is None or before is None:
                return Checked(text=text)
            if await _fingerprint(await self._campaign(entry, upload)) != before:
                raise DeskError("something was changed while it was checked: check again")
            return found.checked(self._ticket(entry, upload, before, found), text)

    async def start(self, entry: Entry, ticket: str, *, speed: float | None = None) -> None:
        """Start what was checked, as a process of its own that outlives the pages."""
        self._file(entry)
        if not entry.simulated and not self.may_call:
            raise DeskError(
                "POKU_API_KEY is not set, and real calls need it: set it where the dashboard is "
                "started. Nobody was called."
            )
        if speed is not None and not (entry.simulated and 0.1 <= speed <= 10_000):
            raise DeskError("the speed of a rehearsal is a number from 0.1 to 10,000")
        async with self._starting:
            await self._require_idle(entry)
            agreed = self._tickets.take(ticket, entry.id, simulated=entry.simulated)
            campaign = await self._campaign(entry, agreed.upload)
            if await _fingerprint(campaign) != agreed.fingerprint:
                raise DeskError(
                    "the campaign, its template, its sheet or a do-not-call file has changed "
                    "since the check: check again. Nobody was called."
                )
            await self._begin(entry, agreed, speed)
        await self._tidy()

    async def starts(self, entry: Entry) -> list[Start]:
        """The runs that were started from pages, the latest first; a few of them."""
        of = partial(self._starts.of, entry.id, simulated=entry.simulated)
        found = await anyio.to_thread.run_sync(of)
        return [replace(start, text=self._named(start.text)) for start in found]

    async def _fetched(self, entry: Entry) -> str | None:
        """Keep the sheet of a campaign that reads it from an address as an upload is kept.

        So that what is started is what was checked. None where the campaign reads a file.
        """
        campaign = await self._campaign(entry)
        source = campaign.contacts.file
        match source.kind:
            case SourceKind.FILE | SourceKind.PATTERN:
                return None
            case SourceKind.STDIN:
                raise DeskError("the campaign reads its sheet from standard input; upload one")
            case SourceKind.LINK:
                with telling(self.folder), tempfile.TemporaryDirectory(prefix="poku-batch-") as at:
                    path = await fetched(source, Path(at), campaign)
                    name = f"{Path(source.name).stem or 'sheet'}{path.suffix}"
                    return await self._uploads.keep(name, _chunks(path))

    def _ticket(self, entry: Entry, upload: str | None, print_: str, found: Found) -> str:
        return self._tickets.give(
            Ticket(
                campaign=entry.id,
                simulated=entry.simulated,
                upload=upload,
                fingerprint=print_,
                agreed=found.plan.to_call if found.plan is not None else 0,
            )
        )

    async def _require_idle(self, entry: Entry) -> None:
        """Raise ``DeskError`` while the campaign is run, from a page or from anywhere else."""
        going_on = partial(self._starts.going_on, entry.id, simulated=entry.simulated)
        if await anyio.to_thread.run_sync(going_on) is not None:
            raise DeskError(f"{entry.id} is being run already: wait for its end, or stop it")
        with telling(self.folder):
            async with self.ledger(simulated=entry.simulated) as ledger:
                run = None if ledger is None else await ledger.controls.latest_run(entry.id)
                if ledger is not None and await self.workers(ledger, entry.id) is not None:
                    raise DeskError(f"{entry.id} is being run by workers: wait for its end")
        alive = run is not None and await self.liveness(run) is Liveness.ALIVE
        if run is not None and run.seen_at is not None and alive:
            raise DeskError(
                f"{entry.id} is being run already, by process {run.pid} on {run.host}: wait for "
                "its end, or stop it"
            )

    async def _begin(self, entry: Entry, agreed: Ticket, speed: float | None) -> None:
        arguments = ["run", *self._arguments(entry, agreed.upload)]
        arguments += ["--yes", "--agreed", str(agreed.agreed)]
        if speed is not None:
            arguments += ["--speed", str(speed)]
        begin = partial(
            self._starts.begin,
            arguments,
            entry.id,
            simulated=entry.simulated,
            upload=agreed.upload,
        )
        try:
            await anyio.to_thread.run_sync(begin)
        except OSError as error:
            raise DeskError(f"the run cannot be started: {error.strerror or error}") from error

    def _arguments(self, entry: Entry, upload: str | None) -> list[str]:
        """What follows the name of a command: the campaign, its sheet, and whether it rehearses."""
        arguments = [str(self._file(entry))]
        if upload is not None:
            arguments += ["--contacts", self._relative(upload)]
        return [*arguments, "--simulate"] if entry.simulated else arguments

    def _relative(self, upload: str) -> str:
        """An upload's path from the folder: what is above that is no part of a pattern."""
        return self._uploads.path(upload).relative_to(self.folder).as_posix()

    def _named(self, text: str) -> str:
        """What a command said, with uploads under the names that they had, but to be typed."""
        text = text.replace(f"{self.folder}/", "")
        return _UPLOADED.sub(lambda found: self._uploads.called(found[1]), text)

    async def _campaign(self, entry: Entry, upload: str | None = None) -> Campaign:
        """Load the campaign of an entry as it is now, reading an upload if there is one."""
        path = self._file(entry)
        with telling(self.folder):
            campaign = await anyio.to_thread.run_sync(load_campaign, path)
            if campaign.identity != entry.id:
                raise DeskError(f"{path.name} is {campaign.identity} by now: open that campaign")
            if upload is None:
                return campaign
            return campaign.reading(self._relative(upload), folder=self.folder)

    def _file(self, entry: Entry) -> Path:
        if entry.file is None or entry.fault is not None:
            raise DeskError(entry.fault or _no_file(entry))
        return entry.file

    async def _tidy(self, *used: str) -> None:
        """Remove what nobody needs any more of uploads and of earlier starts."""

        def tidy() -> None:
            self._starts.prune()
            self._uploads.prune({*used, *self._tickets.uploads(), *self._starts.uploads()})

        try:
            await anyio.to_thread.run_sync(tidy)
        except OSError:
            return  # what cannot be removed now is tried again

    # --- a person's word ------------------------------------------------------------------------

    async def selected(self, entry: Entry, chosen: Selection) -> PutBack:
        """Say what ``put_back`` would do."""
        return (await self._retried(entry, chosen, agreed=None)).put_back

    async def put_back(self, entry: Entry, chosen: Selection, *, agreed: int) -> PutBack:
        """Put contacts back to pending, as ``retry`` does; ``agreed`` of them may ring twice."""
        return (await self._retried(entry, chosen, agreed=agreed)).put_back

    async def _retried(self, entry: Entry, chosen: Selection, *, agreed: int | None) -> Retried:
        def confirm(found: PutBack) -> bool:
            if agreed is not None and found.may_ring_twice > agreed:
                raise DeskError(
                    f"{found.may_ring_twice:,} phones may ring twice by now, not {agreed:,}: look "
                    "again. Nothing was changed."
                )
            return agreed is not None

        campaign = await self._campaign(entry)
        with telling(self.folder):
            done = await retry_contacts(
                campaign, chosen, confirm=confirm, simulate=entry.simulated, by=self.person
            )
        if done.listed and not done.put_back.contacts:
            raise DeskError(
                f"the number is on the do-not-call list ({done.listed[0][1]}), so that it is left "
                "alone; if a person decides otherwise: poku-batch do-not-call remove"
            )
        if done.untouched and not done.put_back.contacts:
            state = done.untouched[0].state
            raise DeskError(f"left alone: a contact that is {state} is not put back")
        return done

    async def resolve(
        self, entry: Entry, key: str, state: ContactState, *, summary: str | None = None
    ) -> None:
        """Record a person's word on an unknown contact, as ``resolve`` does."""
        if state not in (ContactState.DONE, ContactState.FAILED):
            raise DeskError("an unknown contact is resolved as done, or as failed")
        campaign = await self._campaign(entry)
        with telling(self.folder):
            await resolve_contact(
                campaign,
                key,
                state,
                summary=(summary or "").strip() or None,
                simulate=entry.simulated,
                by=self.person,
            )

    async def forbid(self, entry: Entry, key: str) -> str:
        """Put a contact's number onto the folder's do-not-call list; gives the number, masked.

        That of a rehearsal goes onto the list of the rehearsals. Its campaign's file may be gone.
        """
        from poku_batch.phone import mask

        with telling(self.folder):
            async with self.ledger(simulated=entry.simulated) as ledger:
                contact = None if ledger is None else await ledger.contact(entry.id, key)
            if contact is None:
                raise DeskError(f"{entry.id} has no contact with this key")
            if contact.to is None:
                raise DeskError("the contact has no number that could be called")
            shared = SharedList(folder=self.folder, simulate=entry.simulated)
            await add_numbers(shared, [contact.to], reason="from the dashboard", by=self.person)
        return mask(contact.to)

    @asynccontextmanager
    async def export(self, entry: Entry, kind: str) -> AsyncIterator[Path]:
        """Write the results anew to a file that is gone afterwards: csv, xlsx or parquet."""
        if kind not in _KINDS:
            raise DeskError(f"results are written as {', '.join(_KINDS)}")
        await self._campaign(entry)
        with tempfile.TemporaryDirectory(prefix="poku-batch-", ignore_cleanup_errors=True) as at:
            path = Path(at) / f"{_stem(entry)}.{kind}"
            arguments = ["export", str(self._file(entry)), "--output", str(path)]
            arguments += ["--simulate"] if entry.simulated else []
            try:
                ran = await run_command(
                    arguments,
                    cwd=self.folder,
                    within_s=_EXPORT_WITHIN_S,
                    most_bytes=_EXPORT_SAYS,
                )
            except TimeoutError:
                raise DeskError("the export takes too long; use poku-batch export") from None
            if ran.code or not path.is_file():
                with telling(self.folder):
                    raise PokuBatchError(ran.err.strip().removeprefix("error: "))
            yield path


async def _fingerprint(campaign: Campaign) -> str | None:
    """The campaign's, or None where it has a fault, which the check tells."""
    try:
        return await anyio.to_thread.run_sync(fingerprint, campaign)
    except PokuBatchError:
        return None


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := await anyio.to_thread.run_sync(file.read, _CHUNK):
            yield chunk


def _stem(entry: Entry) -> str:
    """The name of a campaign's results, as a file."""
    wave = re.sub(r"[^\w.]+", "-", entry.id.wave).strip("-.")
    simulated = "simulated" if entry.simulated else ""
    stem = "-".join(part for part in (entry.id.name, wave) if part)
    return ".".join(part for part in (stem, simulated) if part)


def _no_file(entry: Entry) -> str:
    return (
        f"the file of the campaign {entry.id} is not in the folder any more: put it back there, to "
        "work with the campaign"
    )
