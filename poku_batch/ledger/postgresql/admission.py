"""Who is called next in a distributed run: the one place where its bounds are kept.

Invariants: everything is decided and handed to the engine in one writing transaction, which is
alone with the ledger and holds the campaign's row; a slot is counted for whoever is reserved, is
being called, or is unknown and may still be in a call. So no number of workers, alive or dead,
makes more calls at once than the campaign allows.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from poku_batch.ledger import holds, instants, runs
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.happenings import do
from poku_batch.ledger.holds import Hold
from poku_batch.ledger.many import do_each
from poku_batch.ledger.postgresql import jobs
from poku_batch.ledger.postgresql.happenings import latest
from poku_batch.models import (
    Admission,
    AdmissionRules,
    ApiNews,
    JobKind,
    Later,
    Never,
    Room,
    RunEnding,
)
from poku_batch.policy.bearing import Bearing
from poku_batch.ports import BudgetRoom, Judge

_SECOND = 1_000_000

#: A call that is spaced is handed over so long before it may begin, in microseconds, and whoever
#: may begin within this is admitted: enough for the engine to have delivered it by then.
_LEAD = _SECOND // 4
_HORIZON = _SECOND

#: While nobody of those who are due may be called, so many are judged in one step at the most.
_JUDGED_AT_ONCE = 256
_JUDGED_IN_ALL = 1_024

#: Whoever looks only because time has passed does so this long after the last look at the soonest.
_TICK = 450_000

#: A living worker gives a call up by itself; one that has not done so long after, in microseconds.
GRACE = 30 * _SECOND

#: So long after its end a call that nobody has in hand is no longer being read, in microseconds.
READ_LONGEST = 300 * _SECOND

NOW = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"

_FIND_RUN = f"""
    SELECT {NOW}, r.campaign_id, r.tells_results, r.started_at, r.next_start, r.budget_left,
        r.admitted_at, r.api_bearing, r.wanted_ending, r.wanted_why, r.stop_asked_by, c.paused_at,
        r.ended_at, r.called, r.called_from, r.called_to, r.minutes, r.minutes_to, r.canary
    FROM runs r JOIN campaigns c ON c.id = r.campaign_id
    WHERE r.id = :run AND r.distributed = 1
"""  # noqa: S608  # put together from the parts above alone

_LOCK = "SELECT id FROM campaigns WHERE id = :campaign FOR NO KEY UPDATE"

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
        (SELECT COUNT(*) FROM attempts
            WHERE run_id = :run AND worker_id IS NOT NULL AND id <= :from),
        (SELECT COUNT(*) FROM attempts
            WHERE run_id = :run AND worker_id IS NOT NULL AND id > :to),
        (SELECT COUNT(*) FROM attempts a JOIN contacts c ON c.id = a.contact_id
            WHERE a.run_id = :run AND a.state = 'turned_away' AND a.worker_id IS NOT NULL
                AND NOT (c.state = 'dialing' AND a.number = c.attempts)),
        (SELECT COALESCE(MAX(id), 0) FROM attempts)
"""

#: As ``statements.COUNT_USAGE``, of the calls that ended after an entry of the history.
_COUNT_MINUTES = """
    SELECT COALESCE(SUM(
        MAX(1, (MIN(length, COALESCE(:longest, length)) + 59999999) / 60000000)
    ), 0)
    FROM (
        SELECT a.ended_at - a.placed_at AS length
        FROM attempt_events e
        JOIN attempts a ON a.id = e.attempt_id
        JOIN contacts c ON c.id = a.contact_id
        WHERE e.id > :to AND e.what = 'ended' AND c.campaign_id = :campaign
            AND a.outcome <> 'invalid_number'
    ) AS calls
"""

_COUNT_OPEN = """
    SELECT COUNT(*) FROM attempts a
    JOIN contacts c ON c.id = a.contact_id
    LEFT JOIN verdicts v ON v.attempt_id = a.id
    WHERE a.state IN ('dialing', 'in_call', 'unknown') AND v.attempt_id IS NULL
        AND c.campaign_id = :campaign
"""

_SET_JOBS = """
    UPDATE contacts SET reserved_job = w.job, starts_at = w.start
    FROM w WHERE contacts.id = w.contact
"""

_LOOKED = """
    UPDATE runs SET admitted_at = :now, next_start = :next, budget_left = :left, called = :called,
        called_from = :called_from, called_to = :called_to, minutes = :minutes,
        minutes_to = :minutes_to, api_bearing = :bearing
    WHERE id = :run
"""

END_SO = """
    UPDATE runs SET wanted_ending = :ending, wanted_why = :why
    WHERE id = :run AND ended_at IS NULL AND wanted_ending IS NULL
"""

#: For those who were admitted before.
_SHUT = "UPDATE runs SET shut_until = :until WHERE id = :run"

_IS_GIVEN_BACK = """
    SELECT 1 FROM contacts WHERE id = :contact AND state = 'pending' AND reserved_by IS NULL
"""

_SPACE = f"""
    UPDATE runs SET next_start = MAX(next_start, {NOW} + :lead) + :interval WHERE id = :run
    RETURNING next_start - {NOW}
"""  # noqa: S608  # put together from the parts above alone


@dataclass(slots=True, kw_only=True)
class _Standing:
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
        return self.now / _SECOND

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


def admit(
    connection: Connection,
    run: int,
    rules: AdmissionRules,
    *,
    judge: Judge,
    money: Money | None,
    news: ApiNews,
    tick: bool,
) -> int:
    """Reserve due contacts and hand them to the engine; says how many."""
    standing = _standing(connection, run)
    if standing is None:
        return 0
    if tick and not news.any and standing.now - standing.admitted_at < _TICK:
        return 0
    do(connection, _LOCK, {"campaign": standing.campaign})
    bearing = Bearing(rules, standing.api_bearing)
    _hear(connection, run, standing, bearing, news)
    wanted = 0
    if not standing.is_shut:
        wanted = _wanted(connection, run, standing, rules, bearing.slots(standing.now_s))
        wanted = bearing.most(wanted, standing.now_s)
    if money is not None:
        _add_minutes(connection, standing, money)
        wanted = min(wanted, _affordable(connection, standing, money, wanted)) if wanted else 0
    hold = Hold(campaign=standing.campaign, run=run, tell_results=bool(standing.tell_results))
    chosen = _choose(connection, hold, wanted, judge, now=instants.from_stored(standing.now))
    if chosen:
        bearing.chosen([(each.row, each.contact_id) for each in chosen], standing.now_s)
        _hand_over(connection, run, standing, rules, chosen)
    do(
        connection,
        _LOOKED,
        {
            "run": run,
            "now": standing.now,
            "next": standing.next_start,
            "left": standing.budget_left - len(chosen),
            "called": standing.called,
            "called_from": standing.called_from,
            "called_to": standing.called_to,
            "minutes": standing.minutes,
            "minutes_to": standing.minutes_to,
            "bearing": bearing.kept(),
        },
    )
    return len(chosen)


def _hear(
    connection: Connection, run: int, standing: _Standing, bearing: Bearing, news: ApiNews
) -> None:
    """Let all workers go by what one was answered; too many bad calls, time and again, end it."""
    tripped = bearing.hear(news, standing.now_s)
    if tripped is not None:
        do(connection, _SHUT, {"run": run, "until": round(tripped.until_s * _SECOND)})
    if tripped is not None and tripped.final and standing.wanted is None:
        standing.wanted, standing.wanted_why = RunEnding.CIRCUIT_BREAKER, tripped.why
        do(connection, END_SO, {"run": run, "ending": standing.wanted, "why": tripped.why})
    if (probed := bearing.probed) is not None:
        found = do(connection, _IS_GIVEN_BACK, {"contact": probed}).fetchone()
        bearing.miss_probe(standing.now_s, given_back=found is not None)


def space_anew(connection: Connection, *, run: int, rules: AdmissionRules) -> int:
    """Give one more call its time, after all that have theirs; in so many microseconds."""
    standing = _standing(connection, run)
    interval = None if standing is None else _interval(standing, rules)
    if interval is None:
        return 0
    found = do(connection, _SPACE, {"run": run, "interval": interval, "lead": _LEAD}).fetchone()
    return int(found[0]) - interval


def room(
    connection: Connection, run: int, rules: AdmissionRules, *, money: Money | None
) -> Room | None:
    """How a run stands; None for one that has ended."""
    standing = _standing(connection, run)
    if standing is None or standing.ended_at is not None:
        return None
    reserved, live, doubted = _held(connection, standing, rules)
    read, forgotten = _read_and_left(connection, standing, rules)
    left = _left(connection, run, standing, rules, reserved)
    if money is not None:
        _add_minutes(connection, standing, money)
    over, why = _over(connection, standing, rules, left, money)
    bearing = Bearing(rules, standing.api_bearing)
    return Room(
        held=reserved + live + doubted,
        reserved=reserved,
        live=live + read - (forgotten if standing.is_to_end else 0),
        slots=_slots(standing, rules),
        borne=bearing.slots(standing.now_s),
        circuit=bearing.circuit(),
        left=left,
        over=over,
        why=why,
    )


def _standing(connection: Connection, run: int) -> _Standing | None:
    found = do(connection, _FIND_RUN, {"run": run}).fetchone()
    return (
        None if found is None else _Standing(**dict(zip(_Standing.__slots__, found, strict=True)))
    )


def _over(
    connection: Connection,
    standing: _Standing,
    rules: AdmissionRules,
    left: int | None,
    money: Money | None,
) -> tuple[RunEnding | None, str | None]:
    """Why no call of the run is begun any more, if so."""
    if standing.wanted is not None:
        return RunEnding(standing.wanted), standing.wanted_why
    if standing.stop_by is not None:
        return RunEnding.STOPPED, f"{standing.stop_by} asked it to stop"
    if _is_late(standing, rules):
        return RunEnding.DUE_LATER, "the time given with --until has come"
    if left is not None and left <= 0:
        if standing.limit(rules) != rules.limit:
            return RunEnding.CANARY, None
        return RunEnding.LIMIT, rules.limit_why
    if money is not None and money.room(*_usage(connection, standing)) <= 0:
        return RunEnding.BUDGET, "limits.budget has no room for one more call"
    return None, None


def _is_late(standing: _Standing, rules: AdmissionRules) -> bool:
    return rules.until is not None and standing.now >= instants.to_stored(rules.until)


def _wanted(
    connection: Connection, run: int, standing: _Standing, rules: AdmissionRules, borne: int
) -> int:
    """How many contacts slots, pace, limit and the last hour leave room for."""
    if _is_late(standing, rules):
        return 0
    held = _held(connection, standing, rules)
    slots = min(_slots(standing, rules), borne)
    wanted = min(slots - sum(held), _paced(standing, rules))
    if wanted <= 0:
        return 0
    left = _left(connection, run, standing, rules, held[0])
    return wanted if left is None else max(min(wanted, left), 0)


def _held(
    connection: Connection, standing: _Standing, rules: AdmissionRules
) -> tuple[int, int, int]:
    since = standing.now - instants.length(rules.slot)
    values = {"campaign": standing.campaign, "since": since}
    reserved, live, doubted = do(connection, _COUNT_HELD, values).fetchone()
    return reserved, live, doubted


def _read_and_left(
    connection: Connection, standing: _Standing, rules: AdmissionRules
) -> tuple[int, int]:
    since = standing.now - instants.length(rules.slot) - GRACE
    values = {
        "campaign": standing.campaign,
        "since": since,
        "read_since": standing.now - READ_LONGEST,
    }
    read, forgotten = do(connection, _COUNT_READ_AND_LEFT, values).fetchone()
    return read, forgotten


def _slots(standing: _Standing, rules: AdmissionRules) -> int:
    return 1 + math.floor((rules.slots - 1) * standing.share(rules))


def _left(
    connection: Connection, run: int, standing: _Standing, rules: AdmissionRules, reserved: int
) -> int | None:
    """How many more the run's own limit allows; what was begun since is added to its count."""
    limit = standing.limit(rules)
    if limit is None:
        return None
    values = {"run": run, "from": standing.called_from or 0, "to": standing.called_to or 0}
    earlier, more, away, last = map(int, do(connection, _COUNT_CALLED, values).fetchone())
    if standing.called_from is None:
        # Whatever there is already is counted where those of earlier runs are.
        standing.called_from, earlier = last, more
    else:
        standing.called += more
    standing.called_to = last
    return limit - earlier - standing.called + away - reserved


def _interval(standing: _Standing, rules: AdmissionRules) -> int | None:
    """How long one call begins after the other; None where nobody asks."""
    if rules.calls_per_minute is None:
        return None
    # It grows from a tenth of the pace, as that of a run on one machine.
    share = 0.1 + 0.9 * standing.share(rules)
    return math.ceil(60 * _SECOND / (rules.calls_per_minute * share))


def _paced(standing: _Standing, rules: AdmissionRules) -> int:
    """How many calls may begin within the horizon, one after the other."""
    interval = _interval(standing, rules)
    if interval is None:
        return rules.slots
    standing.next_start = max(standing.next_start, standing.now + _LEAD)
    return max((standing.now + _LEAD + _HORIZON - standing.next_start) // interval + 1, 0)


def _affordable(connection: Connection, standing: _Standing, money: Money, wanted: int) -> int:
    """How many more calls the budget allows; counted anew where what was left of it is used up."""
    if standing.budget_left < wanted:
        standing.budget_left = money.room(*_usage(connection, standing))
    return max(standing.budget_left, 0)


def _usage(connection: Connection, standing: _Standing) -> tuple[int, int]:
    values = {"campaign": standing.campaign}
    open_ = do(connection, _COUNT_OPEN, values).fetchone()[0]
    reserved = do(connection, _COUNT_RESERVED, values).fetchone()[0]
    return standing.minutes or 0, int(open_) + int(reserved)


def _add_minutes(connection: Connection, standing: _Standing, money: Money) -> None:
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
        standing.minutes += int(do(connection, _COUNT_MINUTES, values).fetchone()[0])
    standing.minutes_to = last


def _choose(
    connection: Connection, hold: Hold, wanted: int, judge: Judge, *, now: datetime
) -> list[Admission]:
    """Reserve those of the due contacts who may be called now; the others wait, or are out."""
    chosen: list[Admission] = []
    judged = 0
    size = wanted
    while len(chosen) < wanted and judged < _JUDGED_IN_ALL:
        due = holds.admit(connection, hold, max(size, wanted - len(chosen)), now=now)
        if not due:
            break
        judged += len(due)
        allowed = _allowed(connection, hold, due, judge, now=now)
        kept = wanted - len(chosen)
        chosen += allowed[:kept]
        for beyond in allowed[kept:]:
            holds.release(connection, hold, beyond)
        # Nobody of many may be called now: the end of calling hours puts all of them off.
        size = min(size * 4, _JUDGED_AT_ONCE) if not allowed else 0
    return chosen


def _allowed(
    connection: Connection, hold: Hold, due: Sequence[Admission], judge: Judge, *, now: datetime
) -> list[Admission]:
    allowed: list[Admission] = []
    waits: list[tuple[Admission, Later]] = []
    for admission in due:
        permission = judge(admission)
        match permission:
            case Later():
                waits.append((admission, permission))
            case Never(why=why):
                holds.skip(connection, hold, admission, why, at=now)
            case _:
                allowed.append(admission)
    holds.defer(connection, hold, waits)
    return allowed


def _hand_over(
    connection: Connection,
    run: int,
    standing: _Standing,
    rules: AdmissionRules,
    chosen: Sequence[Admission],
) -> None:
    """Give each its time and its job."""
    interval = _interval(standing, rules)
    starts = [standing.now] * len(chosen)
    if interval is not None:
        starts = [standing.next_start + interval * place for place in range(len(chosen))]
        standing.next_start = starts[-1] + interval
    contacts = [admission.contact_id for admission in chosen]
    ids = jobs.defer(connection, JobKind.CALL, "contact", run, contacts)
    rows = list(zip(contacts, ids, starts, strict=True))
    do_each(connection, _SET_JOBS, ("contact", "job", "start"), rows)
