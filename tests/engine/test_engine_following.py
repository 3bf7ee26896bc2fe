"""Calls whose interaction ID is known: followed to their end, by this run or by a later one."""

import itertools
from collections.abc import Iterator

import pytest

from poku_batch.engine.following import FollowRules
from poku_batch.events import CallEnded, CallLeft, CallStarted, CallUnknown
from poku_batch.models import (
    AttemptState,
    ContactState,
    Ended,
    InteractionId,
    NotTold,
    RunEnding,
    Standing,
    Started,
    StillInCall,
)
from poku_batch.policy.polls import MISSING_LIMIT
from tests.engine.engine_world import Step, World, memory_folder, number

pytestmark = pytest.mark.anyio


@pytest.fixture
def world() -> Iterator[World]:
    with memory_folder() as folder:
        yield World(folder)


ID = InteractionId("call-1")
ENDED = Ended(summary="She confirmed.", interaction_id=ID)
MISSING = NotTold(why="HTTP 404", missing=True)
BROKEN = NotTold(why="HTTP 502")
RULES = FollowRules(call_timeout_s=100, poll_interval_s=10)


async def started(world: World, *standings: Standing | Exception) -> None:
    world.api.answers[number(0)] = [Step(does=Started(interaction_id=ID), after_s=1)]
    world.api.standings[ID] = list(standings)
    await world.enrol(1)


def waits(world: World) -> list[float]:
    times = [at for _, at in world.api.asked]
    return [after - before for before, after in itertools.pairwise(times)]


async def test_a_started_call_is_asked_for_until_it_ends(world: World) -> None:
    await started(world, StillInCall(), StillInCall(), ENDED)
    await world.run(follow=RULES)
    assert [round(at) for _, at in world.api.asked] == [11, 21, 31]
    assert world.contact(0).state is ContactState.DONE
    [ended] = world.of(CallEnded)
    assert ended.duration_s == pytest.approx(31, abs=0.1)


@pytest.mark.parametrize(("chance", "wait_s"), [(0.0, 9.0), (0.5, 10.0), (0.999, 10.998)])
async def test_polls_are_spread_around_their_interval(
    world: World, chance: float, wait_s: float
) -> None:
    await started(world, StillInCall(), StillInCall(), ENDED)
    await world.run(follow=RULES, chance=chance)
    assert waits(world) == pytest.approx([wait_s, wait_s], abs=1e-3)


async def test_the_interaction_id_is_durable_before_it_is_asked_for(world: World) -> None:
    seen = []
    world.after["started"] = lambda: seen.append(world.attempts(0)[0])
    await started(world, ENDED)
    await world.run()
    assert [(made.state, made.interaction_id) for made in seen] == [(AttemptState.IN_CALL, ID)]
    assert len(world.api.asked) == 1


async def test_a_call_that_does_not_end_in_time_is_unknown_and_keeps_its_id(world: World) -> None:
    await started(world, StillInCall())
    await world.run(follow=RULES)
    assert 100 <= world.clock.monotonic() <= 115
    [made] = world.attempts(0)
    assert (made.state, made.interaction_id) == (AttemptState.UNKNOWN, ID)
    assert world.contact(0).reason == (
        "placed as call-1, but its end was not told: it had not ended"
    )


async def test_a_late_answer_makes_an_unknown_contact_done_in_a_later_run(world: World) -> None:
    await started(world, StillInCall())
    await world.run(follow=RULES)
    world.api.standings[ID] = [ENDED]
    world.events.clear()
    assert await world.run(follow=RULES) is RunEnding.FINISHED
    assert world.contact(0).state is ContactState.DONE
    begun, ended = world.events[1:]
    assert isinstance(begun, CallStarted)
    assert (begun.followed, begun.was_unknown) == (True, True)
    assert isinstance(ended, CallEnded)
    assert world.api.count(number(0)) == 1


async def test_an_unknown_call_that_still_has_no_end_is_asked_for_once_and_stays_unknown(
    world: World,
) -> None:
    await started(world, StillInCall())
    await world.run(follow=RULES)
    asked = len(world.api.asked)
    await world.run(follow=RULES)
    assert len(world.api.asked) == asked + 1
    assert world.contact(0).state is ContactState.UNKNOWN
    assert world.api.count(number(0)) == 1


async def test_a_missing_interaction_is_asked_for_only_so_often(world: World) -> None:
    await started(world, MISSING)
    await world.run(follow=RULES)
    assert len(world.api.asked) == MISSING_LIMIT
    assert world.contact(0).state is ContactState.UNKNOWN


async def test_an_interaction_that_is_known_late_is_followed(world: World) -> None:
    await started(world, *[MISSING] * (MISSING_LIMIT - 1), StillInCall(), ENDED)
    await world.run(follow=RULES)
    assert world.contact(0).state is ContactState.DONE


async def test_an_interaction_that_is_missed_now_and_then_is_not_lost(world: World) -> None:
    now_and_then: list[Standing] = [MISSING, StillInCall()] * (MISSING_LIMIT + 1)
    await started(world, *now_and_then, ENDED)
    await world.run(follow=FollowRules(call_timeout_s=900, poll_interval_s=10))
    assert world.contact(0).state is ContactState.DONE


async def test_passing_errors_do_not_end_the_following_early(world: World) -> None:
    await started(world, *[BROKEN] * 8, ENDED)
    await world.run(follow=RULES)
    assert world.contact(0).state is ContactState.DONE


async def test_retry_after_is_heeded_between_polls(world: World) -> None:
    await started(world, NotTold(why="HTTP 429", retry_after_s=45), ENDED)
    await world.run(follow=RULES)
    assert waits(world) == pytest.approx([45.0])


async def test_a_retry_after_without_end_does_not_hold_the_slot_for_good(world: World) -> None:
    await started(world, NotTold(why="HTTP 429", retry_after_s=1e12))
    await world.run(follow=RULES)
    assert world.clock.monotonic() < 500
    assert world.contact(0).state is ContactState.UNKNOWN


async def test_a_refused_question_leaves_the_call_to_the_next_run(world: World) -> None:
    await started(world, NotTold(why="HTTP 401: bad key", refused=True), ENDED)
    assert await world.run() is RunEnding.REFUSED
    assert world.going.stop.why == "HTTP 401: bad key"
    assert world.attempts(0)[0].state is AttemptState.IN_CALL
    world.events.clear()
    assert await world.run() is RunEnding.FINISHED
    assert world.contact(0).state is ContactState.DONE
    begun = world.of(CallStarted)[0]
    assert (begun.followed, begun.was_unknown) == (True, False)


async def test_the_age_of_a_call_of_an_earlier_run_counts(world: World) -> None:
    await started(world, NotTold(why="HTTP 401", refused=True), StillInCall())
    await world.run(follow=RULES)
    await world.clock.sleep(60)
    before = world.clock.monotonic()
    await world.run(follow=RULES)
    assert 20 < world.clock.monotonic() - before < 45
    assert world.contact(0).state is ContactState.UNKNOWN


@pytest.mark.parametrize("standing", [BROKEN, NotTold(why="HTTP 429", retry_after_s=30)])
async def test_an_old_call_is_asked_for_three_times_before_it_counts_as_lost(
    world: World, standing: NotTold
) -> None:
    await started(world, NotTold(why="HTTP 401", refused=True))
    await world.run(follow=RULES)
    await world.clock.sleep(100_000)
    world.api.asked.clear()
    world.api.standings[ID] = [standing]
    await world.run(follow=RULES)
    assert len(world.api.asked) == 3
    assert world.contact(0).state is ContactState.UNKNOWN


async def test_open_calls_of_an_earlier_run_come_first_and_use_slots(world: World) -> None:
    ids = [InteractionId(f"call-{index}") for index in range(4)]
    for index, name in enumerate(ids):
        world.api.answers[number(index)] = [Step(does=Started(interaction_id=name), after_s=1)]
        world.api.standings[name] = [NotTold(why="HTTP 401", refused=True)]
    await world.enrol(6)
    await world.run(concurrency=4)
    for name in ids:
        world.api.standings[name] = [StillInCall(), Ended(summary="Yes.", interaction_id=name)]
    world.events.clear()
    assert await world.run(concurrency=2) is RunEnding.FINISHED
    begun = [told.followed for told in world.of(CallStarted)]
    assert begun == [True] * 4 + [False] * 2
    open_now = most = 0
    for told in world.of(CallStarted, CallEnded):
        open_now += 1 if isinstance(told, CallStarted) else -1
        most = max(most, open_now)
    assert most == 2
    assert world.states(6) == [ContactState.DONE] * 6


async def test_a_fault_while_asking_leaves_the_call_and_is_raised(world: World) -> None:
    await started(world, RuntimeError("a defect"), ENDED)
    with pytest.raises(RuntimeError, match="a defect"):
        await world.run()
    assert len(world.of(CallLeft)) == 1
    assert world.of(CallUnknown) == []
    await world.run()
    assert world.contact(0).state is ContactState.DONE
