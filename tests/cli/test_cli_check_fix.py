"""``check --fix``: a copy with every sure repair, beside a sheet that stays as it is."""

import csv
import os
from pathlib import Path

import openpyxl
import pytest

from tests.program import Folder, Program

COLUMNS = ("id", "name", "phone", "appointment")
ROWS = [
    ("1\u200b", " Ana", "1.4155550100E+10", "46084.5"),
    ("2", "JosÃ©", "442079460100", "2026-03-01"),
    ("3", "=1+1", "(415) 555-0101", ""),
    ("", "", "", ""),
    ("4", "Dee", "415-555-0102 x7", "2026-03-01"),
]
MENDED = [
    ("1\u200b", "Ana", "+14155550100", "2026-03-03 12:00"),
    ("2", "José", "+442079460100", "2026-03-01"),
    ("3", "=1+1", "(415) 555-0101", ""),
    ("", "", "", ""),
    ("4", "Dee", "415-555-0102 x7", "2026-03-01"),
]


@pytest.fixture
def wrong(folder: Folder) -> Folder:
    use(folder, "sheet.csv")
    folder.write_sheet(ROWS, COLUMNS)
    return folder


def use(folder: Folder, file: str) -> None:
    folder.write(
        contacts={"file": file, "region": "US", "key": "id"},
        prompt={"text": "{{ name }} {{ appointment or 'soon' }}"},
    )


def cells(path: Path) -> list[tuple[str, ...]]:
    if path.suffix == ".xlsx":
        rows = openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)
        return [tuple("" if cell is None else str(cell) for cell in row) for row in rows]
    with path.open(encoding="utf-8-sig", newline="") as file:
        delimiter = "\t" if path.suffix == ".tsv" else ","
        return list(map(tuple, csv.reader(file, delimiter=delimiter)))


@pytest.mark.parametrize("name", ["fixed.csv", "fixed.tsv", "fixed.xlsx"])
def test_a_repaired_copy_has_every_sure_repair_and_nothing_else(wrong: Folder, name: str) -> None:
    before = wrong.sheet.read_bytes()
    result = wrong.do("check", "--fix", name)
    assert result.code == 0, result
    assert wrong.sheet.read_bytes() == before
    assert cells(wrong.path / name) == [COLUMNS, *MENDED]
    assert f"repaired  5 cells, in {name}; each is told in fixed.repairs.csv" in result.out
    assert f"next      set contacts.file: {name}; then check again" in result.out
    listed = cells(wrong.path / "fixed.repairs.csv")
    assert listed[0] == ("row", "cell", "column", "before", "after", "why")
    assert [(row[1], row[3], row[4]) for row in listed[1:]] == [
        ("C2", "1.4155550100E+10", "'+14155550100"),
        ("B2", " Ana", "Ana"),
        ("D2", "46084.5", "2026-03-03 12:00"),
        ("C3", "442079460100", "'+442079460100"),
        ("B3", "JosÃ©", "José"),
    ]
    assert {path.name for path in wrong.path.iterdir()} == {
        "campaign.yaml",
        "sheet.csv",
        name,
        "fixed.repairs.csv",
    }

    use(wrong, name)
    again = wrong.do("check", "--fix", "again.csv")
    assert again.code == 0
    assert (
        "repaired  nothing: no cell says without doubt what was meant; again.csv is a copy"
        in again.out
    )
    assert cells(wrong.path / "again.csv") == cells(wrong.path / name)
    assert "A run would now call 3, skip 1." in again.out


def test_the_copy_is_named_as_the_campaign_will_have_to(wrong: Folder, program: Program) -> None:
    above = wrong.path.parent
    campaign = wrong.campaign.relative_to(above)
    told = program.run("check", campaign, "--fix", "fixed.csv", cwd=above)
    assert "in fixed.csv; each is told in fixed.repairs.csv" in told.out
    assert "set contacts.file: ../fixed.csv; then check again" in told.out
    use(wrong, "../fixed.csv")
    assert "call 3, skip 1" in wrong.do("check").out


def test_only_a_person_mends_what_is_not_sure(wrong: Folder) -> None:
    out = wrong.do("check", "--fix", "fixed.csv").out
    assert "C6  '415-555-0102 x7'  → perhaps '+14155550102'  (without the extension)" in out
    assert "A2  '1\\u200b'  → perhaps '1'  (not changed by --fix)" in out
    assert "by hand   1 with errors, 1 to look at, as told above" in out


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("sheet.csv", "is a file of the campaign"),
        ("link.csv", "is a file of the campaign"),
        ("hard.csv", "is a file of the campaign"),
        ("no.csv", "is a file of the campaign"),
        ("there.csv", "--force"),
        ("listed.csv", "--force"),
        ("fixed.xls", "did you mean fixed.xlsx"),
        ("fixed.parquet", ".csv, .tsv, .xlsx"),
        ("folder.csv", "is a folder"),
    ],
)
def test_a_copy_is_not_written_over_what_is_there(wrong: Folder, file: str, words: str) -> None:
    path = wrong.path
    (path / "link.csv").symlink_to("sheet.csv")
    os.link(wrong.sheet, path / "hard.csv")
    (path / "there.csv").write_text("mine")
    (path / "listed.repairs.csv").write_text("mine")
    (path / "no.csv").write_text("+14155550199\n")
    (path / "folder.csv").mkdir()
    wrong.write(contacts={"file": "sheet.csv", "region": "US"}, do_not_call=["no.csv"])
    before = {name: (path / name).read_bytes() for name in wrong.names() if (path / name).is_file()}
    for option in ([], ["--force"]) if "--force" not in words else ([],):
        result = wrong.do("check", "--fix", file, *option)
        assert result.code == 2, result
        assert words in result.err
        assert result.out == ""
    assert {
        name: (path / name).read_bytes() for name in wrong.names() if (path / name).is_file()
    } == before


def test_force_replaces_a_copy_and_its_list(wrong: Folder) -> None:
    (wrong.path / "fixed.csv").write_text("mine")
    (wrong.path / "fixed.repairs.csv").write_text("mine")
    assert wrong.do("check", "--fix", "fixed.csv", "--force").code == 0
    assert cells(wrong.path / "fixed.csv") == [COLUMNS, *MENDED]
    alone = wrong.do("check", "--force")
    assert alone.code == 2
    assert "--fix was not given" in alone.err


def test_a_pattern_never_takes_its_copy_for_a_sheet(wrong: Folder) -> None:
    (wrong.path / "inbox").mkdir()
    wrong.sheet.rename(wrong.path / "inbox" / "one.csv")
    use(wrong, "inbox/*.csv")
    refused = wrong.do("check", "--fix", "inbox/fixed.csv")
    assert refused.code == 2
    assert "another folder" in refused.err
    assert wrong.do("check", "--fix", "fixed.csv").code == 0


def test_decimal_commas_and_semicolons_are_kept_and_the_layout_is_told(wrong: Folder) -> None:
    wrong.sheet.write_bytes(
        b"Patients;\r\nname;phone\r\nJ\xf6rg 1,5;004930901820\r\nBen;+4930901821\r\n"
    )
    wrong.write(contacts={"file": "sheet.csv", "region": "US", "header_row": 2})
    out = wrong.do("check", "--fix", "fixed.csv").out
    assert "set contacts.file: fixed.csv, and take out contacts.header_row; then" in out
    assert (wrong.path / "fixed.csv").read_text("utf-8-sig") == (
        "name;phone\nJörg 1,5;+4930901820\nBen;+4930901821\n"
    )
    book = wrong.do("check", "--fix", "book.xlsx").out
    assert 'contacts.header_row, and set contacts.decimal: ","; then' in book


def test_rows_that_cannot_be_rendered_are_repaired_all_the_same(wrong: Folder) -> None:
    wrong.write_sheet([("Ana", "442079460100", "0")], ("name", "phone", "n"))
    wrong.write(
        contacts={"file": "sheet.csv", "region": "US"},
        prompt={"text": "{{ name }} {{ (1 // n|int) }}{{ row.phone[20] }}"},
    )
    result = wrong.do("check", "--fix", "fixed.csv")
    assert "repaired  1 cell, in fixed.csv" in result.out
    assert cells(wrong.path / "fixed.csv")[1] == ("Ana", "+442079460100", "0")
