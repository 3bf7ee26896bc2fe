"""What must not or cannot be written is refused before anybody is called."""

from pathlib import Path

import pytest

from poku_batch.errors import ContactsError, ResultsError
from poku_batch.results import CALL_COLUMNS, check_columns, check_outputs, simulated_path


def test_every_clashing_column_is_named() -> None:
    with pytest.raises(ContactsError) as caught:
        check_columns(["name", "call_status", "Call_Error "], file="s.csv")
    assert [fault.column for fault in caught.value.faults] == ["call_status", "Call_Error "]
    assert "rename it" in str(caught.value)
    check_columns(["call", "status", "call_status_2"], file="s.csv")


def test_known_endings_in_a_new_folder_pass(tmp_path: Path) -> None:
    names = ["r.csv", "r.TSV", "r.xlsx", "r.parquet"]
    check_outputs([tmp_path / "new" / "er" / name for name in names], input_file=None)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("r.xls", r'did you mean "\.xlsx"'),
        ("r.parqet", r'did you mean "\.parquet"'),
        ("r", "has no ending"),
        ("plain/r.csv", "is a file, not a folder"),
        ("folder.csv", "is a folder"),
        ("in.csv", "is the input file"),
        ("link.csv", "is the input file"),
        ("hard.csv", "is the input file"),
        ("there/../in.csv", "is the input file"),
    ],
)
def test_a_bad_output_is_refused_with_a_reason(tmp_path: Path, name: str, message: str) -> None:
    sheet = tmp_path / "in.csv"
    sheet.write_text("a\n1\n")
    (tmp_path / "plain").write_text("")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "there").mkdir()
    (tmp_path / "link.csv").symlink_to(sheet)
    (tmp_path / "hard.csv").hardlink_to(sheet)
    with pytest.raises(ResultsError, match=message):
        check_outputs([tmp_path / name], input_file=sheet)


def test_the_same_output_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="same file as the output"):
        check_outputs([tmp_path / "r.csv", tmp_path / "x" / ".." / "r.csv"], input_file=None)


def test_more_rows_or_columns_than_a_worksheet_holds_are_told_early(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    check_outputs([path], input_file=None, rows=1_048_575, columns=16_384 - len(CALL_COLUMNS))
    with pytest.raises(ResultsError, match="1,048,576 rows"):
        check_outputs([path], input_file=None, rows=1_048_576)
    with pytest.raises(ResultsError, match="16,384 columns"):
        check_outputs([path], input_file=None, columns=16_384)
    check_outputs([tmp_path / "r.csv"], input_file=None, rows=5_000_000)


def test_a_rehearsal_has_its_own_file() -> None:
    assert simulated_path(Path("results/a.b.csv")) == Path("results/a.b.simulated.csv")
