"""What must hold between a ledger's rows, as questions that find whoever breaks it.

Every ``broken`` gives the campaign, the sheet's row and what is wrong of each; no number, no key.
"""

from dataclasses import dataclass

_KEEP = (
    "this should not be: keep a copy (poku-batch ledger backup) and report it. The contact is not "
    "called by itself; see what happened with poku-batch history"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule that the ledger keeps, since a version of its schema, and what to do if it did not."""

    says: str
    broken: str
    do: str = _KEEP
    since: int = 1


_LAST = """
    FROM contacts c JOIN campaigns g ON g.id = c.campaign_id
    LEFT JOIN attempts a ON a.contact_id = c.id AND a.number = c.attempts
"""


def _disagree(state: str, unless: str, *, since: int = 1, join: str = "") -> Rule:
    broken = f"""
        SELECT g.name, c.sheet_row, COALESCE('attempt ' || a.state, 'no attempt') {_LAST} {join}
        WHERE c.state = '{state}' AND NOT ({unless})
    """  # put together from the words of this file alone
    return Rule(
        says=f"the contact is {state}, and its last attempt says something else",
        broken=broken,
        since=since,
    )


RULES: tuple[Rule, ...] = (
    _disagree("dialing", "COALESCE(a.state, '') IN ('dialing', 'in_call', 'turned_away')"),
    _disagree("pending", "COALESCE(a.state, '') NOT IN ('dialing', 'in_call')"),
    _disagree("skipped", "COALESCE(a.state, '') NOT IN ('dialing', 'in_call')"),
    _disagree("unknown", "COALESCE(a.state, '') = 'unknown'"),
    _disagree(
        "done",
        "COALESCE(a.state, '') = 'ended' OR v.attempt_id IS NOT NULL",
        since=2,
        join="LEFT JOIN verdicts v ON v.attempt_id = a.id",
    ),
    _disagree(
        "failed",
        "COALESCE(a.state, '') NOT IN ('dialing', 'in_call', 'unknown') "
        "OR v.attempt_id IS NOT NULL "
        # Put back after it was unknown, and its row could not be made into a request.
        "OR EXISTS (SELECT 1 FROM attempt_events e WHERE e.contact_id = c.id AND e.what = 'unfit')",
        since=2,
        join="LEFT JOIN verdicts v ON v.attempt_id = a.id",
    ),
    Rule(
        says="the contact's count of attempts is not that of its attempts",
        broken="""
            SELECT g.name, c.sheet_row, 'counted ' || c.attempts || ', found ' || COUNT(a.id)
            FROM contacts c JOIN campaigns g ON g.id = c.campaign_id
            LEFT JOIN attempts a ON a.contact_id = c.id
            GROUP BY c.id, g.name
            HAVING COUNT(a.id) <> c.attempts OR COALESCE(MAX(a.number), 0) <> c.attempts
        """,
    ),
    Rule(
        says="the contact has two attempts open at once",
        broken="""
            SELECT g.name, c.sheet_row, COUNT(*) || ' open'
            FROM attempts a JOIN contacts c ON c.id = a.contact_id
            JOIN campaigns g ON g.id = c.campaign_id
            WHERE a.state IN ('dialing', 'in_call')
            GROUP BY c.id, g.name HAVING COUNT(*) > 1
        """,
    ),
    Rule(
        says="an attempt that is not the contact's last is still open",
        broken="""
            SELECT g.name, c.sheet_row, 'attempt ' || a.number || ' ' || a.state
            FROM attempts a JOIN contacts c ON c.id = a.contact_id
            JOIN campaigns g ON g.id = c.campaign_id
            WHERE a.state IN ('dialing', 'in_call') AND a.number <> c.attempts
        """,
    ),
    Rule(
        says="the contact is reserved by a run that has ended",
        broken="""
            SELECT g.name, c.sheet_row, 'run ' || r.id
            FROM contacts c JOIN campaigns g ON g.id = c.campaign_id
            JOIN runs r ON r.id = c.reserved_by
            WHERE r.ended_at IS NOT NULL
        """,
        do="run the campaign again: it takes back what dead runs reserved",
    ),
    Rule(
        says="a result is kept of a call that has not ended",
        broken="""
            SELECT g.name, c.sheet_row, 'attempt ' || a.number || ' ' || a.state
            FROM answers n JOIN attempts a ON a.id = n.attempt_id
            JOIN contacts c ON c.id = a.contact_id JOIN campaigns g ON g.id = c.campaign_id
            WHERE a.state <> 'ended'
        """,
    ),
    Rule(
        says="the history tells of an attempt that is another contact's",
        broken="""
            SELECT g.name, c.sheet_row, e.what
            FROM attempt_events e JOIN attempts a ON a.id = e.attempt_id
            JOIN contacts c ON c.id = e.contact_id JOIN campaigns g ON g.id = c.campaign_id
            WHERE a.contact_id <> e.contact_id
        """,
        since=2,
    ),
    Rule(
        says="the history does not tell of an attempt",
        broken="""
            SELECT g.name, c.sheet_row, 'attempt ' || a.number
            FROM attempts a JOIN contacts c ON c.id = a.contact_id
            JOIN campaigns g ON g.id = c.campaign_id
            WHERE NOT EXISTS (
                SELECT 1 FROM attempt_events e WHERE e.contact_id = c.id AND e.attempt_id = a.id
            )
        """,
        since=2,
    ),
    Rule(
        says="the contact is due before its last call or placement allows",
        broken=f"""
            SELECT g.name, c.sheet_row, COALESCE(c.base_kind, 'no reason') {_LAST}
            WHERE c.state = 'pending' AND c.base_due_at > c.due_at
        """,
        since=3,
    ),
    Rule(
        says="the contact waits, and nothing says what for",
        broken=f"""
            SELECT g.name, c.sheet_row, 'due at ' || c.due_at {_LAST}
            WHERE c.state = 'pending' AND c.due_at > 0 AND c.wait_kind IS NULL
        """,
        since=3,
    ),
    Rule(
        says="a call is still to be read, and what becomes of its contact was not kept",
        broken="""
            SELECT g.name, c.sheet_row, 'attempt ' || a.number
            FROM attempts a JOIN contacts c ON c.id = a.contact_id
            JOIN campaigns g ON g.id = c.campaign_id
            JOIN answers n ON n.attempt_id = a.id
            WHERE n.to_read = 1 AND n.kept_sequel IS NULL
        """,
        since=3,
    ),
    Rule(
        says="somebody asked in a call not to be called, and the do-not-call list knows nothing",
        broken="""
            SELECT g.name, c.sheet_row, 'attempt ' || a.number
            FROM attempts a JOIN contacts c ON c.id = a.contact_id
            JOIN campaigns g ON g.id = c.campaign_id
            LEFT JOIN answers n ON n.attempt_id = a.id
            LEFT JOIN verdicts v ON v.attempt_id = a.id
            WHERE a.to_number <> ''
                AND ('do_not_call' IN (a.outcome, v.outcome) OR n.opted_out IS NOT NULL)
                AND NOT EXISTS (SELECT 1 FROM do_not_call d WHERE d.number = a.to_number)
        """,
        do="put the number onto the list with poku-batch do-not-call add",
        since=3,
    ),
    Rule(
        says="a message is to be told of another campaign's contact",
        broken="""
            SELECT g.name, c.sheet_row, 'message ' || o.id
            FROM outbox o JOIN contacts c ON c.id = o.contact_id
            JOIN campaigns g ON g.id = o.campaign_id
            WHERE c.campaign_id <> o.campaign_id
        """,
        since=3,
    ),
    Rule(
        says="a local copy is recorded of a call that has no recording",
        broken="""
            SELECT g.name, c.sheet_row, 'attempt ' || a.number
            FROM recordings r JOIN attempts a ON a.id = r.attempt_id
            JOIN contacts c ON c.id = a.contact_id JOIN campaigns g ON g.id = c.campaign_id
            LEFT JOIN answers n ON n.attempt_id = a.id
            WHERE n.recording_url IS NULL
        """,
        since=5,
    ),
    Rule(
        says="the local copy of a recording has a place that is not its own",
        broken="""
            SELECT g.name, c.sheet_row, 'attempt ' || a.number
            FROM recordings r JOIN attempts a ON a.id = r.attempt_id
            JOIN contacts c ON c.id = a.contact_id JOIN campaigns g ON g.id = c.campaign_id
            WHERE r.file IS NOT NULL AND (r.place IS NULL OR r.size < 1 OR length(r.sha256) <> 64)
        """,
        do="let poku-batch recordings --verify look at the files",
        since=5,
    ),
)
