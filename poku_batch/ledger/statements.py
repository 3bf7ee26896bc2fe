"""The SQL of runs, transitions and reading. Parameters are named; times are stored instants.

Conditions that a partial index has are repeated word for word, or SQLite would not use it:
``contacts_due``, ``attempts_unfinished``. Where a few rows of a partial index lead to the rest,
it is named and joined from by CROSS JOIN: SQLite cannot know how few they are, and would rather go
through every contact. PostgreSQL reckons by itself, and both are left out for it.
"""

ADD_CAMPAIGN = """
    INSERT INTO campaigns (name, wave) VALUES (:name, :wave) ON CONFLICT (name, wave) DO NOTHING
"""

FIND_CAMPAIGN = "SELECT id, columns FROM campaigns WHERE name = :name AND wave = :wave"

# --- runs --------------------------------------------------------------------------------------

ADD_RUN = """
    INSERT INTO runs (campaign_id, host, pid, started_at)
    VALUES (:campaign, :host, :pid, :at)
    RETURNING id
"""

#: Who holds a campaign, if somebody does: the latest of the runs that have not ended.
FIND_HOLDER = """
    SELECT r.host, r.pid, r.started_at
    FROM runs r JOIN campaigns c ON c.id = r.campaign_id
    WHERE c.name = :name AND c.wave = :wave AND r.ended_at IS NULL
    ORDER BY r.id DESC LIMIT 1
"""

END_RUN = "UPDATE runs SET ended_at = :at, ending = :ending WHERE id = :run AND ended_at IS NULL"

#: An open run whose calls workers make.
FIND_DISTRIBUTED = """
    SELECT id FROM runs WHERE campaign_id = :campaign AND ended_at IS NULL AND distributed = 1
    ORDER BY id DESC LIMIT 1
"""

SHARE_RUN = """
    UPDATE runs SET distributed = 1, tells_results = :tell, slot_length = :slot, canary = :canary
    WHERE id = :run
"""

ADD_DEFINITION = "INSERT INTO definitions (run_id, definition) VALUES (:run, :definition)"

FORGET_DEFINITION = "DELETE FROM definitions WHERE run_id = :run"

FORGET_REFUSALS = "DELETE FROM refusals WHERE run_id = :run"

IS_RUN_OPEN = "SELECT 1 FROM runs WHERE id = :run AND ended_at IS NULL"

ABANDON_RUNS = """
    UPDATE runs SET ended_at = :at, ending = 'abandoned'
    WHERE campaign_id = :campaign AND ended_at IS NULL
"""

RELEASE_ALL = """
    UPDATE contacts SET reserved_by = NULL
    WHERE campaign_id = :campaign AND reserved_by IS NOT NULL
"""

#: Attempts that a dead run left between the intent and any answer.
FIND_CUT_OFF = """
    SELECT a.id, a.placed_at
    FROM attempts a INDEXED BY attempts_unfinished CROSS JOIN contacts c ON c.id = a.contact_id
    WHERE c.campaign_id = :campaign
        AND a.state IN ('dialing', 'in_call', 'unknown') AND a.state = 'dialing'
"""

#: Attempts that were turned away and that a dead run meant to place again.
FIND_HELD = """
    SELECT a.id, c.id, a.error
    FROM contacts c JOIN attempts a ON a.contact_id = c.id AND a.number = c.attempts
    WHERE c.campaign_id = :campaign AND c.state = 'dialing' AND a.state = 'turned_away'
"""

FIND_OPEN_CALLS = """
    SELECT a.id, c.id, c.key, c.sheet_row, a.to_number, a.interaction_id, a.placed_at,
        a.number, c.state = 'unknown',
        c.state NOT IN ('dialing', 'unknown') OR a.number <> c.attempts OR c.position IS NULL
    FROM attempts a INDEXED BY attempts_unfinished CROSS JOIN contacts c ON c.id = a.contact_id
    WHERE c.campaign_id = :campaign AND a.run_id <> :run
        AND a.state IN ('dialing', 'in_call', 'unknown') AND a.interaction_id IS NOT NULL
    ORDER BY a.placed_at, a.id
"""

# --- reservations ------------------------------------------------------------------------------

#: The priorities of those who wait, the highest first: a step in the index for each of them, since
#: SQLite would look at every contact for a DISTINCT, and PostgreSQL for a MAX as long as it has not
#: counted them. Conditions as those of ``contacts_due``.
_LEVELS = """
    WITH RECURSIVE levels (priority) AS (
        SELECT (
            SELECT c.priority FROM contacts c
            WHERE c.campaign_id = :campaign
                AND c.state = 'pending' AND c.position IS NOT NULL AND c.reserved_by IS NULL
            ORDER BY c.priority DESC LIMIT 1
        )
        UNION ALL
        SELECT (
            SELECT c.priority FROM contacts c
            WHERE c.campaign_id = :campaign AND c.priority < levels.priority
                AND c.state = 'pending' AND c.position IS NOT NULL AND c.reserved_by IS NULL
            ORDER BY c.priority DESC LIMIT 1
        )
        FROM levels WHERE levels.priority IS NOT NULL
    )
"""

FIND_LEVELS = f"{_LEVELS} SELECT priority FROM levels WHERE priority IS NOT NULL"  # noqa: S608

#: What is handed over of a contact. Who was never called has no last attempt: none is looked for.
_ADMITTED = """
    SELECT c.id, c.key, c.sheet_row, c.to_number, c.cells, c.attempts,
        CASE WHEN a.state = 'turned_away' THEN a.placements END, c.country, a.from_number
    FROM contacts c
    LEFT JOIN attempts a ON a.contact_id = c.id AND a.number = NULLIF(c.attempts, 0)
"""

#: The conditions on the contact are those of the index ``contacts_due``, word for word.
FIND_DUE = f"""{_ADMITTED}
    WHERE c.campaign_id = :campaign AND c.priority = :priority AND c.due_at <= :now
        AND c.state = 'pending' AND c.position IS NOT NULL AND c.reserved_by IS NULL
    ORDER BY c.due_at, c.position
    LIMIT :limit
"""  # put together from the parts above alone

#: One that is reserved, as it was admitted.
FIND_RESERVED = f"""{_ADMITTED}
    WHERE c.id = :contact AND c.campaign_id = :campaign AND c.reserved_by = :run
        AND c.state = 'pending' AND c.position IS NOT NULL
"""  # put together from the parts above alone

FIND_NEXT_DUE = f"""{_LEVELS}
    SELECT MIN((
        SELECT d.due_at FROM contacts d
        WHERE d.campaign_id = :campaign AND d.priority = levels.priority
            AND d.state = 'pending' AND d.position IS NOT NULL AND d.reserved_by IS NULL
        ORDER BY d.due_at LIMIT 1
    ))
    FROM levels WHERE priority IS NOT NULL
"""  # noqa: S608  # put together from the parts above alone

COUNT_LATER = f"""{_LEVELS}
    SELECT COALESCE(SUM((
        SELECT COUNT(*) FROM contacts d
        WHERE d.campaign_id = :campaign AND d.priority = levels.priority AND d.due_at > :now
            AND d.state = 'pending' AND d.position IS NOT NULL AND d.reserved_by IS NULL
    )), 0)
    FROM levels WHERE priority IS NOT NULL
"""  # noqa: S608  # put together from the parts above alone

#: The contacts in ``w``: see ``many``.
RESERVE = "UPDATE contacts SET reserved_by = w.run FROM w WHERE contacts.id = w.contact"

RELEASE = """
    UPDATE contacts SET reserved_by = NULL WHERE id = :contact AND reserved_by = :run
"""

#: A contact is deferred or skipped only as it was handed over: see ``TAKE_RESERVED``.
DEFER_RESERVED = """
    UPDATE contacts SET due_at = MAX(:until, base_due_at), wait_kind = :kind, wait_why = :why,
        reserved_by = NULL
    WHERE id = :contact AND campaign_id = :campaign AND reserved_by = :run
        AND state = 'pending' AND position IS NOT NULL AND to_number = :to
"""

SKIP_RESERVED = """
    UPDATE contacts SET state = 'skipped', reason = :why, reason_kind = :kind, reserved_by = NULL
    WHERE id = :contact AND campaign_id = :campaign AND reserved_by = :run
        AND state = 'pending' AND position IS NOT NULL AND to_number = :to
"""

FAIL_RESERVED = """
    UPDATE contacts SET state = 'failed', reason = :why, reason_kind = :kind, reserved_by = NULL
    WHERE id = :contact AND reserved_by = :run AND state = 'pending'
"""

# --- attempts ----------------------------------------------------------------------------------

#: The placements of a contact's last attempt, where that goes on; one row, or none.
_HELD = """
    SELECT a.placements FROM attempts a
    WHERE a.contact_id = contacts.id AND a.number = contacts.attempts AND a.state = 'turned_away'
"""

#: The contact is taken for dialing only as it was handed over: same number, still reserved, and
#: nobody has called it since.
TAKE_RESERVED = f"""
    UPDATE contacts SET state = 'dialing', reserved_by = NULL, reason = NULL, reason_kind = NULL,
        outcome = NULL
    WHERE id = :contact AND campaign_id = :campaign AND reserved_by = :run
        AND state = 'pending' AND position IS NOT NULL AND to_number = :to
        AND attempts + CASE WHEN EXISTS ({_HELD}) THEN 0 ELSE 1 END = :number
        AND COALESCE(({_HELD}), 0) = :placements
"""  # noqa: S608  # put together from the parts above alone

#: Why no call of a run may begin, whoever makes it: a row only where that is so.
FIND_HINDRANCE = """
    SELECT CASE
        WHEN r.ended_at IS NOT NULL THEN 'the run has ended'
        WHEN r.stop_asked_by IS NOT NULL OR r.wanted_ending IS NOT NULL
            THEN 'the run was asked to end'
        WHEN g.paused_at IS NOT NULL THEN 'the campaign is paused'
        ELSE 'too many calls of the run went wrong'
    END
    FROM runs r JOIN campaigns g ON g.id = r.campaign_id
    WHERE r.id = :run AND (
        r.ended_at IS NOT NULL OR r.stop_asked_by IS NOT NULL OR r.wanted_ending IS NOT NULL
        OR g.paused_at IS NOT NULL OR COALESCE(r.shut_until, 0) > :at
    )
"""

FIND_CONTACT = """
    SELECT state, reserved_by, position, to_number, attempts FROM contacts
    WHERE id = :contact AND campaign_id = :campaign
"""

CONTINUE_ATTEMPT = """
    UPDATE attempts SET state = 'dialing', placements = placements + 1, run_id = :run,
        to_number = :to, cells_digest = :digest, prompt_sha256 = :prompt, placed_at = :at,
        from_number = :from, error = NULL, worker_id = CAST(:worker AS BIGINT)
    WHERE contact_id = :contact AND state = 'turned_away'
        AND number = (SELECT attempts FROM contacts WHERE id = :contact)
"""

COUNT_ATTEMPT = "UPDATE contacts SET attempts = attempts + 1 WHERE id = :contact"

ADD_ATTEMPT = """
    INSERT INTO attempts (contact_id, number, run_id, state, to_number, cells_digest,
        prompt_sha256, placements, began_at, placed_at, from_number, worker_id)
    SELECT id, attempts, :run, 'dialing', :to, :digest, :prompt, 1, :at, :at, :from,
        CAST(:worker AS BIGINT)
    FROM contacts WHERE id = :contact
"""

FIND_LAST_ATTEMPT = """
    SELECT a.id FROM attempts a JOIN contacts c ON c.id = a.contact_id AND c.attempts = a.number
    WHERE c.id = :contact
"""

#: Of the attempts in ``w``: see ``many``.
FIND_ATTEMPTS = """
    SELECT a.id, a.state, a.interaction_id, a.contact_id, a.number = c.attempts, c.state, a.run_id,
        a.to_number, a.placements
    FROM w
    CROSS JOIN attempts a ON a.id = w.attempt
    JOIN contacts c ON c.id = a.contact_id AND c.campaign_id = w.campaign
"""

PLACE_AGAIN = """
    UPDATE attempts SET state = 'dialing', placements = placements + 1, placed_at = :at,
        error = NULL
    WHERE id = :attempt
"""

#: A placement that was never sent is not one.
WITHDRAW = """
    UPDATE attempts SET state = 'turned_away', placements = placements - 1, error = :why
    WHERE id = :attempt AND state = 'dialing'
"""

START = """
    UPDATE attempts SET interaction_id = :interaction,
        state = CASE WHEN state = 'dialing' THEN 'in_call' ELSE state END
    WHERE id = :attempt
"""

SETTLE = "UPDATE attempts SET state = :state, error = :why WHERE id = :attempt"

SET_CONTACT = """
    UPDATE contacts SET state = :state, reason = :why, reason_kind = :kind, outcome = :outcome,
        reserved_by = NULL
    WHERE id = :contact
"""

#: What a person left open when they decided an unknown call, a late answer fills.
FILL_OUTCOME = """
    UPDATE contacts SET outcome = COALESCE(outcome, :outcome)
    WHERE id = :contact AND state IN ('done', 'failed')
"""

KEEP_PROMPT = """
    INSERT INTO prompts (sha256, prompt) VALUES (:digest, :prompt) ON CONFLICT (sha256) DO NOTHING
"""

SET_BASE = """
    UPDATE contacts SET due_at = :due, base_due_at = :due, base_kind = :kind, base_why = :why,
        wait_kind = :kind, wait_why = :why
    WHERE id = :contact
"""

SET_CONTACT_PENDING = """
    UPDATE contacts SET state = 'pending', reason = NULL, reason_kind = NULL WHERE id = :contact
"""

# --- usage -------------------------------------------------------------------------------------

#: A started minute counts; an end that was learnt of late counts as the longest call at most.
COUNT_USAGE = """
    SELECT
        COALESCE(SUM(
            CASE WHEN state = 'ended' AND outcome <> 'invalid_number'
                THEN MAX(1, (MIN(length, COALESCE(:longest, length)) + 59999999) / 60000000)
            END
        ), 0),
        COALESCE(SUM(
            CASE WHEN state IN ('dialing', 'in_call', 'unknown') AND decided IS NULL THEN 1 END
        ), 0)
    FROM (
        SELECT a.state, a.outcome, a.ended_at - a.placed_at AS length, v.attempt_id AS decided
        FROM contacts c JOIN attempts a ON a.contact_id = c.id
        LEFT JOIN verdicts v ON v.attempt_id = a.id
        WHERE c.campaign_id = :campaign
    ) AS calls
"""

#: The latest calls that ended, newest first by their ids: no more rows than ``:within`` are looked
#: at, however many placements came to nothing since.
COUNT_PAST_CALLS = """
    SELECT outcome, COUNT(*), SUM(length),
        SUM(CASE WHEN outcome = 'invalid_number' THEN 0
            ELSE MAX(1, (length + 59999999) / 60000000) END)
    FROM (
        SELECT outcome,
            MAX(0, MIN(ended_at - placed_at, COALESCE(:longest, ended_at - placed_at))) AS length
        FROM attempts
        WHERE state = 'ended' AND id > (SELECT COALESCE(MAX(id), 0) FROM attempts) - :within
        ORDER BY id DESC
        LIMIT :last
    ) AS calls
    GROUP BY outcome
    ORDER BY outcome
"""

# --- reading -----------------------------------------------------------------------------------

#: Of what happened, not of what is to come.
FIND_LATEST = """
    SELECT MAX(at) FROM (
        SELECT MAX(at) AS at FROM attempt_events
        UNION ALL SELECT MAX(placed_at) FROM attempts
        UNION ALL SELECT MAX(ended_at) FROM attempts
        UNION ALL SELECT MAX(started_at) FROM runs
        UNION ALL SELECT MAX(ended_at) FROM runs
        UNION ALL SELECT MAX(enrolled_at) FROM campaigns
        UNION ALL SELECT MAX(decided_at) FROM verdicts
        UNION ALL SELECT MAX(added_at) FROM do_not_call
        UNION ALL SELECT MAX(removed_at) FROM do_not_call
        UNION ALL SELECT MAX(forgotten_at) FROM forgotten
        UNION ALL SELECT MAX(at) FROM outbox
    ) AS times
"""

#: Only those that wait are looked at one by one; the rest is read off ``contacts_standing``.
COUNT_SETTLED = """
    SELECT state,
        CASE WHEN state = 'done' THEN outcome END,
        CASE WHEN state IN ('failed', 'skipped') THEN reason_kind END,
        NULL,
        NULL,
        COUNT(*),
        NULL
    FROM contacts INDEXED BY contacts_standing
    WHERE campaign_id = :campaign AND position IS NOT NULL
        AND state IN ('dialing', 'done', 'failed', 'skipped', 'unknown')
    GROUP BY state, outcome, reason_kind
"""

COUNT_CONTACTS = f"""{COUNT_SETTLED}
    UNION ALL
    SELECT state, NULL, NULL, country,
        CASE WHEN due_at > :now THEN COALESCE(wait_kind, '') END AS wait_kind,
        COUNT(*),
        MIN(due_at)
    FROM contacts INDEXED BY contacts_standing
    WHERE campaign_id = :campaign AND position IS NOT NULL AND state = 'pending'
    GROUP BY 1, 4, 5
"""  # noqa: S608  # put together from the parts above alone

#: The last attempt of a contact, and the one whose result stands: where the last was turned away
#: and the contact waits, or is skipped, the one before it is what came of it so far.
TOLD_ATTEMPT = """
    LEFT JOIN attempts l ON l.contact_id = c.id AND l.number = c.attempts
    LEFT JOIN attempts a ON a.contact_id = c.id AND a.number = CASE
        WHEN l.state = 'turned_away' AND l.number > 1 AND c.state IN ('pending', 'skipped')
            THEN c.attempts - 1
        ELSE c.attempts
    END
"""

#: A person's word stands before a late answer, unless that says not to call again. Of EXISTS
#: PostgreSQL would look at all attempts there are, once for every page.
_RECORDS = f"""
    SELECT c.position, c.sheet_row, c.key, c.cells, c.state, c.to_number, c.attempts,
        CASE WHEN a.outcome = 'do_not_call' THEN a.outcome ELSE COALESCE(v.outcome, a.outcome) END,
        CASE WHEN a.outcome = 'do_not_call' THEN n.summary ELSE COALESCE(v.summary, n.summary) END,
        n.recording_url, a.interaction_id, a.placed_at, a.ended_at, c.reason, n.fields,
        CASE WHEN c.state = 'pending' AND c.wait_kind IS NOT NULL THEN c.due_at END,
        CASE WHEN c.state = 'pending' THEN c.wait_why END,
        (
            SELECT 1 FROM attempts t
            WHERE t.contact_id = c.id AND (
                t.state IN ('dialing', 'in_call', 'unknown')
                OR (t.state = 'ended' AND t.outcome IS NOT 'invalid_number')
            )
            LIMIT 1
        ) IS NOT NULL,
        l.from_number
    FROM contacts c
    {TOLD_ATTEMPT}
    LEFT JOIN answers n ON n.attempt_id = a.id
    LEFT JOIN verdicts v ON v.attempt_id = a.id
"""  # noqa: S608  # put together from the parts above alone

READ_RECORDS = f"""{_RECORDS}
    WHERE c.campaign_id = :campaign AND c.position IS NOT NULL AND c.position > :after
    ORDER BY c.position
    LIMIT :limit
"""

READ_RECORD = f"{_RECORDS} WHERE c.campaign_id = :campaign AND c.key = :key"

#: Rows of the current sheet by their places, in no order.
READ_CHOSEN = f"""{_RECORDS}
    WHERE c.campaign_id = :campaign AND c.position IS NOT NULL
        AND c.position IN (SELECT CAST(value AS BIGINT) FROM json_each(:positions))
"""  # noqa: S608  # put together from the parts above alone

#: What ``_RECORDS`` says of results without fields, a step in an index less for each row.
READ_PLAIN = """
    SELECT c.position, c.cells, c.state,
        CASE WHEN a.outcome = 'do_not_call' THEN a.outcome ELSE COALESCE(v.outcome, a.outcome) END,
        CASE WHEN a.outcome = 'do_not_call' THEN n.summary ELSE COALESCE(v.summary, n.summary) END,
        n.recording_url, a.interaction_id, c.attempts, c.to_number, a.placed_at, a.ended_at,
        c.reason
    FROM contacts c
    LEFT JOIN attempts a ON a.contact_id = c.id AND a.number = CASE
        WHEN c.state IN ('pending', 'skipped') AND c.attempts > 1 AND EXISTS (
            SELECT 1 FROM attempts l
            WHERE l.contact_id = c.id AND l.number = c.attempts AND l.state = 'turned_away'
        ) THEN c.attempts - 1
        ELSE c.attempts
    END
    LEFT JOIN answers n ON n.attempt_id = a.id
    LEFT JOIN verdicts v ON v.attempt_id = a.id
    WHERE c.campaign_id = :campaign AND c.position IS NOT NULL AND c.position > :after
    ORDER BY c.position
    LIMIT :limit
"""
