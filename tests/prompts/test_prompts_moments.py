"""Days and times as they are read from cells, and as they are said."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poku_batch.languages import LANGUAGES
from poku_batch.prompts import Whereabouts
from poku_batch.prompts.listener import SpeechError
from poku_batch.prompts.speech.english import time_words
from poku_batch.prompts.speech.locales import month_names, weekday_names
from poku_batch.prompts.speech.order import order_of
from poku_batch.prompts.speech.reading import Reader, When
from tests.prompts.speech_rows import from_country, said, trouble

CASES = settings(max_examples=150, deadline=None)
US = from_country("US")
DAYS = st.dates(min_value=date(1928, 1, 1), max_value=date(2170, 12, 31))
CLOCKS = st.times().map(lambda clock: clock.replace(microsecond=0))
ZONES = st.sampled_from(
    [
        "America/New_York",
        "Europe/Berlin",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
    ]
)


def read(text: str, *, tag: str = "en-US", order: str | None = None) -> When:
    return Reader(tag=tag, order=lambda: order, wanted="date").read(text)


def at(zone: str) -> Whereabouts:
    return Whereabouts(local=lambda moment: moment.astimezone(ZoneInfo(zone)))


# --- what is read ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "tag"),
    [
        ("2026-03-04", "en-US"),
        ("2026/3/4", "en-US"),
        ("2026.03.04.", "hu-HU"),
        ("20260304", "en-US"),
        ("4 March 2026", "en-US"),
        ("March 4, 2026", "en-US"),
        ("Mar. 4th, 2026", "en-US"),
        ("the 4th of March 2026", "en-GB"),
        ("Wednesday, 4 March 2026", "de-DE"),
        ("Wed 4-Mar-26", "en-US"),
        ("2026 March 4", "en-US"),
        ("4. März 2026", "de-DE"),
        ("Mittwoch, 4. März 2026", "de-DE"),
        ("4 de marzo de 2026", "es-ES"),
        ("mié, 4 mar 2026", "es-ES"),
        ("Mar 4, 2026", "es-419"),
        ("4 марта 2026 г.", "ru-RU"),
        ("2026年3月4日", "ja-JP"),
        ("2026년 3월 4일", "ko-KR"),
        ("4 मार्च 2026", "hi-IN"),
        ("4 de març 2026", "ca-ES"),
        ("46085", "en-US"),
        ("46085.25", "en-US"),
        ("46085,25", "de-DE"),
        ("\u200e4\u00a0March\u00a02026 ", "en-US"),
    ],
)
def test_a_day_is_read_as_people_write_it(cell: str, tag: str) -> None:
    assert said("{{ cell | spoken_date('en-US', year=true) }}", cell, tag, where=US) == (
        "Wednesday, March 4th, 2026"
    )


@pytest.mark.parametrize(
    ("cell", "clock"),
    [
        ("14:30", time(14, 30)),
        ("14:30:59", time(14, 30, 59)),
        ("14:30:00.123", time(14, 30)),
        ("2:30 pm", time(14, 30)),
        ("2:30 p. m.", time(14, 30)),
        ("2.30PM", time(14, 30)),
        ("2 pm", time(14)),
        ("12 am", time(0)),
        ("12:05 pm", time(12, 5)),
        ("14.30", time(14, 30)),
        ("14h30", time(14, 30)),
        ("14 Uhr", time(14)),
        ("9:05", time(9, 5)),
        ("0.5", time(12)),
        ("0,25", time(6)),
        ("2026-03-04 14:30", time(14, 30)),
        ("4 March 2026 at 2:30 pm", time(14, 30)),
        ("3/3/2026, 2:30:00 PM", time(14, 30)),
        ("46085.604166667", time(14, 30)),
        ("46085.999999999", time(0)),
    ],
)
def test_a_time_of_day_is_read_as_people_write_it(cell: str, clock: time) -> None:
    assert read(cell).clock == clock


@pytest.mark.parametrize(
    "cell",
    "31/02/2026|2026-02-30|2026-13-01|foo|3 March|March 2026|32 March 2026|2026|12|4155550100|0|"
    "1/2|1/2/3/2026|2026-03-04 25:00|2026-03-04 14:60|13 pm|0 am|14:30 pm|24:00|- -|,|99999999|"
    "3 March April 2026|Mon Tue 3 March 2026|2026-03-04 Europe/Berlin|-46085|1e5|3 Mars Attacks 26|"
    "2026-03-04 14:30 +25:00|٣|0001-01-01|3000-01-01|14:30 14:30".split("|"),
)
def test_what_is_no_day_is_refused(cell: str) -> None:
    assert repr(cell)[:-1] in trouble("{{ cell | spoken_date }}", cell, where=US)


@given(DAYS, CLOCKS, st.sampled_from([" ", "T"]))
@CASES
def test_what_iso_writes_is_read_back(day: date, clock: time, between: str) -> None:
    assert read(day.isoformat()) == When(day=day)
    assert read(f"{day}{between}{clock}") == When(day=day, clock=clock)


@given(DAYS, CLOCKS)
@CASES
def test_excels_number_of_a_moment_is_read_to_the_second(day: date, clock: time) -> None:
    moment = datetime.combine(day, clock)
    serial = (moment - datetime.fromisoformat("1899-12-30")) / timedelta(days=1)
    assert read(f"{serial:.9f}") == When(day=day, clock=clock)


@given(DAYS, st.sampled_from(LANGUAGES))
@CASES
def test_the_languages_own_names_are_read(day: date, tag: str) -> None:
    for name, month in month_names(tag).items():
        if month == day.month and weekday_names(tag).get(name) is None:
            assert read(f"{day.day} {name} {day.year}", tag=tag).day == day


@given(st.text(max_size=30))
@CASES
def test_any_text_is_read_or_refused(cell: str) -> None:
    text = " ".join(cell.split())
    try:
        found = read(text, order="day") if text else None
    except SpeechError:
        return
    assert found is None or found.day is not None or found.clock is not None


def test_a_weekday_that_is_not_the_dates_is_told() -> None:
    assert trouble("{{ cell | spoken_date }}", "Monday, 3 March 2026") == (
        "'Monday, 3 March 2026': 2026-03-03 is a Tuesday"
    )


# --- which of two days -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "language", "order"),
    [
        ("US", "en-US", "month"),
        ("PH", "fil-PH", "month"),
        ("GB", "en-GB", "day"),
        ("DE", "", "day"),
        ("US", "", "month"),
        (None, "", "month"),
        ("US", "es-419", None),
        ("MX", "en-US", None),
        ("CA", "en-US", None),
        ("JP", "ja-JP", None),
        ("IN", "hi-IN", "day"),
        ("MX", "es-419", "day"),
    ],
)
def test_the_order_of_day_and_month_is_that_of_country_and_language(
    country: str | None, language: str, order: str | None
) -> None:
    from poku_batch.prompts.listener import Listener

    where = from_country(country)
    listener = Listener(where=where)
    if language:
        listener = Listener(language=language, chosen=True, where=where)
    assert order_of(listener) == order


def test_a_day_that_may_be_two_is_told_with_both() -> None:
    prompt = "{{ cell | spoken_date }}"
    assert trouble(prompt, "3/4/2026 10:00", "es-419", where=US) == (
        "'3/4/2026 10:00' may be 2026-04-03 or 2026-03-04 "
        '(write it so, or give the filter first="day" or first="month")'
    )
    assert said(prompt, "13/4/2026", "es-419", where=US) == "lunes, 13 de abril"
    assert said(prompt, "4/13/2026", "es-419", where=US) == "lunes, 13 de abril"
    assert said(prompt, "4/4/2026", "es-419", where=US) == "sábado, 4 de abril"
    assert said("{{ cell | spoken_date(first='month') }}", "3/4/2026", "es-419") == (
        "miércoles, 4 de marzo"
    )


@given(DAYS, st.sampled_from("/-."), st.booleans())
@CASES
def test_both_orders_are_read_back(day: date, sign: str, month_first: bool) -> None:
    parts = (day.month, day.day) if month_first else (day.day, day.month)
    text = sign.join(map(str, (*parts, day.year)))
    assert read(text, order="month" if month_first else "day").day == day


# --- whose clock -------------------------------------------------------------------------------


@given(
    st.datetimes(
        min_value=datetime.fromisoformat("2000-01-01"),
        max_value=datetime.fromisoformat("2037-01-01"),
    ),
    ZONES,
    st.integers(-14 * 60, 14 * 60),
)
@CASES
def test_an_instant_is_said_by_the_contacts_clock(
    moment: datetime, zone: str, offset_min: int
) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    sign = "-" if offset_min < 0 else "+"
    hours, minutes = divmod(abs(offset_min), 60)
    shifted = (moment + timedelta(minutes=offset_min)).replace(tzinfo=None)
    cell = f"{shifted.isoformat()}{sign}{hours:02}:{minutes:02}"
    local = moment.astimezone(ZoneInfo(zone))
    plain = local.replace(tzinfo=None).isoformat()
    prompt = "{{ cell | spoken_datetime(year=true) }}"
    assert said(prompt, cell, where=at(zone)) == said(prompt, plain)
    given_zone = f"{{{{ cell | spoken_datetime(year=true, zone='{zone}') }}}}"
    assert said(given_zone, cell) == said(prompt, plain)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("2026-03-29T00:59Z", "one fifty-nine in the morning"),
        ("2026-03-29T01:00Z", "three o'clock in the morning"),
        ("2026-10-25T00:30Z", "two thirty in the morning"),
        ("2026-10-25T01:30Z", "two thirty in the morning"),
    ],
)
def test_clocks_are_moved_when_the_contacts_are(cell: str, words: str) -> None:
    got = said("{{ cell | spoken_time }}", cell, where=at("Europe/Berlin"))
    assert got == words


@given(DAYS, CLOCKS, ZONES)
@CASES
def test_a_time_without_an_offset_is_never_shifted(day: date, clock: time, zone: str) -> None:
    prompt = "{{ cell | spoken_datetime }}"
    assert said(prompt, f"{day} {clock}", where=at(zone)) == said(prompt, f"{day} {clock}")


def test_an_offset_without_a_known_zone_is_told() -> None:
    assert trouble("{{ cell | spoken_time }}", "2026-03-03T14:30+02:00") == (
        "'2026-03-03T14:30+02:00' has an offset from UTC: the contact's time zone is not known "
        '(set calling_hours.default_timezone, or give the filter zone="Europe/Berlin")'
    )
    assert trouble("{{ cell | spoken_time }}", "14:30Z", where=at("Europe/Berlin")) == (
        "'14:30Z' has an offset from UTC and no date "
        "(what time that is where the contact is depends on the day)"
    )


# --- what is said ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clock", "american", "british"),
    [
        ("00:00", "midnight", "midnight"),
        ("00:30", "twelve thirty at night", "half past twelve at night"),
        ("01:00", "one o'clock in the morning", "one o'clock in the morning"),
        ("09:05", "nine oh five in the morning", "five past nine in the morning"),
        ("09:07", "nine oh seven in the morning", "nine oh seven in the morning"),
        ("11:45", "eleven forty-five in the morning", "a quarter to twelve in the morning"),
        ("12:00", "noon", "noon"),
        ("12:35", "twelve thirty-five in the afternoon", "twenty-five to one in the afternoon"),
        ("14:15", "two fifteen in the afternoon", "a quarter past two in the afternoon"),
        ("14:30", "two thirty in the afternoon", "half past two in the afternoon"),
        ("16:59", "four fifty-nine in the afternoon", "four fifty-nine in the afternoon"),
        ("17:00", "five o'clock in the evening", "five o'clock in the evening"),
        ("20:40", "eight forty in the evening", "twenty to nine in the evening"),
        ("23:55", "eleven fifty-five at night", "five to twelve at night"),
    ],
)
def test_english_says_the_clock(clock: str, american: str, british: str) -> None:
    assert said("{{ cell | spoken_time }}", clock) == american
    assert said("{{ cell | spoken_time }}", clock, "en-GB") == british


@pytest.mark.parametrize("american", [True, False])
def test_every_minute_of_the_day_has_words_of_its_own(american: bool) -> None:
    every = [time(minute // 60, minute % 60) for minute in range(1440)]
    assert len({time_words(clock, american=american) for clock in every}) == 1440


@pytest.mark.parametrize(
    ("day", "number"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"),
     (21, "21st"), (22, "22nd"), (23, "23rd"), (30, "30th"), (31, "31st")],
)  # fmt: skip
def test_english_says_the_number_of_the_day(day: int, number: str) -> None:
    cell = f"2026-01-{day:02}"
    assert said("{{ cell | spoken_date(weekday=false) }}", cell) == f"January {number}"
    assert said("{{ cell | spoken_date(weekday=false) }}", cell, "en-AU") == (
        f"the {number} of January"
    )


SAYINGS = """
af-ZA Dinsdag 3 Maart 9:05
ar-SA الثلاثاء، 3 مارس، 9:05 صباحًا
cs-CZ úterý 3. března 9:05
da-DK tirsdag den 3. marts klokken 9.05
de-DE Dienstag, 3. März um 9:05 Uhr
el-GR Τρίτη 3 Μαρτίου, 9:05 το πρωί
en-IN Tuesday the 3rd of March at five past nine in the morning
es-419 martes, 3 de marzo, 9:05 de la mañana
fi-FI tiistai 3. maaliskuuta kello 9.05
fil-PH Martes, Marso 3, 9:05 AM
fr-CA mardi 3 mars à 9 h 05
hi-IN मंगलवार, 3 मार्च, सुबह 9:05
hu-HU március 3., kedd 9:05
it-IT martedì 3 marzo alle ore 9:05
ko-KR 3월 3일 화요일 오전 9:05
mr-IN मंगळवार, 3 मार्च, सकाळ 9:05
nl-BE dinsdag 3 maart om 9:05 uur
no-NO tirsdag 3. mars klokken 9:05
pl-PL wtorek, 3 marca 9:05
pt-BR terça-feira, 3 de março às 9:05
ru-RU вторник, 3 марта, 9:05
sv-SE tisdag 3 mars klockan 9:05
sw-KE Jumanne, 3 Machi 9:05
th-TH วันอังคารที่ 3 มีนาคม 9:05
tr-TR 3 Mart Salı 9:05
uk-UA вівторок, 3 березня, 9:05
vi-VN 9:05 Thứ Ba, 3 tháng 3
yue-CN 3月3日星期二 9:05
zh-CN 3月3日星期二 9:05
"""


@pytest.mark.parametrize("line", SAYINGS.strip().splitlines())
def test_a_language_says_days_and_times_its_own_way(line: str) -> None:
    tag, _, words = line.partition(" ")
    assert said("{{ cell | spoken_datetime }}", "2026-03-03 09:05", tag) == words


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_language_names_its_months_and_weekdays(tag: str) -> None:
    dates, bare = set(), set()
    for month in range(1, 13):
        cell = f"2026-{month:02}-05 09:05"
        full = said("{{ cell | spoken_date(year=true) }}", cell, tag)
        assert "2026" in full
        dates.add(said("{{ cell | spoken_date }}", cell, tag))
        bare.add(said("{{ cell | spoken_date(weekday=false) }}", cell, tag))
        assert said("{{ cell | spoken_date(year=true, weekday=false) }}", cell, tag) != full
    days = {said("{{ cell | spoken_date }}", f"2026-03-{day:02}", tag) for day in range(9, 16)}
    assert len(dates) == len(bare) == 12
    assert len(days) == 7
    for text in dates | days:
        letters = re.sub(r"[\W\d_]", "", text)
        assert len(letters) >= 4, text
        assert "2026" not in text
        assert not re.search(r"[{}']|\d\d?[./-]\d", text), text


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_language_tells_every_hour_apart(tag: str) -> None:
    hours = {said("{{ cell | spoken_time }}", f"{hour}:05", tag) for hour in range(24)}
    assert len(hours) == 24
    assert not any(re.search(r"[{}']", text) for text in hours)


def test_a_part_that_the_cell_lacks_is_told() -> None:
    assert trouble("{{ cell | spoken_time }}", "2026-03-03") == (
        "'2026-03-03' has no time of day (it is a date alone)"
    )
    assert trouble("{{ cell | spoken_datetime }}", "2026-03-03") == (
        "'2026-03-03' has no time of day (it is a date alone)"
    )
    for name in ("spoken_date", "spoken_datetime"):
        assert trouble(f"{{{{ cell | {name} }}}}", "14:30") == (
            "'14:30' has no date (it is a time of day alone)"
        )
