"""What bounds a distributed run, as its row and its contacts tell it at a moment.

Invariants: what holds a slot is counted, never remembered: whoever is reserved, is being called, or
is unknown and may still be in a call. What a run has used up is added to what was counted before,
by ids that only grow while one writes at a time; whoever looks in a writing transaction keeps it.
"""

import math
from dataclasses import dataclass
from datetime import timedelta

from poku_batch.ledger import instants, runs
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.happenings import do
from poku_batch.ledger.postgresql import jobs
from poku_batch.ledger.postgresql.happenings import latest
from poku_batch.models import AdmissionRules
from poku_batch.ports import BudgetRoom

SECOND = 1_000_000

#: A call that is spaced is handed over so long before it may begin, in microseconds, and whoever
#: may begin within this is admitted: enough for the engine to have delivered it by then.
LEAD = SECOND // 4
_HORIZON = SECOND

#: A living worker gives a call up by itself; one that has not done so long after, in microseconds.
GRACE = 30 * SECOND

#: So long after its end a call that nobody has in hand is no longer being read, in microseconds.
READ_LONGEST = 300 * SECOND

NOW = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"

_FIND_RUN = f"""
    SELECT {NOW}, r.campaign_id, r.tells_results, r.started_at, r.next_start, r.budget_left,
        r.admitted_at, r.api_bearing, r.wanted_ending, r.wanted_why, r.stop_asked_by, c.paused_at,
        r.ended_at, r.called, r.called_from, r.called_to, r.minutes, r.minutes_to, r.canary
    FROM runs r JOIN campaigns c ON c.id = r.campaign_id
    WHERE r.id = :run AND r.distributed = 1
"""  # noqa: S608  # put together from the parts above alone

#: What holds a slot: reserved, in a call, unknown and perhaps still in one.
_COUNT_HELD = """
    SELECT
        (SELECT COUNT(*) FROM contacts
            WHERE campaign_id = :campaign AND reserved_by IS NOT NULL),
        (SELECT COUNT(*) FROM contacts WHERE campaign_id = :campaign AND state = 'dialing'),
        (SELECT COUNT(*) FROM attempts a JOIN contacts c ON c.id = a.contact_id
            WHERE a.state = 'unknown' AND a.placed_at > :since AND c.campaign_id = :campaign)
"""

_HAS_JOB = f"""
    ({jobs.HAS_JOB.format(job="a.follow_job")} OR {jobs.HAS_JOB.format(job="c.reserved_job")})
"""

#: What a run's end waits for beside its calls: calls that ended and are being read. And what it
#: does not wait for where it is to end: calls whose time is over and that nobody follows.
_COUNT_READ_AND_LEFT = f"""
    SELECT
        (SELECT COUNT(*) FROM answers n
            JOIN attempts a ON a.id = n.attempt_id JOIN contacts c ON c.id = a.contact_id
            WHERE n.to_read = 1 AND c.campaign_id = :campaign
                AND (a.ended_at > :read_since OR {_HAS_JOB})),
        (SELECT COUNT(*) FROM contacts c
            JOIN attempts a ON a.contact_id = c.id AND a.number = c.attempts
            WHERE c.campaign_id = :campaign AND c.state = 'dialing' AND a.state = 'in_call'
                AND a.placed_at < :since AND NOT {_HAS_JOB})
"""  # noqa: S608  # put together from the parts above alone

_COUNT_RESERVED = """
    SELECT COUNT(*) FROM contacts WHERE campaign_id = :campaign AND reserved_by IS NOT NULL
"""

#: Whoever this run has begun to call since it was last counted, and those that it began for an
#: earlier run, which are few. One that was turned away for good is not called. An attempt's id is
#: higher than all that were there before, and stays in its run for as long as that is open.
_COUNT_CALLED = """
    SELECT
        (SELECT COUNT(*) FROM (SELECT 1 FROM attempts
            WHERE run_id = :run AND worker_id IS NOT NULL AND id <= :from {limit}) AS earlier),
        (SELECT COUNT(*) FROM (SELECT 1 FROM attempts
            WHERE run_id = :run AND worker_id IS NOT NULL AND id > :to {limit}) AS more),
        (SELECT COUNT(*) FROM attempts a JOIN contacts c ON c.id = a.contact_id
            WHERE a.run_id = :run AND a.state = 'turned_away' AND a.worker_id IS NOT NULL
                AND NOT (c.state = 'dialing' AND a.number = c.attempts)),
        (SELECT COALESCE(MAX(id), 0) FROM attempts)
"""

#: As ``statements.COUNT_USAGE``, of the calls that ended after an entry of the history; and how
#: many calls ended since.
_COUNT_MINUTES = """
    WITH ends (attempt) AS (
        SELECT attempt_id FROM attempt_events WHERE id > :to AND what = 'ended' {limit}
    )
    SELECT COALESCE(SUM(
        MAX(1, (MIN(length, COALESCE(:longest, length)) + 59999999) / 60000000)
    ), 0), (SELECT COUNT(*) FROM ends)
    FROM (
        SELECT a.ended_at - a.placed_at AS length
        FROM ends e
        JOIN attempts a ON a.id = e.attempt
        JOIN contacts c ON c.id = a.contact_id
        WHERE c.campaign_id = :campaign AND a.outcome <> 'invalid_number'
    ) AS calls
"""

#: Few calls began and ended since somebody last looked. Where no more than these are counted, one
#: plan of PostgreSQL's is good for all times. It takes a third of all that there ever were for
#: later than an id that it does not know yet, and else makes a plan each time it knows one; that
#: takes it longer than to count.
_FEW = 100
_COUNT_FEW_CALLED = _COUNT_CALLED.format(limit=f"LIMIT {_FEW}")
_COUNT_ALL_CALLED = _COUNT_CALLED.format(limit="")
_COUNT_FEW_MINUTES = _COUNT_MINUTES.format(limit=f"LIMIT {_FEW}")
_COUNT_ALL_MINUTES = _COUNT_MINUTES.format(limit="")

_COUNT_OPEN = """
    SELECT COUNT(*) FROM attempts a
    JOIN contacts c ON c.id = a.contact_id
    LEFT JOIN verdicts v ON v.attempt_id = a.id
    WHERE a.state IN ('dialing', 'in_call', 'unknown') AND v.attempt_id IS NULL
        AND c.campaign_id = :campaign
"""


@dataclass(slots=True, kw_only=True)
class Standing:
    """A run as it stands; times are stored ones."""

    now: int
    campaign: int
    tell_results: int
    started_at: int
    next_start: int
    budget_left: int
    admitted_at: int
    api_bearing: str | None
    wanted: str | None
    wanted_why: str | None
    stop_by: str | None
    paused_at: int | None
    ended_at: int | None
    called: int
    called_from: int | None
    called_to: int | None
    minutes: int | None
    minutes_to: int
    canary: int | None

    @property
    def now_s(self) -> float:
        """Seconds since 1970."""
        return self.now / SECOND

    @property
    def is_shut(self) -> bool:
        """Whether nobody may be admitted now, whatever room there is."""
        return self.ended_at is not None or self.is_to_end or self.paused_at is not None

    @property
    def is_to_end(self) -> bool:
        """Whether somebody has asked it to end."""
        return self.wanted is not None or self.stop_by is not None

    def limit(self, rules: AdmissionRules) -> int | None:
        """How many contacts may be called at the most, for the time being."""
        limits = [limit for limit in (rules.limit, self.canary) if limit is not None]
        return min(limits, default=None)

    def share(self, rules: AdmissionRules) -> float:
        """How much of the full pace the run has come to."""
        ramp = instants.length(rules.ramp_up)
        return 1.0 if ramp <= 0 else min(max((self.now - self.started_at) / ramp, 0.0), 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What the budget allows; ``longest`` is how long a call is counted at the most."""

    room: BudgetRoom
    longest: timedelta | None


def standing_of(connection: Connection, run: int) -> Standing | None:
    """How a run stands; None for one that is not distributed."""
    found = do(connection, _FIND_RUN, {"run": run}).fetchone()
    return None if found is None else Standing(**dict(zip(Standing.__slots__, found, strict=True)))


def is_late(standing: Standing, rules: AdmissionRules) -> bool:
    """Whether its last hour has passed."""
    return rules.until is not None and standing.now >= instants.to_stored(rules.until)


def room_for(
    connection: Connection, run: int, standing: Standing, rules: AdmissionRules, borne: int
) -> int:
    """How many contacts slots, pace, limit and the last hour leave room for."""
    if is_late(standing, rules):
        return 0
    held = count_held(connection, standing, rules)
    slots = min(slots_of(standing, rules), borne)
    wanted = min(slots - sum(held), _paced(standing, rules))
    if wanted <= 0:
        return 0
    left = left_by_limit(connection, run, standing, rules, held[0])
    return wanted if left is None else max(min(wanted, left), 0)


def count_held(
    connection: Connection, standing: Standing, rules: AdmissionRules
) -> tuple[int, int, int]:
    """How many slots are held: by reserved contacts, by calls, and by unknown ones."""
    since = standing.now - instants.length(rules.slot)
    values = {"campaign": standing.campaign, "since": since}
    reserved, live, doubted = do(connection, _COUNT_HELD, values).fetchone()
    return reserved, live, doubted


def count_read_and_left(
    connection: Connection, standing: Standing, rules: AdmissionRules
) -> tuple[int, int]:
    """How many calls ended and are being read, and how many nobody follows any more."""
    since = standing.now - instants.length(rules.slot) - GRACE
    values = {
        "campaign": standing.campaign,
        "since": since,
        "read_since": standing.now - READ_LONGEST,
    }
    read, forgotten = do(connection, _COUNT_READ_AND_LEFT, values).fetchone()
    return read, forgotten


def slots_of(standing: Standing, rules: AdmissionRules) -> int:
    """How many slots are used, as the run ramps up."""
    return 1 + math.floor((rules.slots - 1) * standing.share(rules))


def left_by_limit(
    connection: Connection, run: int, standing: Standing, rules: AdmissionRules, reserved: int
) -> int | None:
    """How many more the run's own limit allows; what was begun since is added to its count."""
    limit = standing.limit(rules)
    if limit is None:
        return None
    values = {"run": run, "from": standing.called_from or 0, "to": standing.called_to or 0}
    earlier, more, away, last = map(int, do(connection, _COUNT_FEW_CALLED, values).fetchone())
    if max(earlier, more) >= _FEW:
        earlier, more, away, last = map(int, do(connection, _COUNT_ALL_CALLED, values).fetchone())
    if standing.called_from is None:
        # Whatever there is already is counted where those of earlier runs are.
        standing.called_from, earlier = last, more
    else:
        standing.called += more
    standing.called_to = last
    return limit - earlier - standing.called + away - reserved


def interval_of(standing: Standing, rules: AdmissionRules) -> int | None:
    """How long one call begins after the other; None where nobody asks."""
    if rules.calls_per_minute is None:
        return None
    # It grows from a tenth of the pace, as that of a run on one machine.
    share = 0.1 + 0.9 * standing.share(rules)
    return math.ceil(60 * SECOND / (rules.calls_per_minute * share))


def _paced(standing: Standing, rules: AdmissionRules) -> int:
    """How many calls may begin within the horizon, one after the other."""
    interval = interval_of(standing, rules)
    if interval is None:
        return rules.slots
    standing.next_start = max(standing.next_start, standing.now + LEAD)
    return max((standing.now + LEAD + _HORIZON - standing.next_start) // interval + 1, 0)


def affordable(connection: Connection, standing: Standing, money: Money, wanted: int) -> int:
    """How many more calls the budget allows; counted anew where what was left of it is used up."""
    if standing.budget_left < wanted:
        standing.budget_left = money.room(*usage(connection, standing))
    return max(standing.budget_left, 0)


def usage(connection: Connection, standing: Standing) -> tuple[int, int]:
    """Minutes that calls have taken, and calls that may take more."""
    values = {"campaign": standing.campaign}
    open_ = do(connection, _COUNT_OPEN, values).fetchone()[0]
    reserved = do(connection, _COUNT_RESERVED, values).fetchone()[0]
    return standing.minutes or 0, int(open_) + int(reserved)


def add_minutes(connection: Connection, standing: Standing, money: Money) -> None:
    """Add what ended since the minutes were last counted; count all where nobody has yet."""
    last = latest(connection)
    if standing.minutes is None:
        used = runs.usage(connection, standing.campaign, longest=money.longest)
        standing.minutes = used.minutes
    else:
        values = {
            "campaign": standing.campaign,
            "to": standing.minutes_to,
            "longest": None if money.longest is None else instants.length(money.longest),
        }
        minutes, ends = do(connection, _COUNT_FEW_MINUTES, values).fetchone()
        if ends >= _FEW:
            minutes, _ = do(connection, _COUNT_ALL_MINUTES, values).fetchone()
        standing.minutes += int(minutes)
    standing.minutes_to = last
