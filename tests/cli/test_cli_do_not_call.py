"""The folder's do-not-call list, by whole commands: kept by a person, heeded by runs."""

import csv
import json
import stat
from pathlib import Path

import openpyxl
import pexpect
import pytest

from tests.program import Folder, Program
from tests.standin import StandIn, numbers, twice

ANN, BOB = "+14155550100", "+442079460000"


@pytest.fixture
def asked(folder: Folder, program: Program) -> "Asked":
    return Asked(folder, program)


class Asked:
    """``poku-batch do-not-call`` in a campaign's folder."""

    def __init__(self, folder: Folder, program: Program) -> None:
        self.folder = folder
        self._program = program

    def __call__(self, *args: str, code: int = 0) -> str:
        """Everything that a command says."""
        result = self._program.run("do-not-call", *args, cwd=self.folder.path)
        assert result.code == code, result
        return result.out + result.err

    def listed(self, *args: str) -> list[dict[str, str | None]]:
        """The entries, with their numbers."""
        told = self("list", "campaign.yaml", "--json", "--numbers", *args)
        entries: list[dict[str, str | None]] = json.loads(told)["do_not_call"]
        return entries

    def numbers(self, *args: str) -> list[str | None]:
        return [entry["number"] for entry in self.listed(*args)]


def test_numbers_are_added_listed_and_removed(asked: Asked) -> None:
    told = asked("add", "campaign.yaml", ANN, BOB, "--reason", f"asked by mail from {BOB}")
    assert told == "2 numbers new on the list\n"
    assert asked("add", "campaign.yaml", ANN) == "0 numbers new on the list\n"
    first, second = asked.listed()
    assert (first["number"], second["number"]) == (ANN, BOB)
    assert first["source"] == "added"
    assert first["reason"] == f"asked by mail from {BOB}"
    assert first["added_by"]
    assert str(first["added_at"]).endswith("+00:00")
    removed = asked("remove", "campaign.yaml", ANN, "--yes")
    assert "+1 •••• 00  20" in removed
    assert "asked by mail" in removed
    assert "1 number removed from the list\n" in removed
    assert asked.numbers() == [BOB]


def test_numbers_are_masked_unless_they_are_asked_for(asked: Asked) -> None:
    asked("add", "campaign.yaml", ANN, "--reason", f"the husband of {BOB}")
    for told in (asked("list", "campaign.yaml"), asked("list", "campaign.yaml", "--json")):
        assert ANN not in told
        assert BOB not in told
    told = asked("list", "campaign.yaml")
    assert told.startswith("+1 •••• 00  20")
    assert "the husband of +44 •••• 00" in told
    told = asked("list", "campaign.yaml", "--numbers")
    assert told.startswith(ANN)
    assert BOB in told


def test_a_folder_stands_for_its_campaigns(asked: Asked, program: Program) -> None:
    asked("add", ".", ANN)
    assert asked.numbers() == [ANN]
    elsewhere = program.run("do-not-call", "list", asked.folder.path, "--numbers", cwd=Path("/"))
    assert elsewhere.out.startswith(ANN)


def test_an_empty_list_is_no_list_and_makes_no_ledger(asked: Asked) -> None:
    assert asked("list", "campaign.yaml") == "no number is on the list\n"
    assert asked.numbers() == []
    assert not asked.folder.ledger.exists()
    asked("export", "campaign.yaml", "-o", "empty.csv")
    head = "number,source,reason,added_at,added_by\r\n"
    assert (asked.folder.path / "empty.csv").read_bytes().decode() == head
    assert not asked.folder.ledger.exists()


def test_the_list_of_rehearsals_is_another(asked: Asked) -> None:
    asked("add", "campaign.yaml", ANN, "--simulate")
    assert asked.numbers() == []
    assert asked.numbers("--simulate") == [ANN]
    assert "1 number removed" in asked("remove", ".", ANN, "--simulate")
    assert asked.numbers("--simulate") == []


def test_the_region_is_the_campaigns_or_the_one_named(asked: Asked) -> None:
    told = asked("add", "campaign.yaml", "4155550100", code=2)
    assert "contacts.region is not set" in told
    assert "--region" in told
    asked("add", "campaign.yaml", "4155550100", "--region", "us")
    asked.folder.write(contacts={"file": "sheet.csv", "region": "GB"})
    asked("add", "campaign.yaml", "020 7946 0000")
    assert asked.numbers() == [ANN, BOB]
    assert "is not a country" in asked("add", ".", "1", "--region", "UK", code=2)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["add", "campaign.yaml", ANN, "abc", "12"], "no number in 'abc'"),
        (["add", "nowhere.yaml", ANN], "there is no such file"),
        (["add", "campaign.yaml"], "missing argument"),
        (["remove", "campaign.yaml", ANN], "is not on the list; nothing was removed"),
        (["remove", "campaign.yaml", BOB], "there is nobody here to ask: add --yes"),
        (["remove", "campaign.yaml", BOB, ANN, "--yes"], "+1 •••• 00 is not on the list"),
        (["import", "campaign.yaml", "nowhere.csv"], "there is no such file"),
        (["import", "campaign.yaml", "campaign.yaml"], "is not that of a sheet"),
        (["export", "campaign.yaml", "-o", "list.xlsx"], "name a file that ends in .csv"),
        (["export", "campaign.yaml", "-o", "taken.csv"], "exists already"),
        (["export", "campaign.yaml", "-o", "taken.csv/x.csv"], "not a folder"),
        (["export", "campaign.yaml"], "missing option"),
    ],
)
def test_what_cannot_be_done_is_bad_usage_and_changes_nothing(
    asked: Asked, args: list[str], expected: str
) -> None:
    (asked.folder.path / "taken.csv").write_text("mine")
    asked("add", "campaign.yaml", BOB)
    told = " ".join(asked(*args, code=2).split())
    assert expected in told
    assert ANN not in told.replace(f"Write numbers as {ANN}", "")
    assert asked.numbers() == [BOB]
    assert (asked.folder.path / "taken.csv").read_text() == "mine"


def test_files_of_all_kinds_are_imported_and_the_new_ones_counted(asked: Asked) -> None:
    path = asked.folder.path
    (path / "a.txt").write_text(f"# by mail\n{ANN}\n\n{BOB}  # and by phone\n")
    told = asked("import", "campaign.yaml", "a.txt")
    assert told == "2 numbers in a.txt, 2 of them new on the list\n"
    (path / "b.csv").write_text(f"name,mobile\nAnn,{ANN}\nCy,4155550102\n")
    told = asked("import", "campaign.yaml", "b.csv", "--region", "US")
    assert told == "2 numbers in b.csv, 1 of them new on the list\n"
    book = openpyxl.Workbook()
    book.worksheets[0].append(["+14155550103"])
    book.save(path / "c.xlsx")
    asked("import", ".", "c.xlsx")
    entries = {entry["number"]: entry["source"] for entry in asked.listed()}
    assert entries == {
        ANN: "imported from a.txt",
        BOB: "imported from a.txt",
        "+14155550102": "imported from b.csv",
        "+14155550103": "imported from c.xlsx",
    }


def test_a_file_with_a_line_that_is_no_number_is_not_imported_at_all(asked: Asked) -> None:
    (asked.folder.path / "a.txt").write_text(f"{ANN}\n41555\n")
    told = asked("import", "campaign.yaml", "a.txt", code=2)
    assert "a.txt:2: no country code in '41555'" in told
    assert asked.numbers() == []
    assert not asked.folder.ledger.exists()


def test_an_exported_list_holds_no_formula_and_can_be_imported(
    asked: Asked, tmp_path: Path
) -> None:
    asked("add", "campaign.yaml", ANN, "--reason", '=cmd|"/c calc"!A1')
    asked("add", "campaign.yaml", BOB)
    assert asked("export", "campaign.yaml", "-o", "out/list.csv") == "out/list.csv: 2 numbers\n"
    written = asked.folder.path / "out" / "list.csv"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    with written.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["number"] for row in rows] == [ANN, BOB]
    assert rows[0]["reason"] == '\'=cmd|"/c calc"!A1'
    assert rows[1]["reason"] == ""
    assert rows[0]["added_at"] == asked.listed()[0]["added_at"]
    told = asked("import", "campaign.yaml", "out/list.csv", "--simulate")
    assert told == "2 numbers in list.csv, 2 of them new on the list\n"
    assert asked.numbers("--simulate") == [ANN, BOB]


@pytest.mark.parametrize(("answer", "left"), [("y", []), ("n", [ANN]), ("", [ANN])])
def test_at_a_terminal_a_removal_is_asked_about(
    asked: Asked, program: Program, answer: str, left: list[str]
) -> None:
    asked("add", "campaign.yaml", ANN, "--reason", "by mail")
    child = program.spawn(
        "do-not-call", "remove", "campaign.yaml", ANN, cwd=asked.folder.path, size=(30, 200)
    )
    child.expect("by mail")
    child.expect("Take it off the list")
    child.sendline(answer)
    child.expect("1 number removed" if not left else "nothing was removed")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert asked.numbers() == left


# --- runs ---


def test_a_run_calls_nobody_on_the_list(served: Folder, asked: Asked, standin: StandIn) -> None:
    people = numbers(3)
    served.people(people)
    served.write(calling_hours="always")
    asked("add", ".", people[1], "--reason", "by mail")
    assert served.run().code == 0
    assert served.states() == ["done", "skipped", "done"]
    assert served.results()[1]["call_error"] == "on the do-not-call list: added"
    assert sorted(standin.numbers) == sorted([people[0], people[2]])
    assert "1 number removed" in asked("remove", ".", people[1], "--yes")
    assert served.run().code == 0
    assert served.states() == ["done"] * 3
    assert not twice(standin.numbers)


def test_a_run_that_goes_on_heeds_what_is_added_and_imported_at_once(
    served: Folder, asked: Asked, standin: StandIn
) -> None:
    people = numbers(5)
    served.people(people)
    served.write(limits={"concurrency": 1}, calling_hours="always")
    standin.held = True
    running = served.start()
    standin.wait_for(1)
    called = standin.numbers[0]
    rest = [number for number in people if number != called]
    asked("add", "campaign.yaml", rest[0])
    (served.path / "more.txt").write_text("\n".join(rest[1:3]))
    asked("import", "campaign.yaml", "more.txt")
    standin.held = False
    assert running.ended().code == 0
    assert sorted(standin.numbers) == sorted([called, rest[3]])
    assert sorted(served.states()) == ["done", "done", "skipped", "skipped", "skipped"]
