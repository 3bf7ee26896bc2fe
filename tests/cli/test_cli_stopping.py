"""Runs that are stopped, killed, or meet another run: nobody is called twice, nothing is lost."""

import signal
import socket
import termios
import time
from collections import Counter

import pexpect
import pytest

from tests.program import Folder
from tests.standin import Answer, Generation, StandIn, numbers, twice

_PEOPLE = 15
_AT_ONCE = 5


@pytest.fixture
def held(served: Folder, standin: StandIn) -> Folder:
    """A campaign whose calls do not end until the stand-in lets them."""
    standin.held = True
    served.people(numbers(_PEOPLE))
    served.write(limits={"concurrency": _AT_ONCE}, api={"poll_interval": "100ms"})
    return served


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_lets_open_calls_end_and_the_next_run_calls_the_others(
    held: Folder, standin: StandIn, number: signal.Signals
) -> None:
    process = held.start()
    standin.wait_for(_AT_ONCE)
    process.signal(number)
    time.sleep(0.3)
    assert process.running
    standin.held = False
    stopped = process.ended().checked()

    assert stopped.code == 4, stopped
    assert f"{_AT_ONCE} calls are open and waited for" in stopped.err
    assert held.states() == ["done"] * _AT_ONCE + ["pending"] * (_PEOPLE - _AT_ONCE)
    assert len(standin.calls) == _AT_ONCE

    assert held.run().code == 0
    assert standin.numbers == numbers(_PEOPLE)
    assert held.states() == ["done"] * _PEOPLE


@pytest.mark.parametrize(
    ("generation", "left", "code"), [("first", "unknown", 3), ("second", "done", 0)]
)
def test_a_second_interrupt_leaves_at_once_and_open_requests_are_unknown_or_followed_later(
    held: Folder, standin: StandIn, generation: Generation, left: str, code: int
) -> None:
    standin.generation = generation
    process = held.start()
    standin.wait_for(_AT_ONCE)
    time.sleep(0.4)
    process.signal()
    time.sleep(0.4)
    asked_at = time.monotonic()
    process.signal()
    stopped = process.ended().checked()

    assert time.monotonic() - asked_at < 2
    assert stopped.code == 4, stopped
    open_now = "unknown" if generation == "first" else "dialing"
    assert held.states() == [open_now] * _AT_ONCE + ["pending"] * (_PEOPLE - _AT_ONCE)
    assert all(bool(row["call_error"]) == (generation == "first") for row in held.results()[:5])

    standin.held = False
    assert held.run().code == code
    assert standin.numbers == numbers(_PEOPLE)
    assert held.states() == [left] * _AT_ONCE + ["done"] * (_PEOPLE - _AT_ONCE)


def test_signals_that_come_together_are_one(held: Folder, standin: StandIn) -> None:
    process = held.start()
    standin.wait_for(_AT_ONCE)
    time.sleep(0.2)
    # As where a wrapper passes on what the terminal has sent to both.
    for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
        process.signal(number)
        time.sleep(0.02)
    time.sleep(0.3)
    assert process.running
    standin.held = False
    assert process.ended().checked().code == 4
    assert held.states() == ["done"] * _AT_ONCE + ["pending"] * (_PEOPLE - _AT_ONCE)


def test_at_a_terminal_ctrl_c_twice_leaves_the_terminal_as_it_was(
    held: Folder, standin: StandIn
) -> None:
    terminal = held.spawn("--yes")
    standin.wait_for(_AT_ONCE)
    terminal.expect("in call")
    before = termios.tcgetattr(terminal.child_fd)
    terminal.sendintr()
    terminal.expect("Press Ctrl-C again")
    time.sleep(0.4)
    assert termios.tcgetattr(terminal.child_fd) == before
    terminal.sendintr()
    asked_at = time.monotonic()
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert time.monotonic() - asked_at < 2
    assert terminal.exitstatus == 4
    seen = str(terminal.before)
    assert "Traceback" not in seen
    assert "left at once" in seen
    assert seen.rfind("\x1b[?25h") > seen.rfind("\x1b[?25l")
    assert held.states()[:_AT_ONCE] == ["unknown"] * _AT_ONCE


@pytest.mark.parametrize("generation", ["first", "second"])
def test_a_run_that_was_killed_is_gone_on_with_and_nobody_is_called_twice(
    held: Folder, standin: StandIn, generation: Generation
) -> None:
    standin.generation, standin.held, standin.hold_s = generation, False, 0.1
    process = held.start()
    standin.wait_for(_AT_ONCE + 3)
    process.signal(signal.SIGKILL)
    assert process.ended().code == -signal.SIGKILL

    again = held.run()
    assert twice(standin.numbers) == []
    states = Counter(held.states())
    assert set(states) <= {"done", "unknown"}
    assert states["unknown"] <= _AT_ONCE
    assert again.code == (3 if states["unknown"] else 0), again
    # Whoever was not called by either run was committed to, and killed before the request left.
    assert len(standin.numbers) >= _PEOPLE - states["unknown"]
    assert held.run().code == again.code
    assert twice(standin.numbers) == []


def test_a_run_that_was_killed_while_calls_were_held_leaves_them_unknown_with_the_evidence(
    held: Folder, standin: StandIn
) -> None:
    process = held.start()
    standin.wait_for(_AT_ONCE)
    process.signal(signal.SIGKILL)
    assert process.ended().code == -signal.SIGKILL
    standin.held = False
    assert held.do("status", "--json").json["states"]["dialing"] == _AT_ONCE
    assert held.run().code == 3
    assert standin.numbers == numbers(_PEOPLE)
    rows = held.results()
    assert [row["call_status"] for row in rows] == ["unknown"] * 5 + ["done"] * 10
    assert all(row["call_error"] for row in rows[:5])


def test_a_second_run_is_refused_and_check_status_and_export_work_meanwhile(
    held: Folder, standin: StandIn
) -> None:
    process = held.start()
    standin.wait_for(_AT_ONCE)

    second = held.run()
    assert second.code == 2, second
    assert str(process.pid) in second.err
    assert socket.gethostname() in second.err
    assert not (held.path / "out.csv").exists()

    status = held.do("status", "--json")
    assert status.code == 0
    assert status.json["states"]["dialing"] == _AT_ONCE
    assert status.json["states"]["pending"] == _PEOPLE - _AT_ONCE
    check = held.do("check")
    assert check.code == 0
    assert f"call {_PEOPLE - _AT_ONCE}" in check.out
    assert held.do("export", "-o", "now.csv").code == 0
    assert held.states("now.csv") == ["dialing"] * _AT_ONCE + ["pending"] * (_PEOPLE - _AT_ONCE)

    assert process.running
    standin.held = False
    assert process.ended().checked().code == 0
    assert standin.numbers == numbers(_PEOPLE)


def test_two_campaigns_of_a_folder_may_run_at_once(held: Folder, standin: StandIn) -> None:
    process = held.start()
    standin.wait_for(_AT_ONCE)
    held.write(name="other", output="other.csv")
    # A run of another campaign calls at once; a stand-in that holds everybody is no use to it.
    standin.held = False
    assert held.run().code == 0
    assert process.ended().checked().code == 0
    assert sorted(Counter(standin.numbers).values()) == [2] * _PEOPLE


def test_a_run_that_waits_for_a_later_time_can_be_left_and_says_so_without_waiting(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(2))
    later = Answer(status=429, body={"error": "later"}, headers=(("Retry-After", "3600"),))
    standin.act(numbers(1)[0], later)
    process = served.start()
    standin.wait_for(2)
    time.sleep(0.3)
    assert process.running
    asked_at = time.monotonic()
    process.signal()
    assert process.ended().checked().code == 4
    assert time.monotonic() - asked_at < 2
    assert served.states() == ["pending", "done"]

    left = served.run("--no-wait")
    assert left.code == 5, left
    assert len(standin.calls) == 2
    status = served.do("status")
    assert "next due at" in status.out
    assert served.do("status", "--json").json["due"] == 0
