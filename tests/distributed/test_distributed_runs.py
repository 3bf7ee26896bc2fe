"""Runs by workers, as whole processes: they end as runs on one machine do."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.distributed.fleet import (
    Fleet,
    cpu_times,
    duplicates,
    fleet,
    ideal_s,
    most_live,
    worst_second,
)
from tests.postgresql import Server

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def small(tmp_path: Path, postgresql_server: Server) -> Iterator[Fleet]:
    with fleet(
        tmp_path, postgresql_server, contacts=60, concurrency=8, span_s=(0.3, 0.8), mode="poll"
    ) as made:
        yield made


def ended(small: Fleet, name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((small.folder / name).read_text())
    return found


def all_called_once(small: Fleet) -> None:
    rings = small.rings()
    assert duplicates(rings) == {}
    results = small.results()
    assert {ring.key for ring in rings} == set(results)
    assert {row["call_status"] for row in results.values()} == {"done"}


def test_a_run_by_workers_ends_as_one_on_one_machine(
    tmp_path: Path, postgresql_server: Server
) -> None:
    with fleet(
        tmp_path, postgresql_server, contacts=60, concurrency=8, span_s=(0.3, 0.8), mode="poll",
        call_timeout="60s", together=8,
    ) as made:  # fmt: skip
        run = made.start_run()
        for _ in range(2):
            made.start_worker(8)
        assert run.wait(100) == 0, made.said()
        assert ended(made, "run-1.out")["ending"] == "finished"
        assert "real calls to 60 people" in made.said()
        assert "8 at once, by workers\n" in made.said()
        all_called_once(made)
        assert most_live(made.rings()) == 8
        assert made.end_workers() == [0, 0]


def test_a_run_survives_who_watches_it_and_is_watched_again(small: Fleet) -> None:
    small.start_worker(8)
    run = small.start_run()
    small.wait_for_rings(10)
    run.kill()
    run.wait()
    standing = small.ask("status", "campaign.yaml", "--json")
    assert standing["run"]["liveness"] == "alive"
    (worker,) = standing["workers"]
    assert worker["concurrency"] == 8
    assert worker["silent_s"] < 10
    small.wait_for_rings(60)
    again = small.start_run()
    assert again.wait(60) == 0, small.said()
    all_called_once(small)


def test_a_worker_that_is_told_to_drain_begins_nothing_and_ends_what_it_has(small: Fleet) -> None:
    for _ in range(2):
        small.start_worker(8)
    run = small.start_run()
    small.wait_for_rings(12)
    leaving = small.workers.pop(0)
    leaving.send_signal(signal.SIGTERM)
    assert leaving.wait(20) == 0, small.said()
    assert run.wait(60) == 0, small.said()
    all_called_once(small)


def test_ctrl_c_at_the_watcher_stops_the_run_on_every_worker(small: Fleet) -> None:
    for _ in range(2):
        small.start_worker(8)
    run = small.start_run()
    small.wait_for_rings(12)
    run.send_signal(signal.SIGINT)
    assert run.wait(30) == 4, small.said()
    rings = len(small.rings())
    assert rings < 60
    states = {row["call_status"] for row in small.results().values()}
    assert states == {"done", "pending"}
    time.sleep(1.5)
    assert len(small.rings()) == rings
    assert small.start_run().wait(60) == 0, small.said()
    all_called_once(small)


def test_a_second_ctrl_c_leaves_the_run_to_its_workers(small: Fleet) -> None:
    small.start_worker(8)
    run = small.start_run()
    small.wait_for_rings(8)
    run.send_signal(signal.SIGINT)
    time.sleep(0.1)
    run.send_signal(signal.SIGINT)
    assert run.wait(10) == 4, small.said()
    # However soon the second came, the workers were asked: they end it with the last of its calls.
    give_up = time.monotonic() + 30
    while small.ask("status", "campaign.yaml", "--json")["run"]["ending"] != "stopped":
        assert time.monotonic() < give_up, small.said()
    assert len(small.rings()) < 60
    assert small.start_run().wait(60) == 0, small.said()
    all_called_once(small)


def test_a_run_without_workers_says_so_and_one_without_a_database_is_refused(
    small: Fleet,
) -> None:
    run = small.start_run()
    give_up = time.monotonic() + 20
    while "no worker is there to call" not in small.said():
        assert time.monotonic() < give_up, small.said()
        time.sleep(0.1)
    run.send_signal(signal.SIGINT)
    assert run.wait(20) == 4, small.said()
    small.url = "ledger.db"
    assert small.start_run().wait(20) == 2
    assert "POKU_BATCH_LEDGER names no database" in small.said()
    worker = small.start_worker(1)
    assert worker.wait(20) == 2


def test_what_a_killed_worker_followed_another_follows_to_its_end(
    tmp_path: Path, postgresql_server: Server
) -> None:
    with fleet(
        tmp_path, postgresql_server, contacts=12, concurrency=6, span_s=(3, 5), mode="poll",
        call_timeout="20s",
    ) as made:  # fmt: skip
        first = made.start_worker(6)
        run = made.start_run()
        made.wait_for_rings(6)
        time.sleep(0.5)
        made.kill(first)
        made.start_worker(6)
        assert run.wait(60) == 0, made.said()
        all_called_once(made)


def test_pace_and_limit_hold_over_all_workers(tmp_path: Path, postgresql_server: Server) -> None:
    with fleet(
        tmp_path, postgresql_server, contacts=150, concurrency=40, span_s=(0.1, 0.2),
        extra=", calls_per_minute: 1200",
    ) as made:  # fmt: skip
        for _ in range(3):
            made.start_worker(40)
        time.sleep(2)
        run = made.start_run("--limit", "120")
        assert run.wait(60) == 4, made.said()
        rings = made.rings()
        assert ended(made, "run-4.out")["ending"] == "limit"
        assert len(rings) == 120
        assert worst_second(rings) <= 1.15 * 20
        assert 5.5 < rings[-1].start - rings[0].start < 8


def test_four_workers_make_as_many_calls_at_once_as_the_limit_and_never_more(
    tmp_path: Path, postgresql_server: Server
) -> None:
    with fleet(
        tmp_path, postgresql_server, contacts=100, concurrency=5, span_s=(0.05, 0.3),
        call_timeout="60s", together=5,
    ) as made:  # fmt: skip
        for _ in range(4):
            made.start_worker(5)
        run = made.start_run()
        assert run.wait(100) == 0, made.said()
        all_called_once(made)
        assert most_live(made.rings()) == 5


def test_slots_are_seldom_free_unless_the_machine_is_busy(
    tmp_path: Path, postgresql_server: Server
) -> None:
    with fleet(
        tmp_path, postgresql_server, contacts=400, concurrency=25, span_s=(0.4, 2.0)
    ) as made:
        for _ in range(2):
            made.start_worker(25)
        time.sleep(2)
        idle, total = cpu_times()
        run = made.start_run()
        assert run.wait(90) == 0, made.said()
        idle_since, total_since = cpu_times()
        rings = made.rings()
        took = max(ring.end for ring in rings) - rings[0].start
        efficiency = ideal_s(rings, 25) / took
        # Whoever waits for nothing but a late wake-up leaves the machine idle.
        share_idle = (idle_since - idle) / (total_since - total)
        assert efficiency >= (0.85 if share_idle > 0.5 else 0.5), share_idle
