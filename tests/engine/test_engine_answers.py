"""Each answer of the API and each standing, and what becomes of contact, attempt and event."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from poku_batch.engine.following import FollowRules
from poku_batch.events import (
    CallEnded,
    CallFailed,
    CallLeft,
    CallPlaced,
    CallReleased,
    CallStarted,
    CallTurnedAway,
    CallUnknown,
    SlotsChanged,
)
from poku_batch.models import (
    Answer,
    AttemptState,
    ContactState,
    Doubtful,
    Ended,
    InteractionId,
    NotTold,
    Refused,
    Rejected,
    RunEnding,
    Standing,
    Started,
    StillInCall,
    TurnedAway,
)
from tests.engine.engine_world import Step, World, memory_folder, number

pytestmark = pytest.mark.anyio


@pytest.fixture
def world() -> Iterator[World]:
    with memory_folder() as folder:
        yield World(folder)


ID = InteractionId("call-1")


@pytest.mark.parametrize(
    ("answer", "contact", "attempt", "event", "ending"),
    [
        (
            Ended(summary="She confirmed."),
            ContactState.DONE,
            AttemptState.ENDED,
            CallEnded,
            RunEnding.FINISHED,
        ),
        (
            Ended(summary=None, error="human did not respond"),
            ContactState.DONE,
            AttemptState.ENDED,
            CallEnded,
            RunEnding.FINISHED,
        ),
        (
            Ended(summary=None, error="invalid to number"),
            ContactState.FAILED,
            AttemptState.ENDED,
            CallEnded,
            RunEnding.FINISHED,
        ),
        (
            Rejected(why="HTTP 422: no such number"),
            ContactState.FAILED,
            AttemptState.REJECTED,
            CallFailed,
            RunEnding.FINISHED,
        ),
        (
            Refused(why="HTTP 402: no credits"),
            ContactState.PENDING,
            AttemptState.TURNED_AWAY,
            CallReleased,
            RunEnding.REFUSED,
        ),
        (
            Doubtful(evidence="no answer came"),
            ContactState.UNKNOWN,
            AttemptState.UNKNOWN,
            CallUnknown,
            RunEnding.FINISHED,
        ),
        (
            TurnedAway(why="HTTP 429", retry_after_s=3600),
            ContactState.PENDING,
            AttemptState.TURNED_AWAY,
            CallTurnedAway,
            RunEnding.DUE_LATER,
        ),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "__slots__") else str(value),
)
async def test_each_answer_leads_to_its_states_and_its_event(
    world: World,
    answer: Answer,
    contact: ContactState,
    attempt: AttemptState,
    event: type[Any],
    ending: RunEnding,
) -> None:
    world.api.answers[number(0)] = [Step(does=answer)]
    await world.enrol(1)
    assert await world.run(wait=False) is ending
    assert world.contact(0).state is contact
    [made] = world.attempts(0)
    assert (made.state, made.placements) == (attempt, 1)
    told = [event for event in world.events if not isinstance(event, SlotsChanged)]
    assert [type(event) for event in told[1:3]] == [CallStarted, event]
    assert world.api.count(number(0)) == 1


async def test_the_words_of_each_answer_are_kept_as_reason_or_error(world: World) -> None:
    words = ["HTTP 422: odd", "no answer came: ReadTimeout", "HTTP 429: busy"]
    world.api.answers = {
        number(0): [Step(does=Rejected(why=words[0]))],
        number(1): [Step(does=Doubtful(evidence=words[1]))],
        number(2): [Step(does=TurnedAway(why=words[2], retry_after_s=60))],
    }
    await world.enrol(3)
    await world.run(wait=False)
    assert [world.contact(0).reason, world.contact(1).reason] == words[:2]
    assert [world.attempts(index)[-1].error for index in range(3)] == words


async def test_an_end_is_told_with_its_outcome_summary_and_length(world: World) -> None:
    world.api.answers[number(0)] = [
        Step(does=Ended(summary="Nobody answered the phone."), after_s=45)
    ]
    await world.enrol(1)
    await world.run()
    [ended] = world.of(CallEnded)
    assert (ended.row, ended.key, ended.outcome) == (2, "k0", "no_answer")
    assert (ended.summary, ended.duration_s) == ("Nobody answered the phone.", 45.0)
    assert not ended.failed


async def test_a_clock_that_is_set_back_gives_no_negative_length(world: World) -> None:
    def set_back(_to: str) -> None:
        world.clock.set_back = timedelta(hours=1)

    world.api.at_place = set_back
    await world.enrol(1)
    await world.run()
    [ended] = world.of(CallEnded)
    assert ended.duration_s == 30.0


@pytest.mark.parametrize(
    ("standing", "contact", "attempt", "event", "ending"),
    [
        (
            Ended(summary="She confirmed.", interaction_id=ID),
            ContactState.DONE,
            AttemptState.ENDED,
            CallEnded,
            RunEnding.FINISHED,
        ),
        (
            Ended(summary=None, interaction_id=ID),
            ContactState.DONE,
            AttemptState.ENDED,
            CallEnded,
            RunEnding.FINISHED,
        ),
        (
            StillInCall(),
            ContactState.UNKNOWN,
            AttemptState.UNKNOWN,
            CallUnknown,
            RunEnding.FINISHED,
        ),
        (
            NotTold(why="HTTP 500"),
            ContactState.UNKNOWN,
            AttemptState.UNKNOWN,
            CallUnknown,
            RunEnding.FINISHED,
        ),
        (
            NotTold(why="HTTP 404", missing=True),
            ContactState.UNKNOWN,
            AttemptState.UNKNOWN,
            CallUnknown,
            RunEnding.FINISHED,
        ),
        (
            NotTold(why="HTTP 401", refused=True),
            ContactState.DIALING,
            AttemptState.IN_CALL,
            CallLeft,
            RunEnding.REFUSED,
        ),
    ],
)
async def test_each_standing_of_a_started_call_leads_to_its_states_and_its_event(
    world: World,
    standing: Standing,
    contact: ContactState,
    attempt: AttemptState,
    event: type[Any],
    ending: RunEnding,
) -> None:
    world.api.answers[number(0)] = [Step(does=Started(interaction_id=ID), after_s=1)]
    world.api.standings[ID] = [standing]
    await world.enrol(1)
    assert await world.run(follow=FollowRules(call_timeout_s=60)) is ending
    assert world.contact(0).state is contact
    [made] = world.attempts(0)
    assert (made.state, made.interaction_id) == (attempt, ID)
    told = [type(told) for told in world.events[1:]]
    assert told == [CallStarted, CallPlaced, event]
    assert world.api.count(number(0)) == 1
