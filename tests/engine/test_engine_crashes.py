"""A run that is broken off anywhere, and the next one: nobody twice, nobody lost."""

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from poku_batch.engine.placing import RetryRules
from poku_batch.models import (
    AttemptState,
    ContactState,
    Doubtful,
    Ended,
    InteractionId,
    Rejected,
    RunEnding,
    Started,
    StillInCall,
    TurnedAway,
)
from tests.engine.engine_world import CONFIRMED, Step, World, memory_folder, number

OK = Step(does=CONFIRMED, after_s=20)
SCRIPTS: dict[str, list[Step]] = {
    "quick": [Step(does=CONFIRMED, after_s=0)],
    "long": [OK],
    "doubtful": [Step(does=Doubtful(evidence="HTTP 502"), after_s=5)],
    "rejected": [Step(does=Rejected(why="HTTP 422"), after_s=0)],
    "busy": [Step(does=TurnedAway(why="HTTP 429"), after_s=0), OK],
    "later": [Step(does=TurnedAway(why="HTTP 429", retry_after_s=90), after_s=1), OK],
    "always busy": [Step(does=TurnedAway(why="HTTP 429"), after_s=0)],
}
RETRIES = RetryRules(attempts=3)


def scripted(folder_world: World, kinds: list[str]) -> None:
    for index, kind in enumerate(kinds):
        if kind == "started":
            name = InteractionId(f"call-{index}")
            folder_world.api.answers[number(index)] = [
                Step(does=Started(interaction_id=name), after_s=1)
            ]
            folder_world.api.standings[name] = [
                StillInCall(),
                Ended(summary="Yes.", interaction_id=name),
            ]
        else:
            folder_world.api.answers[number(index)] = SCRIPTS[kind]


async def break_off(world: World, blow: str, moment: int, concurrency: int) -> set[str]:
    """Run until the blow, and give the numbers whose call may have rung without its end known."""
    if blow == "kill":
        world.kill_at = moment
    else:
        strike = world.break_off if blow == "cancel" else world.abandon
        world.on_event = lambda _told: strike() if len(world.events) == moment else None
    await world.run(concurrency=concurrency, retries=RETRIES)
    world.kill_at, world.on_event = None, lambda _told: None
    return set(world.api.open_numbers)


async def play(kinds: list[str], blow: str, moment: int, concurrency: int) -> None:
    with memory_folder() as folder:
        world = World(folder)
        scripted(world, kinds)
        await world.enrol(len(kinds))
        open_numbers = await break_off(world, blow, moment, concurrency)
        intents = {
            number(index)
            for index in range(len(kinds))
            if any(made.state is AttemptState.DIALING for made in world.attempts(index))
        }
        assert blow == "kill" or not intents, "the engine tidies up where it is let"
        assert open_numbers <= intents or blow != "kill"
        assert await world.run(concurrency=concurrency, retries=RETRIES) is RunEnding.FINISHED
        for index, kind in enumerate(kinds):
            check(world, index, kind, in_doubt=open_numbers | intents)


def check(world: World, index: int, kind: str, *, in_doubt: set[str]) -> None:
    to, state = number(index), world.contact(index).state
    came = world.api.came.get(to, [])
    placed = world.api.count(to)
    # Placed again only where every placement before was turned away for certain.
    assert placed <= len(came) + 1
    assert all(isinstance(answer, TurnedAway) for answer in came[: placed - 1])
    assert world.contact(index).attempts <= 1
    if to in in_doubt:
        assert state is ContactState.UNKNOWN
        return
    expected = {
        "doubtful": ContactState.UNKNOWN,
        "rejected": ContactState.FAILED,
        "always busy": ContactState.FAILED,
    }
    assert state is expected.get(kind, ContactState.DONE)


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.sampled_from([*SCRIPTS, "started"]), min_size=1, max_size=8),
    st.sampled_from(["kill", "cancel", "abandon"]),
    st.integers(1, 60),
    st.integers(1, 4),
)
def test_wherever_a_run_is_broken_off_the_next_one_calls_nobody_twice_and_loses_nobody(
    kinds: list[str], blow: str, moment: int, concurrency: int
) -> None:
    anyio.run(play, kinds, blow, moment, concurrency)


def test_a_run_that_is_killed_at_each_of_its_steps_leaves_nothing_undecided() -> None:
    for moment in range(1, 45):
        anyio.run(play, ["busy", "started", "long"], "kill", moment, 2)
