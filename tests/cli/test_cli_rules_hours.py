"""When somebody may be called: calling hours, waiting, ``--no-wait``, ``--until``, ``--canary``."""

import re
import signal
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pexpect
import pytest

from tests.program import Folder
from tests.standin import StandIn, numbers

#: Round the world: whatever the hour, one of them has noon and one has night.
_ZONES = (
    "Pacific/Honolulu America/Los_Angeles America/Chicago America/New_York America/Sao_Paulo "
    "Atlantic/Azores Europe/London Europe/Berlin Africa/Nairobi Asia/Dubai Asia/Dhaka "
    "Asia/Bangkok Asia/Shanghai Asia/Tokyo Australia/Sydney Pacific/Auckland"
).split()


def later() -> datetime:
    """A full hour, one to two hours from now."""
    return (datetime.now(UTC) + timedelta(hours=2)).replace(minute=0, second=0, microsecond=0)


def closed_now(opens: datetime) -> dict[str, Any]:
    """Calling hours of half an hour a day, which begin then."""
    return {"between": [f"{opens:%H}:00", f"{opens:%H}:30"], "timezone": "UTC"}


def where_it_is(*hours: int) -> str:
    """A zone in which it is one of these hours."""
    return next(zone for zone in _ZONES if datetime.now(ZoneInfo(zone)).hour in hours)


@pytest.fixture
def closed(served: Folder) -> tuple[Folder, str]:
    """A campaign of three people whom nobody may call now, and the time from which they may be."""
    opens = later()
    served.people(numbers(3))
    served.write(calling_hours=closed_now(opens))
    return served, f"{opens.astimezone():%Y-%m-%d %H:%M:%S}"


def test_outside_calling_hours_nobody_is_called_and_all_say_who_is_due_when_and_why(
    closed: tuple[Folder, str], standin: StandIn
) -> None:
    folder, opens = closed
    check = folder.do("check")
    assert check.code == 0, check
    assert "A run would now call 0, call 3 later, skip 0." in check.out
    assert f"Of these: nobody now; 3 from {opens} (outside calling hours)" in check.out
    assert "in UTC" in check.out

    left = folder.run("--no-wait")
    assert left.code == 5, left
    assert "the rest is due later" in left.out
    assert f"The next is due at {opens}" in left.err
    assert "nobody can be called now; later, real calls to 3 people" in left.err
    assert "To go on: poku-batch run campaign.yaml" in left.err
    assert folder.states() == ["pending"] * 3

    status = folder.do("status")
    assert re.search(rf"outside calling hours, from {opens} +3", status.out)
    found = folder.do("status", "--json").json
    assert (found["due"], found["waits"]["calling_hours"]["contacts"]) == (0, 3)
    assert (
        datetime.fromisoformat(found["next_due_at"]).astimezone()
        == datetime.fromisoformat(opens).astimezone()
    )
    assert standin.requests == []


def test_by_default_who_has_night_waits_and_who_has_day_is_called(
    served: Folder, standin: StandIn
) -> None:
    day, night = where_it_is(*range(9, 20)), where_it_is(23, 0, 1, 2, 3, 4, 5)
    rows = [("Day", numbers(2)[0], day), ("Night", numbers(2)[1], night)]
    served.write_sheet(rows, ("name", "phone", "timezone"))
    served.write(calling_hours=None)
    check = served.do("check")
    assert "08:00–21:00" in check.out
    assert "Of these: now 1; 1 from " in check.out
    asked = served.run("--no-wait")
    assert asked.code == 5, asked
    assert "real calls to 2 people" in asked.err
    assert served.states() == ["done", "pending"]
    assert standin.numbers == numbers(1)


def test_an_edit_of_the_hours_holds_in_the_next_run(
    closed: tuple[Folder, str], standin: StandIn
) -> None:
    folder, _ = closed
    assert folder.run("--no-wait").code == 5
    folder.write(calling_hours="always")
    assert folder.run("--no-wait").code == 0
    assert standin.numbers == numbers(3)


# --- waiting at a terminal ---------------------------------------------------------------------


def test_a_run_that_waits_overnight_says_so_at_the_question_and_counts_down_and_is_left_at_once(
    closed: tuple[Folder, str], standin: StandIn
) -> None:
    folder, opens = closed
    terminal = folder.spawn(size=(30, 160))
    terminal.expect(r"\[y/N\]")
    asked = str(terminal.before)
    assert "nobody can be called now; later, real calls to 3 people" in asked
    assert f"nobody now; 3 from {opens} (outside calling hours)" in asked
    assert "Wait, and call them then?" in asked
    terminal.sendline("y")
    terminal.expect(rf"waiting: 3 are due later, the first at {opens} \(calling hours\), in \d+ ")
    terminal.sendintr()
    asked_at = time.monotonic()
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert time.monotonic() - asked_at < 2
    assert terminal.exitstatus == 4
    seen = str(terminal.before)
    assert "To go on: poku-batch run campaign.yaml" in seen
    assert "Traceback" not in seen
    assert standin.requests == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_without_a_terminal_it_says_for_what_it_waits_and_is_left_at_once(
    closed: tuple[Folder, str], standin: StandIn, number: signal.Signals
) -> None:
    folder, opens = closed
    process = folder.start()
    process.wait_for(f"waiting: 3 are due later, the first at {opens} (calling hours)")
    asked_at = time.monotonic()
    process.signal(number)
    assert process.ended().checked().code == 4
    assert time.monotonic() - asked_at < 2
    assert folder.states() == ["pending"] * 3
    assert standin.requests == []


def test_the_question_says_so_where_the_run_will_not_wait(
    closed: tuple[Folder, str], standin: StandIn
) -> None:
    folder, _ = closed
    terminal = folder.spawn("--no-wait", size=(30, 160))
    terminal.expect(r"\[y/N\]")
    assert "this run does not wait" in str(terminal.before)
    assert "though nobody is due" in str(terminal.before)
    terminal.sendline("y")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 5
    assert standin.requests == []


# --- --until -----------------------------------------------------------------------------------


def test_until_a_time_that_is_over_nobody_is_called(served: Folder, standin: StandIn) -> None:
    served.people(numbers(2))
    over = datetime.now(UTC) - timedelta(minutes=1)
    left = served.run("--until", over.isoformat(timespec="seconds"))
    assert left.code == 5, left
    assert "--until has come" in left.err
    assert standin.requests == []
    wrong = served.run("--until", "tomorrow")
    assert wrong.code == 2
    assert "2026-11-23T09:00" in wrong.err


def test_until_a_time_calls_are_begun_and_none_after_it(served: Folder, standin: StandIn) -> None:
    served.people(numbers(30))
    served.write(limits={"concurrency": 1})
    standin.hold_s = 0.2
    until = datetime.now(UTC) + timedelta(seconds=3)
    left = served.run("--until", until.isoformat())
    assert left.code == 5, left
    assert 0 < len(standin.calls) < 25
    assert served.states().count("done") == len(standin.calls)
    assert set(served.states()) == {"done", "pending"}


def test_a_run_does_not_wait_for_who_is_due_after_until(
    closed: tuple[Folder, str], standin: StandIn
) -> None:
    folder, _ = closed
    before = datetime.now(UTC) + timedelta(minutes=5)
    left = folder.run("--until", before.isoformat())
    assert left.code == 5, left
    assert "nobody else is due before --until" in left.err
    assert standin.requests == []


# --- --canary ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 4), ("ctrl-c", 4)])
def test_at_a_terminal_the_canary_shows_what_came_of_it_and_asks(
    served: Folder, standin: StandIn, answer: str, code: int
) -> None:
    served.people(numbers(5))
    terminal = served.spawn("--canary", "2", size=(30, 120))
    terminal.expect(r"Call them now\? \[y/N\]")
    terminal.sendline("y")
    terminal.expect(r"Go on with the other 3\? \[y/N\]")
    seen = str(terminal.before)
    assert "row 2: completed: Spoke with" in seen
    assert "row 3: completed: Spoke with" in seen
    assert standin.numbers == numbers(2)
    time.sleep(0.1)
    if answer == "ctrl-c":
        terminal.sendintr()
    else:
        terminal.sendline(answer)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == code
    assert standin.numbers == numbers(5 if code == 0 else 2)
    if code:
        assert "stopped after the first calls" in str(terminal.before)
        assert "To go on" in str(terminal.before)
    assert "Traceback" not in str(terminal.before)
    assert served.states().count("pending") == (0 if code == 0 else 3)


def test_without_a_terminal_the_canary_goes_on_by_yes_and_nobody_is_called_without(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(4))
    refused = served.do("run", "--canary", "2")
    assert refused.code == 2
    assert "--yes" in refused.err
    assert standin.requests == []
    gone_on = served.run("--canary", "2")
    assert gone_on.code == 0, gone_on
    assert "The first calls came to this" in gone_on.err
    assert standin.numbers == numbers(4)
