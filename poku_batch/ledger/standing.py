"""A sheet that is enrolled again as it is: which of its rows have to be asked about anew.

An enrolment never changes a contact in a call, nor one whose last call rang and that is ``done``,
``failed`` or ``unknown``, as long as its row is the same. Of a sheet of which nothing has changed,
the rows of all others make the same plan as the whole sheet would, if with each come those that
share its number or key (``sharing``): which of these is callable is decided among them.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from poku_batch.errors import LedgerError
from poku_batch.ledger import cells, statements
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.failures import DATABASE_ERRORS, translated
from poku_batch.ledger.places import place_of
from poku_batch.ledger.schema import VERSION
from poku_batch.models import CampaignId, SheetRow

TABLE = "CREATE TEMP TABLE again (position INTEGER PRIMARY KEY, contact_id INTEGER NOT NULL)"

_FIND_SOURCE = """
    SELECT id, columns, enrolled_from FROM campaigns WHERE name = :name AND wave = :wave
"""

_FILL = (
    "DELETE FROM temp.again",
    """
    INSERT INTO temp.again
    SELECT position, id FROM contacts INDEXED BY contacts_standing
    WHERE campaign_id = :campaign AND position IS NOT NULL AND state IN ('pending', 'skipped')
    """,
    # Whoever's last call did not ring, which a corrected row puts back.
    """
    INSERT INTO temp.again
    SELECT c.position, c.id
    FROM contacts c INDEXED BY contacts_standing
    LEFT JOIN attempts a ON a.contact_id = c.id AND a.number = c.attempts
    WHERE c.campaign_id = :campaign AND c.position IS NOT NULL AND c.state = 'failed'
        AND NOT (COALESCE(a.state, '') = 'ended' AND a.outcome <> 'invalid_number')
    """,
    """
    INSERT INTO temp.again
    SELECT position, id FROM contacts INDEXED BY contacts_standing
    WHERE campaign_id = :campaign AND position IS NOT NULL AND state = 'done'
        AND outcome = 'invalid_number'
    """,
    """
    INSERT INTO temp.again
    SELECT c.position, c.id
    FROM (SELECT DISTINCT h.first_position
        FROM temp.again g
        JOIN sharing h ON h.campaign_id = :campaign AND h.position = g.position) AS firsts
    JOIN sharing s ON s.campaign_id = :campaign AND s.first_position = firsts.first_position
    JOIN contacts c ON c.campaign_id = :campaign AND c.position = s.position
    WHERE c.position IS NOT NULL
    ON CONFLICT DO NOTHING
    """,
)

_FIND_ROWS = """
    SELECT g.position, c.sheet_row, c.cells
    FROM temp.again g JOIN contacts c ON c.id = g.contact_id
    WHERE g.position > :after ORDER BY g.position LIMIT :limit
"""

#: The columns of ``statements.COUNT_SETTLED``.
_COUNT_AGAIN = """
    SELECT c.state,
        CASE WHEN c.state = 'done' THEN c.outcome END,
        CASE WHEN c.state IN ('failed', 'skipped') THEN c.reason_kind END,
        NULL, NULL, COUNT(*), NULL
    FROM temp.again g JOIN contacts c ON c.id = g.contact_id
    WHERE c.state <> 'pending'
    GROUP BY 1, 2, 3
"""

COUNT_GONE = """
    SELECT COUNT(*) FROM contacts INDEXED BY contacts_gone
    WHERE campaign_id = :campaign AND position IS NULL AND key IS NOT NULL
"""

COUNT_AGAIN = "SELECT COUNT(*) FROM temp.again"

#: A row that was somebody when the sheet was enrolled, and now is nobody.
FIND_STRANGER = "SELECT 1 FROM temp.plan WHERE carries = 1 AND contact_id IS NULL LIMIT 1"

#: Contacts that were called with other cells than they have: how many is told of a whole sheet.
HAS_CHANGED = """
    SELECT EXISTS (
        SELECT 1 FROM temp.known k JOIN temp.plan p ON p.position = k.position
        WHERE k.changed = 1 AND p.carries = 1
    )
"""

KEEP_SOURCE = "UPDATE campaigns SET enrolled_from = :source WHERE id = :campaign"

KEEP_SHARING = (
    "DELETE FROM sharing WHERE campaign_id = :campaign",
    """
    INSERT INTO sharing (campaign_id, position, first_position)
    SELECT :campaign, s.position, f.first
    FROM (
        SELECT r.to_number, MIN(s.position) AS first
        FROM temp.repeated_numbers r CROSS JOIN temp.sheet s ON s.to_number = r.to_number
        GROUP BY r.to_number
    ) AS f
    CROSS JOIN temp.sheet s ON s.to_number = f.to_number
    WHERE true
    ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO sharing (campaign_id, position, first_position)
    SELECT :campaign, s.position, f.first
    FROM (
        SELECT r.key, MIN(s.position) AS first
        FROM temp.repeated_keys r CROSS JOIN temp.sheet s ON s.key = r.key
        GROUP BY r.key
    ) AS f
    CROSS JOIN temp.sheet s ON s.key = f.key
    WHERE true
    ON CONFLICT DO NOTHING
    """,
)


def enrolled_from(url: str | Path, campaign: CampaignId) -> str | None:
    """What a campaign's current sheet was enrolled from; None where that is not known.

    That is so too for a ledger that is missing or of another version, and for what is none. Changes
    nothing; blocks. Raises ``LedgerError`` where the ledger cannot be read.

    The file is opened by SQLite alone: whatever else of this process closed it would take away the
    locks of connections to it, and with them what they write. Source: sqlite.org/howtocorrupt.html
    """
    place = place_of(url)
    try:
        if not place.exists():
            return None
        with closing(place.connect(read_only=True)) as connection:
            if place.version_of(connection) != VERSION:
                return None
            found = connection.execute(
                _FIND_SOURCE, {"name": campaign.name, "wave": campaign.wave}
            ).fetchone()
    except (OSError, LedgerError):
        return None
    except DATABASE_ERRORS as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
            return None
        raise translated(error, place) from error
    return found[2] if found else None


def recall(
    connection: Connection, campaign: CampaignId, columns: tuple[str, ...], source: str
) -> bool:
    """Fill ``again`` from a sheet enrolled from ``source``; False where it is from another.

    Is called inside a transaction.
    """
    found = connection.execute(
        _FIND_SOURCE, {"name": campaign.name, "wave": campaign.wave}
    ).fetchone()
    if found is None or found[2] != source or cells.from_stored(found[1]) != columns:
        return False
    for statement in _FILL:
        connection.execute(statement, {"campaign": found[0]})
    return True


def rows(connection: Connection, *, after: int, limit: int) -> tuple[list[int], list[SheetRow]]:
    """The rows of ``again`` whose positions are after one, with these positions, in order."""
    found = connection.execute(_FIND_ROWS, {"after": after, "limit": limit}).fetchall()
    return (
        [position for position, _, _ in found],
        [SheetRow(row=row, cells=cells.from_stored(stored)) for _, row, stored in found],
    )


def is_from(connection: Connection, campaign: int, source: str) -> bool:
    """Whether a campaign's sheet is the one that was enrolled from ``source``."""
    query = "SELECT enrolled_from FROM campaigns WHERE id = :campaign"
    found = connection.execute(query, {"campaign": campaign}).fetchone()
    return bool(found) and found[0] == source


def counts_of_the_rest(connection: Connection, campaign: int) -> Iterator[tuple[Any, ...]]:
    """How the contacts stand that are not asked about anew; as ``statements.COUNT_SETTLED``."""
    values = {"campaign": campaign}
    counts: Counter[tuple[Any, ...]] = Counter()
    for *what, number, _ in connection.execute(statements.COUNT_SETTLED, values):
        counts[tuple(what)] += number
    for *what, number, _ in connection.execute(_COUNT_AGAIN):
        counts[tuple(what)] -= number
    return ((*what, number, None) for what, number in counts.items() if number > 0)
