"""Whether a run is alive, and how a campaign is looked at again and again."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from poku_batch.app import watching
from poku_batch.app.courses import course_of, process_lives
from poku_batch.app.watching import Glance, watch
from poku_batch.campaign import load_campaign
from poku_batch.ledger import open_ledger
from poku_batch.models import ContactKey, Doing, DuplicateRule, Enrolment, RunEnding
from poku_batch.policy.liveness import Liveness
from tests.engine.engine_clock import START

CAMPAIGN = """
name: clinic
contacts: {file: sheet.csv}
prompt: {text: Hello.}
"""


@pytest.fixture
def campaign_file(tmp_path: Path) -> Path:
    path = tmp_path / "campaign.yaml"
    path.write_text(CAMPAIGN)
    (tmp_path / ".poku-batch").mkdir()
    return path


def test_a_process_lives_until_it_has_ended_and_also_if_nobody_asked_about_its_end() -> None:
    assert process_lives(os.getpid())
    assert process_lives(1)
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    deadline = time.monotonic() + 10
    while process_lives(process.pid):  # a zombie from its end on
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.wait()
    assert not process_lives(process.pid)
    assert not process_lives(2**200)


@pytest.mark.anyio
async def test_what_is_seen_follows_the_ledger_and_is_counted_anew_only_when_that_changes(
    campaign_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_EVERY_S", 0.02)
    campaign = load_campaign(campaign_file)
    glances: list[Glance] = []
    async with open_ledger(campaign_file.parent / ".poku-batch" / "ledger.db") as ledger:
        async with ledger.enrolment(campaign.identity, ["a"], DuplicateRule.ALL) as session:
            rows = [
                Enrolment(row=n, cells=("x",), key=ContactKey(f"k{n}"), to=f"+1415555000{n}")
                for n in (2, 3)
            ]
            await session.add(rows)
            await session.commit(now=START)
        run = await ledger.open_run(campaign.identity, at=START)

        async def seen(holds: Callable[[Glance], object] = lambda _: True) -> Glance:
            """The first glance at which this holds, of those to come."""
            glances.clear()
            with anyio.fail_after(10):
                while not (found := [g for g in glances if holds(g)]):  # noqa: ASYNC110 – looked for
                    await anyio.sleep(0.01)
            return found[0]

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: watch(campaign, show=glances.append))
            first = await seen()
            assert (first.counts.total, first.calls, first.per_minute) == (2, (), 0.0)
            assert (first.course.liveness, first.course.pause) == (Liveness.ALIVE, None)
            again = await seen()
            assert again.counts is first.counts
            (admission, _) = await run.admit(2, now=START)
            await run.begin(admission, prompt_sha256="p", at=START)
            calling = await seen(lambda glance: glance.calls)
            assert ([c.row for c in calling.calls], calling.course.open_calls) == ([2], 1)
            await ledger.controls.pause(campaign.identity, by="ann", at=START)
            assert (await seen(lambda glance: glance.course.pause)).course.goes_on
            await run.beat(Doing(now=START, concurrency=2, slots=1), seen_at=START)
            await seen(lambda glance: glance.course.run and glance.course.run.doing)
            await run.close(RunEnding.STOPPED, at=START)
            ended = await seen(lambda glance: not glance.course.goes_on)
            assert ended.course.liveness is Liveness.ENDED
            tasks.cancel_scope.cancel()
        assert (await course_of(ledger, campaign.identity)).liveness is Liveness.ENDED


@pytest.mark.anyio
async def test_looking_rests_nine_times_as_long_as_it_takes(
    campaign_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = load_campaign(campaign_file)
    rests: list[float] = []

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        if len(rests) == 2:
            raise KeyboardInterrupt

    def show(_glance: Glance) -> None:
        # The first look is quick, and the second slow.
        time.sleep(0.3 if rests else 0)

    async with (
        open_ledger(campaign_file.parent / ".poku-batch" / "ledger.db") as ledger,
        ledger.enrolment(campaign.identity, ["a"], DuplicateRule.ALL) as session,
    ):
        await session.commit(now=START)
    monkeypatch.setattr(anyio, "sleep", rest)
    with pytest.raises(KeyboardInterrupt):
        await watch(campaign, show=show)
    assert rests[0] == 1.0
    assert 2.7 <= rests[1] < 10
