"""Rejects come back corrected: the campaign goes on, its sheet stays whole, nobody rings twice."""

import csv
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from tests.program import CALL_COLUMNS, Folder
from tests.standin import Answer, Raw, StandIn, numbers, twice

A, B, C, D, E, F, G = numbers(7)
REJECTED = Answer(status=400, body={"error": "to is not a number that can be called"})
COLUMNS = ("name", "phone")
#: Ann and Dee are called; the others are rows 3, 4, 5 and 7.
SHEET = (("Ann", A), ("Bo", "abc"), ("Cy", ""), ("Cid", A), ("Dee", D), ("Ed", E))


@pytest.fixture
def campaign(served: Folder, standin: StandIn) -> Folder:
    """A campaign that was run: of six rows two were called, and four are rejects."""
    standin.act(E, REJECTED)
    write(served)
    served.write_sheet(SHEET)
    assert served.run().code == 3
    assert standin.numbers == sorted([A, D, E])
    return served


def write(folder: Folder, file: str = "sheet.csv", **keys: Any) -> None:
    contacts = {"file": file, "phone": "phone", **keys.pop("contacts", {})}
    output = {"file": "out.csv", "rejects": "rejects.csv"}
    folder.write(**{"contacts": contacts, "output": output, **keys})


def rejects(folder: Folder, name: str = "rejects.csv") -> list[dict[str, str]]:
    return folder.results(name)


def correct(
    folder: Folder, phones: Mapping[str, str], *, name: str = "fixed.csv", more: str = ""
) -> None:
    """Write a copy of the rejects with other numbers by name, and let it be the sheet."""
    rows = rejects(folder)
    with (folder.path / name).open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, [*COLUMNS, "call_row", "call_error"])
        table.writeheader()
        table.writerows([row | {"phone": phones.get(row["name"], row["phone"])} for row in rows])
        file.write(more)
    write(folder, name)


def whole(folder: Folder) -> list[tuple[str, str, str]]:
    """The results' rows: name, phone and how they stand."""
    return [(row["name"], row["phone"], row["call_status"]) for row in folder.results()]


def test_rejects_are_the_rows_that_nobody_was_called_for(campaign: Folder) -> None:
    assert rejects(campaign) == [
        {"name": "Bo", "phone": "abc", "call_row": "3", "call_error": "no number in 'abc'"},
        {"name": "Cy", "phone": "", "call_row": "4", "call_error": "no number"},
        {"name": "Cid", "phone": A, "call_row": "5", "call_error": "same number as row 2"},
        {
            "name": "Ed",
            "phone": E,
            "call_row": "7",
            "call_error": rejects(campaign)[3]["call_error"],
        },
    ]
    assert "to is not a number" in rejects(campaign)[3]["call_error"]
    said = campaign.do("export")
    assert "4 rows were not called: rejects.csv" in said.out
    assert "contacts.file" in said.err
    told = campaign.run("--json").json
    assert told["rejects"] == {"file": str(campaign.path / "rejects.csv"), "rows": 4}


def test_whoever_may_have_been_called_is_no_reject_whatever_a_person_says_of_it(
    served: Folder, standin: StandIn
) -> None:
    standin.act(A, Raw())  # the connection closes: nobody knows whether it rang
    standin.act(B, Answer(body={"response": "No answer.", "call": {}, "interactionId": "n"}))
    served.people([A, B, "abc"])
    write(served, redial={"outcomes": ["no_answer"], "attempts": 1})
    assert served.run().code == 3
    assert served.states()[0] == "unknown"
    assert [row["call_row"] for row in rejects(served)] == ["4"]
    decided = served.do("resolve", "--key", A, "--as", "failed")
    assert decided.code == 0, decided.err
    assert served.do("export").code == 0
    assert served.states()[0] == "failed"
    assert [row["call_row"] for row in rejects(served)] == ["4"]


def test_corrected_rows_go_on_and_the_results_are_the_whole_sheet(
    campaign: Folder, standin: StandIn
) -> None:
    correct(campaign, {"Bo": B, "Cy": C, "Ed": F}, more=f"Gil,{G},,\r\n")
    checked = campaign.do("check")
    assert checked.code == 0, checked.err
    assert "would now call 4" in checked.out
    before = campaign.names()
    assert campaign.run().code == 0
    assert campaign.names() == before
    assert standin.numbers == sorted([A, B, C, D, E, F, G])
    assert whole(campaign) == [
        ("Ann", A, "done"),
        ("Bo", B, "done"),
        ("Cy", C, "done"),
        ("Cid", A, "skipped"),
        ("Dee", D, "done"),
        ("Ed", F, "done"),
        ("Gil", G, "done"),
    ]
    header = (campaign.path / "out.csv").read_text().splitlines()[0]
    assert header.split(",") == [*COLUMNS, *CALL_COLUMNS]
    assert [row["name"] for row in rejects(campaign)] == ["Cid"]
    # The same file again, and then the sheet of the beginning: nobody is called.
    for file in ("fixed.csv", "sheet.csv"):
        write(campaign, file)
        assert campaign.run().code in {0, 3}
        assert len(standin.calls) == 7
    assert whole(campaign)[1] == ("Bo", "abc", "skipped")
    # And the corrections once more: those rows are done.
    write(campaign, "fixed.csv")
    assert campaign.run().code == 0
    assert [state for *_, state in whole(campaign)].count("done") == 6
    assert len(standin.calls) == 7


def with_pandas(path: Path) -> None:
    frame = pd.read_excel(path, engine="openpyxl", dtype={"phone": str})
    frame.loc[frame["name"] == "Bo", "phone"] = B
    frame[::-1].to_excel(path, index=False)  # in another order


def with_openpyxl(path: Path) -> None:
    book = openpyxl.load_workbook(path)
    sheet = book["To correct"]
    cells = {row[0].value: row for row in sheet.iter_rows()}
    cells["Bo"][1].value = B
    sheet.delete_rows(4)
    book.save(path)


def with_libreoffice(path: Path) -> None:
    with_openpyxl(path)
    profile = f"-env:UserInstallation=file://{path.parent.parent}/profile"
    saved = path.parent.parent / "saved"
    command = ["soffice", profile, "--headless", "--convert-to", "xlsx", "--outdir", str(saved)]
    subprocess.run([*command, str(path)], check=True, capture_output=True, timeout=90)
    shutil.move(saved / path.name, path)


@pytest.mark.parametrize("edit", [with_pandas, with_openpyxl, with_libreoffice])
def test_a_workbook_of_rejects_comes_back_from_whatever_program(
    served: Folder, standin: StandIn, edit: Callable[[Path], None]
) -> None:
    if edit is with_libreoffice and shutil.which("soffice") is None:
        pytest.skip("LibreOffice is not installed")
    output = {"file": "out.csv", "rejects": "rejects.xlsx"}
    write(served, output=output)
    served.write_sheet(SHEET)
    assert served.run().code == 0
    assert standin.numbers == sorted([A, D, E])
    shutil.copy(served.path / "rejects.xlsx", served.path / "fixed.xlsx")
    edit(served.path / "fixed.xlsx")
    write(served, "fixed.xlsx", output=output)
    assert served.run().code == 0
    assert standin.numbers == sorted([A, B, D, E])
    assert [row[:2] for row in whole(served)] == [
        ("Ann", A),
        ("Bo", B),
        *SHEET[2:],
    ]


def test_with_keys_of_their_own_corrected_rows_are_the_same_contacts(
    served: Folder, standin: StandIn
) -> None:
    invalid = Answer(body={"response": "invalid to number", "call": {}, "interactionId": "i"})
    standin.act(E, invalid)
    write(served, contacts={"key": "name"})
    served.write_sheet(SHEET)
    assert served.run().code == 3
    assert [row["name"] for row in rejects(served)] == ["Bo", "Cy", "Cid", "Ed"]
    # A number that was called in another row, one that is new, and one that is given back.
    correct(served, {"Bo": D, "Cy": C, "Ed": F})
    write(served, "fixed.csv", contacts={"key": "name"})
    assert served.run().code == 0
    assert twice(standin.numbers) == []
    assert standin.numbers == sorted([A, C, D, E, F])
    assert [state for *_, state in whole(served)] == [
        "done",
        "skipped",
        "done",
        "skipped",
        "done",
        "done",
    ]
    assert served.results()[1]["call_error"] == "same number as row 6"


def test_rows_that_were_called_meanwhile_stay_as_they_were_called_and_it_is_said(
    campaign: Folder, standin: StandIn
) -> None:
    correct(campaign, {"Bo": B})
    old = (campaign.path / "fixed.csv").read_text()
    assert campaign.run().code == 3
    assert len(standin.calls) == 4
    # The same rejects, corrected in another way by somebody else.
    (campaign.path / "fixed.csv").write_text(old.replace(B, C))
    assert "row 3 was called already and stays as it is" in campaign.do("check").out
    again = campaign.run()
    assert "row 3 was called already and stays as it is" in again.err
    assert len(standin.calls) == 4
    assert whole(campaign)[1] == ("Bo", B, "done")


def test_whoever_must_not_be_called_is_not_called_for_coming_back(
    campaign: Folder, standin: StandIn
) -> None:
    (campaign.path / "dnc.csv").write_text(f"phone\n{B}\n")
    correct(campaign, {"Bo": B})
    write(campaign, "fixed.csv", do_not_call="dnc.csv")
    assert campaign.run().code == 3
    assert B not in standin.numbers
    assert "do-not-call" in campaign.results()[1]["call_error"]
    assert [row["name"] for row in rejects(campaign)] == ["Bo", "Cy", "Cid", "Ed"]


def test_who_was_forgotten_does_not_come_back_with_old_rejects(
    campaign: Folder, standin: StandIn
) -> None:
    correct(campaign, {"Bo": B})
    forgotten = campaign._program.run("forget", "--to", E, cwd=campaign.path, env=campaign.env)
    assert forgotten.code == 0, forgotten.err
    calls = len(standin.calls)
    for _ in range(2):
        refused = campaign.run()
        assert refused.code == 2
        assert "fixed.csv, row 5: call_row: row 7 was erased from the ledger" in refused.err
    text = (campaign.path / "fixed.csv").read_text()
    kept = [line for line in text.splitlines() if not line.startswith("Ed")]
    (campaign.path / "fixed.csv").write_text("\n".join(kept))
    assert campaign.run().code == 0
    assert standin.numbers == sorted([A, B, D, E])
    assert len(standin.calls) == calls + 1
    assert E not in (campaign.path / "out.csv").read_text()
    assert E not in (campaign.path / "rejects.csv").read_text()
    # Of a row without a cell there is nothing to correct.
    assert [row["name"] for row in rejects(campaign)] == ["Cy", "Cid"]
    # Nor does anything of them later.
    (campaign.path / "fixed.csv").write_text(text)
    assert campaign.run().code == 2


@pytest.mark.parametrize("simulate", [False, True])
def test_rejects_of_a_campaign_that_was_never_run_are_refused_with_what_to_do(
    served: Folder, standin: StandIn, *, simulate: bool
) -> None:
    option = ["--simulate"] if simulate else []
    (served.path / "fixed.csv").write_text(f"name,phone,call_row,call_error\nBo,{B},3,\n")
    write(served, "fixed.csv")
    for command in ("check", "run"):
        refused = served.do(command, *option)
        assert refused.code == 2
        assert "run it with its whole sheet first" in refused.err
        assert "--simulate;" not in refused.err
    assert served.names() == {"campaign.yaml", "fixed.csv"}
    # The other kind of run knows it: that is said.
    served.write_sheet(SHEET)
    write(served)
    other = ["--yes"] if simulate else ["--simulate", "--speed", "1000"]
    assert served.do("run", *other).code in {0, 3}
    write(served, "fixed.csv")
    refused = served.do("check", *option)
    assert ("leave --simulate out" if simulate else "add --simulate") in refused.err
    assert standin.numbers == (sorted([A, D, E]) if simulate else [])


def test_what_does_not_fit_is_refused_before_anybody_is_called(
    campaign: Folder, standin: StandIn
) -> None:
    calls = len(standin.calls)
    for text, words in (
        (f"name,mobile,call_row,call_error\nBo,{B},3,\n", "fixed.csv, row 1: phone"),
        (f"name,phone,call_row,call_error\nBo,{B},99,\n", "fixed.csv, row 2: call_row: the camp"),
        (f"name,phone,call_row,call_error\nBo,{B},x,\n", '"x" is not the number of a row'),
        (f"name,phone,call_row\nBo,{B},3\n", "corrected rejects need both call_row and call_error"),
        (
            f"name,phone,call_error\nBo,{B},3\n",
            "corrected rejects need both call_row and call_error",
        ),
    ):
        (campaign.path / "fixed.csv").write_text(text)
        write(campaign, "fixed.csv")
        for command in ("check", "run"):
            refused = campaign.do(command, *(["--yes"] if command == "run" else []))
            assert (refused.code, words in refused.err) == (2, True), refused.err
    write(campaign, "out.csv", output="again.csv")
    refused = campaign.do("check")
    assert "is a file of results" in refused.err
    assert "output.rejects" in refused.err
    assert len(standin.calls) == calls


@pytest.mark.parametrize("how", ["same", "link", "hard link"])
def test_rejects_are_never_written_over_what_is_read(campaign: Folder, how: str) -> None:
    path = campaign.path / "rejects.csv"
    name = "rejects.csv" if how == "same" else "link.csv"
    if how == "link":
        (campaign.path / name).symlink_to(path)
    elif how == "hard link":
        (campaign.path / name).hardlink_to(path)
    before = path.read_bytes()
    write(campaign, name)
    for command in ("check", "export"):
        refused = campaign.do(command)
        assert refused.code == 2
        assert "rejects.csv" in refused.err
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("rejects_file", "words"),
    [
        ("out.csv", "the same file as the output"),
        ("rejects.parquet", "does not end in .csv, .xlsx"),
        ("rejects.doc", "does not end in"),
    ],
)
def test_a_place_that_cannot_take_rejects_is_refused_before_the_run(
    served: Folder, standin: StandIn, rejects_file: str, words: str
) -> None:
    served.people([A])
    write(served, output={"file": "out.csv", "rejects": rejects_file})
    refused = served.run()
    assert refused.code == 2
    assert words in refused.err
    assert standin.calls == []


def test_a_rehearsal_has_rejects_of_its_own_that_come_back_too(
    served: Folder, standin: StandIn
) -> None:
    served.write_sheet(SHEET)
    write(served)
    rehearse = ("run", "--simulate", "--speed", "1000")
    assert "rejects.simulated.csv" in served.do(*rehearse).out
    assert not (served.path / "rejects.csv").exists()
    assert len(rejects(served, "rejects.simulated.csv")) == 3
    (served.path / "fixed.csv").write_text(f"name,phone,call_row,call_error\nBo,{B},3,\n")
    write(served, "fixed.csv")
    assert served.do(*rehearse).code == 0
    assert [state for *_, state in _simulated(served)].count("done") == 4
    assert standin.calls == []


def test_a_fresh_rehearsal_of_rejects_forgets_nothing(served: Folder) -> None:
    served.write_sheet(SHEET)
    write(served)
    rehearse = ("run", "--simulate", "--speed", "1000")
    assert served.do(*rehearse).code in {0, 3}
    (served.path / "fixed.csv").write_text(f"name,phone,call_row,call_error\nBo,{B},3,\n")
    write(served, "fixed.csv")
    refused = served.do(*rehearse, "--fresh")
    assert refused.code == 2
    assert "--fresh forgets the rehearsed sheet that the rejects in fixed.csv go" in refused.err
    assert served.do(*rehearse).code == 0
    assert [state for *_, state in _simulated(served)].count("done") == 4
    # The whole sheet is begun anew.
    write(served)
    assert served.do(*rehearse, "--fresh").code == 0
    assert [state for *_, state in _simulated(served)].count("done") == 3


def test_rejects_of_a_sheet_that_has_changed_since_write_over_nobody(
    campaign: Folder, standin: StandIn
) -> None:
    correct(campaign, {"Bo": B})
    write(campaign)
    campaign.write_sheet((SHEET[0], ("Zoe", ""), *SHEET[1:]))
    assert campaign.run().code == 3
    calls = len(standin.calls)
    before = whole(campaign)
    write(campaign, "fixed.csv")
    for command in (("check",), ("run", "--yes")):
        refused = campaign.do(*command)
        assert refused.code == 2
        assert "fixed.csv, row 2: call_row: row 3 of the campaign's sheet is another" in refused.err
    assert (len(standin.calls), whole(campaign)) == (calls, before)
    # Written anew and corrected, they go on.
    correct(campaign, {"Bo": B})
    assert campaign.run().code == 3
    assert len(standin.calls) == calls + 1
    assert whole(campaign)[1:3] == [("Zoe", "", "skipped"), ("Bo", B, "done")]


def test_rows_that_contradict_each_other_are_named_where_they_are(
    served: Folder, standin: StandIn
) -> None:
    """A row of the rejects by its row there, another of the whole sheet as such."""
    by_name = {"key": "name"}
    write(served, contacts=by_name)
    served.write_sheet((("Ann", A), ("Bo", "abc"), ("Ann", A)))
    assert served.run().code == 0
    assert [row["call_row"] for row in rejects(served)] == ["3", "4"]
    text = (served.path / "rejects.csv").read_text().replace(f"Ann,{A}", f"Ann,{B}")
    (served.path / "fixed.csv").write_text(text)
    write(served, "fixed.csv", contacts=by_name)
    for command in (("check",), ("run", "--yes")):
        refused = served.do(*command)
        assert refused.code == 2
        words = (
            "fixed.csv, row 3: the same key as row 2 of the whole sheet, with a different number"
        )
        assert words in refused.err
    assert standin.numbers == [A]


@pytest.mark.parametrize(
    ("key", "cells", "refused"),
    [
        # Somebody's notes in call_error do not matter where the number alone is another.
        (None, f"5,Bo,{B},3,done!", None),
        ("id", f"5,Bo,{B},3,done!", None),
        ("id", f"5,Boris,{B},3,done!", None),
        (["phone", "name"], f"5,Bo,{B},3,done!", None),
        (["id", "name"], f"5,Bo,{B},3,done!", None),
        # Another key is somebody else.
        ("id", f"6,Bo,{B},3,no number in 'abc'", "row 3 of the campaign's sheet has another key"),
        (["id", "name"], f"5,Boris,{B},3,", "row 3 of the campaign's sheet has another key"),
        (None, f"5,Boris,{B},3,done!", "row 3 of the campaign's sheet is another by now"),
        # Or a name that was written in another way.
        (None, f"5,Boris,{B},3,no number in 'abc'", None),
    ],
)
def test_who_a_row_is_of_is_told_by_its_key_or_by_all_but_its_number(
    served: Folder, standin: StandIn, key: str | list[str] | None, cells: str, refused: str | None
) -> None:
    contacts = {} if key is None else {"key": key}
    served.write_sheet((("1", "Ann", A), ("5", "Bo", "abc")), ("id", "name", "phone"))
    write(served, contacts=contacts)
    assert served.run().code == 0
    (served.path / "fixed.csv").write_text(f"id,name,phone,call_row,call_error\n{cells}\n")
    write(served, "fixed.csv", contacts=contacts)
    done = served.run()
    assert done.code == (2 if refused else 0), done.err
    assert (refused or "") in done.err
    assert standin.numbers == ([A] if refused else [A, B])


def _simulated(folder: Folder) -> list[tuple[str, str]]:
    return [(row["name"], row["call_status"]) for row in folder.results("out.simulated.csv")]


def test_nobody_to_correct_is_said_and_the_file_holds_the_columns(served: Folder) -> None:
    served.people([A])
    write(served)
    done = served.run()
    assert (done.code, "no row was left out: rejects.csv" in done.out) == (0, True)
    assert "contacts.file" not in done.err
    assert (served.path / "rejects.csv").read_text().split() == ["name,phone,call_row,call_error"]


def test_an_export_to_another_file_writes_that_file_alone(campaign: Folder) -> None:
    (campaign.path / "rejects.csv").unlink()
    said = campaign.do("export", "-o", "other.csv")
    assert (said.code, "to correct" in said.out) == (0, False)
    assert not (campaign.path / "rejects.csv").exists()


def test_rejects_are_read_whatever_is_said_of_the_whole_sheets_layout(
    served: Folder, standin: StandIn
) -> None:
    book = openpyxl.Workbook()
    book.create_sheet("Notes", 0).append(["nothing"])
    sheet = book["Sheet"]
    sheet.title = "Tuesday"
    for row in (("Our clinic",), (), COLUMNS, ("Ann", A), ("Bo", "abc")):
        sheet.append(row)
    book.save(served.path / "sheet.xlsx")
    layout = {"contacts": {"sheet": "Tuesday", "header_row": 3}}
    output = {"file": "out.csv", "rejects": "rejects.xlsx"}
    write(served, "sheet.xlsx", **layout, output=output)
    assert served.run().code == 0
    frame = pd.read_excel(served.path / "rejects.xlsx", engine="openpyxl", dtype=str)
    assert frame["call_row"].tolist() == ["5"]
    frame.assign(phone=B).to_excel(served.path / "fixed.xlsx", index=False)
    write(served, "fixed.xlsx", **layout, output=output)
    done = served.run()
    assert done.code == 0, done.err
    assert standin.numbers == [A, B]
    assert whole(served) == [("Ann", A, "done"), ("Bo", B, "done")]


def test_a_preview_knows_corrected_rows_and_the_others_by_their_numbers(campaign: Folder) -> None:
    correct(campaign, {"Bo": B}, more=f"Gil,{G},,\r\n")
    for row, number in (("3", B), ("2", A), ("8", G)):
        shown = campaign.do("preview", "--row", row)
        assert shown.code == 0, shown.err
        assert number in shown.out
