"""Cells that say when, and by which clock: what is read, and what to write instead."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.contacts.cells import cell_text
from poku_batch.contacts.moments import read_moment, read_zone


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("", None),
        ("  \t ", None),
        ("2026-11-23", date(2026, 11, 23)),
        (" 2026-11-23 ", date(2026, 11, 23)),
        ("2028-02-29", date(2028, 2, 29)),
        ("2026-11-23 09:00:00", datetime.fromisoformat("2026-11-23 09:00")),
        ("2026-11-23 09:00", datetime.fromisoformat("2026-11-23 09:00")),
        ("2026-11-23T9:00", datetime.fromisoformat("2026-11-23 09:00")),
        ("2026-11-23  09:00:30.250", datetime.fromisoformat("2026-11-23 09:00:30")),
        ("2026-11-23 00:00:00", datetime.fromisoformat("2026-11-23 00:00")),
        ("2026-11-23T09:00Z", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        ("2026-11-23 09:00 UTC", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        ("2026-11-23t09:00:00z", datetime(2026, 11, 23, 9, tzinfo=UTC)),
        (
            "2026-11-23 09:00:00-05:00",
            datetime(2026, 11, 23, 9, tzinfo=timezone(timedelta(hours=-5))),
        ),
        (
            "2026-11-23T09:00+0545",
            datetime(2026, 11, 23, 9, tzinfo=timezone(timedelta(hours=5, minutes=45))),
        ),
        ("09:00", time(9)),
        ("9:00", time(9)),
        ("17:30:00", time(17, 30)),
        ("00:00", time(0)),
        ("23:59:59", time(23, 59, 59)),
    ],
)
def test_a_moment_is_read_as_iso_8601_and_as_spreadsheets_show_it(
    cell: str, moment: date | time | None
) -> None:
    read = read_moment(cell)
    assert read == moment
    assert type(read) is type(moment)
    if isinstance(read, datetime) and isinstance(moment, datetime):
        assert read.utcoffset() == moment.utcoffset()


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("03/04/2026", "'03/04/2026' is not understood: write 2026-03-04 or 2026-04-03"),
        ("23/11/2026", "'23/11/2026' is not understood: write 2026-11-23"),
        ("11/23/2026", "'11/23/2026' is not understood: write 2026-11-23"),
        ("23.11.2026", "'23.11.2026' is not understood: write 2026-11-23"),
        ("5.5.2026", "'5.5.2026' is not understood: write 2026-05-05"),
        (
            "03/04/2026 09:00",
            "'03/04/2026 09:00' is not understood: write 2026-03-04 09:00 or 2026-04-03 09:00",
        ),
        ("2026/11/23", "'2026/11/23' is not understood: write 2026-11-23"),
        ("2026-1-5", "'2026-1-5' is not understood: write 2026-01-05"),
        ("9:00 AM", "'9:00 AM' is not understood: write 09:00"),
        ("5pm", "'5pm' is not understood: write 17:00"),
        ("12:30 a.m.", "'12:30 a.m.' is not understood: write 00:30"),
        ("12 PM", "'12 PM' is not understood: write 12:00"),
        (
            "46349",
            "'46349' is not understood: a spreadsheet's number of a day; write 2026-11-23, or",
        ),
        (
            "46349.375",
            "'46349.375' is not understood: a spreadsheet's number of a day; write 2026-11-23, or",
        ),
        ("24:00", "'24:00' does not exist: leave the cell empty for the whole day"),
        (
            "2026-02-30",
            "'2026-02-30' does not exist: write 2026-11-23, 2026-11-23 09:00 or 09:00",
        ),
        ("25:00", "'25:00' does not exist: write 2026-11-23, 2026-11-23 09:00 or 09:00"),
        ("tomorrow", "'tomorrow' is not understood: write 2026-11-23, 2026-11-23 09:00 or 09:00"),
        ("03/04/26", "'03/04/26' is not understood: write 2026-11-23, 2026-11-23 09:00 or 09:00"),
        ("20261123", "'20261123' is not understood: write 2026-11-23, 2026-11-23 09:00 or 09:00"),
        (
            "2026-11-23 09:00 EST",
            "'2026-11-23 09:00 EST' is not understood: write 2026-11-23",
        ),
        ("٢٠٢٦-١١-٢٣", "write 2026-11-23, 2026-11-23 09:00 or 09:00"),
        ("2026-11-23 09:00+99:00", "does not exist"),
    ],
)
def test_what_cannot_be_read_for_certain_is_refused_with_what_to_write(
    cell: str, sentence: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        read_moment(cell)


@pytest.mark.parametrize("value", [date(2026, 11, 23), time(9, 30), datetime(2026, 11, 23, 9)])  # noqa: DTZ001
def test_a_workbooks_typed_cell_is_read_as_it_was_meant(value: date | time) -> None:
    assert read_moment(cell_text(value)) == value


@given(st.datetimes(timezones=st.none() | st.timezones()).map(lambda at: at.replace(microsecond=0)))
def test_every_moment_that_a_program_writes_is_read_back(moment: datetime) -> None:
    offset = moment.utcoffset()
    if offset is not None and offset % timedelta(minutes=1):
        return
    for sep in ("T", " "):
        read = read_moment(moment.isoformat(sep))
        assert isinstance(read, datetime)
        assert read.isoformat() == moment.isoformat()


@given(st.text() | st.from_regex(r"[0-9:./TZ +-]{0,25}", fullmatch=True))
def test_any_cell_is_a_moment_nothing_or_a_short_sentence(cell: str) -> None:
    for read in (read_moment, read_zone):
        try:
            found = read(cell)
        except ValueError as error:
            sentence = str(error)
            found = ""
        else:
            sentence = ""
        assert len(sentence) < 200
        assert (found is None) == (not cell.strip())


@pytest.mark.parametrize(
    ("cell", "zone"),
    [
        ("", None),
        ("  ", None),
        ("America/New_York", "America/New_York"),
        (" Europe/Berlin ", "Europe/Berlin"),
        ("America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("US/Pacific", "US/Pacific"),
        ("Etc/UTC", "Etc/UTC"),
        ("UTC", "UTC"),
        ("utc", "UTC"),
    ],
)
def test_a_zone_is_an_area_and_a_place_or_utc(cell: str, zone: str | None) -> None:
    assert read_zone(cell) == zone


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("EST", "'EST' does not say when clocks are moved: did you mean America/New_York?"),
        ("pst", "'pst' does not say when clocks are moved: did you mean America/Los_Angeles?"),
        ("CET", "'CET' does not say when clocks are moved: did you mean Europe/Berlin?"),
        ("GMT", "'GMT' does not say when clocks are moved: did you mean Europe/London?"),
        ("Eastern", "'Eastern' is not a time zone: did you mean America/New_York?"),
        ("Pacific Time", "'Pacific Time' is not a time zone: did you mean America/Los_Angeles?"),
        (
            "Eastern Standard Time",
            "'Eastern Standard Time' is not a time zone: did you mean America/New_York?",
        ),
        ("-05:00", "does not say when clocks are moved: write an area and a place"),
        ("−5", "does not say when clocks are moved: write an area and a place"),
        ("UTC+2", "does not say when clocks are moved: write an area and a place"),
        ("GMT-0500", "does not say when clocks are moved: write an area and a place"),
        ("Etc/GMT+5", "does not say when clocks are moved: write an area and a place"),
        ("america/new_york", "is not a time zone: did you mean America/New_York?"),
        ("America/New York", "is not a time zone: did you mean America/New_York?"),
        ("New York", "is not a time zone: did you mean America/New_York?"),
        ("America/New_Yrok", "is not a time zone: did you mean America/New_York?"),
        ("Knightsbridge", "is not a time zone: write an area and a place"),
        ("Berlin", "is not a time zone: did you mean Europe/Berlin?"),
        ("../../etc/passwd", "is not a time zone"),
        ("/etc/localtime", "is not a time zone"),
        ("posix/America/New_York", "is not a time zone"),
        ("x" * 5_000, "is not a time zone: write an area and a place, such as Europe/Berlin"),
    ],
)
def test_what_is_no_zone_is_refused_with_the_nearest(cell: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        read_zone(cell)


def test_every_zone_that_is_read_has_clocks() -> None:
    for name in sorted(available_timezones()):
        try:
            zone = read_zone(name)
        except ValueError:
            assert "/" not in name or name.startswith("Etc/GMT")
        else:
            assert zone is not None
            assert ZoneInfo(zone).key == name
