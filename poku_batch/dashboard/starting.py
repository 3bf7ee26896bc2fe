"""From a sheet to a run: upload one or take the campaign's own, check it, start it."""

import secrets
from collections.abc import AsyncIterator

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from poku_batch.dashboard import links
from poku_batch.dashboard.board import Board, Finding, entry_of, keep
from poku_batch.dashboard.desk import DeskError, Entry
from poku_batch.dashboard.rendering import texts
from poku_batch.errors import PokuBatchError
from poku_batch.pages.words import plural

_PIECE = 256 * 1024

#: How much faster than life a rehearsal's time may pass.
SPEEDS = (1, 10, 30, 100, 300)
_USUAL_SPEED = 30


async def start_page(board: Board, request: Request) -> Response:
    """What can be checked and started; what the last check found, where one is named."""
    entry = await entry_of(board, request)
    return board.pages.page(
        request,
        "start.html.j2",
        entry=entry,
        finding=_finding(board, entry, request.query_params.get("found", "")),
        may_call=board.desk.may_call,
        speeds=SPEEDS,
        usual_speed=_USUAL_SPEED,
    )


async def upload(board: Board, request: Request) -> Response:
    """Keep a sheet that a person sends, and check the campaign with it in place of its own."""
    entry = await entry_of(board, request)
    async with request.form(max_files=1, max_fields=10) as form:
        sheet = form.get("sheet")
        if not isinstance(sheet, UploadFile) or not sheet.filename:
            return _on(board, entry, "Choose a sheet first.", tone="danger")
        name = sheet.filename
        try:
            kept = await board.desk.keep_upload(entry, name, _pieces(sheet))
        except (DeskError, PokuBatchError) as error:
            return _on(board, entry, str(error), tone="danger")
    return await _checked(board, entry, upload=kept, sheet=name)


async def check(board: Board, request: Request) -> Response:
    """Check a campaign with its own sheet."""
    entry = await entry_of(board, request)
    return await _checked(board, entry, upload=None, sheet="")


async def begin(board: Board, request: Request) -> Response:
    """Start what was checked; for real once a person has typed how many will be called."""
    entry = await entry_of(board, request)
    async with request.form() as form:
        finding = _finding(board, entry, texts(form, "found"))
        typed = texts(form, "calls").strip().replace(",", "")
        speed = texts(form, "speed")
    if finding is None or finding.checked.ticket is None:
        return _on(board, entry, "Check it again: what was checked is too old.", tone="danger")
    if not entry.simulated:
        if not board.desk.may_call:
            raise HTTPException(403, "POKU_API_KEY is not set: no real run can be started here.")
        if typed != str(finding.checked.in_all):
            text = (
                f"Nobody was called: {typed[:20]!r} was typed, and "
                f"{plural(finding.checked.in_all, 'contact')} would be called."
            )
            return _on(board, entry, text, tone="danger", found=texts(form, "found"))
    try:
        await board.desk.start(
            entry,
            finding.checked.ticket,
            speed=_speed(speed) if entry.simulated else None,
        )
    except (DeskError, PokuBatchError) as error:
        return _on(board, entry, str(error), tone="danger")
    what = "The rehearsal was started." if entry.simulated else "The run was started."
    return board.pages.on(links.campaign(entry.id, simulated=entry.simulated), what)


async def _checked(board: Board, entry: Entry, *, upload: str | None, sheet: str) -> Response:
    try:
        found = await board.desk.check(entry, upload=upload)
    except (DeskError, PokuBatchError) as error:
        return _on(board, entry, str(error), tone="danger")
    id_ = secrets.token_urlsafe(12)
    finding = Finding(campaign=entry.id, simulated=entry.simulated, checked=found, sheet=sheet)
    keep(board.findings, id_, finding)
    return RedirectResponse(
        links.campaign(entry.id, "start", simulated=entry.simulated, found=id_), 303
    )


def _finding(board: Board, entry: Entry, id_: str) -> Finding | None:
    """What a check of this very campaign found; None where it is forgotten by now."""
    found = board.findings.get(id_)
    if found is None or (found.campaign, found.simulated) != (entry.id, entry.simulated):
        return None
    return found


async def _pieces(sheet: UploadFile) -> AsyncIterator[bytes]:
    while piece := await sheet.read(_PIECE):
        yield piece


def _speed(text: str) -> float:
    return next((float(speed) for speed in SPEEDS if text == str(speed)), float(_USUAL_SPEED))


def _on(
    board: Board, entry: Entry, text: str, *, tone: str = "info", found: str | None = None
) -> Response:
    url = links.campaign(entry.id, "start", simulated=entry.simulated, found=found)
    return board.pages.on(url, text, tone=tone)
