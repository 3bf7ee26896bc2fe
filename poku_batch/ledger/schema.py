"""The ledger's tables, as an ordered list of migrations.

Invariants:

- A migration that was released is never changed; a new one is added at the end.
- Times are integer microseconds since the epoch, UTC. Column types and constraints are those that
  SQLite and PostgreSQL both know.
- The history of attempts is append-only: no row of ``attempts`` is ever deleted, and a later
  attempt is a new row. A contact's last attempt is the one whose ``number`` is ``attempts``.
- ``contacts.key`` is NULL for a row of the sheet that is nobody's contact: it has no key, or an
  earlier row with the same key stands for the contact. No key equals NULL, so such a row is never
  mistaken for a contact, and it can only be ``skipped``. Each enrolment makes these rows anew.
- ``attempt_events`` is append-only and says what happened in the order of its ``id``; a row is
  written in the transaction that makes it true. Erasing a person empties columns, not rows.
- ``prompts`` has each prompt once, under the SHA-256 of its UTF-8, and only where it is to be kept.
- ``verdicts`` has a person's word on an attempt whose end nobody knew.
- ``contacts.position`` is the place in the current sheet, from 0; NULL when in none.
- ``contacts.due_at`` is when a pending contact may be called; ``wait_kind`` and ``wait_why`` say
  what it waits for until then. ``base_due_at``, ``base_kind`` and ``base_why`` are what its last
  call or placement made of it (``redial``, ``turned_away``): never later than ``due_at``, and
  lasting, while what rules add is asked anew. None of them means anything where it is not pending.
- ``campaigns.enrolled_from`` is what the current sheet was enrolled from, in words of whoever
  enrolled it; NULL where its contacts may no longer be what that made of them. ``sharing`` has the
  rows of the current sheet that share a number or a key with others, under the first of them.
- A campaign is paused while ``paused_at`` is not NULL, by a person (``paused_by``), whether a run
  of it goes on or not. ``stop_asked_at`` and ``stop_asked_by`` ask one run to end. ``seen_at`` is
  when a run was last known to be alive, in real time also where the run's own is rehearsed;
  ``doing`` is what it says of itself then (JSON).
- A row of ``recordings`` says where the local copy of an attempt's recording is (an absolute path),
  how long it is and its SHA-256, or why there is none. ``place`` is where the copy is or is to be,
  and no other attempt's: whatever lies there, or beside it under that name with ``.part`` or
  ``.part.json`` added, is this recording. It is recorded before anything lies there.
- A number is on the do-not-call list while ``do_not_call.removed_at`` is NULL.
- ``answers.to_read`` is 1 while somebody is still to read the call; ``kept_sequel`` is what the
  contact becomes if nobody does (JSON). ``fields`` is a JSON object, ``opted_out`` the words by
  which the callee asked not to be called.
- A run is ``distributed`` where its calls are made by workers; ``tells_results``: somebody is to
  hear of results; ``slot_length`` is for how long a call may go on. While it is open,
  ``definitions`` has what workers need to know of its campaign (JSON, no secret), ``listed`` the
  numbers on its do-not-call files, E.164, with the name of a file that each is on: nobody is begun
  to be called who is in it. A row of ``refusals`` says why a worker takes no part. ``next_start``
  is the earliest time for the next call that is spaced, ``wanted_ending`` is how a worker found
  that the run is to end. ``api_bearing`` is what was learned of how many calls the API bears (JSON;
  ``policy.bearing``); until ``shut_until`` nobody is called because of that. ``budget_left`` is how
  many more calls the budget was last found to allow, ``admitted_at`` when last somebody looked.
  While ``canary`` is not NULL, so many contacts are called at the most.
- What a distributed run has used up is added to, not counted anew. ``called`` of its attempts have
  ids after ``called_from`` and up to ``called_to``; those before were begun by an earlier run. Both
  are NULL where nobody has counted. ``minutes`` is what its campaign has used up by the history's
  entry ``minutes_to``; NULL where nobody has counted.
- ``contacts.reserved_job`` is the engine's job for a reservation of a distributed run, and
  ``starts_at`` when its call may begin; they mean nothing where nobody is reserved.
- ``attempts.worker_id`` is the worker that has an attempt in hand, or had it last; ``follow_job``
  the job by which a worker is to take it up. A row of ``workers`` is one process: ``seen_at`` is
  when it was last heard of, by the database's clock, ``ended_at`` when it left, or was given up.
- A row of ``outbox`` is a message that was not taken yet. Its ``id`` is random, so that it is never
  another's, although rows are deleted. One of the event ``result`` holds words of nobody: ids, and
  in ``body`` (JSON) the state that it told of; ``body`` is all of a ``finish``.
"""

#: Marks a SQLite file as a ledger of this program ("Poku" in ASCII).
APPLICATION_ID = 0x506F6B75

_VERSION_1 = (
    """
    CREATE TABLE campaigns (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        wave TEXT NOT NULL,
        columns TEXT,
        enrolled_at BIGINT,
        UNIQUE (name, wave),
        CHECK ((columns IS NULL) = (enrolled_at IS NULL))
    )
    """,
    """
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
        host TEXT NOT NULL,
        pid BIGINT NOT NULL,
        started_at BIGINT NOT NULL,
        ended_at BIGINT,
        ending TEXT CHECK (
            ending IN (
                'finished', 'limit', 'declined', 'due_later', 'stopped', 'abandoned', 'refused'
            )
        ),
        CHECK ((ended_at IS NULL) = (ending IS NULL))
    )
    """,
    "CREATE INDEX runs_open ON runs (campaign_id) WHERE ended_at IS NULL",
    """
    CREATE TABLE contacts (
        id INTEGER PRIMARY KEY,
        campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
        key TEXT,
        position BIGINT,
        sheet_row BIGINT NOT NULL,
        to_number TEXT,
        country TEXT NOT NULL DEFAULT '',
        cells TEXT NOT NULL,
        state TEXT NOT NULL CHECK (
            state IN ('pending', 'dialing', 'done', 'failed', 'skipped', 'unknown')
        ),
        reason TEXT,
        reason_kind TEXT,
        outcome TEXT,
        due_at BIGINT NOT NULL DEFAULT 0,
        attempts BIGINT NOT NULL DEFAULT 0 CHECK (attempts >= 0),
        reserved_by BIGINT REFERENCES runs (id),
        UNIQUE (campaign_id, key),
        CHECK (key IS NOT NULL OR (state = 'skipped' AND attempts = 0)),
        CHECK (state <> 'pending' OR to_number IS NOT NULL),
        CHECK (state NOT IN ('skipped', 'failed') OR reason IS NOT NULL),
        CHECK ((reason IS NULL) = (reason_kind IS NULL)),
        CHECK (reserved_by IS NULL OR state = 'pending')
    )
    """,
    """
    CREATE INDEX contacts_due ON contacts (campaign_id, due_at, position)
    WHERE state = 'pending' AND position IS NOT NULL AND reserved_by IS NULL
    """,
    "CREATE INDEX contacts_sheet ON contacts (campaign_id, position) WHERE position IS NOT NULL",
    "CREATE INDEX contacts_keyless ON contacts (campaign_id) WHERE key IS NULL",
    "CREATE INDEX contacts_dialing ON contacts (campaign_id) WHERE state = 'dialing'",
    "CREATE INDEX contacts_reserved ON contacts (campaign_id) WHERE reserved_by IS NOT NULL",
    """
    CREATE TABLE attempts (
        id INTEGER PRIMARY KEY,
        contact_id BIGINT NOT NULL REFERENCES contacts (id),
        number BIGINT NOT NULL CHECK (number >= 1),
        run_id BIGINT NOT NULL REFERENCES runs (id),
        state TEXT NOT NULL CHECK (
            state IN ('dialing', 'in_call', 'ended', 'turned_away', 'rejected', 'unknown')
        ),
        to_number TEXT NOT NULL,
        cells_digest TEXT NOT NULL,
        prompt_sha256 TEXT NOT NULL,
        placements BIGINT NOT NULL CHECK (placements >= 0),
        interaction_id TEXT,
        began_at BIGINT NOT NULL,
        placed_at BIGINT NOT NULL,
        ended_at BIGINT,
        outcome TEXT,
        evidence TEXT,
        error TEXT,
        UNIQUE (contact_id, number),
        CHECK ((state = 'ended') = (ended_at IS NOT NULL)),
        CHECK ((state = 'ended') = (outcome IS NOT NULL)),
        CHECK (state <> 'in_call' OR interaction_id IS NOT NULL)
    )
    """,
    """
    CREATE INDEX attempts_unfinished ON attempts (contact_id)
    WHERE state IN ('dialing', 'in_call', 'unknown')
    """,
    """
    CREATE TABLE answers (
        attempt_id INTEGER PRIMARY KEY REFERENCES attempts (id),
        summary TEXT,
        recording_url TEXT
    )
    """,
)

_VERSION_2 = (
    """
    CREATE TABLE attempt_events (
        id INTEGER PRIMARY KEY,
        contact_id BIGINT NOT NULL REFERENCES contacts (id),
        attempt_id BIGINT REFERENCES attempts (id),
        run_id BIGINT REFERENCES runs (id),
        at BIGINT NOT NULL,
        what TEXT NOT NULL CHECK (
            what IN (
                'began', 'held', 'placed_again', 'withdrawn', 'turned_away', 'rejected', 'unfit',
                'started', 'ended', 'doubted', 'put_back', 'resolved', 'forgotten'
            )
        ),
        detail TEXT,
        person TEXT,
        to_number TEXT,
        prompt_sha256 TEXT
    )
    """,
    "CREATE INDEX attempt_events_contact ON attempt_events (contact_id)",
    "CREATE TABLE prompts (sha256 TEXT PRIMARY KEY, prompt TEXT NOT NULL)",
    """
    CREATE TABLE verdicts (
        attempt_id INTEGER PRIMARY KEY REFERENCES attempts (id),
        state TEXT NOT NULL CHECK (state IN ('done', 'failed')),
        outcome TEXT,
        summary TEXT,
        decided_by TEXT NOT NULL,
        decided_at BIGINT NOT NULL
    )
    """,
    "CREATE TABLE salts (id INTEGER PRIMARY KEY CHECK (id = 1), salt TEXT NOT NULL)",
    "CREATE TABLE forgotten (number_hmac TEXT PRIMARY KEY, forgotten_at BIGINT NOT NULL)",
    "CREATE INDEX attempts_do_not_call ON attempts (to_number) WHERE outcome = 'do_not_call'",
    # What version 1 knew of its attempts. Where it kept no time, that of the placement stands.
    """
    INSERT INTO attempt_events (
        contact_id, attempt_id, run_id, at, what, detail, to_number, prompt_sha256
    )
    SELECT contact_id, attempt_id, run_id, at, what, detail, to_number, prompt_sha256
    FROM (
        SELECT contact_id, id AS attempt_id, run_id, began_at AS at, 1 AS step, 'began' AS what,
            NULL AS detail, to_number, prompt_sha256
        FROM attempts
        UNION ALL
        SELECT contact_id, id, run_id, placed_at, 2, 'placed_again', NULL, to_number, prompt_sha256
        FROM attempts WHERE placements > 1
        UNION ALL
        SELECT contact_id, id, run_id, placed_at, 3, 'started', NULL, NULL, NULL
        FROM attempts WHERE interaction_id IS NOT NULL AND state IN ('in_call', 'unknown')
        UNION ALL
        SELECT a.contact_id, a.id, a.run_id, COALESCE(a.ended_at, a.placed_at), 4,
            CASE
                WHEN a.state = 'unknown' THEN 'doubted'
                WHEN a.state = 'turned_away' AND c.state = 'dialing' THEN 'held'
                ELSE a.state
            END,
            COALESCE(a.outcome, a.error), NULL, NULL
        FROM attempts a JOIN contacts c ON c.id = a.contact_id
        WHERE a.state NOT IN ('dialing', 'in_call')
    ) AS known
    ORDER BY at, attempt_id, step
    """,
)

#: SQLite cannot change a CHECK: ``runs`` and ``attempt_events`` are made anew under their names,
#: with the same ids. Foreign keys must be off meanwhile, and are checked at the end (``opening``).
_VERSION_3 = (
    "ALTER TABLE contacts ADD COLUMN priority BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE contacts ADD COLUMN base_due_at BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE contacts ADD COLUMN base_kind TEXT",
    "ALTER TABLE contacts ADD COLUMN base_why TEXT",
    "ALTER TABLE contacts ADD COLUMN wait_kind TEXT",
    "ALTER TABLE contacts ADD COLUMN wait_why TEXT",
    # Version 2 made nobody wait but those who were turned away.
    "UPDATE contacts SET base_due_at = due_at WHERE due_at <> 0",
    """
    UPDATE contacts SET
        base_kind = 'turned_away',
        wait_kind = 'turned_away',
        base_why = (
            SELECT a.error FROM attempts a
            WHERE a.contact_id = contacts.id AND a.number = contacts.attempts
        ),
        wait_why = (
            SELECT a.error FROM attempts a
            WHERE a.contact_id = contacts.id AND a.number = contacts.attempts
        )
    WHERE state = 'pending' AND due_at > 0
    """,
    "DROP INDEX contacts_due",
    """
    CREATE INDEX contacts_due ON contacts (campaign_id, priority, due_at, position)
    WHERE state = 'pending' AND position IS NOT NULL AND reserved_by IS NULL
    """,
    "ALTER TABLE attempts ADD COLUMN from_number TEXT",
    "CREATE INDEX attempts_to ON attempts (to_number, placed_at)",
    """
    CREATE INDEX attempts_from ON attempts (from_number, placed_at) WHERE from_number IS NOT NULL
    """,
    "ALTER TABLE answers ADD COLUMN fields TEXT",
    "ALTER TABLE answers ADD COLUMN opted_out TEXT",
    "ALTER TABLE answers ADD COLUMN to_read BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE answers ADD COLUMN kept_sequel TEXT",
    "CREATE INDEX answers_to_read ON answers (attempt_id) WHERE to_read = 1",
    """
    CREATE TABLE do_not_call (
        number TEXT PRIMARY KEY,
        source TEXT NOT NULL,
        reason TEXT,
        added_by TEXT,
        added_at BIGINT NOT NULL,
        removed_by TEXT,
        removed_at BIGINT
    )
    """,
    "CREATE INDEX do_not_call_order ON do_not_call (added_at, number)",
    # Erased attempts have no number any more.
    """
    INSERT INTO do_not_call (number, source, reason, added_by, added_at)
    SELECT number, 'heard in a call', reason, added_by, at
    FROM (
        SELECT to_number AS number, evidence AS reason, NULL AS added_by, ended_at AS at
        FROM attempts WHERE outcome = 'do_not_call'
        UNION ALL
        SELECT a.to_number, v.summary, v.decided_by, v.decided_at
        FROM verdicts v JOIN attempts a ON a.id = v.attempt_id
        WHERE v.outcome = 'do_not_call'
    ) AS asked
    WHERE number <> ''
    ORDER BY at
    ON CONFLICT (number) DO NOTHING
    """,
    """
    CREATE TABLE outbox (
        id INTEGER PRIMARY KEY,
        campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
        event TEXT NOT NULL CHECK (event IN ('result', 'finish')),
        contact_id BIGINT REFERENCES contacts (id),
        attempt_id BIGINT REFERENCES attempts (id),
        body TEXT,
        at BIGINT NOT NULL,
        due_at BIGINT NOT NULL,
        tries BIGINT NOT NULL DEFAULT 0,
        last_error TEXT
    )
    """,
    "CREATE INDEX outbox_due ON outbox (campaign_id, event, due_at)",
    """
    CREATE TABLE runs_anew (
        id INTEGER PRIMARY KEY,
        campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
        host TEXT NOT NULL,
        pid BIGINT NOT NULL,
        started_at BIGINT NOT NULL,
        ended_at BIGINT,
        ending TEXT CHECK (
            ending IN (
                'finished', 'limit', 'declined', 'due_later', 'budget', 'circuit_breaker',
                'canary', 'stopped', 'abandoned', 'refused'
            )
        ),
        CHECK ((ended_at IS NULL) = (ending IS NULL))
    )
    """,
    """
    INSERT INTO runs_anew (id, campaign_id, host, pid, started_at, ended_at, ending)
    SELECT id, campaign_id, host, pid, started_at, ended_at, ending FROM runs
    """,
    "DROP TABLE runs",
    "ALTER TABLE runs_anew RENAME TO runs",
    "CREATE INDEX runs_open ON runs (campaign_id) WHERE ended_at IS NULL",
    """
    CREATE TABLE attempt_events_anew (
        id INTEGER PRIMARY KEY,
        contact_id BIGINT NOT NULL REFERENCES contacts (id),
        attempt_id BIGINT REFERENCES attempts (id),
        run_id BIGINT REFERENCES runs (id),
        at BIGINT NOT NULL,
        what TEXT NOT NULL CHECK (
            what IN (
                'began', 'held', 'placed_again', 'withdrawn', 'turned_away', 'rejected', 'unfit',
                'started', 'ended', 'doubted', 'read', 'skipped', 'put_back', 'resolved',
                'forgotten'
            )
        ),
        detail TEXT,
        person TEXT,
        to_number TEXT,
        prompt_sha256 TEXT
    )
    """,
    """
    INSERT INTO attempt_events_anew (
        id, contact_id, attempt_id, run_id, at, what, detail, person, to_number, prompt_sha256
    )
    SELECT id, contact_id, attempt_id, run_id, at, what, detail, person, to_number, prompt_sha256
    FROM attempt_events
    """,
    "DROP TABLE attempt_events",
    "ALTER TABLE attempt_events_anew RENAME TO attempt_events",
    "CREATE INDEX attempt_events_contact ON attempt_events (contact_id)",
)

_VERSION_4 = (
    "ALTER TABLE campaigns ADD COLUMN enrolled_from TEXT",
    """
    CREATE TABLE sharing (
        campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
        position BIGINT NOT NULL,
        first_position BIGINT NOT NULL,
        PRIMARY KEY (campaign_id, first_position, position)
    )
    """,
    "CREATE INDEX sharing_rows ON sharing (campaign_id, position)",
    """
    CREATE INDEX contacts_standing ON contacts (
        campaign_id, state, outcome, reason_kind, position
    ) WHERE position IS NOT NULL
    """,
    "CREATE INDEX contacts_gone ON contacts (campaign_id) WHERE position IS NULL",
)

#: Nothing that a person asked of a run of an earlier version lasts: there was no way to ask.
_VERSION_5 = (
    "ALTER TABLE campaigns ADD COLUMN paused_at BIGINT",
    "ALTER TABLE campaigns ADD COLUMN paused_by TEXT",
    "ALTER TABLE runs ADD COLUMN stop_asked_at BIGINT",
    "ALTER TABLE runs ADD COLUMN stop_asked_by TEXT",
    "ALTER TABLE runs ADD COLUMN seen_at BIGINT",
    "ALTER TABLE runs ADD COLUMN doing TEXT",
    """
    CREATE TABLE recordings (
        attempt_id INTEGER PRIMARY KEY REFERENCES attempts (id),
        state TEXT NOT NULL CHECK (state IN ('kept', 'missing')),
        file TEXT,
        size BIGINT,
        sha256 TEXT,
        place TEXT UNIQUE,
        why TEXT,
        tries BIGINT NOT NULL DEFAULT 0 CHECK (tries >= 0),
        at BIGINT NOT NULL,
        CHECK ((state = 'kept') = (file IS NOT NULL)),
        CHECK (file IS NULL OR file = place),
        CHECK ((file IS NULL) = (size IS NULL) AND (file IS NULL) = (sha256 IS NULL)),
        CHECK (state <> 'missing' OR why IS NOT NULL)
    )
    """,
    "CREATE INDEX runs_latest ON runs (campaign_id, id)",
)

_VERSION_6 = (
    "ALTER TABLE runs ADD COLUMN distributed BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE runs ADD COLUMN tells_results BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE runs ADD COLUMN slot_length BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE runs ADD COLUMN next_start BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE runs ADD COLUMN admitted_at BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE runs ADD COLUMN budget_left BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE runs ADD COLUMN called BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE runs ADD COLUMN called_from BIGINT",
    "ALTER TABLE runs ADD COLUMN called_to BIGINT",
    "ALTER TABLE runs ADD COLUMN minutes BIGINT",
    "ALTER TABLE runs ADD COLUMN minutes_to BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE runs ADD COLUMN api_bearing TEXT",
    "ALTER TABLE runs ADD COLUMN shut_until BIGINT",
    "ALTER TABLE runs ADD COLUMN wanted_ending TEXT",
    "ALTER TABLE runs ADD COLUMN wanted_why TEXT",
    "ALTER TABLE runs ADD COLUMN canary BIGINT",
    """
    CREATE TABLE definitions (
        run_id INTEGER PRIMARY KEY REFERENCES runs (id),
        definition TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE listed (
        run_id BIGINT NOT NULL,
        number TEXT NOT NULL,
        source TEXT NOT NULL,
        PRIMARY KEY (run_id, number)
    )
    """,
    """
    CREATE TABLE workers (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        concurrency BIGINT NOT NULL,
        started_at BIGINT NOT NULL,
        seen_at BIGINT NOT NULL,
        ended_at BIGINT,
        doing TEXT
    )
    """,
    """
    CREATE TABLE refusals (
        run_id BIGINT NOT NULL,
        worker_id BIGINT NOT NULL,
        why TEXT NOT NULL,
        PRIMARY KEY (run_id, worker_id)
    )
    """,
    "CREATE INDEX workers_alive ON workers (seen_at) WHERE ended_at IS NULL",
    "ALTER TABLE contacts ADD COLUMN reserved_job BIGINT",
    "ALTER TABLE contacts ADD COLUMN starts_at BIGINT",
    "ALTER TABLE attempts ADD COLUMN worker_id BIGINT",
    "ALTER TABLE attempts ADD COLUMN follow_job BIGINT",
    "CREATE INDEX attempts_doubted ON attempts (placed_at) WHERE state = 'unknown'",
    "CREATE INDEX attempts_by_workers ON attempts (run_id, id) WHERE worker_id IS NOT NULL",
    "CREATE INDEX attempts_turned_away ON attempts (run_id) WHERE state = 'turned_away'",
    """
    CREATE INDEX attempts_in_hand ON attempts (worker_id)
    WHERE worker_id IS NOT NULL AND state IN ('dialing', 'in_call')
    """,
)

#: The statements that lead from each version to the next; the first leads from an empty file to 1.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    _VERSION_1,
    _VERSION_2,
    _VERSION_3,
    _VERSION_4,
    _VERSION_5,
    _VERSION_6,
)

#: The version that this program reads and writes.
VERSION = len(MIGRATIONS)
