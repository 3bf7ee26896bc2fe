"""How many calls, how often, for how much, in which order, from which number."""

import signal
import time
from collections import defaultdict
from typing import Any

from tests.program import Folder
from tests.standin import Answer, StandIn, numbers, said

_LATER = {"later": ["call back later"]}
_CALL_BACK = said("They asked us to call back later.")


def _status(folder: Folder) -> Any:
    return folder.do("status", "--json").json


def test_max_calls_bounds_one_run_and_the_next_goes_on(served: Folder, standin: StandIn) -> None:
    served.people(numbers(5))
    served.write(limits={"concurrency": 4, "max_calls": 3})
    first = served.run()
    assert first.code == 4, first
    assert "stopped at limits.max_calls" in first.out
    assert "real calls to 3 people of 5 (US 5)" in first.err
    assert len(standin.calls) == 3
    assert served.run().code == 0
    assert standin.numbers == numbers(5)


def test_the_budget_sets_long_calls_aside_and_says_what_was_spent_and_what_to_do(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(6))
    pricing = {"per_minute": 1, "currency": "EUR", "longest_call": "2m"}
    served.write(limits={"concurrency": 5, "budget": 4}, pricing=pricing)
    stopped = served.run()
    assert stopped.code == 4, stopped
    # Two could last two minutes each; they took one, and so there was room for a third.
    assert len(standin.calls) == 3
    assert "the budget has no room for another call" in stopped.out
    assert "cost so far: 3.00 of 4.00 EUR" in stopped.out
    assert "raise limits.budget" in stopped.err
    again = served.run("--json")
    assert (again.code, again.json["ending"], again.json["cost"]) == (4, "budget", "3")
    assert len(standin.calls) == 3
    served.write(limits={"budget": 40}, pricing=pricing)
    assert served.run().code == 0
    assert standin.numbers == numbers(6)


def test_without_a_budget_no_cost_is_told(served: Folder) -> None:
    served.people(numbers(1))
    ended = served.run("--json")
    assert ended.json["cost"] is None
    assert "cost" not in served.run().out


def test_the_circuit_breaker_stops_and_names_the_calls(served: Folder, standin: StandIn) -> None:
    served.people(numbers(30))
    breaker = {"last": 4, "share": "50%", "cool_down": "1s", "trips": 2}
    served.write(limits={"concurrency": 1}, circuit_breaker=breaker)
    standin.always = Answer(status=422, body={"error": "not a number of ours"})
    stopped = served.run()
    assert stopped.code == 4, stopped
    assert "too many calls went wrong" in stopped.out
    assert "4 of the last 4 calls failed or are unknown" in stopped.err
    assert "are unknown: rows 2, 3, 4, 5: failed: HTTP 422" in stopped.err
    assert "one call finds out" in stopped.err
    assert "Find out why" in stopped.err
    assert len(standin.calls) == 5
    assert served.states().count("pending") == 25

    standin.always = None
    assert served.run().code == 3
    assert served.states() == ["failed"] * 5 + ["done"] * 25


def test_the_highest_priority_is_called_first(served: Folder, standin: StandIn) -> None:
    ranks = [3, 0, 90, 7, 90]
    rows = [(f"P{n}", number, str(ranks[n])) for n, number in enumerate(numbers(5))]
    served.write_sheet(rows, ("name", "phone", "rank"))
    contacts = {"file": "sheet.csv", "priority": "{{ rank }}"}
    served.write(limits={"concurrency": 1}, contacts=contacts)
    assert served.run().code == 0
    assert [call.json["to"] for call in standin.calls] == [numbers(5)[n] for n in (2, 4, 3, 0, 1)]


def test_a_priority_that_is_none_is_a_fault_of_its_row_and_the_others_are_called(
    served: Folder, standin: StandIn
) -> None:
    rows = [("A", numbers(2)[0], "high"), ("B", numbers(2)[1], "")]
    served.write_sheet(rows, ("name", "phone", "rank"))
    served.write(contacts={"file": "sheet.csv", "priority": "{{ rank or 0 }}"})
    why = "contacts.priority: 'high' is not a whole number from 0 to 100"
    assert f"row 2: {why}" in served.do("check").out
    assert served.run().code == 0
    assert [row["call_error"] for row in served.results()] == [why, ""]
    assert standin.numbers == [numbers(2)[1]]


def test_everybody_keeps_the_caller_id_that_they_saw_first(
    served: Folder, standin: StandIn
) -> None:
    pool = ["+14155550100", "+14155550101", "+14155550102"]
    served.people(numbers(6))
    for number in numbers(6):
        standin.act(number, _CALL_BACK)
    redial = {"outcomes": ["later"], "attempts": 2, "after": "1s", "jitter": 0}
    served.write(call={"from": pool}, outcomes=_LATER, redial=redial)
    assert "3 numbers in turn" in served.do("check").out
    assert served.run().code == 0
    seen = defaultdict(list)
    for call in standin.calls:
        seen[call.json["to"]].append(call.json["from"])
    assert all(len(ids) == 2 and len(set(ids)) == 1 for ids in seen.values()), seen
    assert {ids[0] for ids in seen.values()} == set(pool)


def test_a_number_is_not_called_more_often_than_all_campaigns_of_the_folder_may(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(2))
    limits = {"concurrency": 2, "per_number": {"1d": 1}}
    served.write(limits=limits)
    assert served.run().code == 0
    served.write(name="other", output="other.csv", limits=limits)
    assert "number called often enough" in served.do("check").out
    left = served.run("--no-wait")
    assert left.code == 5, left
    assert "number called often enough" in left.out
    assert standin.numbers == numbers(2)
    assert served.states("other.csv") == ["pending"] * 2


def test_a_redial_outlives_the_program_and_comes_when_it_is_due(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(2))
    standin.act(numbers(2)[0], _CALL_BACK)
    redial = {"outcomes": ["later"], "attempts": 2, "after": "4s", "jitter": 0}
    served.write(outcomes=_LATER, redial=redial)
    process = served.start()
    standin.wait_for(2)
    status = _status(served)
    while status["states"]["dialing"]:
        time.sleep(0.05)
        status = _status(served)
    assert (status["states"]["pending"], status["states"]["done"]) == (1, 1)
    assert status["waits"]["redial"]["contacts"] == 1
    process.signal(signal.SIGKILL)
    assert process.ended().code == -signal.SIGKILL
    assert len(standin.calls) == 2
    assert served.run().code == 0
    assert served.states() == ["done"] * 2
    assert served.results()[0]["call_attempts"] == "2"
    first, second = (call.at for call in standin.calls if call.json["to"] == numbers(2)[0])
    assert 4 <= second - first < 8
    assert standin.numbers == sorted([numbers(2)[0], *numbers(2)])


def test_whose_attempts_are_used_up_is_failed_and_says_so(served: Folder, standin: StandIn) -> None:
    served.people(numbers(1))
    standin.act(numbers(1)[0], *[_CALL_BACK] * 3)
    redial = {"outcomes": ["later"], "attempts": 2, "after": "1s", "jitter": 0}
    served.write(outcomes=_LATER, redial=redial)
    ended = served.run()
    assert ended.code == 3, ended
    (row,) = served.results()
    assert (row["call_status"], row["call_outcome"]) == ("failed", "later")
    assert "later after 2 attempts" in row["call_error"]
    assert len(standin.calls) == 2
    assert standin.calls[1].at - standin.calls[0].at >= 1
