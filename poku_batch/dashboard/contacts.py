"""A contact's page: its cells, every attempt, who decided what, and its recordings."""

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from poku_batch.dashboard.board import Board, entry_of
from poku_batch.dashboard.guard import confined_file, sound_type
from poku_batch.models import (
    AttemptRecord,
    CampaignId,
    ContactRecord,
    ContactState,
    HistoryEntry,
    KeptRecording,
)
from poku_batch.ports import Ledger

#: How much of a contact's history a page tells: its latest part.
_ENTRIES = 200

#: Contacts that a person may put back, by ``ports.Ledger.put_back``.
_CALLED = (ContactState.DONE, ContactState.FAILED, ContactState.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One contact, with all that the ledger tells of it.

    ``listed`` is the source of its number's entry on the do-not-call list.
    """

    record: ContactRecord
    columns: tuple[str, ...]
    attempts: list[AttemptRecord]
    history: list[HistoryEntry]
    listed: str | None

    @property
    def may_be_put_back(self) -> bool:
        """Whether a person can have it called again."""
        return self.record.state in _CALLED and self.listed is None

    @property
    def cells(self) -> list[tuple[str, str]]:
        """Every column of the sheet with the contact's cell."""
        return list(zip(self.columns, self.record.cells, strict=False))


async def contact_page(board: Board, request: Request) -> Response:
    """The page of the contact with the ``key`` of the query."""
    entry = await entry_of(board, request)
    with board.pace.measured():
        async with board.desk.ledger(simulated=entry.simulated) as ledger:
            contact = None if ledger is None else await _contact(ledger, entry.id, _key(request))
        if contact is None:
            raise HTTPException(404, f"There is no contact with this key in {entry.id}.")
        return board.pages.page(
            request,
            "contact.html.j2",
            live=True,
            entry=entry,
            contact=contact,
            record=contact.record,
        )


async def recording(board: Board, request: Request) -> Response:
    """The local copy of an attempt's recording, or the range of it that is asked for."""
    entry = await entry_of(board, request)
    number = request.query_params.get("attempt", "")
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise HTTPException(404)
    async with board.desk.ledger(simulated=entry.simulated) as ledger:
        attempt = None
        if ledger is not None:
            attempt = await ledger.browsing.attempt(entry.id, _key(request), int(number))
    kept = attempt.recording if attempt else None
    # A ledger that came from somebody else may name any file of this machine.
    if not isinstance(kept, KeptRecording) or sound_type(kept.file.name) is None:
        raise HTTPException(404, "There is no copy of this recording here.")
    file = kept.file
    return await confined_file(request, file, [file.parent], name=file.name, shown=True)


def _key(request: Request) -> str:
    return request.query_params.get("key", "")


async def _contact(ledger: Ledger, campaign: CampaignId, key: str) -> Contact | None:
    record = await ledger.contact(campaign, key) if key else None
    columns = await ledger.columns(campaign)
    if record is None or columns is None:
        return None
    history: list[HistoryEntry] = []
    async for entries in ledger.history(campaign, key=key):
        history = [*history, *entries][-_ENTRIES:]
    return Contact(
        record=record,
        columns=columns,
        attempts=await ledger.browsing.attempts(campaign, key),
        history=history,
        listed=await ledger.listed(record.to) if record.to else None,
    )
