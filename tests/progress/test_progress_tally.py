"""Events of real runs, added up: what the tally says in the end is what the ledger says."""

import pickle
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poku_batch.engine.following import FollowRules
from poku_batch.engine.placing import RetryRules
from poku_batch.events import (
    CallEnded,
    CallLeft,
    CallStarted,
    Event,
    Paused,
    Resumed,
    RunStarted,
    Waiting,
)
from poku_batch.models import (
    Answer,
    ContactState,
    Counts,
    Doubtful,
    Ended,
    InteractionId,
    NotTold,
    Refused,
    Rejected,
    Standing,
    Started,
    StillInCall,
    TurnedAway,
)
from poku_batch.policy.polls import MISSING_LIMIT
from poku_batch.progress.tally import Tally
from tests.engine.engine_clock import START
from tests.engine.engine_world import CONFIRMED, Step, World, memory_folder, number

ANSWERS: dict[str, Answer | Exception] = {
    "ended": CONFIRMED,
    "silent": Ended(summary=None),
    "invalid": Ended(summary=None, error="invalid to number"),
    "busy": TurnedAway(why="HTTP 429"),
    "later": TurnedAway(why="HTTP 429", retry_after_s=90),
    "rejected": Rejected(why="HTTP 422"),
    "refused": Refused(why="HTTP 402"),
    "doubtful": Doubtful(evidence="HTTP 502"),
    "defect": RuntimeError("a defect"),
}
MISSING = NotTold(why="HTTP 404", missing=True)
NO_KEY = NotTold(why="HTTP 401", refused=True)
ENDED = Ended(summary="Yes.")
STANDINGS: dict[str, list[Standing]] = {
    "open": [StillInCall()],
    "ended": [ENDED],
    "refused": [NO_KEY],
    "lost, then refused": [*[MISSING] * MISSING_LIMIT, NO_KEY],
    "lost, then ended": [*[MISSING] * MISSING_LIMIT, StillInCall(), ENDED],
    "lost, then invalid": [
        *[MISSING] * MISSING_LIMIT,
        Ended(summary=None, error="invalid to number"),
    ],
}


class Watched:
    """A tally that is looked at after every event."""

    def __init__(self) -> None:
        self.tally = Tally()

    def add(self, event: Event) -> None:
        self.tally.add(event)
        tally = self.tally
        figures = (tally.waiting, tally.in_call, tally.done, tally.failed, tally.unknown)
        assert min(figures) >= 0, (event, figures)
        assert sum(figures) + tally.skipped == tally.total
        assert tally.settled == tally.done + tally.failed + tally.unknown + tally.skipped


async def play(contacts: list[tuple[str, str]], names: list[str], abandon_at: int | None) -> None:
    with memory_folder() as folder:
        world = World(folder)
        for index, (answer, standing) in enumerate(contacts):
            name = InteractionId(f"call-{index}")
            does = ANSWERS.get(answer, Started(interaction_id=name))
            world.api.answers[number(index)] = [Step(does=does, after_s=5), Step(does=CONFIRMED)]
            world.api.standings[name] = [*STANDINGS[standing]]
        await world.enrol(len(contacts), names=dict(enumerate(names)))
        for _ in range(3):
            watched = Watched()
            world.events.clear()

            def hear(told: Event, watched: Watched = watched) -> None:
                watched.add(told)
                if len(world.events) == abandon_at:
                    world.abandon()

            world.on_event = hear
            with suppress(RuntimeError):
                await world.run(
                    retries=RetryRules(attempts=3),
                    follow=FollowRules(call_timeout_s=30),
                    prompt="{% if name == 'bad' %}{{ 1 / 0 }}{% endif %}Hello.",
                )
            require_same(watched.tally, await world.counts())


def require_same(tally: Tally, counts: Counts) -> None:
    assert tally.in_call == 0
    assert tally.total == counts.total
    assert tally.waiting == counts.of(ContactState.PENDING) + counts.of(ContactState.DIALING)
    assert tally.done == counts.of(ContactState.DONE)
    assert tally.failed == counts.of(ContactState.FAILED)
    assert tally.unknown == counts.of(ContactState.UNKNOWN)
    assert tally.skipped == counts.of(ContactState.SKIPPED)
    assert dict(tally.outcomes) == dict(counts.outcomes)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([*ANSWERS, "started"]), st.sampled_from(list(STANDINGS))),
        max_size=8,
    ),
    st.lists(st.sampled_from(["Ada", "bad"]), max_size=8),
    st.none() | st.integers(1, 20),
)
def test_after_any_run_the_figures_are_those_of_the_ledger_and_never_negative(
    contacts: list[tuple[str, str]], names: list[str], abandon_at: int | None
) -> None:
    anyio.run(play, contacts, names, abandon_at)


def counts(pending: int = 0, unknown: int = 0) -> Counts:
    return Counts(
        states={ContactState.PENDING: pending, ContactState.UNKNOWN: unknown},
        outcomes={},
        failures={},
        skip_reasons={},
        countries={},
        due=pending,
        next_due_at=None,
    )


def begun(pending: int = 0, unknown: int = 0) -> Tally:
    tally = Tally()
    tally.add(RunStarted(at=START, campaign="c", counts=counts(pending, unknown), concurrency=2))
    return tally


def test_an_unknown_call_that_is_followed_and_left_is_unknown_again() -> None:
    tally = begun(unknown=1)
    tally.add(CallStarted(at=START, row=2, key="k", followed=True, was_unknown=True))
    assert (tally.in_call, tally.unknown, tally.waiting) == (1, 0, 0)
    tally.add(CallLeft(at=START, row=2, key="k"))
    assert (tally.in_call, tally.unknown, tally.waiting) == (0, 1, 0)


def test_a_note_of_waiting_goes_when_somebody_is_called() -> None:
    tally = begun(pending=1)
    tally.add(Waiting(at=START, until=START, contacts=1))
    assert tally.note.startswith("waiting: 1 is due later, at 2026-11-2")
    tally.add(CallStarted(at=START, row=2, key="k"))
    assert tally.note == ""


def test_what_a_run_says_of_itself_is_that_it_is_paused_and_what_else_there_is() -> None:
    tally = begun(pending=1)
    tally.add(Waiting(at=START, until=START, contacts=1))
    waits = tally.said
    tally.add(Paused(at=START, by="ann", since=START))
    assert tally.said == f"{tally.paused}; {waits}"
    tally.add(Resumed(at=START))
    assert tally.said == waits


def test_a_tally_that_nobody_asks_for_the_rate_does_not_grow_with_the_calls() -> None:
    tally = begun(pending=10_000)
    lengths = []
    for n in range(2_000):
        at = START + timedelta(seconds=n)
        tally.add(CallStarted(at=at, row=2, key="k"))
        tally.add(CallEnded(at=at, row=2, key="k", outcome="busy", summary=None, duration_s=1.0))
        lengths.append(len(pickle.dumps(tally)))
    assert lengths[-1] < 1.1 * lengths[100]
    assert tally.calls_per_minute(at) == pytest.approx(60, abs=1)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "UTC"])
def test_waiting_until_the_end_of_the_calendar_can_be_said_in_every_zone(
    zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        tally = begun(pending=1)
        tally.add(Waiting(at=START, until=datetime.max.replace(tzinfo=UTC), contacts=1))
        assert "9999-12-31" in tally.note
    finally:
        monkeypatch.undo()
        time.tzset()
