"""Dates in a column: serial numbers, several ways of writing, day and month."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.inspection import Kind
from poku_batch.inspection.dates import date_of_serial, form_of, names_dates
from tests.inspection.inspection_rows import found, scope


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("46084", "2026-03-03"),
        ("46084.0", "2026-03-03"),
        ("46084.604166667", "2026-03-03 14:30"),
        ("46084,5", "2026-03-03 12:00"),
        ("46084.00001", "2026-03-03 00:00:01"),
        ("46084.999999999", "2026-03-04 00:00"),
        ("29999", None),
        ("60001", None),
        ("4608", None),
        ("94103", None),
    ],
)
def test_a_serial_number_is_the_day_that_a_spreadsheet_program_shows(
    cell: str, read: str | None
) -> None:
    assert date_of_serial(cell) == read


@given(st.dates(date(1983, 1, 1), date(2063, 1, 1)))
def test_every_day_of_our_time_is_read_back_from_its_serial_number(day: date) -> None:
    assert date_of_serial(str((day - date(1899, 12, 30)).days)) == day.isoformat()


@given(st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1)))  # noqa: DTZ001
def test_every_minute_is_read_back_from_its_serial_number(moment: datetime) -> None:
    minute = moment.replace(second=0, microsecond=0)
    serial = (minute - datetime(1899, 12, 30)) / timedelta(days=1)  # noqa: DTZ001
    read = date_of_serial(repr(serial))
    assert read is not None
    assert datetime.fromisoformat(read) == minute


@pytest.mark.parametrize(
    ("name", "is_date"),
    [
        ("appointment_at", True),
        ("Due Date", True),
        ("Termin", True),
        ("birthDate", True),
        ("zip", False),
        ("amount", False),
        ("order no", False),
        ("appointment_id", False),
        ("data", False),
    ],
)
def test_a_columns_name_says_whether_it_holds_dates(name: str, is_date: bool) -> None:
    assert names_dates(name) == is_date


def rows(*dates: str) -> list[tuple[str, str, str]]:
    return [(f"Person {n}", f"+1415555{n:04}", cell) for n, cell in enumerate(dates)]


def test_a_bare_number_is_a_date_where_the_name_or_other_cells_say_so() -> None:
    columns = ("name", "phone", "code")
    assert Kind.SERIAL_DATE in found(rows("46084"), scope())
    assert found(rows("46084", "46090"), scope(columns)) == {}
    mixed = found(rows("46084", "2026-03-04"), scope(columns))
    assert list(mixed) == [Kind.SERIAL_DATE]
    place = mixed[Kind.SERIAL_DATE].places[0]
    assert (place.row, place.position, place.note.repair) == (2, 2, "2026-03-03")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["2026-03-04", "2026-03-05 14:00"], {}),
        (["03/13/2026", "03/04/2026"], {}),
        (["13/03/2026", "03/04/2026"], {}),
        (["04.03.2026", "5.3.2026"], {}),
        (["03/03/2026", "04/04/2026"], {}),
        (["03/04/2026", "05/06/2026"], {Kind.AMBIGUOUS_DATES: 2}),
        (["2026-03-04", "2026-03-05", "3/13/2026"], {Kind.MIXED_DATES: 1}),
        (["13/03/2026", "13/04/2026", "03/14/2026"], {Kind.MIXED_DATES: 1}),
        (["March 3, 2026", "3 March 2026", "Tue 3 March 2026"], {}),
        (["2026-03-04", "14.03.2026", "3/13/2026"], {Kind.MIXED_DATES: 2}),
    ],
)
def test_ways_of_writing_dates_are_told_where_they_differ(
    cells: list[str], expected: dict[Kind, int]
) -> None:
    findings = found(rows(*cells), scope())
    assert {kind: finding.count for kind, finding in findings.items()} == expected


def test_what_is_no_date_has_no_form() -> None:
    for cell in ("", "Tuesday", "415-555-0100", "99/99/2026", "1/2", "3 dogs and 2 cats"):
        assert form_of(cell) is None, cell
