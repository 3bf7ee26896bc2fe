"""The sheet, the prompt or the campaign changes between two runs."""

from tests.program import Folder
from tests.standin import Answer, StandIn, numbers, summary


def test_the_next_run_calls_exactly_the_rows_that_were_added_or_corrected(
    served: Folder, standin: StandIn
) -> None:
    good, rejected, first, second, third = numbers(5)
    standin.act(rejected, Answer(status=400, body={"error": "landline"}))
    served.write_sheet([("Ann", good), ("Bob", "12"), ("Cid", rejected)])
    assert served.run().code == 3
    assert served.states() == ["done", "skipped", "failed"]
    rows = served.results()
    assert "12" in rows[1]["call_error"]
    assert "landline" in rows[2]["call_error"]

    standin.requests.clear()
    served.write_sheet([("Ann", good), ("Bob", first), ("Cid", second), ("Dot", third)])
    assert f"call {3}" in served.do("check").out
    assert served.run().code == 0
    assert standin.numbers == [first, second, third]
    assert served.states() == ["done"] * 4
    assert [row["call_summary"] for row in served.results()][1:] == [
        summary(number) for number in (first, second, third)
    ]


def test_with_a_key_of_its_own_a_corrected_number_is_the_same_contact(
    served: Folder, standin: StandIn
) -> None:
    good, rejected, first, second, other = numbers(5)
    columns = ("id", "name", "phone")
    served.write(contacts={"file": "sheet.csv", "key": "id"})
    standin.act(rejected, Answer(status=422, body={"error": "no"}))
    served.write_sheet([("1", "A", good), ("2", "B", "oops"), ("3", "C", rejected)], columns)
    assert served.run().code == 3
    served.write_sheet([("1", "A", other), ("2", "B", first), ("3", "C", second)], columns)
    standin.requests.clear()
    assert served.run().code == 0
    # Row 1 was called already, on the number that it had then.
    assert standin.numbers == [first, second]
    assert [row["call_attempts"] for row in served.results()] == ["1", "1", "2"]
    assert served.results()[0]["call_summary"] == summary(good)


def test_a_new_prompt_is_for_those_who_are_left_and_never_calls_anybody_again(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(4))
    assert served.run("--limit", "2").code == 4
    served.write(prompt={"text": "New words for {{ name }}."}, call={"voice": "male"})
    assert served.run().code == 0
    assert standin.numbers == numbers(4)
    prompts = sorted(call.json["prompt"] for call in standin.calls)
    assert prompts == [
        "Call Person 1.",
        "Call Person 2.",
        "New words for Person 3.",
        "New words for Person 4.",
    ]


def test_rows_that_are_gone_are_not_in_the_results_and_a_new_order_is_kept(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(4))
    assert served.run("--limit", "3").code == 4
    kept = [numbers(4)[n] for n in (3, 2, 0)]
    served.write_sheet([(f"new name {n}", phone) for n, phone in enumerate(kept)])
    check = served.do("check")
    assert "1 contact of earlier sheets is no longer in this one" in check.out
    assert served.run().code == 0
    rows = served.results()
    assert [row["phone"] for row in rows] == kept
    assert [row["name"] for row in rows] == ["new name 0", "new name 1", "new name 2"]
    assert [row["call_summary"] for row in rows] == [summary(number) for number in kept]
    assert standin.numbers == numbers(4)


def test_another_wave_or_name_calls_everybody_anew(served: Folder, standin: StandIn) -> None:
    served.people(numbers(2))
    for keys in ({}, {"wave": "2"}, {"name": "other"}, {"wave": "2"}):
        served.write(**keys)
        assert served.run().code == 0
    assert standin.numbers == sorted(numbers(2) * 3)


def test_a_number_that_was_called_on_another_day_is_told_with_what_to_do(
    served: Folder, standin: StandIn
) -> None:
    columns = ("name", "phone", "appointment_at")
    served.write_sheet([("Ann", numbers(1)[0], "Monday")], columns)
    assert served.run().code == 0
    assert "already called" not in served.do("check").out

    served.write_sheet(
        [("Ann", numbers(1)[0], "Friday"), ("Bob", numbers(2)[1], "Friday")], columns
    )
    check = served.do("check")
    assert check.code == 0
    for told in (check.out, served.run().err):
        assert "already called" in told
        assert "row 2" in told
        assert "contacts.key: [phone, …]" in told
        assert "wave" in told
    assert standin.numbers == numbers(2)
    assert served.states() == ["done", "done"]

    served.write(contacts={"file": "sheet.csv", "key": ["phone", "appointment_at"]})
    assert served.run().code == 0
    assert standin.numbers == sorted([*numbers(2), *numbers(2)])


def test_numbers_that_stand_twice_are_called_once_or_as_the_rule_says(
    served: Folder, standin: StandIn
) -> None:
    rows = [("1", "A", numbers(1)[0]), ("2", "B", "+1 (415) 555-0000"), ("3", "C", numbers(2)[1])]
    served.write_sheet(rows, ("id", "name", "phone"))
    assert served.run().code == 0
    assert standin.numbers == numbers(2)
    assert served.states() == ["done", "skipped", "done"]
    assert "row 2" in served.results()[1]["call_error"]

    served.write(name="strict", contacts={"file": "sheet.csv", "duplicates": "error"})
    refused = served.run()
    assert refused.code == 2, refused
    assert "row" in refused.err
    served.write(name="all", contacts={"file": "sheet.csv", "key": "id", "duplicates": "all"})
    assert served.run().code == 0
    assert len(standin.calls) == 2 + 3


def test_a_results_file_cannot_be_the_sheet_and_a_rerun_may_read_old_results(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(1))
    assert served.run().code == 0
    served.write(contacts="out.csv", output="again.csv")
    clash = served.do("check")
    assert clash.code == 2
    assert "call_status" in clash.err
    assert "rename" in clash.err
    served.write(output="sheet.csv")
    assert served.do("check").code == 2
