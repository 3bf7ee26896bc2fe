"""Lists of whom not to call, in files: every number counts, or its line is told."""

import csv
import os
from array import array
from functools import partial
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from poku_batch.contacts.do_not_call import DoNotCallFiles, ListedNumbers, read_do_not_call
from poku_batch.errors import ContactsError
from poku_batch.phone import possible_number

ANN, BOB = "+14155550100", "+442079460000"
NUMBER_OF = partial(possible_number, region="US")


def read(path: Path, content: str | bytes) -> list[str]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_do_not_call(path, NUMBER_OF, name=path.name))


def faults(path: Path, content: str | bytes) -> str:
    with pytest.raises(ContactsError) as caught:
        read(path, content)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("l.txt", f"{ANN}\n{BOB}\n"),
        ("l.txt", f"# who asked\n\n  {ANN}  # in May\r\n\t\r\n#\n{BOB}"),
        ("l.txt", f"Phone\n{ANN}\n{BOB}\n{ANN}\n"),
        ("l.TXT", f"(415) 555-0100\rtel:{BOB}\r"),
        ("l.txt", f"\ufeff{ANN}\n00 44 20 7946 0000 # abroad\n".replace("00 44", "011 44")),
        ("l.csv", f"{ANN}\n{BOB}\n"),
        ("l.csv", f"{ANN},Ann\n{BOB}\n"),
        ("l.csv", f"name,phone\nAnn,{ANN}\n,\nBob,{BOB}\n"),
        ("l.csv", f"# of May\nname;Mobile Phone;note\nAnn;415-555-0100;#12\n\nBob;{BOB};\n"),
        ("l.csv", f'name,phone\n"Ann\nLee",{ANN}\n"Bob ""B""",{BOB}\n'),
        ("l.csv", f"whom to leave alone\n{ANN}\n{BOB}\n"),
        ("l.csv", f"phone,\n{ANN},\n{BOB},\n"),
        ("l.csv", f"phone,name\n{ANN}\n{BOB}\n"),
        ("l.tsv", f"name\tphone\nAnn, of 3\t{ANN}\nBob\t{BOB}\n"),
        ("l.csv", f"phone\n{ANN}\n{BOB}\n".encode("utf-16")),
        ("l.csv", f"number,phone\n1,{ANN}\n2,{BOB}\n"),
        ("l.csv", f"number\n{ANN}\n{BOB}\n"),
    ],
)
def test_a_list_is_read_in_any_form_that_a_person_has(
    tmp_path: Path, name: str, content: str | bytes
) -> None:
    assert read(tmp_path / name, content) == [ANN, BOB]


def test_every_phone_column_counts(tmp_path: Path) -> None:
    text = f"name,phone,mobile\nAnn,{ANN},\nBob,,{BOB}\nCy,+14155550102,+14155550103\n"
    found = read(tmp_path / "l.csv", text)
    assert found == [ANN, "+14155550102", "+14155550103", BOB]


def test_a_number_that_is_possible_and_not_in_use_counts(tmp_path: Path) -> None:
    assert read(tmp_path / "l.txt", "+1 111 111 1111\n000-555-0100\n") == [
        "+10005550100",
        "+11111111111",
    ]


@pytest.mark.parametrize("header", [("name", "phone"), None])
def test_a_workbook_and_a_parquet_file_are_read(
    tmp_path: Path, header: tuple[str, str] | None
) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    rows: list[tuple[Any, ...]] = [("Ann", 4155550100), ("Bob", BOB), (None, None)]
    for row in [header, *rows] if header else [(number, name) for name, number in rows]:
        sheet.append(row)
    book.save(tmp_path / "l.xlsx")
    assert list(read_do_not_call(tmp_path / "l.xlsx", NUMBER_OF)) == [ANN, BOB]
    frame = pd.DataFrame({"phone": [14155550100, 442079460000], "name": ["Ann", "Bob"]})
    frame.to_parquet(tmp_path / "l.parquet")
    number_of = partial(possible_number, region="GB")
    with pytest.raises(ContactsError, match=r"l\.parquet, ?row 2"):
        read_do_not_call(tmp_path / "l.parquet", number_of)
    frame.astype({"phone": "string"}).assign(phone=[ANN, BOB]).to_parquet(tmp_path / "l.parquet")
    assert list(read_do_not_call(tmp_path / "l.parquet", number_of)) == [ANN, BOB]


@pytest.mark.parametrize("content", ["# nobody yet\n", "phone\n", "\n\n", "name,phone\n,\n"])
@pytest.mark.parametrize("ending", ["csv", "txt"])
def test_a_list_may_have_nobody_on_it(tmp_path: Path, content: str, ending: str) -> None:
    if ending == "txt" and "," in content:
        content = "phone\n"
    assert read(tmp_path / f"l.{ending}", content) == []


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("l.txt", f"{ANN}\n\nabc\n", "l.txt:3: no number in 'abc'"),
        ("l.txt", f"{ANN}\n415 555\n", "l.txt:2: too short for US (+1): '415 555'"),
        ("l.txt", "555-0100\n", "l.txt:1: no area code in '555-0100', for US (+1)"),
        ("l.txt", f"{ANN}, {BOB}\n", f"l.txt:1: two numbers in one cell: '{ANN}, {BOB}'"),
        ("l.txt", f"{ANN}#{BOB}\n", None),
        ("l.txt", f"name\n{ANN}\n", "l.txt:1: no number in 'name'"),
        ("l.csv", f"name,phone\nAnn,{ANN}\nBob,\n", "l.csv:3: no number"),
        ("l.csv", f"name,phone\nAnn,{ANN}\n#12,4155\n", "l.csv:3: too short for US (+1): '4155'"),
        (
            "l.csv",
            f"name,phone\nLee, Ann,{ANN}\n",
            "l.csv:2: more cells than the header has",
        ),
        (
            "l.csv",
            f'name,phone\n"Ann\nLee",{ANN}\nBob,x\n',
            "l.csv:4: no number in 'x'",
        ),
        (
            "l.csv",
            "41555501\n+14155550101\n",
            "l.csv:1: too short for US (+1): '41555501'",
        ),
        (
            "l.csv",
            f"name,note\nAnn,{ANN}\n",
            (
                "l.csv:1: no column has a usual name for numbers, such as phone or mobile (name "
                "the column with the numbers phone, or keep them in the first, without a header)"
            ),
        ),
        (
            "l.csv",
            f'phone\n"{ANN}\n',
            (
                "l.csv:2: double quotes that do not fit together, or a character that no list "
                "holds (save it again as CSV UTF-8)"
            ),
        ),
        (
            "l.csv",
            "",
            "l.csv: is empty (the first row must hold the column names)",
        ),
        ("l.csv", b"\x00\x01\x02garbage", None),
        (
            "l.csv",
            "blocked\n",
            (
                "l.csv:1: no number in 'blocked', and none below it (name the column with the "
                "numbers phone, or keep them in the first, without a header)"
            ),
        ),
        ("l.csv", b"PK\x03\x04", None),
        ("l.xlsx", ANN, None),
        ("l.parquet", ANN, None),
        ("l.doc", ANN, None),
        ("l.txt", b"\xff\xfe\x00", None),
    ],
)
def test_what_is_no_number_is_told_with_its_line_and_never_passed_over(
    tmp_path: Path, name: str, content: str | bytes, expected: str | None
) -> None:
    told = faults(tmp_path / name, content)
    assert told == (expected or told)
    assert name in told


def test_the_first_faults_are_told_and_the_others_counted(tmp_path: Path) -> None:
    lines = faults(tmp_path / "l.txt", f"{ANN}\n" + "x\n" * 1_500).splitlines()
    assert lines[0] == "l.txt:2: no number in 'x'"
    assert lines[19] == "l.txt:21: no number in 'x'"
    assert lines[20:] == ["l.txt: 1,480 more rows have such faults"]


def test_a_file_that_is_missing_is_told_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "never.csv").write_text(ANN)
    with pytest.raises(ContactsError, match=r'no such file \(did you mean "never\.csv"\?\)'):
        read_do_not_call(tmp_path / "nevr.csv", NUMBER_OF)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Ann", "Lee, Ann", 'B "x"', "#7", "", "two\nlines"]),
            st.integers(2_000_000_000, 9_999_999_999),
        ),
        min_size=1,
    ),
    st.booleans(),
)
def test_every_number_that_was_written_is_on_the_list(
    tmp_path: Path, people: list[tuple[str, int]], header: bool
) -> None:
    path = tmp_path / "l.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        if header:
            writer.writerow(["phone", "name"])
        writer.writerows((number, name) for name, number in people)
    listed = read_do_not_call(path, NUMBER_OF)
    assert sorted({f"+1{number}" for _, number in people}) == list(listed)
    assert len(listed) == len({number for _, number in people})
    for _, number in people:
        assert f"+1{number}" in listed
        assert (f"+1{number ^ 1}" in listed) == ((number ^ 1) in {n for _, n in people})


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(alphabet="+0123456789 ()-#,;\t\"'ax\n", max_size=20), max_size=6))
def test_a_line_with_digits_is_a_number_or_a_fault(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "l.txt"
    text = "\n".join(lines)
    path.write_text(f"{BOB}\n{text}\n")
    kept = [line.partition("#")[0] for line in text.splitlines()]
    unread = 0
    for line in kept:
        try:
            if line.strip():
                NUMBER_OF(line)
        except Exception:
            unread += 1
    try:
        listed = read_do_not_call(path, NUMBER_OF)
    except ContactsError:
        assert unread or "#" in text
    else:
        assert BOB in listed
        assert not unread


# --- lists that are edited while a run goes on ---


def files(folder: Path, *names: str) -> DoNotCallFiles:
    return DoNotCallFiles([folder / name for name in names], NUMBER_OF)


def test_the_name_of_the_file_that_has_a_number_is_given(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"{ANN}\n")
    (tmp_path / "b.csv").write_text(f"phone\n{ANN}\n{BOB}\n")
    lists = files(tmp_path, "a.txt", "b.csv")
    lists.load()
    found = [lists.source(number) for number in (ANN, BOB, "+14155550199")]
    assert found == ["a.txt", "b.csv", None]
    assert not lists.changed()


def test_an_edited_list_is_seen_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(f"{ANN}\n")
    lists = files(tmp_path, "a.txt")
    lists.load()
    path.write_text(f"{BOB}\n# longer\n")
    assert lists.changed()
    assert lists.source(BOB) is None
    assert lists.reload() is None
    assert (lists.source(BOB), lists.source(ANN)) == ("a.txt", None)
    assert not lists.changed()


@pytest.mark.parametrize("how", ["replaced", "touched"])
def test_a_file_of_the_same_size_that_took_the_place_is_seen(tmp_path: Path, how: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(f"{ANN}\n")
    lists = files(tmp_path, "a.txt")
    lists.load()
    before = path.stat()
    other = tmp_path / "other"
    other.write_text("+14155550199\n")
    if how == "replaced":
        os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
        other.replace(path)
    else:
        path.write_text("+14155550199\n")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert lists.changed()
    assert lists.reload() is None
    assert lists.source("+14155550199") == "a.txt"


def test_a_reload_that_fails_keeps_every_list_and_says_why_once(tmp_path: Path) -> None:
    first, second = tmp_path / "a.txt", tmp_path / "b.txt"
    first.write_text(f"{ANN}\n")
    second.write_text(f"{BOB}\n")
    lists = files(tmp_path, "a.txt", "b.txt")
    lists.load()
    first.write_text("abc, not a number\n")
    second.unlink()
    told = lists.reload()
    assert told is not None
    assert f"{first}:1: no number in" in told
    assert f"{second}: there is no such file" in told
    assert (lists.source(ANN), lists.source(BOB)) == ("a.txt", "b.txt")
    assert not lists.changed()
    first.write_text("+14155550199\n")
    assert lists.changed()
    assert "b.txt" in (lists.reload() or "")
    assert lists.source(ANN) == "a.txt"
    second.write_text("# nobody any more\n")
    assert lists.changed()
    assert lists.reload() is None
    assert [lists.source(n) for n in (ANN, BOB, "+14155550199")] == [None, None, "a.txt"]


def test_a_list_that_cannot_be_read_at_the_start_is_an_error(tmp_path: Path) -> None:
    lists = files(tmp_path, "a.txt")
    with pytest.raises(ContactsError, match="there is no such file"):
        lists.load()


@pytest.mark.parametrize("count", [0, 10, 50_000])
def test_a_list_of_any_length_is_in_order_and_has_each_number_once(count: int) -> None:
    numbers = [14_155_550_000 + (at * 7_919) % 1_000_003 for at in range(count)]
    listed = ListedNumbers(array("Q", numbers + numbers[::-2]))
    assert list(listed) == [f"+{number}" for number in sorted(numbers)]
    assert all(f"+{number}" in listed for number in numbers[:100])
    assert "+14155549999" not in listed
