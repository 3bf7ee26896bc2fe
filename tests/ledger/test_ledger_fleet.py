"""Any number of workers that are lost and come back at any moment: nobody is called twice."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any, ClassVar, LiteralString, TypeVar

import anyio.from_thread
import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from poku_batch.errors import NotReservedError
from poku_batch.ledger import SqlLedger, inspect, open_ledger
from poku_batch.models import (
    Admission,
    AdmissionRules,
    AttemptId,
    CallResult,
    CampaignId,
    ContactId,
    ContactKey,
    ContactState,
    DuplicateRule,
    Enrolment,
    Go,
    InteractionId,
    Room,
    RunEnding,
)
from tests.ledger.shared import DIGEST, SLOT, STALLED, Shared, now
from tests.postgresql import Server

T = TypeVar("T")

SLOTS = 3
CONTACTS = 7
WORKERS = 3
NONE = AttemptId(0)
ENDED = CallResult(outcome="completed")
RULES = AdmissionRules(slots=SLOTS, slot=SLOT)


@dataclass(eq=False)
class Hand:
    """What a worker believes of a contact that it was handed; it may be frozen for any time."""

    worker: int
    admission: Admission
    stage: str = "handed"
    attempt: AttemptId = NONE
    placement: int = 0
    ring: "Ring | None" = None


@dataclass(eq=False)
class Ring:
    """A phone that rang."""

    contact: int
    goes_on: bool = True


@dataclass
class Fleet:
    """A ledger for all examples; each has a campaign of its own in it."""

    portal: anyio.from_thread.BlockingPortal
    ledger: SqlLedger
    asking: "psycopg.Connection[tuple[object, ...]]"
    url: str
    numbers: Iterator[int] = field(default_factory=lambda: count(1))


class FleetMachine(RuleBasedStateMachine):
    fleet: ClassVar[Fleet]

    def __init__(self) -> None:
        super().__init__()
        self.campaign = CampaignId(name=f"fleet-{next(self.fleet.numbers)}")
        self.hands: list[Hand] = []
        self.rings: list[Ring] = []
        self.world = self.call(self.begin_run)

    def call(self, act: Callable[[], Awaitable[T]]) -> T:
        return self.fleet.portal.call(act)

    async def begin_run(self) -> Shared:
        ledger = self.fleet.ledger
        distribution = ledger.distribution
        assert distribution is not None
        async with ledger.enrolment(self.campaign, ["n"], DuplicateRule.FIRST) as session:
            rows = [
                Enrolment(row=n, cells=(str(n),), key=ContactKey(f"k{n}"), to=f"+1415555{n:04d}")
                for n in range(1, CONTACTS + 1)
            ]
            await session.add(rows)
            await session.commit(now=now())
        held = await ledger.open_run(self.campaign, at=now())
        run = await held.share("{}", slot=SLOT)
        names = [f"{self.campaign}-{n}" for n in range(WORKERS)]
        workers = [await distribution.register(name, concurrency=SLOTS) for name in names]
        return Shared(ledger, run, held, tuple(workers), self.fleet.url)

    # --- what happens ---

    @rule()
    def admit(self) -> None:
        run = self.world.run.id
        self.call(lambda: self.world.distribution.admit(run, RULES, judge=lambda _: Go()))

    @rule(data=st.data(), worker=st.integers(0, WORKERS - 1))
    def deliver(self, data: st.DataObject, worker: int) -> None:
        """The engine delivers, the same job also twice, and to whoever asks."""
        jobs = self.jobs("contact")
        if jobs:
            self.take(data.draw(st.sampled_from(jobs)), worker)

    def take(self, contact: int, worker: int) -> None:
        run = self.world.run.id
        handed = self.call(lambda: self.world.distribution.take(run, ContactId(contact)))
        if handed is not None:
            self.hands.append(Hand(worker, handed.admission))

    @precondition(lambda self: self.hands)
    @rule(data=st.data(), answer=st.sampled_from(["rings", "turned away", "rings", "refused"]))
    def go_on(self, data: st.DataObject, answer: str) -> None:
        self.act(data.draw(st.sampled_from(self.hands)), answer)

    @rule(worker=st.integers(0, WORKERS - 1))
    def lose_a_worker(self, worker: int) -> None:
        self.call(lambda: self.world.distribution.leave(self.world.workers[worker]))
        self.sweep()

    @rule(worker=st.integers(0, WORKERS - 1))
    def hear_of_a_worker(self, worker: int) -> None:
        self.call(lambda: self.world.distribution.beat(self.world.workers[worker], draining=False))

    @rule(data=st.data())
    def lose_a_job(self, data: st.DataObject) -> None:
        jobs = self.jobs("contact")
        if jobs:
            contact = data.draw(st.sampled_from(jobs))
            self.ask("DELETE FROM procrastinate_jobs WHERE (args->>'contact')::int = %s", contact)

    @rule()
    def sweep(self) -> None:
        self.call(lambda: self.world.distribution.sweep(stalled=STALLED))

    # --- what a worker does with what it has in hand, one step at a time ---

    def act(self, hand: Hand, answer: str) -> None:
        try:
            getattr(self, hand.stage)(hand, answer)
        except NotReservedError:
            if hand.attempt:
                self.give_back(hand)
            self.hands = [other for other in self.hands if other is not hand]

    def handed(self, hand: Hand, _answer: str) -> None:
        joined = self.world.joined(hand.worker)
        begun = self.call(lambda: joined.begin(hand.admission, prompt_sha256=DIGEST, at=now()))
        assert isinstance(begun, int)
        hand.attempt, hand.placement = AttemptId(begun), hand.admission.placements + 1
        hand.stage = "begun"

    def begun(self, hand: Hand, answer: str) -> None:
        """The request leaves."""
        if answer == "rings":
            hand.ring, hand.stage = Ring(hand.admission.contact_id), "rung"
            self.rings.append(hand.ring)
            return
        hand.stage = "turned_away" if answer == "turned away" else "refused"

    def turned_away(self, hand: Hand, _answer: str) -> None:
        if self.write(hand, "hold"):
            hand.stage = "held"

    def held(self, hand: Hand, _answer: str) -> None:
        joined, attempt = self.world.joined(hand.worker), hand.attempt
        self.call(lambda: joined.begin_again(attempt, placement=hand.placement, at=now()))
        hand.placement, hand.stage = hand.placement + 1, "begun"

    def refused(self, hand: Hand, _answer: str) -> None:
        if self.write(hand, "turn_away", due_at=now(), placement=hand.placement):
            self.hands.remove(hand)

    def rung(self, hand: Hand, _answer: str) -> None:
        self.write(hand, "started", InteractionId(f"i{hand.attempt}"))
        hand.stage = "in_call"

    def in_call(self, hand: Hand, _answer: str) -> None:
        assert hand.ring is not None
        hand.ring.goes_on = False
        self.write(hand, "finish", ENDED)
        self.hands.remove(hand)

    def give_back(self, hand: Hand) -> None:
        """What a worker does with a request that is not to leave after all."""
        self.write(hand, "turn_away", due_at=now(), sent=False, placement=hand.placement)

    def write(self, hand: Hand, verb: str, *said: Any, **more: Any) -> bool:
        """Write what came of a placement; of one that was given up, only an ID and an end."""
        if verb in {"hold", "turn_away"}:
            said = ("429",)
            if self.state(hand.attempt) == "unknown":
                # It stays so: the ledger refuses what would make nothing of it.
                self.hands = [other for other in self.hands if other is not hand]
                return False
        joined = self.world.joined(hand.worker)
        self.call(lambda: getattr(joined, verb)(hand.attempt, *said, at=now(), **more))
        return True

    # --- what must always hold ---

    @invariant()
    def never_more_go_on_than_there_are_slots(self) -> None:
        room = self.room()
        assert room.held <= SLOTS
        assert sum(ring.goes_on for ring in self.rings) <= room.held

    @invariant()
    def nobody_rings_twice(self) -> None:
        rings = Counter(ring.contact for ring in self.rings)
        assert not rings or max(rings.values()) == 1

    def teardown(self) -> None:
        try:
            self.all_come_to_their_end()
        finally:
            self.call(lambda: self.world.held.close(RunEnding.STOPPED, at=now()))

    def all_come_to_their_end(self) -> None:
        for worker in range(WORKERS):
            self.hear_of_a_worker(worker)
        for _ in range(4 * CONTACTS):
            self.finish_hands()
            if not self.admit_some() and self.room().held == 0:
                break
            for contact in self.jobs("contact"):
                self.take(contact, 0)
            self.finish_hands()
            self.follow_all()
            self.ask("DELETE FROM procrastinate_jobs")
            # So long that whatever was not known to end is over.
            self.ask(
                "UPDATE attempts SET placed_at = placed_at - 100000000 "
                "WHERE state IN ('unknown', 'dialing', 'in_call', 'turned_away')"
            )
            self.sweep()
        states = self.call(self.states)
        assert set(states.values()) <= {ContactState.DONE, ContactState.UNKNOWN}, states
        assert self.room().reserved == 0
        assert inspect(self.fleet.url).problems == ()

    def finish_hands(self) -> None:
        while self.hands:
            self.act(self.hands[0], "rings")
            self.never_more_go_on_than_there_are_slots()
            self.nobody_rings_twice()

    def admit_some(self) -> int:
        run = self.world.run.id
        return self.call(lambda: self.world.distribution.admit(run, RULES, judge=lambda _: Go()))

    def follow_all(self) -> None:
        """Whoever takes a call up that another left follows it to its end."""
        for number in self.jobs("attempt"):
            self.call(partial(self.follow, AttemptId(number)))

    async def follow(self, attempt: AttemptId) -> None:
        world, worker = self.world, self.world.workers[1]
        if await world.distribution.take_call(world.run.id, attempt, worker) is not None:
            await world.joined(1).finish(attempt, ENDED, at=now())

    async def states(self) -> dict[str, ContactState]:
        return {
            record.key: record.state
            async for batch in self.world.ledger.records(self.campaign)
            for record in batch
        }

    def room(self) -> Room:
        run = self.world.run.id
        found = self.call(lambda: self.world.distribution.room(run, RULES))
        assert found is not None
        return found

    def ask(self, statement: LiteralString, *values: object) -> list[tuple[object, ...]]:
        cursor = self.fleet.asking.execute(statement, values)
        return cursor.fetchall() if cursor.description else []

    def state(self, attempt: AttemptId) -> object:
        return self.ask("SELECT state FROM attempts WHERE id = %s", attempt)[0][0]

    def jobs(self, what: str) -> list[int]:
        asked = self.ask(
            "SELECT (args->>%s)::int FROM procrastinate_jobs WHERE (args->>'run')::int = %s "
            "ORDER BY id",
            what,
            self.world.run.id,
        )
        return [number for (number,) in asked if isinstance(number, int)]


@pytest.mark.timeout(120)
def test_workers_that_are_lost_and_come_back_call_nobody_twice_and_leave_nobody(
    postgresql_server: Server,
) -> None:
    url = postgresql_server.new_ledger()
    with ExitStack() as stack:
        portal = stack.enter_context(anyio.from_thread.start_blocking_portal())
        ledger = stack.enter_context(portal.wrap_async_context_manager(open_ledger(url)))
        assert ledger.distribution is not None
        portal.call(ledger.distribution.prepare)
        asking = stack.enter_context(psycopg.connect(url, autocommit=True))
        FleetMachine.fleet = Fleet(portal, ledger, asking, url)
        run_state_machine_as_test(
            FleetMachine,
            settings=settings(
                max_examples=12,
                stateful_step_count=30,
                deadline=None,
                phases=[Phase.generate, Phase.shrink],
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            ),
        )
