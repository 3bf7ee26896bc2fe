"""All bounds of a run at once: whatever the rules, the answers and the stops, none is passed."""

import math
import sqlite3
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from poku_batch.engine.following import FollowRules
from poku_batch.engine.placing import RetryRules
from poku_batch.events import CallStarted, CircuitClosed, CircuitOpened, CircuitProbed
from poku_batch.ledger import open_ledger
from poku_batch.models import (
    Cap,
    ContactKey,
    ContactState,
    Doubtful,
    Ended,
    Enrolment,
    InteractionId,
    Rejected,
    RunEnding,
    Started,
    StillInCall,
    TurnedAway,
    Usage,
)
from poku_batch.policy.hours import Hours
from poku_batch.policy.redials import RedialRule, RedialRules
from poku_batch.policy.spending import Budget
from tests.engine.engine_clock import START
from tests.engine.engine_world import (
    CAMPAIGN,
    CONFIRMED,
    Bounds,
    Step,
    World,
    memory_folder,
    number,
)

_HERE = ZoneInfo("America/Los_Angeles")
_LONGEST_S = 120.0
_PER_MINUTE = Decimal("0.10")
_ATTEMPTS = 3
_POOL = ("+14155550190", "+14155550191")

_NOBODY = Ended(summary=None, error="human did not respond")
_ASKED = Ended(summary="She asked not to be called again.")
_INVALID = Ended(summary=None, error="invalid to number")
_AWAY = TurnedAway(why="too many", retry_after_s=2.0)
_LATER = TurnedAway(why="too many", retry_after_s=90.0)
_ANSWERS = (
    Step(does=CONFIRMED, after_s=50.0),
    Step(does=CONFIRMED, after_s=100.0),
    Step(does=_NOBODY, after_s=25.0),
    Step(does=_ASKED, after_s=61.0),
    Step(does=_INVALID, after_s=0.5),
    Step(does=Doubtful(evidence="lost"), after_s=5.0),
    Step(does=Rejected(why="422"), after_s=0.1),
    Step(does=_AWAY, after_s=0.1),
    Step(does=_LATER, after_s=0.1),
    Step(does=Started(interaction_id=InteractionId("")), after_s=1.0),
)
#: What no phone rang for.
_SILENT = (TurnedAway, Rejected)


@dataclass(frozen=True, kw_only=True)
class Blow:
    """What becomes of a run after so many seconds, and how long it takes until the next."""

    what: str
    after_s: float
    pause_s: float


@dataclass(frozen=True, kw_only=True)
class Play:
    """A campaign: what each row's calls come to, whose number it shares, its rules, its runs."""

    scripts: list[list[Step]]
    shares: list[int]
    concurrency: int
    bounds: Bounds
    limit: int | None
    slow_s: dict[str, float]
    blows: list[Blow]


_HOURS = (
    None,
    Hours(week=(((120, 180),),) * 7),
    Hours(week=(((120, 123), (200, 203)),) * 7),
)


@st.composite
def _bounds(draw: st.DrawFn) -> Bounds:
    limit = draw(st.none() | st.integers(2, 30))
    wait = timedelta(seconds=draw(st.sampled_from([1, 40, 4000])))
    redial = RedialRule(attempts=_ATTEMPTS, after=(wait,), jitter=0.0)
    return Bounds(
        hours=draw(st.sampled_from(_HOURS)),
        redials=RedialRules(by_outcome={"no_answer": redial} if draw(st.booleans()) else {}),
        calls_per_minute=draw(st.sampled_from([None, 30.0, 150.0])),
        ramp_up_s=draw(st.sampled_from([0.0, 30.0])),
        breaker=draw(st.sampled_from([None, (2, 0.4, 60.0, 3), (4, 0.5, 600.0, 2)])),
        budget=None
        if limit is None
        else Budget(limit=limit * _PER_MINUTE, per_minute=_PER_MINUTE, longest_s=_LONGEST_S),
        number_caps=(Cap(calls=1, within=timedelta(hours=20)),),
        pool=draw(st.sampled_from([(), _POOL])),
        calls_a_day=draw(st.sampled_from([None, 2])),
        until=START + timedelta(seconds=draw(st.sampled_from([55, 400, 1e6]))),
    )


@st.composite
def _plays(draw: st.DrawFn) -> Play:
    count = draw(st.integers(1, 10))
    lines = st.lists(st.sampled_from(_ANSWERS), min_size=0, max_size=4)
    blow = st.builds(
        Blow,
        what=st.sampled_from(["stop", "abandon", "break off", "nothing"]),
        after_s=st.sampled_from([0.0, 0.1, 3.0, 40.0, 500.0]),
        pause_s=st.sampled_from([0.0, 600.0, 90_000.0]),
    )
    bounds = draw(_bounds())
    shares = [draw(st.integers(max(index - 1, 0), index)) for index in range(count)]
    if draw(st.booleans()):
        shares, bounds = list(range(count)), replace(bounds, number_caps=())
    return Play(
        scripts=[draw(lines) for _ in range(count)],
        shares=shares,
        concurrency=draw(st.integers(1, 6)),
        bounds=bounds,
        limit=draw(st.none() | st.integers(1, 8)),
        slow_s=draw(
            st.dictionaries(st.sampled_from(["admit", "begin", "finish"]), st.just(1.5), max_size=2)
        ),
        blows=draw(st.lists(blow, max_size=2)),
    )


class Watch:
    """Plays a campaign, and holds the world against its rules."""

    def __init__(self, play: Play, world: World) -> None:
        self.play = play
        self.world = world
        self.bounds = play.bounds
        self.scripts: dict[str, list[Step]] = {}
        for index, script in enumerate(play.scripts):
            self._script(number(play.shares[index]), index, script)
        self.world.slow_s = dict(play.slow_s)

    def _script(self, to: str, index: int, script: list[Step]) -> None:
        for place, step in enumerate(script):
            if isinstance(step.does, Started):
                name = InteractionId(f"call-{index}-{place}")
                self.world.api.standings[name] = [StillInCall(), StillInCall(), CONFIRMED]
                script[place] = Step(does=Started(interaction_id=name), after_s=step.after_s)
        self.scripts.setdefault(to, []).extend(script)
        self.world.api.answers[to] = [*self.scripts[to], _ANSWERS[0]]

    async def enrol(self) -> None:
        await self.world.enrol_rows(
            [
                Enrolment(
                    row=index + 2,
                    cells=("N",),
                    key=ContactKey(f"k{index}"),
                    to=number(shared),
                    country="US",
                )
                for index, shared in enumerate(self.play.shares)
            ]
        )

    async def run(self, blow: Blow | None) -> RunEnding | None:
        world, ending = self.world, None
        first_event, first_call = len(world.events), len(world.api.placements)
        began_s, admitted, world.api.most_open = world.clock.monotonic(), world.done["admit"], 0
        world.api.open_numbers.clear()
        runs = world.runs

        async def strike(blow: Blow) -> None:
            await world.clock.sleep(blow.after_s)
            if world.runs == runs:
                return
            acts = {"stop": world.stop, "abandon": world.abandon, "break off": world.break_off}
            acts.get(blow.what, lambda: None)()

        async with anyio.create_task_group() as tasks:
            if blow is not None:
                tasks.start_soon(strike, blow)
            ending = await world.run(
                concurrency=self.play.concurrency,
                limit=self.play.limit,
                retries=RetryRules(attempts=3),
                follow=FollowRules(call_timeout_s=_LONGEST_S),
                bounds=self.bounds,
            )
            tasks.cancel_scope.cancel()
        assert world.api.most_open <= self.play.concurrency
        placed = len(world.api.placements) - first_call
        steps = world.done["admit"] - admitted
        lasted_s = world.clock.monotonic() - began_s
        assert steps <= 20 * (placed + len(self.play.scripts) + 1) + lasted_s / 15, "it spins"
        self.check_breaker(first_event)
        self.check_pace(first_event)
        await self.check_accounts(ending)
        return ending

    def check(self) -> None:
        self.check_hours()
        for shared in set(self.play.shares):
            self.check_number(number(shared))
        if self.bounds.pool and self.bounds.calls_a_day is not None:
            for caller_id in _POOL:
                self._check_cap(
                    [at_s for from_, at_s in self._rung() if from_ == caller_id],
                    Cap(calls=self.bounds.calls_a_day, within=timedelta(days=1)),
                )

    def check_hours(self) -> None:
        for placed in self.world.api.placements:
            at = START + timedelta(seconds=placed.at_s)
            assert self.bounds.until is None or at < self.bounds.until
            if self.bounds.hours is not None:
                here = at.astimezone(_HERE)
                minute = here.hour * 60 + here.minute
                spans = self.bounds.hours.week[here.weekday()]
                assert any(first <= minute < last for first, last in spans), f"called at {here}"

    def check_number(self, to: str) -> None:
        times = self.world.api.times(to)
        does = [self._line(to, place) for place in range(len(times))]
        rung = [
            (at_s, step)
            for at_s, step in zip(times, does, strict=True)
            if not isinstance(step.does, _SILENT) and step.does != _INVALID
        ]
        heard = zip(self.world.api.came.get(to, ()), self.world.api.came_s.get(to, ()), strict=True)
        for answer, heard_s in heard:
            assert answer != _ASKED or times[-1] < heard_s, "called after an opt-out"
        if self.play.shares == list(range(len(self.play.shares))):
            assert all(step.does == _NOBODY for _, step in rung[:-1]), "called twice"
            assert len(rung) <= (_ATTEMPTS if self.bounds.redials.by_outcome else 1)
        for cap in self.bounds.number_caps:
            self._check_cap([at_s for at_s, _ in rung], cap)

    def _rung(self) -> Iterator[tuple[str | None, float]]:
        seen: dict[str, int] = {}
        for placed in self.world.api.placements:
            to = placed.request.to
            step = self._line(to, seen.setdefault(to, 0))
            seen[to] += 1
            if not isinstance(step.does, _SILENT) and step.does != _INVALID:
                yield placed.request.from_, placed.at_s

    def _check_cap(self, times: list[float], cap: Cap) -> None:
        for at_s in times:
            since_s = at_s - cap.within.total_seconds() + 2
            assert bisect_left(times, at_s) - bisect_left(times, since_s) < cap.calls

    def check_breaker(self, first_event: int) -> None:
        """Between opening and closing nobody is called but the probes, after the cool-down."""
        opened: CircuitOpened | None = None
        probes = 0
        slow = timedelta(seconds=self.play.slow_s.get("begin", 0))
        for event in self.world.events[first_event:]:
            match event:
                case CircuitOpened():
                    opened = event
                case CircuitClosed():
                    opened, probes = None, 0
                case CircuitProbed():
                    assert opened is not None
                    assert event.at >= opened.until
                    probes += 1
                case CallStarted(followed=False) if opened and event.at > opened.at + slow:
                    probes -= 1
                    assert probes >= 0, "begun while the breaker was open"
                case _:
                    pass

    def check_pace(self, first_event: int) -> None:
        if self.bounds.calls_per_minute is None:
            return
        per_s = self.bounds.calls_per_minute / 60
        most = max(math.ceil(per_s), math.floor(1.15 * per_s))
        begun = [
            event.at
            for event in self.world.events[first_event:]
            if isinstance(event, CallStarted) and not event.followed
        ]
        for first, later in zip(begun, begun[most:], strict=False):
            assert later - first >= timedelta(seconds=0.999)

    async def check_accounts(self, ending: RunEnding | None) -> None:
        """What the run has counted is what the ledger says, and neither is more than allowed."""
        gate, usage = self.world.gate, await self._usage()
        assert gate is not None
        if self.play.limit is not None:
            assert gate.called <= self.play.limit
        if self.bounds.budget is None or "begin" in self.play.slow_s:
            return
        affordable = int(self.bounds.budget.limit / _PER_MINUTE)
        assert usage.minutes + usage.open * math.ceil(_LONGEST_S / 60) <= affordable
        if ending not in (None, RunEnding.ABANDONED):
            assert gate._spending is not None
            assert (gate._spending._minutes, gate._spending._open) == (usage.minutes, usage.open)

    async def _usage(self) -> Usage:
        async with open_ledger(self.world.path) as ledger:
            run = await ledger.open_run(CAMPAIGN, at=self.world.clock.now())
            usage = await run.usage(longest=timedelta(seconds=_LONGEST_S))
            await run.close(RunEnding.FINISHED, at=self.world.clock.now())
            return usage

    def _line(self, to: str, place: int) -> Step:
        script = self.world.api.answers[to]
        return script[min(place, len(script) - 1)]


async def _play(play: Play) -> None:
    with memory_folder() as folder:
        world = World(folder)
        watch = Watch(play, world)
        await watch.enrol()
        for blow in play.blows:
            await watch.run(blow)
            watch.check()
            world.clock.pass_by(blow.pause_s)
            await watch.enrol()
        ending = await watch.run(None)
        watch.check()
        if ending is RunEnding.FINISHED:
            with closing(sqlite3.connect(world.path)) as connection:
                states = {row[0] for row in connection.execute("SELECT state FROM contacts")}
            assert not states & {ContactState.PENDING, ContactState.DIALING}


@settings(max_examples=40, deadline=None)
@given(_plays())
def test_no_bound_is_passed_whatever_comes(play: Play) -> None:
    anyio.run(_play, play)
