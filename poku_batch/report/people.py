"""The contacts of a report, each with what came of every call, as plain values for its table."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from poku_batch.models import (
    AttemptRecord,
    CampaignId,
    ContactQuery,
    ContactRecord,
    ContactState,
    KeptRecording,
)
from poku_batch.pages.words import duration, moment, plain, tone
from poku_batch.ports import Ledger

#: Who is told first where not all are: whom somebody should look at.
_BY_NEED = (
    ContactState.UNKNOWN,
    ContactState.FAILED,
    ContactState.DIALING,
    ContactState.DONE,
    ContactState.SKIPPED,
    ContactState.PENDING,
)
#: The longest text of a cell, and of a summary or a reason, in characters.
_CELL, _TEXT = 300, 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Contacts for a table, in its order, of ``total`` in the sheet. Values are for JSON.

    ``columns`` are the sheet's. Each of ``rows`` has its ``row``, ``key``, ``to``, ``state``,
    ``outcome``, the ``tone`` of its badge, ``summary``, ``error``, ``attempts``, ``at`` (seconds
    since 1970) and ``when`` in words, ``length_s`` and ``length``, ``sound`` (addresses), ``cells``
    and ``calls``.
    """

    columns: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    total: int

    @property
    def left_out(self) -> int:
        """How many contacts are not told one by one."""
        return self.total - len(self.rows)


async def people(
    ledger: Ledger, campaign: CampaignId, columns: Sequence[str], *, most: int, beside: Path
) -> People:
    """Ask a ledger for ``most`` contacts: in the sheet's order, or by need where there are more."""
    page = await ledger.browsing.contacts(campaign, ContactQuery(limit=most))
    chosen = list(page.contacts)
    if page.total > most:
        chosen = await _by_need(ledger, campaign, most)
    rows = []
    for record in chosen:
        called = record.attempts > 0
        calls = await ledger.browsing.attempts(campaign, record.key) if called else []
        rows.append(_row(record, calls, beside))
    return People(columns=tuple(columns), rows=tuple(rows), total=page.total)


async def _by_need(ledger: Ledger, campaign: CampaignId, most: int) -> list[ContactRecord]:
    chosen: list[ContactRecord] = []
    for state in _BY_NEED:
        query = ContactQuery(states=(state,), limit=most - len(chosen))
        chosen += (await ledger.browsing.contacts(campaign, query)).contacts
    return chosen


def _row(record: ContactRecord, calls: Sequence[AttemptRecord], beside: Path) -> dict[str, Any]:
    told = _told(record, calls)
    return {
        "row": record.row,
        "key": _cut(record.key, _CELL),
        "to": record.to or "",
        "state": str(record.state),
        "outcome": record.outcome or "",
        "tone": tone(record.outcome) if record.outcome else "",
        "summary": _cut(record.summary or "", _TEXT),
        "error": _cut(record.error or record.waits_for or "", _TEXT),
        "attempts": record.attempts,
        "at": None if record.started_at is None else int(record.started_at.timestamp()),
        "when": "" if record.started_at is None else moment(record.started_at),
        "length_s": record.duration_s,
        "length": "" if record.duration_s is None else duration(record.duration_s),
        "sound": sounds(told, beside) if told else [],
        "cells": [_cut(cell, _CELL) for cell in record.cells],
        "calls": [_call(call, beside) for call in calls],
    }


def _told(record: ContactRecord, calls: Sequence[AttemptRecord]) -> AttemptRecord | None:
    """The call that the contact's record tells of."""
    return next((call for call in calls if call.placed_at == record.started_at), None)


def _call(call: AttemptRecord, beside: Path) -> dict[str, Any]:
    length = (call.ended_at - call.placed_at).total_seconds() if call.ended_at else None
    facts = {
        "evidence": call.evidence,
        "reason": call.error,
        "decided by": call.verdict_by,
        "asked not to be called": call.opted_out,
        "from": call.last_from,
        "interaction": call.interaction_id,
        **{plain(name): str(value) for name, value in call.fields.items()},
    }
    return {
        "number": call.number,
        "word": call.outcome or str(call.state),
        "when": moment(call.placed_at),
        "length": "" if length is None else duration(length),
        "summary": _cut(call.summary or "", _TEXT),
        "facts": [[name, _cut(value, _TEXT)] for name, value in facts.items() if value],
        "sound": sounds(call, beside),
    }


def sounds(call: AttemptRecord, beside: Path) -> list[str]:
    """Where a call can be heard: its local copy by the way from ``beside``, then its https address.

    Nothing else is an address to a page: what the API gives is not trusted.
    """
    found = []
    if isinstance(call.recording, KeptRecording) and (way := _way(call.recording.file, beside)):
        found.append(way)
    if call.recording_url and _is_https(call.recording_url):
        found.append(call.recording_url)
    return found


def _way(file: Path, beside: Path) -> str | None:
    try:
        way = Path(os.path.relpath(file, beside)).as_posix()
    except ValueError:  # another drive of Windows
        return None
    # A name such as "a:b.wav" would be taken for an address.
    return quote(f"./{way}", safe="/.")


def _is_https(url: str) -> bool:
    try:
        return urlsplit(url).scheme == "https" and bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
