"""``init`` where the sheet is not the one file with the usual headings: what it offers and says."""

import csv
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pexpect
import pytest

from poku_batch.campaign import load_campaign
from tests.program import Program, Result

_HEAD = ("Name", "Phone")
_ANA = ("Ana", "(415) 555-0123")
_BEN = ("Ben", "(212) 555-0147")
_REMIND = ("--purpose", "reminder", "--company", "Cedar Street School", "--region", "US")


def write_csv(path: Path, *rows: Sequence[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    path = tmp_path / "my desk"
    path.mkdir()
    return path


def init(program: Program, desk: Path, *args: str) -> Result:
    return program.run("init", *args, cwd=desk)


def test_a_pattern_begins_a_campaign_of_all_its_sheets(desk: Path, program: Program) -> None:
    write_csv(desk / "class 1A.csv", _HEAD, _ANA)
    write_csv(desk / "class 1B.csv", _HEAD, _BEN)
    result = init(program, desk, "--sheet", "class*.csv", *_REMIND)
    assert result.code == 0, result
    assert "class*.csv names 2 sheets now, all read as one; class 1A.csv was looked at" in (
        result.out
    )
    assert load_campaign(desk / "reminders.yaml").contacts.file.name.endswith("class*.csv")
    check = program.run("check", "reminders.yaml", cwd=desk)
    assert "To call by country: US 2" in check.out, check
    none = init(program, desk, "--sheet", "group*.csv", *_REMIND, "--name", "none")
    assert none.code == 2
    assert "group*.csv: matches no file" in none.err


@pytest.mark.parametrize(
    ("sheet", "words"),
    [
        ("https://example.com/people.csv", "--sheet: a link cannot be looked at here"),
        ("HTTP://example.com/people.csv", "contacts.file can be the link"),
        (".", ".: is a folder, not a file (name the sheet in it)"),
    ],
)
def test_what_is_no_sheet_is_told_as_what_it_is(
    desk: Path, program: Program, sheet: str, words: str
) -> None:
    result = init(program, desk, "--sheet", sheet, *_REMIND)
    assert result.code == 2
    assert words in result.err
    assert list(desk.iterdir()) == []


def test_the_list_of_repairs_is_not_offered_as_a_sheet(desk: Path, program: Program) -> None:
    write_csv(desk / "people.csv", _HEAD, _ANA)
    write_csv(desk / "people.repairs.csv", ("row", "cell"), ("2", "B2"))
    result = init(program, desk, *_REMIND)
    assert result.code == 0, result
    assert "file: people.csv" in (desk / "reminders.yaml").read_text()


def test_the_worksheet_with_numbers_is_proposed_not_the_cover(desk: Path, program: Program) -> None:
    book = openpyxl.Workbook()
    cover = book.active
    assert cover is not None
    cover.title = "Cover"
    cover.append(["Leads of this quarter"])
    people = book.create_sheet("People")
    for row in (_HEAD, _ANA, _BEN):
        people.append(row)
    book.save(desk / "leads.xlsx")
    result = init(program, desk, "--yes", *_REMIND)
    assert result.code == 0, result
    assert "sheet: People #" in (desk / "reminders.yaml").read_text()


def test_without_a_likely_column_they_are_listed_and_enter_is_no_answer(
    desk: Path, program: Program
) -> None:
    write_csv(desk / "people.csv", ("Who", "Where"), ("Ana", "+14155550123 or ask"))
    talk = program.spawn("init", cwd=desk, size=(40, 200))
    for words, answer in (
        ("Which sheet is it?", "peple.csv"),
        ("there is no file 'peple.csv'; did you mean 'people.csv'?", "/"),
        ("'/' is a folder: name a sheet in it", "people.csv"),
        ("What are the calls for?", "survey"),
        ("Who is calling?", "Cedar"),
        ("What do you ask about", ""),
        ("no column looks like phone numbers", ""),
    ):
        talk.expect_exact(words)
        talk.sendline(answer)
    talk.expect_exact("1  Who: Ana")
    talk.expect_exact("2  Where: +14155550123 or ask")
    talk.expect_exact("Enter takes nothing here: please answer, or leave with Ctrl-C.")
    talk.expect_exact("Which column holds the numbers")
    talk.sendline("2")
    talk.expect_exact("What tells a row from the others when the sheet is read again? [Where]")
    talk.sendintr()
    talk.expect(pexpect.EOF)
    talk.close()
    assert [path.name for path in desk.iterdir()] == ["people.csv"]
