"""Several processes, and processes killed at any instant."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import anyio
import pytest

from poku_batch.errors import CampaignBusyError
from poku_batch.ledger import open_ledger
from poku_batch.models import (
    CampaignId,
    ContactKey,
    ContactRecord,
    DuplicateRule,
    Enrolment,
    RunEnding,
)

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
CLINIC = CampaignId(name="clinic")

#: Calls until it is killed, ten at once, and prints what it was told is durable.
CALLER = """
import sys, anyio
from datetime import UTC, datetime
from poku_batch.ledger import open_ledger
from poku_batch.models import CallResult, CampaignId, InteractionId

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)

def say(*words):
    print(*words, flush=True)

async def main():
    async with open_ledger(sys.argv[1]) as ledger:
        run = await ledger.open_run(CampaignId(name=sys.argv[2]), at=NOW)
        say("held", "-")

        async def call():
            while admissions := await run.admit(1, now=NOW):
                key = admissions[0].key
                attempt = await run.begin(admissions[0], prompt_sha256="p", at=NOW)
                say("begun", key)
                if int(key) % 3 == 0:
                    await run.started(attempt, InteractionId(f"i{key}"), at=NOW)
                    say("started", key)
                result = CallResult(outcome="ok", summary=f"summary of {key}")
                await run.finish(attempt, result, at=NOW)
                say("finished", key)

        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(call)
        await anyio.sleep(60)

anyio.run(main)
"""


@contextmanager
def calling(path: str, campaign: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", CALLER, path, campaign]
    with subprocess.Popen(  # our own Python and code
        command, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def lines(process: subprocess.Popen[str], most: int | None = None) -> list[tuple[str, str]]:
    """What it has said: ``most`` lines, or everything until its end; half a line does not count."""
    assert process.stdout is not None
    said: list[tuple[str, str]] = []
    for line in process.stdout:
        if line.endswith("\n"):
            event, _, key = line.strip().partition(" ")
            said.append((event, key))
        if len(said) == most:
            break
    return said


async def enrol(path: str, campaign: CampaignId, rows: int) -> None:
    async with (
        open_ledger(path) as ledger,
        ledger.enrolment(campaign, ["a"], DuplicateRule.FIRST) as session,
    ):
        await session.add(
            [
                Enrolment(row=n, cells=("x",), key=ContactKey(str(n)), to=f"+{n}")
                for n in range(rows)
            ]
        )
        await session.commit(now=NOW)


async def settled(path: str) -> dict[str, ContactRecord]:
    """The contacts as the next run finds them; its open calls are those that had started."""
    async with open_ledger(path) as ledger:
        run = await ledger.open_run(CLINIC, at=NOW)
        open_calls = {call.key for call in await run.open_calls()}
        await run.close(RunEnding.STOPPED, at=NOW)
        found = {r.key: r async for batch in ledger.records(CLINIC) for r in batch}
    assert {ContactKey(k) for k, r in found.items() if r.state == "dialing"} <= open_calls
    return found


def test_what_was_confirmed_outlives_kill_9_at_any_instant(ledger_url: str) -> None:
    path = ledger_url
    anyio.run(enrol, path, CLINIC, 3_000)
    begun: set[str] = set()
    finished: set[str] = set()
    started: set[str] = set()
    chance = random.Random(5)  # noqa: S311  # not a secret
    for _ in range(4):
        with calling(path, "clinic") as process:
            said = lines(process, most=chance.randrange(1, 600))
            process.kill()
            said += lines(process)
        now_begun = [key for event, key in said if event == "begun"]
        assert len(set(now_begun)) == len(now_begun)
        assert not begun & set(now_begun), "somebody was called twice"
        begun.update(now_begun)
        started.update(key for event, key in said if event == "started")
        finished.update(key for event, key in said if event == "finished")
        found = anyio.run(settled, path)
        for key in finished:
            assert found[key].state == "done"
            assert found[key].summary == f"summary of {key}"
        for key in begun - finished:
            assert found[key].state in {"unknown", "dialing", "done"}
        for key in started:
            assert found[key].interaction_id == f"i{key}"
    assert len(finished) > 50


def test_a_second_process_is_refused_until_the_first_is_dead(ledger_url: str) -> None:
    path = ledger_url
    anyio.run(enrol, path, CLINIC, 0)

    async def take() -> None:
        async with open_ledger(path) as ledger:
            await ledger.open_run(CLINIC, at=NOW)

    with calling(path, "clinic") as process:
        assert lines(process, most=1) == [("held", "-")]
        with pytest.raises(CampaignBusyError) as caught:
            anyio.run(take)
        assert (caught.value.pid, caught.value.host) == (process.pid, os.uname().nodename)
        assert f"process {process.pid}" in str(caught.value)
        assert "2026-11-22T10:00:00Z" in str(caught.value)
        process.kill()
        process.wait()
        anyio.run(take)


def test_two_processes_call_two_campaigns_of_one_ledger(ledger_url: str) -> None:
    path = ledger_url
    for name in ("clinic", "agency"):
        anyio.run(enrol, path, CampaignId(name=name), 200)
    with calling(path, "clinic") as one, calling(path, "agency") as two:
        for process in (one, two):
            said = lines(process, most=1 + 200 + 67 + 200)
            assert sum(event == "finished" for event, _ in said) == 200
