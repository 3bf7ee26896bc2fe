"""The SQL of ``decisions`` for a campaign that has no contacts yet: the same, by a shorter way.

Nobody of the sheet is known, so nobody's state is carried on. Where nobody has to wait either, what
becomes of a row is read from the row each time it is asked, and no table of a plan is filled.
"""

from poku_batch.ledger.decisions import JUDGED
from poku_batch.ledger.kinds import LISTED, SAME_NUMBER

#: What ``FILL_BESIDE`` would make of the rows; the last three columns are theirs alone. A view
#: takes no parameters.
KNOWN = f"""
    CREATE TEMP VIEW known AS
    SELECT s.position, s.sheet_row, s.key, s.to_number, s.country, s.hours_group,
        COALESCE('{LISTED}: ' || d.source, s.reason) AS own_reason,
        CASE WHEN d.source IS NOT NULL THEN '{LISTED}' ELSE s.reason_kind END AS own_kind,
        NULL AS contact_id, NULL AS old_state, NULL AS outcome, NULL AS old_due_at,
        NULL AS old_kind, NULL AS base_due_at, NULL AS base_kind, NULL AS base_why,
        NULL AS called_digest, NULL AS old_reason, NULL AS last_state, NULL AS last_number,
        NULL AS last_error, 1 AS next_attempt, 0 AS edited, 0 AS changed, 1 AS anew,
        s.cells, s.priority
    FROM temp.sheet s
    LEFT JOIN main.do_not_call d ON d.number = s.to_number AND d.removed_at IS NULL
"""  # noqa: S608  # put together from the parts above alone

#: What ``FILL_PLAN`` would make of them.
_PLAN = """
    SELECT position, CAST(NULL AS BIGINT) AS contact_id, carries, 1 AS anew,
        CAST(NULL AS TEXT) AS old_state,
        CASE WHEN carries = 1 AND reason IS NULL THEN 'pending' ELSE 'skipped' END AS state,
        reason,
        COALESCE(own_kind, CASE WHEN reason IS NOT NULL THEN '{same_number}' END) AS reason_kind,
        CAST(NULL AS TEXT) AS outcome, 0 AS due_at,
        CAST(NULL AS TEXT) AS wait_kind, CAST(NULL AS TEXT) AS wait_why,
        0 AS base_due_at, CAST(NULL AS TEXT) AS base_kind, CAST(NULL AS TEXT) AS base_why,
        country, hours_group, 1 AS next_attempt,
        sheet_row, key, to_number, cells, priority
    FROM (
        SELECT k.position, k.country, k.hours_group, k.own_kind,
            k.sheet_row, k.key, k.to_number, k.cells, k.priority,
            {judged}
    ) AS judged
"""

#: As ``JUDGED``, where no two rows share a number or a key.
_JUDGED_ALONE = """
            CASE WHEN k.key IS NULL THEN 0 ELSE 1 END AS carries, k.own_reason AS reason
        FROM temp.known k
"""

_SHARING = _PLAN.format(judged=JUDGED, same_number=SAME_NUMBER)
_ALONE = _PLAN.format(judged=_JUDGED_ALONE, same_number=SAME_NUMBER)

#: Nobody waits; rows share numbers or keys, or all are alone with theirs.
PLAN_SHARING = f"CREATE TEMP VIEW plan AS {_SHARING}"
PLAN_ALONE = f"CREATE TEMP VIEW plan AS {_ALONE}"

#: Somebody may wait, which is written into the plan's table.
FILL_PLAN = f"""
    INSERT INTO temp.planned (position, carries, anew, state, reason, reason_kind, due_at,
        base_due_at, country, hours_group, next_attempt)
    SELECT position, carries, anew, state, reason, reason_kind, due_at,
        base_due_at, country, hours_group, next_attempt
    FROM ({_SHARING}) AS plan
    ORDER BY position
"""  # noqa: S608  # put together from the parts above alone

#: What is to be written where the plan is one of these views.
APPLY = (
    """
    INSERT INTO contacts (campaign_id, key, position, sheet_row, to_number, country, cells,
        state, reason, reason_kind, priority)
    SELECT :campaign, CASE WHEN carries = 1 THEN key END, position, sheet_row, to_number,
        country, cells, state, reason, reason_kind, priority
    FROM temp.plan
    ORDER BY position
    """,
)
