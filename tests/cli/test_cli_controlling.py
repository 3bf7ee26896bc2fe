"""Runs that are paused, resumed, stopped and watched from another process."""

import signal
import socket
import sqlite3
import time
from contextlib import closing
from datetime import datetime

import pexpect
import pytest

from tests.program import Folder, Process
from tests.standin import StandIn, numbers, twice

_PEOPLE = 12
_AT_ONCE = 3
#: Within so many seconds a run has seen what was asked of it.
_SEEN_S = 2.0


@pytest.fixture
def slow(served: Folder, standin: StandIn) -> Folder:
    """A campaign whose calls last a moment."""
    standin.hold_s = 0.15
    served.people(numbers(_PEOPLE))
    served.write(limits={"concurrency": _AT_ONCE})
    return served


def leave_to_end(process: Process, standin: StandIn, *, code: int) -> None:
    ended = process.ended().checked()
    assert ended.code == code, ended
    assert twice(standin.numbers) == []


def calls_after_it_was_seen(standin: StandIn, seconds: float = 1.0) -> int:
    """How many placements come once a run must have seen what was asked."""
    time.sleep(_SEEN_S)
    before = len(standin.calls)
    time.sleep(seconds)
    return len(standin.calls) - before


def test_a_run_is_paused_resumed_and_stopped_and_another_ends_it_and_nobody_rings_twice(
    slow: Folder, standin: StandIn
) -> None:
    standin.held = True
    process = slow.start()
    standin.wait_for(_AT_ONCE)

    paused = slow.do("pause")
    assert paused.code == 0
    assert paused.out == (
        "demo is paused, which its run sees within two seconds: no call begins until "
        f"poku-batch resume campaign.yaml\n{_AT_ONCE} calls go on to their end\n"
    )
    process.wait_for("paused by", within_s=_SEEN_S)
    standin.held = False
    assert calls_after_it_was_seen(standin) == 0
    assert len(standin.calls) == _AT_ONCE
    again = slow.do("pause")
    assert again.out.startswith("demo was paused already, by ")
    assert again.out.endswith("no call is open\n")

    status = slow.do("status")
    assert "paused by " in status.out
    assert f"a run goes on: process {process.pid} on {socket.gethostname()}, since" in status.out
    found = slow.do("status", "--json").json
    assert found["states"]["done"] == _AT_ONCE
    assert found["paused"]["by"]
    assert datetime.fromisoformat(found["paused"]["at"]).tzinfo is not None
    assert (found["run"]["liveness"], found["run"]["pid"]) == ("alive", process.pid)
    assert found["run"]["doing"]["note"].startswith("paused by ")
    assert found["run"]["doing"]["concurrency"] == _AT_ONCE

    standin.held = True
    assert slow.do("resume").out == "demo is resumed: calls begin\n"
    resumed_at = time.monotonic()
    standin.wait_for(2 * _AT_ONCE)
    assert time.monotonic() - resumed_at < _SEEN_S
    assert slow.do("resume").out == "demo was not paused; a run of it goes on\n"

    asked = slow.do("stop")
    assert asked.out.splitlines() == [
        f"the run of demo (process {process.pid} on {socket.gethostname()}) is asked to stop",
        f"{_AT_ONCE} calls go on to their end",
    ]
    assert "was asked to stop by" in slow.do("stop").out
    process.wait_for("No new calls.", within_s=_SEEN_S)
    standin.held = False
    leave_to_end(process, standin, code=4)
    assert "asked it to stop" in process.err
    assert slow.states() == ["done"] * 2 * _AT_ONCE + ["pending"] * (_PEOPLE - 2 * _AT_ONCE)
    assert "no run of demo is open" in slow.do("stop").out
    assert slow.do("status", "--json").json["run"]["ending"] == "stopped"

    assert slow.run().code == 0
    assert standin.numbers == numbers(_PEOPLE)
    assert slow.states() == ["done"] * _PEOPLE


def test_a_paused_run_that_was_killed_is_paused_still_and_goes_on_when_it_is_resumed(
    slow: Folder, standin: StandIn
) -> None:
    standin.held = True
    process = slow.start()
    standin.wait_for(_AT_ONCE)
    slow.do("pause")
    process.wait_for("paused by")
    process.signal(signal.SIGKILL)
    assert process.ended().code == -signal.SIGKILL
    standin.held = False

    dead = f"the last run (process {process.pid} on {socket.gethostname()}) is no longer alive"
    for command in ("pause", "stop", "status"):
        assert dead in slow.do(command).out
    assert slow.do("status", "--json").json["run"]["liveness"] == "dead"

    left = slow.run("--no-wait")
    assert left.code == 5, left
    assert "Why: paused by " in left.err
    assert "resume with poku-batch resume" in left.err
    second = slow.start()
    second.wait_for("paused by")
    assert calls_after_it_was_seen(standin) == 0
    assert len(standin.calls) == _AT_ONCE
    slow.do("resume")
    leave_to_end(second, standin, code=3)
    assert standin.numbers == numbers(_PEOPLE)
    # Whoever was being called when it was killed may have been, and is not called again.
    assert slow.states() == ["unknown"] * _AT_ONCE + ["done"] * (_PEOPLE - _AT_ONCE)


def test_a_campaign_that_was_never_run_is_paused_and_its_first_run_calls_nobody(
    slow: Folder, standin: StandIn
) -> None:
    assert slow.do("resume").out.startswith("demo was not paused\nno run is open; to call: ")
    assert slow.do("stop").out == "no run of demo is open: there is nothing to stop\n"
    assert not slow.ledger.exists()
    assert "no run is open; one that is begun waits" in slow.do("pause").out
    process = slow.start()
    process.wait_for("paused by")
    assert calls_after_it_was_seen(standin) == 0
    assert standin.calls == []
    assert "is asked to stop" in slow.do("stop").out
    leave_to_end(process, standin, code=4)
    assert standin.calls == []


def test_controls_of_rehearsals_and_of_real_runs_are_apart(slow: Folder, standin: StandIn) -> None:
    assert slow.do("pause", "--simulate").out.startswith(
        "demo is paused: no call begins until poku-batch resume campaign.yaml --simulate"
    )
    assert slow.run().code == 0
    assert len(standin.calls) == _PEOPLE
    assert slow.do("run", "--simulate", "--no-wait").code == 5


def test_while_a_rehearsal_is_paused_its_time_does_not_jump(folder: Folder) -> None:
    folder.people(numbers(2))
    folder.write(calling_hours=None)
    folder.do("pause", "--simulate")
    # Nobody may be called before eight o'clock, Pacific time: ten hours later.
    process = folder.start("--simulate", "--speed", "2", "--start", "2026-11-23T06:00Z")
    process.wait_for("paused by")

    def told_now() -> str:
        doing = folder.do("status", "--simulate", "--json").json["run"]["doing"]
        return str(doing["now"])

    time.sleep(2.5)
    assert "2026-11-23T06:00:02" < told_now() < "2026-11-23T06:01"
    folder.do("resume", "--simulate")
    process.wait_for("resumed")
    time.sleep(1.5)
    assert "2026-11-23T16:00" < told_now() < "2026-11-23T16:01"
    process.signal(signal.SIGKILL)
    process.ended()


# --- watched -----------------------------------------------------------------------------------


def test_status_can_watch_a_run_line_by_line(slow: Folder, standin: StandIn) -> None:
    standin.held = True
    process = slow.start()
    standin.wait_for(_AT_ONCE)
    watching = slow.start_command("status", "--watch")
    wait_for_out(watching, f"0 of {_PEOPLE} settled, {_AT_ONCE} in call")
    wait_for_out(watching, "the oldest call for ")
    wait_for_out(watching, f"a run goes on: process {process.pid} on ")
    slow.do("pause")
    wait_for_out(watching, "paused by ")
    watching.signal(signal.SIGINT)
    left = watching.ended().checked()
    assert (left.code, left.err) == (0, "")
    slow.do("resume")
    standin.held = False
    leave_to_end(process, standin, code=0)


def test_status_redraws_a_terminal_with_open_calls_and_their_ages_until_ctrl_c(
    slow: Folder, standin: StandIn
) -> None:
    standin.held = True
    process = slow.start()
    standin.wait_for(_AT_ONCE)
    terminal = slow.spawn_command("status", "--watch", size=(30, 110))
    terminal.expect(rf"{_AT_ONCE} .{{0,12}}in call")
    terminal.expect("row 4.{0,20}(dialing|in call)")
    terminal.expect("for .{0,12}[2-9] s")
    standin.held = False
    leave_to_end(process, standin, code=0)
    terminal.expect("no run goes on; the last one ended: finished")
    terminal.sendintr()
    terminal.expect(pexpect.EOF)
    terminal.close()
    seen = str(terminal.before)
    assert terminal.exitstatus == 0
    assert "Traceback" not in seen
    assert seen.rfind("\x1b[?25h") > seen.rfind("\x1b[?25l")


def test_watching_goes_on_with_a_ledger_that_was_begun_afresh(folder: Folder) -> None:
    folder.people(numbers(3))
    fast = ("--simulate", "--speed", "2000")
    assert folder.do("run", *fast).code in {0, 3}
    watching = folder.start_command("status", "--watch", "--simulate")
    wait_for_out(watching, "3 of 3 settled")
    folder.people(numbers(5))
    assert folder.do("run", *fast, "--fresh").code in {0, 3}
    wait_for_out(watching, "5 of 5 settled")
    watching.signal(signal.SIGTERM)
    assert watching.ended().checked().code == 0


def test_watching_is_refused_where_there_is_nothing_to_see_and_to_programs(
    slow: Folder,
) -> None:
    never = slow.do("status", "--watch")
    assert never.code == 2
    assert "was never run" in never.err
    assert slow.do("status", "--watch", "--json").code == 2


def test_watching_changes_nothing(slow: Folder) -> None:
    assert slow.run().code == 0
    with closing(sqlite3.connect(slow.ledger)) as connection:
        before = connection.execute("PRAGMA data_version").fetchone()
        watching = slow.start_command("status", "--watch")
        wait_for_out(watching, f"{_PEOPLE} of {_PEOPLE} settled")
        watching.signal(signal.SIGINT)
        assert watching.ended().checked().code == 0
        assert connection.execute("PRAGMA data_version").fetchone() == before


def wait_for_out(process: Process, words: str, *, within_s: float = 20.0) -> None:
    """Return once standard output has these words."""
    give_up = time.monotonic() + within_s
    while words not in process.out:
        assert time.monotonic() < give_up, f"never said {words!r}: {process.out} {process.err}"
        assert process.running, f"ended without saying {words!r}: {process.out} {process.err}"
        time.sleep(0.02)
