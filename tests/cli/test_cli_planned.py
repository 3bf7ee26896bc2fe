"""The plan before a run: what is new, what it would come to, and that it comes to that."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pexpect
import pytest

from tests.program import Folder
from tests.standin import Answer, StandIn, numbers, said

COLUMNS = ("id", "name", "phone")
DAYS = ("phone", "name", "day")
ADA, BOB, CY, DI, ED, FLO, GIL = numbers(7)
NOBODY = Answer(status=200, body={"error": "human did not respond"})
BEFORE = [
    ("1", "Ada", ADA),
    ("2", "Bob", "+14155550999"),
    ("3", "Cy", "12"),
    ("4", "Di", DI),
    ("5", "Ed", ED),
]
AFTER = [
    ("1", "Adam", ADA),
    ("2", "Bob", BOB),
    ("3", "Cy", CY),
    ("4", "Di", DI),
    ("6", "Flo", FLO),
]


@pytest.fixture
def second(served: Folder, standin: StandIn) -> Folder:
    """A campaign that was run once, and whose sheet was worked on since."""
    served.write(
        contacts={"file": "sheet.csv", "key": "id", "region": "US"},
        redial={"outcomes": ["no_answer"], "after": ["4h"]},
    )
    served.write_sheet(BEFORE, COLUMNS)
    standin.act("+14155550999", Answer(status=400, body={"error": "not a number"}))
    standin.act(DI, NOBODY)
    assert served.run("--no-wait").code == 5
    assert served.states() == ["done", "failed", "skipped", "pending", "done"]
    standin.requests.clear()
    served.write_sheet(AFTER, COLUMNS)
    return served


def expected(text: str) -> str:
    """What a text says that a run would come to."""
    [line] = re.findall(r"^expected +(.*)$", text, re.MULTILINE)
    return str(line)


def test_a_second_run_does_what_the_plan_says_of_the_sheet(
    second: Folder, standin: StandIn
) -> None:
    check = second.do("check")
    assert check.code == 0, check
    assert re.search(
        r"^since last time  1 new, 3 changed, 2 to be called again, "
        r"1 redial \(none due yet; the next from [-0-9]{10} [:0-9]{8}\), 1 done$",
        check.out,
        re.MULTILINE,
    )
    assert "row 3: its number was corrected; the API had rejected +14155550999" in check.out
    assert "row 4: was skipped (too short for US (+1): '12'); that no longer holds" in check.out
    assert "1 contact of earlier sheets is no longer in this one: not called" in check.out
    assert expected(check.out).startswith("about 4 calls, 8 minutes, 1.00 USD; would end ")
    assert "by pricing.typical_call: 2 min 0 s each; without redials" in check.out
    assert standin.requests == []

    run = second.run("--no-wait")
    assert run.code == 5, run
    assert "since last time  1 new, 3 changed, 2 to be called again" in run.err
    assert expected(run.err).startswith("about 3 calls, 6 minutes, 0.75 USD; would end ")
    assert expected(run.err).endswith("by --no-wait, with 1 left")
    assert standin.numbers == sorted([BOB, CY, FLO])
    assert second.states() == ["done", "done", "done", "pending", "done"]

    again = second.do("check")
    assert "since last time  nothing new, 1 redial (none due yet; the next from " in again.out
    assert expected(again.out).startswith("about 1 call, 2 minutes, 0.25 USD; would end ")


def test_a_runs_json_tells_the_plan_as_it_was(second: Folder, standin: StandIn) -> None:
    plan = second.run("--no-wait", "--json").json["plan"]
    assert plan["since_last_time"] == {
        "known": 4,
        "new": 1,
        "other_key": 0,
        "changed": 3,
        "called_again": 2,
        "waiting": 0,
        "redials": 1,
        "redials_due": 0,
        "called_before": 1,
        "gone": 1,
    }
    assert [row["row"] for row in plan["called_again_rows"]] == [3, 4]
    said = plan["expected"]
    figures = {"calls": 3, "minutes": 6, "cost": "0.750", "currency": "USD", "left": 1}
    assert said | figures == said
    assert (said["redials"], said["ended_by"], said["based_on_calls"]) == (None, "due_later", 0)
    assert datetime.fromisoformat(said["ends_at"]) > datetime.now(UTC)
    assert len(standin.calls) == said["calls"]


def test_of_a_first_run_nothing_is_said_to_be_new(served: Folder) -> None:
    served.people([*numbers(3), "12"])
    check = served.do("check")
    assert "since last time" not in check.out
    assert expected(check.out).startswith("about 3 calls, 6 minutes, 0.75 USD; would end ")


def test_where_nobody_is_left_the_plan_says_so(served: Folder) -> None:
    served.people(numbers(2))
    assert served.run().code == 0
    check = served.do("check")
    assert "since last time  nothing new, 2 done" in check.out
    assert expected(check.out) == "no call: nobody is left to call"


def test_a_run_that_was_stopped_midway_has_some_still_to_be_called(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(30))
    first = served.run("--limit", "25")
    assert expected(first.err).startswith("about 25 calls, 50 minutes")
    assert expected(first.err).endswith("by --limit, with 5 left")
    assert len(standin.calls) == 25
    check = served.do("check")
    assert "since last time  nothing new, 5 still to be called, 25 done" in check.out
    # The stand-in's calls last no time, and cost a started minute each.
    assert expected(check.out).startswith("about 5 calls, 5 minutes, 0.62 USD")
    assert "as the last 25 calls here: " in check.out


def test_redials_are_expected_once_calls_tell_of_them(served: Folder, standin: StandIn) -> None:
    redial = {"outcomes": ["no_answer"], "after": ["4h"], "attempts": 2}
    served.write(redial=redial, limits={"concurrency": 10, "max_calls": 40})
    people = numbers(80)
    served.people(people)
    for number in people[:20]:
        standin.act(number, NOBODY)
    first = served.run("--no-wait")
    assert "without redials" in first.err
    assert expected(first.err).endswith("by limits.max_calls, with 40 left")
    served.write(redial=redial, limits={"concurrency": 10})
    check = served.do("check")
    assert "20 redials (none due yet" in check.out
    # Half of the calls so far came to nothing; so will half of those to whoever is called first.
    assert expected(check.out).startswith("about 80 calls (20 of them redials), 80 minutes")


@pytest.mark.parametrize(
    ("pricing", "words"),
    [
        ({"longest_call": "2m"}, r"about 3 calls, 6 .* by limits.budget, with 7"),
        ({"per_minute": 1}, r"no call: limits.budget has no room .*; 10 contacts"),
    ],
)
def test_a_budget_that_ends_a_run_first_is_said(
    served: Folder, standin: StandIn, pricing: dict[str, Any], words: str
) -> None:
    served.people(numbers(10))
    served.write(limits={"concurrency": 1, "budget": 0.75}, pricing=pricing)
    check = served.do("check")
    assert re.match(words, expected(check.out)), check.out
    assert standin.requests == []


def test_a_run_until_a_time_says_what_it_leaves(served: Folder, standin: StandIn) -> None:
    served.people(numbers(100))
    served.write(limits={"concurrency": 1}, pricing={"typical_call": "30m"})
    until = datetime.now(UTC) + timedelta(hours=2)
    terminal = served.spawn("--until", until.isoformat(), size=(40, 250))
    terminal.expect(r"\[y/N\]")
    asked = str(terminal.before)
    terminal.sendline("n")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert re.search(r"about 5 calls, 150 minutes, 18\.75 USD; would end .* by --until", asked)
    assert "with 95 left" in asked
    assert "by pricing.typical_call: 30 min 0 s each" in asked
    assert standin.requests == []


def test_a_redial_at_night_is_said_to_be_called_in_the_morning(
    served: Folder, standin: StandIn
) -> None:
    served.people([ADA])
    served.write(redial={"outcomes": ["busy"], "after": ["1h"]}, calling_hours="always")
    standin.act(ADA, said("The line was busy."))
    assert served.run("--no-wait").code == 5
    morning = datetime.now(UTC) + timedelta(hours=6)
    hours = {"between": [f"{morning:%H}:00", f"{morning:%H}:30"], "timezone": "UTC"}
    served.write(redial={"outcomes": ["busy"], "after": ["1h"]}, calling_hours=hours)
    opens = f"{morning.replace(minute=0, second=0).astimezone():%Y-%m-%d %H:%M:%S}"
    assert f"1 redial (none due yet; the next from {opens})" in served.do("check").out


def test_what_a_sheet_holds_cannot_steer_the_terminal(served: Folder, standin: StandIn) -> None:
    served.write(contacts={"file": "sheet.csv", "key": "id", "region": "US"})
    served.write_sheet([("1", "Ada", "\x1b[31m12")], COLUMNS)
    assert served.run().code in (0, 3)
    served.write_sheet([("1", "Ada", ADA)], COLUMNS)
    check = served.do("check").checked()
    assert "row 2: was skipped (" in check.out
    assert standin.requests == []


def test_a_key_that_is_written_otherwise_is_told_before_its_number_is_called_again(
    served: Folder, standin: StandIn
) -> None:
    served.write(contacts={"file": "sheet.csv", "key": ["phone", "day"]})
    served.write_sheet([(ADA, "Ada", "2026-12-01"), (BOB, "Bob", "2026-12-01")], DAYS)
    assert served.run().code == 0
    # The next export of the same sheet writes the day of one row in another way.
    served.write_sheet([(ADA, "Ada", "1.12.2026"), (BOB, "Bob", "2026-12-01")], DAYS)
    said = served.do("check").out
    words = "1 new (with a number that was called before, under another key)"
    assert f"since last time  {words}, 1 done" in said
    today = datetime.now(UTC).date()
    assert f"row 2: its number was called on {today} under the key '{ADA} | 2026-12-01'" in said
    assert served.do("check", "--json").json["plan"]["since_last_time"]["other_key"] == 1
    run = served.run()
    assert words in run.err
    assert standin.numbers == sorted([ADA, ADA, BOB])


def test_caller_ids_that_are_used_up_are_told_before_a_run_waits_for_them(served: Folder) -> None:
    served.people(numbers(7))
    served.write(
        call={"from": ["+14155550001", "+14155550002"]},
        limits={"per_caller_id": 2},
    )
    fresh = served.do("check").out
    assert "limits.per_caller_id allows for 4 calls a day, 4 of them now\n" in fresh
    assert expected(fresh).startswith("about 7 calls, ")
    plan = served.do("check", "--json").json["plan"]["expected"]
    assert datetime.fromisoformat(plan["ends_at"]) > datetime.now(UTC) + timedelta(hours=23)

    assert served.run("--no-wait").code == 5
    used_up = served.do("check").out
    assert "limits.per_caller_id allows for 4 calls a day, none now, more from " in used_up
    cap = served.do("check", "--json").json["plan"]["expected"]["day_cap"]
    assert (cap["a_day"], cap["left"]) == (4, 0)

    served.write(call={"from": ["+14155550001", "+14155550002"]}, limits={"per_caller_id": 9})
    assert "per_caller_id allows" not in served.do("check").out
