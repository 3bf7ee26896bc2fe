"""Whether a run is alive, and when it says so."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from poku_batch.models import CampaignId, Doing, RunEnding, RunId, RunRecord
from poku_batch.policy.liveness import BEAT_EVERY_S, FRESH, Liveness, is_to_be_said, liveness

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
RUN = RunRecord(id=RunId(1), campaign=CampaignId(name="clinic"), host="here", pid=7, started_at=NOW)
HEARD, LONG_AGO = NOW - FRESH, NOW - FRESH - timedelta(microseconds=1)


def judged(run: RunRecord, *, host: str = "here", process_lives: bool = True) -> Liveness:
    return liveness(run, now=NOW, host=host, process_lives=process_lives)


@pytest.mark.parametrize("process_lives", [True, False])
@pytest.mark.parametrize("host", ["here", "there"])
def test_a_run_that_ended_has_ended_whatever_else_is_there(host: str, process_lives: bool) -> None:
    run = replace(RUN, seen_at=NOW, ended_at=NOW, ending=RunEnding.FINISHED)
    assert judged(run, host=host, process_lives=process_lives) is Liveness.ENDED


@pytest.mark.parametrize("seen_at", [None, LONG_AGO, HEARD, NOW])
def test_without_its_process_a_run_of_this_machine_is_dead(seen_at: datetime | None) -> None:
    assert judged(replace(RUN, seen_at=seen_at), process_lives=False) is Liveness.DEAD


@pytest.mark.parametrize(
    ("seen_at", "here", "there"),
    [
        # It reads its sheet, or somebody is asked something.
        (None, Liveness.ALIVE, Liveness.SILENT),
        (HEARD, Liveness.ALIVE, Liveness.ALIVE),
        (LONG_AGO, Liveness.SILENT, Liveness.SILENT),
        # The clocks of two machines differ.
        (NOW + timedelta(minutes=1), Liveness.ALIVE, Liveness.ALIVE),
    ],
)
def test_a_run_that_was_heard_of_lately_is_alive(
    seen_at: datetime | None, here: Liveness, there: Liveness
) -> None:
    run = replace(RUN, seen_at=seen_at)
    assert judged(run) is here
    # What has the same number on this machine says nothing of a run on another.
    for process_lives in (True, False):
        assert judged(run, host="there", process_lives=process_lives) is there


DOING = Doing(now=NOW, concurrency=4, slots=4, in_call=2)


def test_the_first_word_is_said_at_once_and_the_next_after_a_while() -> None:
    assert is_to_be_said(DOING, None, age_s=0)
    assert not is_to_be_said(DOING, DOING, age_s=BEAT_EVERY_S - 0.1)
    assert is_to_be_said(DOING, DOING, age_s=BEAT_EVERY_S)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"note": "paused by ann"}, True),
        ({"until": NOW}, True),
        ({"slots": 2}, True),
        ({"in_call": 0}, True),
        ({"in_call": 3}, False),
        ({"now": NOW + timedelta(seconds=1)}, False),
    ],
)
def test_what_a_person_would_see_is_said_at_once(change: dict[str, object], told: bool) -> None:
    assert is_to_be_said(replace(DOING, **change), DOING, age_s=1.0) is told  # type: ignore[arg-type]
