"""A repaired copy reads back as it was written, in every format, and replaces nothing unasked."""

import csv
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from poku_batch.contacts import open_sheet
from poku_batch.errors import ResultsError
from poku_batch.results.repaired import RepairedCopy, list_path

_CELL = st.one_of(
    st.sampled_from(
        ["", "007", "=1+1", "+14155550100", "1,5", "a;b", 'say "x"', "é", " x ", "<r>y</r>"]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=6),
)
_ROWS = st.lists(
    st.tuples(
        st.integers(1, 3), st.tuples(_CELL, _CELL).filter(lambda row: any(map(str.strip, row)))
    ),
    min_size=1,
    max_size=8,
)


@pytest.mark.parametrize(
    ("name", "delimiter"), [("a.csv", ","), ("b.csv", ";"), ("c.tsv", ","), ("d.xlsx", ",")]
)
@given(rows=_ROWS)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_rows_read_back_under_their_numbers(
    tmp_path: Path, name: str, delimiter: str, rows: list[tuple[int, tuple[str, str]]]
) -> None:
    at, placed = 0, []
    target = tmp_path / name
    with RepairedCopy(target, ("name", "phone"), delimiter=delimiter) as copy:
        for gap, cells in rows:
            at += gap
            copy.write(at, cells)
            placed.append((at + 1, cells))
        copy.complete()
    with open_sheet(target) as sheet:
        assert sheet.columns == ("name", "phone")
        read = [(row.row, row.cells) for batch in sheet.batches() for row in batch]
    assert read == placed


def test_a_workbook_holds_text_alone_and_its_header_stays_in_sight(tmp_path: Path) -> None:
    target = tmp_path / "people.xlsx"
    with RepairedCopy(target, ("name", "phone"), delimiter=",") as copy:
        copy.write(1, ("=1+1", "0012"))
        copy.complete()
    worksheet = openpyxl.load_workbook(target).worksheets[0]
    assert worksheet.freeze_panes == "A2"
    cells = worksheet[2]
    assert [(cell.value, cell.data_type, cell.number_format) for cell in cells] == [
        ("=1+1", "s", "@"),
        ("0012", "s", "@"),
    ]


def test_the_list_of_repairs_holds_no_formula(tmp_path: Path) -> None:
    target = tmp_path / "people.csv"
    with RepairedCopy(target, ("a",), delimiter=",") as copy:
        copy.write(1, ("x",))
        copy.repaired(2, "A2", "=cmd()", "@before", "+1", "why")
        copy.complete()
    with list_path(target).open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file))[1] == ["2", "A2", "'=cmd()", "'@before", "'+1", "why"]


@pytest.mark.parametrize("name", ["people.csv", "people.xlsx"])
def test_what_is_broken_off_leaves_nothing_behind(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("what was there")
    with (  # noqa: PT012
        pytest.raises(KeyboardInterrupt),
        RepairedCopy(tmp_path / name, ("a",), delimiter=",") as copy,
    ):
        copy.write(1, ("x",))
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "what was there"


def test_a_cell_that_a_workbook_cannot_hold_is_refused_and_not_cut(tmp_path: Path) -> None:
    with (
        pytest.raises(ResultsError, match=r"32,767 characters.*\.csv"),
        RepairedCopy(tmp_path / "people.xlsx", ("a",), delimiter=",") as copy,
    ):
        copy.write(1, ("x" * 32_768,))
    assert list(tmp_path.iterdir()) == []


def test_a_copy_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match="cannot be written"):
        RepairedCopy(tmp_path / "file" / "people.csv", ("a",), delimiter=",")
