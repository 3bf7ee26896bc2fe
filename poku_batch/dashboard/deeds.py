"""What a person does on a page; the page that follows says what came of it."""

from datetime import UTC, datetime

import anyio.to_thread
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from poku_batch.dashboard import links
from poku_batch.dashboard.board import Board, entry_of
from poku_batch.dashboard.desk import DeskError, Entry
from poku_batch.dashboard.guard import sent
from poku_batch.dashboard.rendering import texts
from poku_batch.errors import PokuBatchError
from poku_batch.models import ContactKey, ContactState, PutBack, Selection
from poku_batch.pages.words import plural

#: What results can be written as.
KINDS = ("csv", "xlsx", "parquet")

_NOTHING = "There is nothing of this campaign in the ledger yet."


async def pause(board: Board, request: Request) -> Response:
    """Let no call of a campaign begin."""
    entry = await entry_of(board, request)
    async with board.desk.ledger(simulated=entry.simulated, writing=True) as ledger:
        if ledger is None:
            return _on(board, entry, _NOTHING, tone="danger")
        done = await ledger.controls.pause(entry.id, by=board.desk.person, at=datetime.now(UTC))
    text = "Paused: no call begins until it is resumed. Open calls go on to their end."
    return _on(board, entry, text if done else "It is paused already.")


async def resume(board: Board, request: Request) -> Response:
    """Let calls begin again."""
    entry = await entry_of(board, request)
    async with board.desk.ledger(simulated=entry.simulated, writing=True) as ledger:
        done = ledger is not None and await ledger.controls.resume(entry.id)
    return _on(board, entry, "Resumed: calls may begin again." if done else "It is not paused.")


async def stop(board: Board, request: Request) -> Response:
    """Ask a campaign's run to end gently."""
    entry = await entry_of(board, request)
    async with board.desk.ledger(simulated=entry.simulated, writing=True) as ledger:
        run = None
        if ledger is not None:
            run = await ledger.controls.ask_to_stop(
                entry.id, by=board.desk.person, at=datetime.now(UTC)
            )
    if run is None:
        return _on(board, entry, "No run goes on.")
    return _on(board, entry, "The run was asked to stop: it waits for its open calls, and ends.")


async def retry(board: Board, request: Request) -> Response:
    """Put contacts back to pending, once a person has agreed to how many may ring twice."""
    entry = await entry_of(board, request)
    async with request.form() as form:
        chosen = _selection(form)
        agreed = texts(form, "agreed")
    if chosen == Selection():
        return _on(board, entry, "Nobody was chosen: tick some contacts first.", tone="danger")
    try:
        if not agreed.isdecimal():
            found = await board.desk.selected(entry, chosen)
            return board.pages.page(
                request, "retry.html.j2", entry=entry, chosen=chosen, found=found
            )
        done = await board.desk.put_back(entry, chosen, agreed=int(agreed[:9]))
    except (DeskError, PokuBatchError) as error:
        return _on(board, entry, str(error), tone="danger")
    return _on(board, entry, _put_back_text(done))


async def resolve(board: Board, request: Request) -> Response:
    """Record a person's word on an unknown contact."""
    entry = await entry_of(board, request)
    key = request.query_params.get("key", "")
    async with request.form() as form:
        state, summary = texts(form, "state"), texts(form, "summary").strip()
    if state not in (ContactState.DONE, ContactState.FAILED):
        return _on_contact(board, entry, key, "Say what came of the call first.", tone="danger")
    try:
        await board.desk.resolve(entry, key, ContactState(state), summary=summary or None)
    except (DeskError, PokuBatchError) as error:
        return _on_contact(board, entry, key, str(error), tone="danger")
    return _on_contact(board, entry, key, f"Recorded as {state}, by {board.desk.person}.")


async def forbid(board: Board, request: Request) -> Response:
    """Put a contact's number onto the do-not-call list."""
    entry = await entry_of(board, request)
    key = request.query_params.get("key", "")
    try:
        masked = await board.desk.forbid(entry, key)
    except (DeskError, PokuBatchError) as error:
        return _on_contact(board, entry, key, str(error), tone="danger")
    text = f"{masked} is on the do-not-call list: no campaign of this folder calls it any more."
    return _on_contact(board, entry, key, text)


async def download(board: Board, request: Request) -> Response:
    """Write a campaign's results anew, and send them."""
    entry = await entry_of(board, request)
    kind = request.path_params["kind"]
    if kind not in KINDS:
        raise HTTPException(404)
    # What stands before a slash would be taken for a folder, and left out.
    wave = f"-{entry.id.wave}".replace("/", "-").replace("\\", "-") if entry.id.wave else ""
    name = f"{'rehearsed-' if entry.simulated else ''}{entry.id.name}{wave}.{kind}"
    try:
        async with board.desk.export(entry, kind) as path:
            # It is gone when this block is left, and read to its end all the same.
            file = await anyio.to_thread.run_sync(path.open, "rb")
    except (DeskError, PokuBatchError) as error:
        return _on(board, entry, str(error), tone="danger")
    return sent(request, file, name=name)


def _selection(form: FormData) -> Selection:
    keys = tuple(ContactKey(key) for key in form.getlist("key") if isinstance(key, str) and key)
    outcomes = [word for word in form.getlist("outcome") if isinstance(word, str) and word]
    return Selection(
        failed=texts(form, "failed") == "1",
        unknown=texts(form, "unknown") == "1",
        outcomes=tuple(outcomes),
        keys=keys,
    )


def _put_back_text(done: PutBack) -> str:
    left = ""
    if done.asked_not_to:
        left = f" {plural(done.asked_not_to, 'other')} asked not to be called, and stayed."
    verb = "is" if done.contacts == 1 else "are"
    return f"{plural(done.contacts, 'contact')} {verb} pending again: a run calls them.{left}"


def _on(board: Board, entry: Entry, text: str, *, tone: str = "info") -> Response:
    url = links.campaign(entry.id, simulated=entry.simulated)
    return board.pages.on(url, text, tone=tone)


def _on_contact(board: Board, entry: Entry, key: str, text: str, *, tone: str = "info") -> Response:
    url = links.campaign(entry.id, "contact", simulated=entry.simulated, key=key)
    return board.pages.on(url, text, tone=tone)
