"""The SQL that decides what a sheet's rows become; preview and commit share it, word for word.

The tables are temporary, of the enrolment's own connection:

- ``sheet``: the rows as they were added, in order.
- ``repeated_numbers`` and ``repeated_keys``: those that several rows share.
- ``known``: a row each, beside the contact that has its key. ``called_digest`` is that of the cells
  with which its phone last rang, or may have; NULL if none ever did. ``anew`` is 1 where the row
  decides the contact's state, 0 where the contact keeps it. ``edited`` is 1 where the cells are
  not those that the contact has from the sheet that it was last in. ``next_attempt`` is the number
  of the attempt that its next call is; ``last_*`` is what its last one came to. It is a view: of
  the table ``beside``, or of the sheet alone where the campaign has no contacts yet.
- ``leaders``: for each number that several rows share, under ``first``, the row that is callable.
- ``carriers``: for each key that several rows share, the row that stands for the contact.
- ``compared``: rows of contacts that were called or whose cells are others by now, with the digest
  of the row's cells, and whether they differ where it matters (1) or not (0); see ``comparing``.
- ``plan``: a row each, with the state, reason and due time that it gets; ``base_*`` is the part of
  the due time that the contact's last call or placement asks for. It is a view: of the table
  ``planned``, or of ``known`` alone where nobody waits and the campaign has no contacts yet.

What a campaign without contacts needs of this, by a shorter way: ``newcomers``.

A phone rang, or may have, in every attempt but those ``turned_away``, ``rejected``, or ended as
``invalid_number``.
"""

from poku_batch.ledger import guards

TABLES = (
    """
    CREATE TEMP TABLE sheet (
        position INTEGER PRIMARY KEY, sheet_row INTEGER NOT NULL, country TEXT NOT NULL,
        cells TEXT NOT NULL, priority INTEGER NOT NULL, hours_group INTEGER NOT NULL,
        key TEXT, to_number TEXT, later_until INTEGER, later_kind TEXT, later_why TEXT,
        reason TEXT, reason_kind TEXT
    )
    """,
    """
    CREATE TEMP TABLE beside (
        position INTEGER PRIMARY KEY, sheet_row INTEGER NOT NULL, key TEXT, to_number TEXT,
        country TEXT NOT NULL, hours_group INTEGER NOT NULL, own_reason TEXT,
        own_kind TEXT, contact_id INTEGER, old_state TEXT, outcome TEXT, old_due_at INTEGER,
        old_kind TEXT, base_due_at INTEGER, base_kind TEXT, base_why TEXT, called_digest TEXT,
        old_reason TEXT, last_state TEXT, last_number TEXT, last_error TEXT,
        next_attempt INTEGER NOT NULL, edited INTEGER NOT NULL,
        changed INTEGER NOT NULL, anew INTEGER NOT NULL
    )
    """,
    "CREATE TEMP TABLE repeated_numbers (to_number TEXT PRIMARY KEY)",
    "CREATE TEMP TABLE repeated_keys (key TEXT PRIMARY KEY)",
    "CREATE TEMP TABLE leaders (to_number TEXT PRIMARY KEY, position INTEGER, sheet_row INTEGER)",
    "CREATE TEMP TABLE carriers (key TEXT PRIMARY KEY, position INTEGER NOT NULL)",
    """
    CREATE TEMP TABLE compared (
        position INTEGER PRIMARY KEY, digest TEXT NOT NULL, differs INTEGER NOT NULL
    )
    """,
    """
    CREATE TEMP TABLE planned (
        position INTEGER PRIMARY KEY, contact_id INTEGER, carries INTEGER NOT NULL,
        anew INTEGER NOT NULL, old_state TEXT, state TEXT NOT NULL, reason TEXT, reason_kind TEXT,
        outcome TEXT, due_at INTEGER NOT NULL, wait_kind TEXT, wait_why TEXT,
        base_due_at INTEGER NOT NULL, base_kind TEXT, base_why TEXT, country TEXT NOT NULL,
        hours_group INTEGER NOT NULL, next_attempt INTEGER NOT NULL
    )
    """,
    "CREATE INDEX temp.planned_contacts ON planned (contact_id) WHERE contact_id IS NOT NULL",
)

#: The columns of ``sheet``. A row has the first 8 of them, 11 or all: the others are NULL. To hand
#: over None takes Python longer than to hand over a text.
SHEET_COLUMNS = (
    *("position", "sheet_row", "country", "cells", "priority", "hours_group", "key", "to_number"),
    *("later_until", "later_kind", "later_why", "reason", "reason_kind"),
)

#: Only rows that share something are looked for by it.
INDEX_SHEET = (
    "CREATE INDEX IF NOT EXISTS temp.sheet_keys ON sheet (key, to_number)",
    "CREATE INDEX IF NOT EXISTS temp.sheet_numbers ON sheet (to_number)",
)

ARE_REPEATED = """
    SELECT EXISTS (SELECT 1 FROM temp.repeated_keys)
        OR EXISTS (SELECT 1 FROM temp.repeated_numbers)
"""

CLEAR = (
    "DROP VIEW IF EXISTS temp.plan",
    "DROP VIEW IF EXISTS temp.known",
    "DELETE FROM temp.beside",
    "DELETE FROM temp.repeated_numbers",
    "DELETE FROM temp.repeated_keys",
    "DELETE FROM temp.leaders",
    "DELETE FROM temp.carriers",
    "DELETE FROM temp.compared",
    "DELETE FROM temp.planned",
)

FIND_REPEATED = (
    """
    INSERT INTO temp.repeated_keys
    SELECT key FROM temp.sheet WHERE key IS NOT NULL GROUP BY key HAVING COUNT(*) > 1
    """,
    """
    INSERT INTO temp.repeated_numbers
    SELECT to_number FROM temp.sheet
    WHERE to_number IS NOT NULL GROUP BY to_number HAVING COUNT(*) > 1
    """,
)

# --- what makes a sheet impossible -------------------------------------------------------------

#: Pairs of rows, the first and another; the columns of every such statement.
CONFLICTING_NUMBERS = """
    SELECT MIN(s.sheet_row), MAX(s.sheet_row)
    FROM temp.repeated_keys r CROSS JOIN temp.sheet s ON s.key = r.key
    GROUP BY r.key HAVING COUNT(DISTINCT s.to_number) > 1
    ORDER BY 1 LIMIT :limit
"""

REPEATED_KEYS = """
    SELECT MIN(s.sheet_row), MAX(s.sheet_row)
    FROM temp.repeated_keys r CROSS JOIN temp.sheet s ON s.key = r.key
    GROUP BY r.key ORDER BY 1 LIMIT :limit
"""

REPEATED_NUMBERS = """
    SELECT MIN(s.sheet_row), MAX(s.sheet_row)
    FROM temp.repeated_numbers r CROSS JOIN temp.sheet s ON s.to_number = r.to_number
    GROUP BY r.to_number ORDER BY 1 LIMIT :limit
"""

# --- the plan ----------------------------------------------------------------------------------

HAS_CONTACTS = "SELECT EXISTS (SELECT 1 FROM contacts WHERE campaign_id = :campaign)"

KNOWN_BESIDE = "CREATE TEMP VIEW known AS SELECT * FROM temp.beside"

_FILL_BESIDE = """
    INSERT INTO temp.beside
    SELECT position, sheet_row, key, to_number, country, hours_group, own_reason, own_kind,
        contact_id, old_state,
        outcome, due_at, old_kind, base_due_at, base_kind, base_why, called_digest,
        old_reason, last_state, NULLIF(last_number, ''), last_error,
        COALESCE(attempts, 0) + CASE WHEN last_state IS 'turned_away' THEN 0 ELSE 1 END,
        CASE WHEN old_cells <> cells THEN {differ} ELSE 0 END,
        CASE
            WHEN called_digest IS NOT NULL AND called_digest <> {digest} THEN 1 ELSE 0
        END,
        CASE
            WHEN contact_id IS NULL OR old_state IN ('pending', 'skipped') THEN 1
            WHEN old_state NOT IN ('failed', 'done') THEN 0
            WHEN last_state = 'rejected' THEN
                CASE
                    WHEN last_number IS NOT to_number OR last_digest <> {digest} THEN 1
                    ELSE 0
                END
            WHEN last_state = 'ended' AND last_outcome = 'invalid_number' THEN
                CASE WHEN last_number IS NOT to_number THEN 1 ELSE 0 END
            WHEN old_state = 'failed' AND called_digest IS NULL THEN 1
            ELSE 0
        END
    FROM (
        SELECT s.position, s.sheet_row, s.key, s.to_number, s.country, s.hours_group, s.cells,
            {told}
            COALESCE(:listed || ': ' || d.source, s.reason) AS own_reason,
            CASE WHEN d.source IS NOT NULL THEN :listed ELSE s.reason_kind END AS own_kind,
            c.id AS contact_id, c.state AS old_state, c.outcome, c.due_at,
            c.reason_kind AS old_kind, c.reason AS old_reason, c.cells AS old_cells, c.attempts,
            c.base_due_at, c.base_kind, c.base_why,
            a.state AS last_state, a.outcome AS last_outcome, a.to_number AS last_number,
            a.cells_digest AS last_digest, a.error AS last_error,
            (
                SELECT t.cells_digest FROM attempts t
                WHERE t.contact_id = c.id AND (
                    t.state IN ('dialing', 'in_call', 'unknown')
                    OR (t.state = 'ended' AND t.outcome <> 'invalid_number')
                )
                ORDER BY t.number DESC LIMIT 1
            ) AS called_digest
        FROM temp.sheet s
        LEFT JOIN contacts c ON c.campaign_id = :campaign AND c.key = s.key
        LEFT JOIN attempts a ON a.contact_id = c.id AND a.number = c.attempts
        LEFT JOIN do_not_call d ON d.number = s.to_number AND d.removed_at IS NULL
        {join}
    ) AS joined
    ORDER BY position
"""

#: It asks Python's functions.
FILL_BESIDE = _FILL_BESIDE.format(
    differ="cells_differ(old_cells, cells)", digest="cells_digest(cells)", told="", join=""
)

#: It asks the table ``compared``, where the database cannot call Python: see ``comparing``.
FILL_BESIDE_COMPARED = _FILL_BESIDE.format(
    differ="differs",
    digest="new_digest",
    told="q.differs, q.digest AS new_digest,",
    join="LEFT JOIN temp.compared q ON q.position = s.position",
)

#: The first row whose contact was ever called, else the first that no other rule skips.
FILL_LEADERS = """
    INSERT INTO temp.leaders
    SELECT chosen.to_number, chosen.position, k.sheet_row
    FROM (
        SELECT to_number, COALESCE(
            MIN(CASE
                WHEN called_digest IS NOT NULL OR old_state IN ('dialing', 'unknown') THEN position
            END),
            MIN(CASE WHEN own_reason IS NULL THEN position END)
        ) AS position
        FROM (
            SELECT k.to_number, k.position, k.called_digest, k.old_state, k.own_reason
            FROM temp.repeated_numbers r
            CROSS JOIN temp.sheet s ON s.to_number = r.to_number
            CROSS JOIN temp.known k ON k.position = s.position
        ) AS sharing
        GROUP BY to_number
    ) AS chosen
    JOIN temp.known k ON k.position = chosen.position
"""

#: The leader if it has the key; else the first row with a number; else the first.
FILL_CARRIERS = """
    INSERT INTO temp.carriers
    SELECT key, position FROM (
        SELECT k.key, k.position, ROW_NUMBER() OVER (
            PARTITION BY k.key
            ORDER BY
                CASE
                    WHEN l.position = k.position THEN 0
                    WHEN k.to_number IS NOT NULL THEN 1
                    ELSE 2
                END,
                k.position
        ) AS place
        FROM temp.repeated_keys r
        CROSS JOIN temp.sheet s ON s.key = r.key
        CROSS JOIN temp.known k ON k.position = s.position
        LEFT JOIN temp.leaders l ON l.to_number = k.to_number
    ) AS ranked
    WHERE place = 1
"""

#: A row of ``known`` that is judged: whether it stands for its contact, and why nobody calls it.
JUDGED = """
            CASE
                WHEN k.key IS NULL THEN 0
                WHEN r.position IS NULL OR r.position = k.position THEN 1
                ELSE 0
            END AS carries,
            COALESCE(k.own_reason, CASE
                WHEN l.position <> k.position THEN 'same number as row ' || l.sheet_row
            END) AS reason
        FROM temp.known k
        LEFT JOIN temp.leaders l ON l.to_number = k.to_number
        LEFT JOIN temp.carriers r ON r.key = k.key
"""

FILL_PLAN = f"""
    INSERT INTO temp.planned
    SELECT position, CASE WHEN carries = 1 THEN contact_id END, carries,
        CASE WHEN carries = 1 THEN anew ELSE 1 END,
        CASE WHEN carries = 1 THEN old_state END,
        CASE
            WHEN carries = 0 THEN 'skipped'
            WHEN anew = 0 THEN old_state
            WHEN reason IS NULL THEN 'pending'
            ELSE 'skipped'
        END,
        CASE WHEN anew = 1 OR carries = 0 THEN reason END,
        CASE
            WHEN carries = 1 AND anew = 0 THEN old_kind
            ELSE COALESCE(own_kind, CASE WHEN reason IS NOT NULL THEN :same_number END)
        END,
        CASE WHEN goes_on = 1 OR (carries = 1 AND anew = 0) THEN outcome END,
        CASE
            WHEN carries = 1 AND anew = 0 THEN old_due_at
            WHEN goes_on = 1 THEN base_due_at
            ELSE 0
        END,
        CASE WHEN goes_on = 1 THEN base_kind END,
        CASE WHEN goes_on = 1 THEN base_why END,
        CASE WHEN goes_on = 1 THEN base_due_at ELSE 0 END,
        CASE WHEN goes_on = 1 THEN base_kind END,
        CASE WHEN goes_on = 1 THEN base_why END,
        country, hours_group, next_attempt
    FROM (
        SELECT judged.*,
            CASE
                WHEN carries = 1 AND anew = 1 AND old_state IN ('pending', 'skipped') THEN 1
                ELSE 0
            END AS goes_on
        FROM (
        SELECT k.*,
            {JUDGED}
    ) AS judged
    ) AS continued
    ORDER BY position
"""  # noqa: S608  # put together from the parts above alone

PLAN_BESIDE = "CREATE TEMP VIEW plan AS SELECT * FROM temp.planned"

#: What a row says of the time is asked of the pending alone.
WAIT_FOR_ROWS = """
    UPDATE temp.planned SET due_at = s.later_until, wait_kind = s.later_kind, wait_why = s.later_why
    FROM temp.sheet s
    WHERE s.position = planned.position AND planned.state = 'pending' AND planned.anew = 1
        AND s.later_until > planned.due_at
"""

#: A cap on the calls to a number that is reached; ``:within`` is its length.
WAIT_FOR_CAP = f"""
    UPDATE temp.planned SET due_at = reached.until, wait_kind = :kind, wait_why = :why
    FROM (
        SELECT p.position, (
            SELECT t.placed_at + :within FROM attempts t
            WHERE t.to_number = s.to_number AND t.placed_at > :now - :within AND {guards.COUNTS}
            ORDER BY t.placed_at DESC
            LIMIT 1 OFFSET :but
        ) AS until
        FROM temp.planned p JOIN temp.sheet s ON s.position = p.position
        WHERE p.state = 'pending' AND p.anew = 1
    ) AS reached
    WHERE reached.position = planned.position AND reached.until > planned.due_at
"""  # noqa: S608  # put together from the parts above alone

# --- the commit --------------------------------------------------------------------------------

FIND_COLUMNS = "SELECT columns FROM campaigns WHERE id = :campaign"

SET_COLUMNS = "UPDATE campaigns SET columns = :columns, enrolled_at = :now WHERE id = :campaign"

#: Those that are in no row; their state waits for their return.
TAKE_OUT = """
    UPDATE contacts SET position = NULL, reserved_by = NULL
    WHERE campaign_id = :campaign AND position IS NOT NULL AND key IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM temp.plan p WHERE p.contact_id = contacts.id)
"""

APPLY = (
    "DELETE FROM contacts WHERE campaign_id = :campaign AND key IS NULL",
    # Rows that change nothing are not written: a sheet enrolled again costs no disk.
    """
    UPDATE contacts SET
        position = p.position,
        sheet_row = s.sheet_row,
        cells = s.cells,
        state = p.state,
        to_number = CASE WHEN p.anew = 1 THEN s.to_number ELSE contacts.to_number END,
        country = CASE WHEN p.anew = 1 THEN s.country ELSE contacts.country END,
        reason = CASE WHEN p.anew = 1 THEN p.reason ELSE contacts.reason END,
        reason_kind = CASE WHEN p.anew = 1 THEN p.reason_kind ELSE contacts.reason_kind END,
        outcome = p.outcome,
        priority = s.priority,
        due_at = p.due_at,
        wait_kind = CASE WHEN p.anew = 1 THEN p.wait_kind ELSE contacts.wait_kind END,
        wait_why = CASE WHEN p.anew = 1 THEN p.wait_why ELSE contacts.wait_why END,
        base_due_at = CASE WHEN p.anew = 1 THEN p.base_due_at ELSE contacts.base_due_at END,
        base_kind = CASE WHEN p.anew = 1 THEN p.base_kind ELSE contacts.base_kind END,
        base_why = CASE WHEN p.anew = 1 THEN p.base_why ELSE contacts.base_why END,
        reserved_by = CASE WHEN p.state = 'pending' THEN contacts.reserved_by END
    FROM temp.plan p JOIN temp.sheet s ON s.position = p.position
    WHERE contacts.id = p.contact_id AND (
        contacts.position IS NOT p.position
        OR contacts.sheet_row <> s.sheet_row
        OR contacts.cells <> s.cells
        OR contacts.state <> p.state
        OR contacts.priority <> s.priority
        OR (p.anew = 1 AND (
            contacts.due_at <> p.due_at
            OR contacts.wait_kind IS NOT p.wait_kind
            OR contacts.wait_why IS NOT p.wait_why
            OR contacts.to_number IS NOT s.to_number
            OR contacts.country <> s.country
            OR contacts.reason IS NOT p.reason
            OR contacts.outcome IS NOT p.outcome
        ))
    )
    """,
    """
    INSERT INTO contacts (campaign_id, key, position, sheet_row, to_number, country, cells,
        state, reason, reason_kind, due_at, wait_kind, wait_why, priority)
    SELECT :campaign, CASE WHEN p.carries = 1 THEN s.key END, p.position, s.sheet_row, s.to_number,
        s.country, s.cells, p.state, p.reason, p.reason_kind, p.due_at,
        p.wait_kind, p.wait_why, s.priority
    FROM temp.plan p JOIN temp.sheet s ON s.position = p.position
    WHERE p.contact_id IS NULL
    ORDER BY p.position
    """,
)
