"""Another sheet in the place of a campaign's own, and no more calls than somebody agreed to."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.program import Folder, Program
from tests.standin import StandIn, numbers

COMMAND = str(Path(sys.executable).with_name("poku-batch"))


def put(folder: Folder, name: str, phones: list[str]) -> Path:
    path = folder.path / name
    path.write_text("name,phone\n" + "".join(f"P{n},{n}\n" for n in phones), encoding="utf-8")
    return path


def test_another_sheet_is_read_this_once_and_nobody_is_called_again(
    served: Folder, standin: StandIn
) -> None:
    first, second, third = numbers(3)
    served.people([first, second])
    put(served, "other.csv", [second, third])
    served.run()
    done = served.run("--contacts", "other.csv")
    assert done.code == 0
    assert "other.csv, in place of sheet.csv" in done.err
    assert standin.numbers == [first, second, third]
    assert [row["phone"] for row in served.results()] == [second, third]
    served.run()
    assert standin.numbers == [first, second, third]
    assert [row["phone"] for row in served.results()] == [first, second]


def test_who_is_in_no_row_of_the_other_sheet_is_kept_and_called_by_the_own_one(
    served: Folder, standin: StandIn
) -> None:
    first, second, third = numbers(3)
    served.people([first, second])
    put(served, "other.csv", [third])
    served.run("--limit", "1")
    served.run("--contacts", "other.csv")
    assert standin.numbers == [first, third]
    served.run()
    assert standin.numbers == [first, second, third]


def test_each_sheet_is_known_by_itself(served: Folder, standin: StandIn) -> None:
    people = numbers(4)
    served.people(people[:2])
    put(served, "a.csv", people[2:])
    put(served, "b.csv", people[2:])
    for sheet in ("sheet.csv", "a.csv", "a.csv", "b.csv", "sheet.csv", "a.csv"):
        served.run("--contacts", sheet)
        found = {row["phone"] for row in served.results()}
        assert found == set(people[:2] if sheet == "sheet.csv" else people[2:])
    assert standin.numbers == people


def test_check_and_preview_say_which_sheet_they_read(folder: Folder) -> None:
    first, second = numbers(2)
    folder.people([first])
    put(folder, "other.csv", [first, second])
    checked = folder.do("check", "--contacts", "other.csv")
    assert "sheet     other.csv, in place of sheet.csv" in checked.out
    found = folder.do("check", "--contacts", "other.csv", "--json").json
    assert found["sheet"]["file"] == str(folder.path / "other.csv")
    assert found["sheet"]["in_place_of"] == str(folder.path / "sheet.csv")
    assert found["to_call"] == 2
    previewed = folder.do("preview", "--contacts", "other.csv", "--row", "3")
    assert previewed.code == 0
    assert "other.csv, in place of sheet.csv" in previewed.err
    assert folder.do("check", "--json").json["sheet"]["in_place_of"] is None


def test_json_has_what_is_printed_for_people(folder: Folder) -> None:
    folder.write_sheet([("Ann", numbers(1)[0]), ("\x1b[31mBob", "12"), ("", numbers(2)[1] + "x")])
    # By the minute: the end of the run that is expected may be another in between.
    printed, told = (
        [line for line in text.strip().split("\n") if "would end" not in line]
        for text in (folder.do("check").out, folder.do("check", "--json").json["text"])
    )
    assert printed == told
    assert len(printed) > 10
    folder.write(prompt={"text": "{{ nobody }}"})
    assert folder.do("check", "--json").json["text"] == folder.do("check").out
    folder.campaign.write_text("name: demo")
    assert folder.do("check", "--json").json["text"] == folder.do("check").out == ""


def test_a_run_that_goes_on_is_told_with_its_sheet(folder: Folder) -> None:
    folder.people(numbers(1))
    put(folder, "other sheet.csv", numbers(3))
    stopped = folder.do("run", "--simulate", "--limit", "1", "--contacts", "other sheet.csv")
    again = "poku-batch run campaign.yaml --simulate --contacts 'other sheet.csv'"
    assert f"To go on: {again}" in stopped.err
    assert "sheet.csv, in place" not in folder.do("run", "--simulate", "--fresh").err


def test_a_repaired_copy_of_it_is_named_by_the_option_too(folder: Folder) -> None:
    folder.people(numbers(1))
    put(folder, "other.csv", ["4155550101"])
    fixed = folder.do("check", "--contacts", "other.csv", "--fix", "mended.csv")
    assert "next      give --contacts mended.csv" in fixed.out
    for kept in ("sheet.csv", "other.csv"):
        refused = folder.do("check", "--contacts", "other.csv", "--fix", kept, "--force")
        assert refused.code == 2
        assert f"{kept}: is a file of the campaign" in refused.err


def test_it_may_be_standard_input(folder: Folder, program: Program) -> None:
    folder.people(numbers(1))
    done = subprocess.run(
        [COMMAND, "check", "campaign.yaml", "--contacts", "-", "--json"],
        input=f"name,phone\nAnn,{numbers(1)[0]}\nBob,{numbers(2)[1]}\n".encode(),
        capture_output=True,
        check=True,
        cwd=folder.path,
        env=program.env({}),
        timeout=60,
    )
    assert b'"file": "standard input"' in done.stdout
    assert b'"to_call": 2' in done.stdout


@pytest.mark.parametrize(
    ("sheet", "words"),
    [
        ("shet.csv", 'shet.csv: there is no such file (did you mean "sheet.csv"?)'),
        ("out.csv", "--contacts: the campaign writes its results to out.csv"),
        ("http://sheets.example/a.csv", "--contacts: 'http' is not https"),
        ("https://me:pw@sheets.example/a.csv", "--contacts: holds a user's name or password"),
        (" ", "--contacts: is empty (name the sheet)"),
        ("campaign.yaml", 'the ending ".yaml" is not that of a sheet'),
    ],
)
def test_what_cannot_be_a_sheet_is_refused_and_nobody_is_called(
    served: Folder, standin: StandIn, sheet: str, words: str
) -> None:
    served.people(numbers(1))
    refused = served.run("--contacts", sheet)
    assert refused.code == 2
    assert words in refused.err
    assert not standin.calls


def test_a_run_of_more_than_was_agreed_to_calls_nobody(served: Folder, standin: StandIn) -> None:
    served.people(numbers(3))
    refused = served.run("--agreed", "2")
    assert refused.code == 2
    assert "the plan has changed: 3 would be called, 2 were agreed to; check again" in refused.err
    assert not standin.calls
    assert served.run("--agreed", "3").code == 0
    assert standin.numbers == numbers(3)
    assert served.run("--agreed", "0").code == 0
    assert standin.numbers == numbers(3)


def test_who_would_be_called_later_counts_as_agreed_to(served: Folder, standin: StandIn) -> None:
    first, second = numbers(2)
    served.write_sheet(
        [("Ann", first, ""), ("Bob", second, "2999-01-01")], ("name", "phone", "not_before")
    )
    assert served.do("check", "--json").json["to_call"] == 2
    assert served.run("--agreed", "1", "--no-wait").code == 2
    assert not standin.calls
    assert served.run("--agreed", "2", "--no-wait").code == 5
    assert standin.numbers == [first]


def test_limits_of_a_run_bound_what_is_to_be_agreed_to(served: Folder, standin: StandIn) -> None:
    served.write(limits={"max_calls": 2})
    served.people(numbers(3))
    assert served.do("check", "--json").json["to_call"] == 2
    assert served.run("--agreed", "1", "--limit", "1").code == 4
    assert served.run("--agreed", "2").code == 0
    assert standin.numbers == numbers(3)
