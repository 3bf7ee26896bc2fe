"""Text sheets: what is detected, and what is refused, with the place and what to do."""

from pathlib import Path

import pytest

from poku_batch.contacts import open_sheet
from poku_batch.errors import ContactsError, Fault


def put(folder: Path, content: str | bytes, name: str = "sheet.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def faults_of(path: Path) -> tuple[Fault, ...]:
    with pytest.raises(ContactsError) as caught:
        open_sheet(path, name="s.csv")
    assert all(fault.file == "s.csv" for fault in caught.value.faults)
    return caught.value.faults


def cells_of(path: Path) -> list[tuple[str, ...]]:
    with open_sheet(path) as sheet:
        return [row.cells for rows in sheet.batches() for row in rows]


@pytest.mark.parametrize(
    ("codec", "mark", "label"),
    [
        ("utf-8", b"", "UTF-8"),
        ("utf-8", b"\xef\xbb\xbf", "UTF-8"),
        ("utf-8", b"\xef\xbb\xbf" * 2, "UTF-8"),
        ("utf-16-le", b"\xff\xfe", "UTF-16 LE"),
        ("utf-16-be", b"\xfe\xff", "UTF-16 BE"),
        ("utf-16-le", b"", "UTF-16 LE"),
        ("utf-16-be", b"", "UTF-16 BE"),
        ("utf-32-le", b"\xff\xfe\x00\x00", "UTF-32 LE"),
        ("cp1252", b"", "Windows-1252"),
    ],
)
def test_the_encoding_is_detected(tmp_path: Path, codec: str, mark: bytes, label: str) -> None:
    path = put(tmp_path, mark + '"näme, x",phone\nJosé €,1\n'.encode(codec))
    with open_sheet(path) as sheet:
        assert sheet.encoding == label
        assert sheet.columns == ("näme, x", "phone")
    assert cells_of(path) == [("José €", "1")]


@pytest.mark.parametrize(
    ("text", "name", "delimiter", "width"),
    [
        ("a,b\n1;2,3\n", "s.csv", ",", 2),
        ("a;b\n1,5;2,5\n", "s.csv", ";", 2),
        ("a\tb\n1,5\t2,5\n", "s.txt", "\t", 2),
        ("a|b|c\nx,y|2|3\n", "s.csv", "|", 3),
        ("phone\n+1415\n", "s.csv", ",", 1),
        ("a,b\n1,2\n", "s.tsv", "\t", 1),
        ('"a;b","c;d"\n"e;f","g;h"\n', "s.csv", ",", 2),
        ('"a,b";"c,d"\n"e,f";"g\n,h"\n', "s.csv", ";", 2),
        ("name;phone, mobile\nAnn;1\nBo;2\n", "s.csv", ";", 2),
        ("a,b\n" + '"long, text",x\n' * 20_000, "s.csv", ",", 2),
    ],
)
def test_the_delimiter_is_detected(
    tmp_path: Path, text: str, name: str, delimiter: str, width: int
) -> None:
    with open_sheet(put(tmp_path, text, name)) as sheet:
        assert sheet.delimiter == delimiter
        assert len(sheet.columns) == width


def test_rows_of_the_wrong_width_are_named_with_row_and_line(tmp_path: Path) -> None:
    long, short = faults_of(put(tmp_path, 'a,b\n"x\ny",1\n1,2,3\n\n1\n'))
    assert (long.row, long.line, short.row, short.line) == (3, 4, 5, 6)
    assert "3 cells where the header has 2" in long.message
    assert "double quotes" in str(long.hint)
    assert "1 cells" in short.message


def test_many_bad_rows_are_counted_not_listed(tmp_path: Path) -> None:
    faults = faults_of(put(tmp_path, "a,b\n" + "1,2,3\n" * 500))
    assert len(faults) == 11
    assert faults[-1].message == "490 more rows have such faults"


def test_a_row_one_cell_too_long_in_every_row_is_no_index(tmp_path: Path) -> None:
    assert "3 cells" in faults_of(put(tmp_path, "a,b\n1,2,3\n4,5,6\n"))[0].message


@pytest.mark.parametrize(
    ("content", "row", "line", "message"),
    [
        ('a,b\n1,2\n"x,2\n3,4\n', 3, 3, "never closed"),
        ('a,b\n1,"x"y\n', 2, 2, "follows a closing"),
        ("a,b\n1,2\n1,\0\n", 3, 3, "NUL"),
        ("a,b\n1," + "x" * 140_000 + "\n", 2, 2, "longer than"),
        (b"a,b\n\xe9\x81,2\n", None, 2, "byte 0x81"),
        (b"\xef\xbb\xbfa,b\n1,2\n\xe9,2\n", None, 3, "not valid UTF-8: byte 0xE9"),
        (b"\xff\xfea\0,\0b\0\n\0\x00\xd8x\0", None, 2, "not valid UTF-16 LE"),
        ("a,a , a\n1,2,3\n", 1, None, "columns A, B and C have the same name"),
        ("a,,c\n1,,3\n1,x,3\n", 3, None, "column B holds something"),
        ("a,b,,\n1,2,,\n1,2,,x\n", 3, None, "column D holds something"),
        ("Ann,+1 (415) 555-0100\nBo,2\n", 1, None, "column B looks like a phone number"),
        ("\na,b\n1,2\n", 1, None, "first row is empty"),
        ("a,b\n", None, None, "has a header and no rows"),
        ("a,b\n , \n\n,\n", None, None, "has a header and no rows"),
        ("", None, None, "is empty"),
        (b"\xef\xbb\xbf", None, None, "is empty"),
        (b"PK\x03\x04...", None, None, "zip archive"),
        (b"PAR1...", None, None, "a Parquet file"),
    ],
)
def test_a_malformed_file_is_refused_with_its_place(
    tmp_path: Path, content: str | bytes, row: int | None, line: int | None, message: str
) -> None:
    (fault,) = faults_of(put(tmp_path, content))
    assert message in fault.message
    assert (fault.row, fault.line) == (row, line)


def test_nameless_empty_columns_are_left_out(tmp_path: Path) -> None:
    path = put(tmp_path, "a, ,b,,\n1,,2,,\n3,,4\n5, ,6,\n")
    with open_sheet(path) as sheet:
        assert sheet.columns == ("a", "b")
    assert cells_of(path) == [("1", "2"), ("3", "4"), ("5", "6")]


def test_a_column_may_be_named_for_a_date_and_cells_keep_their_spaces(tmp_path: Path) -> None:
    path = put(tmp_path, " phone ,2026-11-24\n 1 ,\tx\n")
    with open_sheet(path) as sheet:
        assert sheet.columns == ("phone", "2026-11-24")
    assert cells_of(path) == [(" 1 ", "\tx")]


def test_a_missing_file_comes_with_the_nearest_name(tmp_path: Path) -> None:
    put(tmp_path, "a,b\n1,2\n", "appointments.csv")
    with pytest.raises(ContactsError, match=r'no such file .did you mean "appointments\.csv"'):
        open_sheet(tmp_path / "apointments.csv")
    with pytest.raises(ContactsError, match="no folder"):
        open_sheet(tmp_path / "nowhere" / "a.csv")


def test_a_folder_and_unknown_endings_are_refused(tmp_path: Path) -> None:
    (tmp_path / "d.csv").mkdir()
    with pytest.raises(ContactsError, match="is a folder"):
        open_sheet(tmp_path / "d.csv")
    with pytest.raises(ContactsError, match=r"save it as \.xlsx"):
        open_sheet(tmp_path / "a.xls")
    with pytest.raises(ContactsError, match=r'did you mean "\.parquet"'):
        open_sheet(tmp_path / "a.parqet")
    with pytest.raises(ContactsError, match="has no ending"):
        open_sheet(tmp_path / "a")


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path, "a,b\n1,2\n")
    path.chmod(0)
    try:
        path.open("rb").close()
    except PermissionError:
        with pytest.raises(ContactsError, match="may not be read"):
            open_sheet(path)
    else:
        pytest.skip("this user may read every file")


def test_a_file_changed_after_it_was_checked_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path, "a,b\n1,2\n")
    sheet = open_sheet(path)
    put(tmp_path, "a,b\n1,2,3\n")
    with pytest.raises(ContactsError, match="was changed while"):
        list(sheet.rows())
