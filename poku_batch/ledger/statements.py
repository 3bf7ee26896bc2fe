"""The SQL of runs, transitions and reading. Parameters are named; times are stored instants.

Conditions that a partial index has are repeated word for word, or SQLite would not use it:
``contacts_due``, ``attempts_unfinished``.
"""

ADD_CAMPAIGN = """
    INSERT INTO campaigns (name, wave) VALUES (:name, :wave) ON CONFLICT (name, wave) DO NOTHING
"""

FIND_CAMPAIGN = "SELECT id, columns FROM campaigns WHERE name = :name AND wave = :wave"

# --- runs --------------------------------------------------------------------------------------

ADD_RUN = """
    INSERT INTO runs (campaign_id, host, pid, started_at)
    VALUES (:campaign, :host, :pid, :at)
"""

#: Who holds a campaign, if somebody does: the latest of the runs that have not ended.
FIND_HOLDER = """
    SELECT r.host, r.pid, r.started_at
    FROM runs r JOIN campaigns c ON c.id = r.campaign_id
    WHERE c.name = :name AND c.wave = :wave AND r.ended_at IS NULL
    ORDER BY r.id DESC LIMIT 1
"""

END_RUN = "UPDATE runs SET ended_at = :at, ending = :ending WHERE id = :run AND ended_at IS NULL"

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
    FROM attempts a JOIN contacts c ON c.id = a.contact_id
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
        c.state = 'unknown',
        c.state NOT IN ('dialing', 'unknown') OR a.number <> c.attempts OR c.position IS NULL
    FROM attempts a JOIN contacts c ON c.id = a.contact_id
    WHERE c.campaign_id = :campaign AND a.run_id <> :run
        AND a.state IN ('dialing', 'in_call', 'unknown') AND a.interaction_id IS NOT NULL
    ORDER BY a.placed_at, a.id
"""

# --- reservations ------------------------------------------------------------------------------

#: The conditions on the contact are those of the index ``contacts_due``, word for word.
FIND_DUE = """
    SELECT c.id, c.key, c.sheet_row, c.to_number, c.cells, c.attempts,
        CASE WHEN a.state = 'turned_away' THEN a.placements END
    FROM contacts c
    LEFT JOIN attempts a ON a.contact_id = c.id AND a.number = c.attempts
    WHERE c.campaign_id = :campaign AND c.due_at <= :now
        AND c.state = 'pending' AND c.position IS NOT NULL AND c.reserved_by IS NULL
    ORDER BY c.due_at, c.position
    LIMIT :limit
"""

FIND_NEXT_DUE = """
    SELECT MIN(due_at) FROM contacts
    WHERE campaign_id = :campaign
        AND state = 'pending' AND position IS NOT NULL AND reserved_by IS NULL
"""

RESERVE = "UPDATE contacts SET reserved_by = ? WHERE id = ?"

RELEASE = """
    UPDATE contacts SET reserved_by = NULL WHERE id = :contact AND reserved_by = :run
"""

FAIL_RESERVED = """
    UPDATE contacts SET state = 'failed', reason = :why, reason_kind = :kind, reserved_by = NULL
    WHERE id = :contact AND reserved_by = :run AND state = 'pending'
"""

# --- attempts ----------------------------------------------------------------------------------

#: The contact is taken for dialing only as it was handed over: same number, still reserved.
TAKE_RESERVED = """
    UPDATE contacts SET state = 'dialing', reserved_by = NULL, reason = NULL, reason_kind = NULL,
        outcome = NULL
    WHERE id = :contact AND campaign_id = :campaign AND reserved_by = :run
        AND state = 'pending' AND position IS NOT NULL AND to_number = :to
"""

FIND_CONTACT = """
    SELECT state, reserved_by, position, to_number, attempts FROM contacts
    WHERE id = :contact AND campaign_id = :campaign
"""

CONTINUE_ATTEMPT = """
    UPDATE attempts SET state = 'dialing', placements = placements + 1, run_id = :run,
        to_number = :to, cells_digest = :digest, prompt_sha256 = :prompt, placed_at = :at,
        error = NULL
    WHERE contact_id = :contact AND state = 'turned_away'
        AND number = (SELECT attempts FROM contacts WHERE id = :contact)
"""

COUNT_ATTEMPT = "UPDATE contacts SET attempts = attempts + 1 WHERE id = :contact"

ADD_ATTEMPT = """
    INSERT INTO attempts (contact_id, number, run_id, state, to_number, cells_digest,
        prompt_sha256, placements, began_at, placed_at)
    SELECT id, attempts, :run, 'dialing', :to, :digest, :prompt, 1, :at, :at
    FROM contacts WHERE id = :contact
"""

FIND_LAST_ATTEMPT = """
    SELECT a.id FROM attempts a JOIN contacts c ON c.id = a.contact_id AND c.attempts = a.number
    WHERE c.id = :contact
"""

FIND_ATTEMPT = """
    SELECT a.state, a.interaction_id, a.contact_id, a.number = c.attempts, c.state, a.run_id
    FROM attempts a JOIN contacts c ON c.id = a.contact_id
    WHERE a.id = :attempt AND c.campaign_id = :campaign
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
    UPDATE attempts SET state = 'in_call', interaction_id = :interaction WHERE id = :attempt
"""

SETTLE = "UPDATE attempts SET state = :state, error = :why WHERE id = :attempt"

END = """
    UPDATE attempts SET state = 'ended', ended_at = :at, outcome = :outcome, evidence = :evidence,
        interaction_id = COALESCE(interaction_id, :interaction)
    WHERE id = :attempt
"""

ADD_ANSWER = """
    INSERT INTO answers (attempt_id, summary, recording_url)
    VALUES (:attempt, :summary, :recording)
"""

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

SET_CONTACT_DUE = """
    UPDATE contacts SET state = 'pending', reason = NULL, reason_kind = NULL, due_at = :due
    WHERE id = :contact
"""

SET_CONTACT_PENDING = """
    UPDATE contacts SET state = 'pending', reason = NULL, reason_kind = NULL WHERE id = :contact
"""

# --- reading -----------------------------------------------------------------------------------

COUNT_CONTACTS = """
    SELECT state,
        CASE WHEN state = 'done' THEN outcome END AS outcome,
        CASE WHEN state IN ('failed', 'skipped') THEN reason_kind END AS reason_kind,
        CASE WHEN state = 'pending' THEN country END AS country,
        COUNT(*),
        SUM(CASE WHEN state = 'pending' AND due_at <= :now THEN 1 ELSE 0 END),
        MIN(CASE WHEN state = 'pending' AND due_at > :now THEN due_at END)
    FROM contacts
    WHERE campaign_id = :campaign AND position IS NOT NULL
    GROUP BY 1, 2, 3, 4
"""

#: A person's word stands before a late answer, unless that says not to call again.
_RECORDS = """
    SELECT c.position, c.sheet_row, c.key, c.cells, c.state, c.to_number, c.attempts,
        CASE WHEN a.outcome = 'do_not_call' THEN a.outcome ELSE COALESCE(v.outcome, a.outcome) END,
        CASE WHEN a.outcome = 'do_not_call' THEN n.summary ELSE COALESCE(v.summary, n.summary) END,
        n.recording_url, a.interaction_id, a.placed_at, a.ended_at, c.reason
    FROM contacts c
    LEFT JOIN attempts a ON a.contact_id = c.id AND a.number = c.attempts
    LEFT JOIN answers n ON n.attempt_id = a.id
    LEFT JOIN verdicts v ON v.attempt_id = a.id
"""

READ_RECORDS = f"""{_RECORDS}
    WHERE c.campaign_id = :campaign AND c.position IS NOT NULL AND c.position > :after
    ORDER BY c.position
    LIMIT :limit
"""

READ_RECORD = f"{_RECORDS} WHERE c.campaign_id = :campaign AND c.key = :key"
