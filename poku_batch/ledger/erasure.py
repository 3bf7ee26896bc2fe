"""Erasing a person from a ledger: what is known of a number, in all its campaigns.

Invariants: what is left of a contact is how it stands, and of an attempt its times and states, so
that counts stay true; when ``erase`` returns, neither the file nor its log holds a byte of the rest
(pages are overwritten, the file is rebuilt, the log is emptied). Nobody who is erased becomes
callable by it: a waiting contact is ``skipped``, and a hash is kept of a number that is on the
do-not-call list, or whose answer was that it must not be called again.

A hash that is kept is an HMAC-SHA256 of the number under a random salt of the ledger's. It hides
the number from who sees the hash alone; who has the whole ledger can try all numbers against it.
"""

import hashlib
import hmac
import secrets
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from poku_batch.errors import LedgerError
from poku_batch.ledger import cells, instants
from poku_batch.ledger.connection import Connection, transaction
from poku_batch.ledger.copies import delete_copies
from poku_batch.ledger.failures import DATABASE_ERRORS, translated
from poku_batch.ledger.happenings import do
from poku_batch.ledger.holding import all_campaigns, busy, held
from poku_batch.ledger.kinds import FORGOTTEN
from poku_batch.ledger.opening import BUSY_TIMEOUT_S
from poku_batch.ledger.places import Place, place_of

_ADD_SALT = "INSERT INTO salts (id, salt) VALUES (1, :salt) ON CONFLICT (id) DO NOTHING"
_ADD_HASH = """
    INSERT INTO forgotten (number_hmac, forgotten_at) VALUES (:hash, :at)
    ON CONFLICT (number_hmac) DO NOTHING
"""

_TABLES = (
    "CREATE TEMP TABLE persons (id INTEGER PRIMARY KEY)",
    "CREATE TEMP TABLE calls (id INTEGER PRIMARY KEY)",
    "CREATE TEMP TABLE words (sha256 TEXT PRIMARY KEY)",
    """
    INSERT INTO temp.persons
    SELECT id FROM contacts WHERE to_number = :number OR key = :number
    """,
    # Of a contact that has another number by now, the calls to this one alone.
    """
    INSERT INTO temp.calls
    SELECT id FROM attempts
    WHERE to_number = :number OR contact_id IN (SELECT id FROM temp.persons)
    """,
    """
    INSERT INTO temp.words
    SELECT DISTINCT prompt_sha256 FROM attempt_events
    WHERE prompt_sha256 IS NOT NULL AND (
        to_number = :number OR attempt_id IN (SELECT id FROM temp.calls)
        OR contact_id IN (SELECT id FROM temp.persons)
    )
    """,
)

_ERASE = (
    """
    INSERT INTO attempt_events (contact_id, at, what, person)
    SELECT id, :at, 'forgotten', :by FROM temp.persons ORDER BY id
    """,
    """
    UPDATE attempt_events SET detail = NULL, to_number = NULL, prompt_sha256 = NULL
    WHERE to_number = :number OR attempt_id IN (SELECT id FROM temp.calls)
        OR contact_id IN (SELECT id FROM temp.persons)
    """,
    """
    DELETE FROM prompts WHERE sha256 IN (SELECT sha256 FROM temp.words)
        AND NOT EXISTS (SELECT 1 FROM attempt_events e WHERE e.prompt_sha256 = prompts.sha256)
    """,
    """
    DELETE FROM outbox WHERE attempt_id IN (SELECT id FROM temp.calls)
        OR contact_id IN (SELECT id FROM temp.persons)
    """,
    "DELETE FROM do_not_call WHERE number = :number",
    # What a run left that died before workers had it.
    "DELETE FROM listed WHERE number = :number",
    # A row whose contact has lost its key is somebody new to the next enrolment.
    "UPDATE campaigns SET enrolled_from = NULL",
    "DELETE FROM recordings WHERE attempt_id IN (SELECT id FROM temp.calls)",
    "DELETE FROM answers WHERE attempt_id IN (SELECT id FROM temp.calls)",
    "UPDATE verdicts SET summary = NULL WHERE attempt_id IN (SELECT id FROM temp.calls)",
    """
    UPDATE contacts SET
        reason = CASE WHEN reason IS NOT NULL THEN :forgotten END,
        reason_kind = CASE WHEN reason IS NOT NULL THEN :forgotten END,
        base_why = NULL,
        wait_why = NULL
    WHERE EXISTS (
        SELECT 1 FROM attempts a
        WHERE a.contact_id = contacts.id AND a.number = contacts.attempts
            AND a.id IN (SELECT id FROM temp.calls)
    )
    """,
    # Without its interaction ID nobody can follow a call any more.
    """
    UPDATE attempts SET to_number = '', cells_digest = '', prompt_sha256 = '',
        interaction_id = NULL, evidence = NULL, error = NULL,
        state = CASE WHEN state IN ('dialing', 'in_call') THEN 'unknown' ELSE state END
    WHERE id IN (SELECT id FROM temp.calls)
    """,
    """
    UPDATE contacts SET
        to_number = NULL,
        country = '',
        state = CASE state
            WHEN 'pending' THEN 'skipped' WHEN 'dialing' THEN 'unknown' ELSE state
        END,
        reason = CASE
            WHEN state IN ('pending', 'skipped', 'failed') OR reason IS NOT NULL THEN :forgotten
        END,
        reason_kind = CASE
            WHEN state IN ('pending', 'skipped', 'failed') OR reason IS NOT NULL THEN :forgotten
        END,
        base_why = NULL,
        wait_why = NULL,
        reserved_by = NULL
    WHERE id IN (SELECT id FROM temp.persons)
    """,
)

_FIND_PERSONS = "SELECT id, key, cells FROM contacts WHERE id IN (SELECT id FROM temp.persons)"
_BLANK = "UPDATE contacts SET key = :key, cells = :cells WHERE id = :contact"

#: Others' rows that mention the number, as a colleague's or a relative's.
_COUNT_MENTIONS = """
    SELECT COUNT(*) FROM contacts
    WHERE cells LIKE '%' || :digits || '%' OR COALESCE(key, '') LIKE '%' || :digits || '%'
"""

_COUNT_ASKED_NOT_TO = """
    SELECT COUNT(*) FROM attempts a
    LEFT JOIN answers n ON n.attempt_id = a.id
    LEFT JOIN verdicts v ON v.attempt_id = a.id
    WHERE a.id IN (SELECT id FROM temp.calls)
        AND ('do_not_call' IN (a.outcome, v.outcome) OR n.opted_out IS NOT NULL)
"""

_COPIES = """
    SELECT file, place FROM recordings WHERE attempt_id IN (SELECT id FROM temp.calls)
"""

_COUNT_LISTED = "SELECT COUNT(*) FROM do_not_call WHERE number = :number AND removed_at IS NULL"

#: How many rows of a sheet are looked at in one step for who was forgotten.
_BATCH = 20_000
_FIND_NUMBERS = """
    SELECT position, to_number FROM temp.sheet
    WHERE position > :after AND to_number IS NOT NULL ORDER BY position LIMIT :limit
"""
_SKIP = "UPDATE temp.sheet SET reason = :why, reason_kind = :why WHERE position = :position"


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What was erased: contacts, and attempts to call them.

    ``asked_not_to``: an answer to one of them was that they must not be called again. ``mentions``
    counts the rows of others that mention the number, and are left. ``hash_kept``: a salted hash
    of the number stays, whether that was wanted or had to be. ``recordings`` are the local copies
    that were deleted; ``absent`` others were not where they had been kept.
    """

    contacts: int
    attempts: int
    asked_not_to: bool
    mentions: int
    hash_kept: bool
    recordings: int = 0
    absent: int = 0


def erase(
    url: str | Path,
    number: str,
    *,
    keep_hash: bool,
    by: str,
    at: datetime,
    wait_s: float = BUSY_TIMEOUT_S,
) -> Erased:
    """Erase what the ledger at ``url`` holds of an E.164 number, and its local recordings.

    ``keep_hash`` keeps a salted hash, by which a later sheet's row with the number is skipped. It
    is kept in any case of a number that is on the do-not-call list, or whose answer was
    ``do_not_call``: the list's entry goes, and the person stays uncallable.
    Other programs that read the file are waited for, ``wait_s`` seconds at the most. Blocks. Raises
    ``LedgerError``, and erases nothing, while a run holds any campaign of the ledger.
    """
    place = place_of(url)
    place.prepare()
    try:
        with closing(place.connect()) as connection, held(connection, place, "erased") as campaigns:
            if isinstance(connection, sqlite3.Connection):
                connection.execute("PRAGMA secure_delete = ON")
            with transaction(connection, writing=True):
                if all_campaigns(connection) != campaigns:
                    raise busy(place, "erased")
                erased = _erase(connection, number, keep_hash=keep_hash, by=by, at=at)
            _rebuild(connection, place, wait_s=wait_s)
            if isinstance(connection, sqlite3.Connection):
                _empty_log(connection, place, wait_s=wait_s)
    except DATABASE_ERRORS as error:
        raise translated(error, place) from error
    return erased


def skip_forgotten(connection: Connection) -> None:
    """Give the rows of the temporary table ``sheet`` whose number was forgotten that reason."""
    salt = connection.execute("SELECT salt FROM salts").fetchone()
    if salt is None:
        return
    hashes = {found for (found,) in connection.execute("SELECT number_hmac FROM forgotten")}
    after = -1
    while rows := connection.execute(_FIND_NUMBERS, {"after": after, "limit": _BATCH}).fetchall():
        forgotten = [
            {"position": position, "why": f"{FORGOTTEN}; not to be called"}
            for position, number in rows
            if _hmac(salt[0], number) in hashes
        ]
        if forgotten:
            connection.executemany(_SKIP, forgotten)
        after = rows[-1][0]


def _erase(
    connection: Connection, number: str, *, keep_hash: bool, by: str, at: datetime
) -> Erased:
    values = {
        "number": number,
        "digits": number.lstrip("+"),
        "forgotten": FORGOTTEN,
        "by": by,
        "at": instants.to_stored(at),
    }
    for statement in _TABLES:
        do(connection, statement, values)
    asked_not_to = bool(_count(connection, _COUNT_ASKED_NOT_TO, values))
    listed = bool(_count(connection, _COUNT_LISTED, values))
    # Nobody can begin another copy meanwhile: this transaction writes.
    copies = delete_copies(do(connection, _COPIES, values).fetchall())
    for statement in _ERASE:
        do(connection, statement, values)
    _blank(connection)
    if keep_hash or asked_not_to or listed:
        _keep_hash(connection, number, at)
    return Erased(
        contacts=_count(connection, "SELECT COUNT(*) FROM temp.persons", values),
        attempts=_count(connection, "SELECT COUNT(*) FROM temp.calls", values),
        asked_not_to=asked_not_to,
        mentions=_count(connection, _COUNT_MENTIONS, values),
        hash_kept=keep_hash or asked_not_to or listed,
        recordings=copies.deleted,
        absent=copies.absent,
    )


def _blank(connection: Connection) -> None:
    """Take the persons' cells and keys away; a key that nobody could guess takes its place."""
    for contact, key, stored in connection.execute(_FIND_PERSONS).fetchall():
        blank = cells.to_stored([""] * len(cells.from_stored(stored)))
        anonymous = None if key is None else f"forgotten-{secrets.token_hex(8)}"
        do(connection, _BLANK, {"contact": contact, "key": anonymous, "cells": blank})


def _count(connection: Connection, statement: str, values: dict[str, object]) -> int:
    return int(do(connection, statement, values).fetchone()[0])


def _keep_hash(connection: Connection, number: str, at: datetime) -> None:
    do(connection, _ADD_SALT, {"salt": secrets.token_hex(32)})
    salt = connection.execute("SELECT salt FROM salts").fetchone()[0]
    do(connection, _ADD_HASH, {"hash": _hmac(salt, number), "at": instants.to_stored(at)})


def _hmac(salt: str, number: str) -> str:
    return hmac.new(bytes.fromhex(salt), number.encode(), hashlib.sha256).hexdigest()


def _rebuild(connection: Connection, place: Place, *, wait_s: float) -> None:
    """Write what is left anew; readers may have to end first."""
    connection.wait_for_locks(wait_s)
    try:
        connection.rebuild()
    except DATABASE_ERRORS as error:
        raise LedgerError(
            f"{place}: the person is erased, but the ledger could not be written anew ({error}), "
            "and may hold traces; end other programs that read it, then forget once more"
        ) from error


def _empty_log(connection: Connection, place: Place, *, wait_s: float) -> None:
    """Move the log into the file and cut it to nothing; readers may have to end first."""
    give_up = time.monotonic() + wait_s
    connection.execute("PRAGMA busy_timeout = 100")
    while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        if time.monotonic() > give_up:
            raise LedgerError(
                f"{place}: the person is erased, but another program still reads the ledger, and "
                "its log may hold traces; end that program, then forget once more"
            )
        time.sleep(0.05)
