"""Whoever watches a run by workers: what reaches them, what is asked, and how the run ends."""

import json
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.to_thread
import psycopg
import pytest

from poku_batch.app import lists
from poku_batch.app.courses import Course, course_of
from poku_batch.app.running import CanaryReport, RunSummary, run_campaign
from poku_batch.events import Event, ListTrouble
from poku_batch.ledger import open_ledger
from poku_batch.models import CampaignId, RunEnding
from poku_batch.policy.liveness import Liveness
from poku_batch.ports import Ledger
from tests.distributed.fleet import COMMAND, Fleet, duplicates, fleet
from tests.postgresql import Server

pytestmark = pytest.mark.timeout(120)

T = TypeVar("T")

FLEET = CampaignId(name="fleet")
STOP_LIST = "do_not_call: stop.txt"


@pytest.fixture
def small(tmp_path: Path, postgresql_server: Server) -> Iterator[Fleet]:
    """30 contacts, 4 at once, and a list with nobody on it that calls are for."""
    with fleet(
        tmp_path, postgresql_server, contacts=30, concurrency=4, span_s=(0.2, 0.4), mode="poll",
        more=STOP_LIST,
    ) as made:  # fmt: skip
        forbid(made, 9_999)
        yield made


def forbid(made: Fleet, *contacts: int) -> None:
    (made.folder / "stop.txt").write_text("".join(f"+1415555{n:04d}\n" for n in contacts))


def do(made: Fleet, *arguments: str, calls: bool = False) -> "subprocess.CompletedProcess[str]":
    """A command, to its end; ``calls``: it calls by itself."""
    env = made.env | (
        {"POKU_API_KEY": "key", "POKU_BASE_URL": f"http://127.0.0.1:{made.port}/local"}
        if calls
        else {}
    )
    return subprocess.run(
        [COMMAND, *arguments], env=env, cwd=made.folder, check=False, capture_output=True,
        text=True, timeout=60,
    )  # fmt: skip


def ask(made: Fleet, what: Callable[[Ledger], Awaitable[T]]) -> T:
    """What its ledger says, or is told, without another process."""

    async def look() -> T:
        async with open_ledger(made.url) as ledger:
            return await what(ledger)

    return anyio.run(look)


def pause(made: Fleet) -> None:
    ask(made, lambda ledger: ledger.controls.pause(FLEET, by="ann", at=datetime.now(UTC)))


def resume(made: Fleet) -> None:
    assert ask(made, lambda ledger: ledger.controls.resume(FLEET))


def course(made: Fleet) -> Course:
    return ask(made, lambda ledger: course_of(ledger, FLEET))


def wait_until(made: Fleet, holds: Callable[[], bool], *, within_s: float = 30.0) -> None:
    give_up = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < give_up, made.said()
        time.sleep(0.1)


def listed(made: Fleet) -> int:
    """How many numbers workers know of."""
    with psycopg.connect(made.url) as connection:
        found = connection.execute("SELECT COUNT(*) FROM listed").fetchone()
        assert found is not None
        return int(found[0])


def ending(made: Fleet) -> RunEnding | None:
    run = course(made).run
    return None if run is None else run.ending


def kill(run: "subprocess.Popen[bytes]") -> None:
    run.kill()
    run.wait()


def called(made: Fleet) -> set[str]:
    rings = made.rings()
    assert duplicates(rings) == {}
    return {ring.key for ring in rings}


def everybody(made: Fleet, *but: int) -> set[str]:
    return {f"k{n}" for n in range(made.contacts) if n not in but}


def watched(made: Fleet, monkeypatch: pytest.MonkeyPatch) -> Callable[..., RunSummary]:
    """A run that is watched by this process."""
    for name, value in made.env.items():
        monkeypatch.setenv(name, value)

    def run(**wishes: object) -> RunSummary:
        watch = partial(run_campaign, made.folder / "campaign.yaml", distributed=True, **wishes)  # type: ignore[arg-type]
        return anyio.run(watch)

    return run


def test_who_is_listed_before_a_run_is_watched_again_is_called_by_no_worker(small: Fleet) -> None:
    small.start_worker(4)
    run = small.start_run()
    small.wait_for_rings(4)
    pause(small)
    kill(run)
    small_rang = called(small)
    late = [n for n in range(20, 30) if f"k{n}" not in small_rang]
    forbid(small, 9_999, *late)
    again = small.start_run()
    wait_until(small, lambda: listed(small) == 1 + len(late))
    resume(small)
    assert again.wait(60) == 0, small.said()
    assert called(small) == everybody(small, *late)
    row = small.results()[f"k{late[0]}"]
    assert (row["call_status"], row["call_error"]) == (
        "skipped",
        "on the do-not-call list: stop.txt",
    )
    assert listed(small) == 0


def test_a_list_that_is_edited_while_a_run_is_watched_reaches_every_worker(
    small: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "_LOOK_AGAIN_S", 0.1)
    told: list[str] = []

    class Edits:
        def emit(self, event: Event) -> None:
            if isinstance(event, ListTrouble):
                told.append(event.why)

    def edit() -> None:
        wait_until(small, lambda: listed(small) == 1)
        (small.folder / "stop.txt").write_text("this is no number, however it is read\n")
        wait_until(small, lambda: bool(told))
        forbid(small, *range(10, 30))
        wait_until(small, lambda: listed(small) == 20)
        forbid(small, *range(20, 30))
        wait_until(small, lambda: listed(small) == 10)
        resume(small)

    for name, value in small.env.items():
        monkeypatch.setenv(name, value)

    async def both() -> RunEnding:
        endings: list[RunEnding] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.to_thread.run_sync, edit)
            campaign = small.folder / "campaign.yaml"
            endings.append((await run_campaign(campaign, distributed=True, sink=Edits())).ending)
        return endings[0]

    pause(small)
    small.start_worker(4)
    assert anyio.run(both) is RunEnding.FINISHED
    assert called(small) == everybody(small, *range(20, 30))
    assert "stop.txt" in told[0]


def test_after_a_canary_it_is_asked_and_nobody_else_is_called_by_a_no(
    small: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = watched(small, monkeypatch)
    reports: list[CanaryReport] = []

    def no(report: CanaryReport) -> bool:
        reports.append(report)
        time.sleep(1.5)
        return False

    small.start_worker(4)
    summary = run(canary=3, confirm_canary=no)
    assert (summary.ending, summary.why) == (
        RunEnding.CANARY,
        "after the first calls it was not gone on",
    )
    assert len(called(small)) == 3
    assert (len(reports[0].results), reports[0].left) == (3, 27)
    summary = run(canary=2, limit=5, confirm_canary=lambda report: report.left == 25)
    assert summary.ending is RunEnding.LIMIT
    assert len(called(small)) == 8
    # A canary that is no smaller than the limit is none.
    assert run(canary=2, limit=2, confirm_canary=no).ending is RunEnding.LIMIT
    assert len(reports) == 1
    assert run(canary=20, confirm_canary=no).ending is RunEnding.FINISHED


def test_whoever_watches_dies_during_a_canary_and_nobody_else_is_called_until_it_is_asked(
    small: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.start_worker(4)
    first = small.start_run("--canary", "3")
    small.wait_for_rings(1)
    kill(first)
    small.wait_for_rings(3)
    time.sleep(1.5)
    assert len(called(small)) == 3
    reports: list[CanaryReport] = []

    def yes(report: CanaryReport) -> bool:
        reports.append(report)
        assert len(called(small)) == 3
        return True

    summary = watched(small, monkeypatch)(confirm_canary=yes)
    assert summary.ending is RunEnding.FINISHED
    assert [len(report.results) for report in reports] == [3]
    assert called(small) == everybody(small)


def test_a_run_that_is_stopped_while_nobody_watches_ends_by_its_workers(small: Fleet) -> None:
    small.start_worker(4)
    run = small.start_run()
    small.wait_for_rings(4)
    pause(small)
    kill(run)
    assert "nobody watches it" in do(small, "status", "campaign.yaml").stdout
    assert do(small, "stop", "campaign.yaml").returncode == 0

    wait_until(small, lambda: ending(small) is RunEnding.STOPPED)
    assert len(called(small)) < 30
    resume(small)
    local = do(small, "run", "campaign.yaml", "--yes", calls=True)
    assert local.returncode == 0, local.stderr
    assert called(small) == everybody(small)


def test_a_run_that_everybody_has_left_ends_as_soon_as_it_is_stopped(small: Fleet) -> None:
    run = small.start_run()
    wait_until(small, lambda: "no worker is there to call" in small.said())
    kill(run)
    assert "waits for them" in do(small, "status", "campaign.yaml").stdout
    refused = do(small, "run", "campaign.yaml", "--yes", calls=True)
    assert refused.returncode == 2
    assert "is being run by workers" in refused.stderr
    assert "has ended" in do(small, "stop", "campaign.yaml").stdout
    assert ending(small) is RunEnding.STOPPED


def test_a_run_that_finished_while_nobody_watched_says_so_until_its_end_is_watched(
    small: Fleet,
) -> None:
    small.start_worker(4)
    run = small.start_run()
    small.wait_for_rings(4)
    kill(run)
    wait_until(small, lambda: course(small).liveness is Liveness.FINISHED)
    small.end_workers()
    said = do(small, "status", "campaign.yaml").stdout
    assert "has finished; nobody has watched its end" in said
    assert "poku-batch run campaign.yaml --distributed" in said
    assert small.start_run().wait(30) == 0, small.said()
    assert {row["call_status"] for row in small.results().values()} == {"done"}


def test_a_second_watcher_is_refused_and_a_run_goes_on_as_it_was_begun(small: Fleet) -> None:
    small.start_worker(4)
    run = small.start_run("--limit", "20")
    small.wait_for_rings(2)
    pause(small)
    second = do(small, "run", "campaign.yaml", "--distributed", "--yes")
    assert second.returncode == 2
    assert "is watched already, by another process" in second.stderr
    kill(run)
    (small.folder / "parts" / "hello.j2").write_text("Good evening,")
    text = (small.folder / "campaign.yaml").read_text()
    (small.folder / "campaign.yaml").write_text(text.replace("concurrency: 4", "concurrency: 1"))
    again = small.start_run("--limit", "29", "--canary", "5")
    kept = "(the campaign file, the template, --limit, --canary) counts from the next run on"
    wait_until(small, lambda: kept in small.said())
    resume(small)
    assert again.wait(60) == 4, small.said()
    assert len(called(small)) == 20


def test_workers_that_cannot_take_part_are_told_of_by_name(
    tmp_path: Path, postgresql_server: Server
) -> None:
    reader = "outcomes_by: {model: small, base_url: 'http://127.0.0.1:9/v1', key_env: READER_KEY}"
    with fleet(
        tmp_path, postgresql_server, contacts=2, concurrency=1, span_s=(0.1, 0.1), more=reader
    ) as made:
        made.start_worker(1)
        run = made.start_run()
        wait_until(made, lambda: "takes no part" in run_said(made))
        wait_until(made, lambda: "no worker is there to call" in run_said(made))
        assert "READER_KEY" in run_said(made)
        run.send_signal(signal.SIGHUP)
        assert run.wait(20) == 4, made.said()
        assert json.loads((made.folder / "run-2.out").read_text())["ending"] == "stopped"
        assert called(made) == set()


def run_said(made: Fleet) -> str:
    return (made.folder / "run-2.err").read_text()


def test_a_run_that_does_not_wait_ends_with_its_hook_told_and_its_report_written(
    tmp_path: Path, postgresql_server: Server
) -> None:
    more = """
outcomes: {well: [all is well]}
redial: {outcomes: [well], attempts: 2, after: [1h]}
hooks: {on_finish: [sh, -c, cat > finish.json]}
"""
    with fleet(
        tmp_path, postgresql_server, contacts=6, concurrency=2, span_s=(0.1, 0.2), more=more
    ) as made:
        text = (made.folder / "campaign.yaml").read_text()
        text = text.replace("file: out.csv", "file: out.csv, report: report.html")
        (made.folder / "campaign.yaml").write_text(text)
        made.start_worker(2)
        assert made.start_run("--no-wait").wait(60) == 5, made.said()
        assert (
            json.loads((made.folder / "finish.json").read_text())["data"]["ending"] == "due_later"
        )
        assert "<html" in (made.folder / "report.html").read_text()
        assert len(called(made)) == 6
