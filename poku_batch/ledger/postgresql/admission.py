"""Who is called next in a distributed run: the one place where its bounds are kept.

Invariants: everything is decided and handed to the engine in one writing transaction, which is
alone with the ledger and holds the campaign's row; a slot is counted for whoever is reserved, is
being called, or is unknown and may still be in a call. So no number of workers, alive or dead,
makes more calls at once than the campaign allows.
"""

from collections.abc import Sequence
from datetime import datetime

from poku_batch.ledger import holds, instants
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.happenings import do
from poku_batch.ledger.holds import Hold
from poku_batch.ledger.many import do_each
from poku_batch.ledger.postgresql import bounds, jobs
from poku_batch.ledger.postgresql.bounds import LEAD, NOW, SECOND, Money, Standing
from poku_batch.models import (
    Admission,
    AdmissionRules,
    ApiNews,
    Go,
    JobKind,
    Later,
    Never,
    Permission,
    Room,
    RunEnding,
)
from poku_batch.policy.bearing import Bearing
from poku_batch.ports import Judge

#: While nobody of those who are due may be called, so many are judged in one step at the most.
_JUDGED_AT_ONCE = 256
_JUDGED_IN_ALL = 1_024

#: Whoever looks only because time has passed does so this long after the last look at the soonest.
_TICK = 450_000

_LOCK = "SELECT id FROM campaigns WHERE id = :campaign FOR NO KEY UPDATE"

#: Reserved they are with this, where they are not yet.
_SET_JOBS = """
    UPDATE contacts SET reserved_by = w.run, reserved_job = w.job, starts_at = w.start
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
    standing = bounds.standing_of(connection, run)
    if standing is None:
        return 0
    if tick and not news.any and standing.now - standing.admitted_at < _TICK:
        return 0
    do(connection, _LOCK, {"campaign": standing.campaign})
    bearing = Bearing(rules, standing.api_bearing)
    _hear(connection, run, standing, bearing, news)
    wanted = 0
    if not standing.is_shut:
        wanted = bounds.room_for(connection, run, standing, rules, bearing.slots(standing.now_s))
        wanted = bearing.most(wanted, standing.now_s)
    if money is not None:
        bounds.add_minutes(connection, standing, money)
        wanted = (
            min(wanted, bounds.affordable(connection, standing, money, wanted)) if wanted else 0
        )
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
    connection: Connection, run: int, standing: Standing, bearing: Bearing, news: ApiNews
) -> None:
    """Let all workers go by what one was answered; too many bad calls, time and again, end it."""
    tripped = bearing.hear(news, standing.now_s)
    if tripped is not None:
        do(connection, _SHUT, {"run": run, "until": round(tripped.until_s * SECOND)})
    if tripped is not None and tripped.final and standing.wanted is None:
        standing.wanted, standing.wanted_why = RunEnding.CIRCUIT_BREAKER, tripped.why
        do(connection, END_SO, {"run": run, "ending": standing.wanted, "why": tripped.why})
    if (probed := bearing.probed) is not None:
        found = do(connection, _IS_GIVEN_BACK, {"contact": probed}).fetchone()
        bearing.miss_probe(standing.now_s, given_back=found is not None)


def space_anew(connection: Connection, *, run: int, rules: AdmissionRules) -> int:
    """Give one more call its time, after all that have theirs; in so many microseconds."""
    standing = bounds.standing_of(connection, run)
    interval = None if standing is None else bounds.interval_of(standing, rules)
    if interval is None:
        return 0
    found = do(connection, _SPACE, {"run": run, "interval": interval, "lead": LEAD}).fetchone()
    return int(found[0]) - interval


def room(
    connection: Connection, run: int, rules: AdmissionRules, *, money: Money | None
) -> Room | None:
    """How a run stands; None for one that has ended."""
    standing = bounds.standing_of(connection, run)
    if standing is None or standing.ended_at is not None:
        return None
    reserved, live, doubted = bounds.count_held(connection, standing, rules)
    read, forgotten = bounds.count_read_and_left(connection, standing, rules)
    left = bounds.left_by_limit(connection, run, standing, rules, reserved)
    if money is not None:
        bounds.add_minutes(connection, standing, money)
    over, why = _over(connection, standing, rules, left, money)
    bearing = Bearing(rules, standing.api_bearing)
    return Room(
        held=reserved + live + doubted,
        reserved=reserved,
        live=live + read - (forgotten if standing.is_to_end else 0),
        slots=bounds.slots_of(standing, rules),
        borne=bearing.slots(standing.now_s),
        circuit=bearing.circuit(),
        left=left,
        over=over,
        why=why,
    )


def _over(
    connection: Connection,
    standing: Standing,
    rules: AdmissionRules,
    left: int | None,
    money: Money | None,
) -> tuple[RunEnding | None, str | None]:
    """Why no call of the run is begun any more, if so."""
    if standing.wanted is not None:
        return RunEnding(standing.wanted), standing.wanted_why
    if standing.stop_by is not None:
        return RunEnding.STOPPED, f"{standing.stop_by} asked it to stop"
    if bounds.is_late(standing, rules):
        return RunEnding.DUE_LATER, "the time given with --until has come"
    if left is not None and left <= 0:
        if standing.limit(rules) != rules.limit:
            return RunEnding.CANARY, None
        return RunEnding.LIMIT, rules.limit_why
    if money is not None and money.room(*bounds.usage(connection, standing)) <= 0:
        return RunEnding.BUDGET, "limits.budget has no room for one more call"
    return None, None


def _choose(
    connection: Connection, hold: Hold, wanted: int, judge: Judge, *, now: datetime
) -> list[Admission]:
    """Find those of the due contacts who may be called now; the others wait, or are out.

    They are reserved when they are handed over, or already.
    """
    chosen: list[Admission] = []
    judged = 0
    size = wanted
    while len(chosen) < wanted and judged < _JUDGED_IN_ALL:
        kept = wanted - len(chosen)
        due = holds.due(connection, hold, max(size, kept), now=now)
        if not due:
            break
        judged += len(due)
        permissions = [judge(admission) for admission in due]
        if len(due) <= kept and all(isinstance(each, Go) for each in permissions):
            # Written once. If some are wanted yet, there are no others.
            return chosen + due
        holds.reserve(connection, hold, due)
        allowed = _allowed(connection, hold, due, permissions, now=now)
        chosen += allowed[:kept]
        for beyond in allowed[kept:]:
            holds.release(connection, hold, beyond)
        # Nobody of many may be called now: the end of calling hours puts all of them off.
        size = min(size * 4, _JUDGED_AT_ONCE) if not allowed else 0
    return chosen


def _allowed(
    connection: Connection,
    hold: Hold,
    due: Sequence[Admission],
    permissions: Sequence[Permission],
    *,
    now: datetime,
) -> list[Admission]:
    allowed: list[Admission] = []
    waits: list[tuple[Admission, Later]] = []
    for admission, permission in zip(due, permissions, strict=True):
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
    standing: Standing,
    rules: AdmissionRules,
    chosen: Sequence[Admission],
) -> None:
    """Give each its time and its job."""
    interval = bounds.interval_of(standing, rules)
    starts = [standing.now] * len(chosen)
    if interval is not None:
        starts = [standing.next_start + interval * place for place in range(len(chosen))]
        standing.next_start = starts[-1] + interval
    contacts = [admission.contact_id for admission in chosen]
    ids = jobs.defer(connection, JobKind.CALL, "contact", run, contacts)
    rows = [(*each, run) for each in zip(contacts, ids, starts, strict=True)]
    do_each(connection, _SET_JOBS, ("contact", "job", "start", "run"), rows)
