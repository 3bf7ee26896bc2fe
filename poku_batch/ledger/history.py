"""The history of a campaign's contacts, read in the order in which it was written."""

from typing import Any

from poku_batch.ledger import instants
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.happenings import do
from poku_batch.models import ContactKey, Happening, HistoryEntry, InteractionId

#: ``+e.id``: with a key, the index on the contact is the one to use.
_READ = """
    SELECT e.id, e.at, e.what, c.key, c.sheet_row, a.number, e.detail, e.person, e.run_id, r.host,
        e.to_number, e.prompt_sha256, p.prompt,
        CASE WHEN e.what IN ('started', 'ended') THEN a.interaction_id END,
        CASE WHEN e.what = 'ended' THEN n.summary END
    FROM attempt_events e
    JOIN contacts c ON c.id = e.contact_id
    LEFT JOIN attempts a ON a.id = e.attempt_id
    LEFT JOIN runs r ON r.id = e.run_id
    LEFT JOIN prompts p ON p.sha256 = e.prompt_sha256
    LEFT JOIN answers n ON n.attempt_id = e.attempt_id
    WHERE c.campaign_id = :campaign AND {which}
    ORDER BY e.id
    LIMIT :limit
"""
_READ_ALL = _READ.format(which="e.id > :after")
_READ_ONE = _READ.format(which="c.key = :key AND +e.id > :after")

#: Contacts whose key may have been meant: of nearly its length, in the order of the sheet.
_NEAR_KEYS = """
    SELECT key FROM contacts
    WHERE campaign_id = :campaign AND position IS NOT NULL AND key IS NOT NULL
        AND length(key) BETWEEN :least AND :most
    ORDER BY position
    LIMIT :limit
"""


def entries(
    connection: Connection,
    campaign: int,
    *,
    key: str | None,
    after: int,
    limit: int,
) -> tuple[list[HistoryEntry], int]:
    """The entries after a place in the history, and the place to go on from."""
    statement = _READ_ALL if key is None else _READ_ONE
    rows = do(
        connection,
        statement,
        {"campaign": campaign, "key": key, "after": after, "limit": max(limit, 1)},
    ).fetchall()
    return [_entry(row[1:]) for row in rows], rows[-1][0] if rows else after


def near_keys(connection: Connection, campaign: int, key: str, limit: int) -> list[str]:
    """Keys of the current sheet that somebody may have meant by one that is not in it."""
    values = {"campaign": campaign, "least": len(key) - 2, "most": len(key) + 2, "limit": limit}
    return [row[0] for row in do(connection, _NEAR_KEYS, values)]


def _entry(row: tuple[Any, ...]) -> HistoryEntry:
    (
        at,
        what,
        key,
        sheet_row,
        attempt,
        detail,
        person,
        run,
        host,
        to,
        digest,
        prompt,
        interaction,
        summary,
    ) = row
    return HistoryEntry(
        at=instants.from_stored(at),
        what=Happening(what),
        key=ContactKey(key or ""),
        row=sheet_row,
        attempt=attempt,
        detail=detail,
        person=person,
        run=run,
        run_on=host,
        to=to or None,
        prompt_sha256=digest or None,
        prompt=prompt,
        interaction_id=None if interaction is None else InteractionId(interaction),
        summary=summary,
    )
