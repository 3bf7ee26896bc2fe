"""Reasons as logs may hold them."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.telemetry.masking import masked, named, said


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("before the call left: calling hours", "before the call left: calling hours"),
        ("not before 2026-11-30 09:00", "not before 2026-11-30 09:00"),
        ("row 12345 of 123456", "row 12345 of 123456"),
        ("call +14155550123 now", "call ••••23 now"),
        ("(415) 555-0123", "(••••23"),
        ("on 2026-11-30 4155550123", "on 2026-11-30 ••••23"),
        (
            "turned away twice, last by: HTTP 429: too many for Ann",
            "turned away twice, last by: HTTP 429",
        ),
        ("no status could be read: <html>Ann", "no status could be read"),
        ("one\ntwo\x1b[2J", "one two [2J"),
    ],
)
def test_a_reason_keeps_its_sense_and_loses_what_is_private(text: str, kept: str) -> None:
    assert said(text) == kept


@given(st.uuids())
def test_the_name_of_a_call_is_kept_and_what_is_no_uuid_is_masked(uuid: UUID) -> None:
    assert named(str(uuid)) == str(uuid)
    assert named(f"call-+1415555{uuid.int % 10_000:04}") == f"call-••••{uuid.int % 100:02}"


separators = st.sampled_from(["", " ", "-", ".", " - ", "/"])
number = st.builds(
    lambda digits, gaps: "".join(d + g for d, g in zip(digits, [*gaps, ""], strict=True)),
    st.lists(st.sampled_from("123456789"), min_size=9, max_size=9),
    st.lists(separators, min_size=8, max_size=8),
)


@given(
    before=st.text(alphabet="abc :,+(", max_size=8),
    number=number,
    after=st.text("xyz )", max_size=8),
)
def test_no_number_is_left_however_it_is_written(before: str, number: str, after: str) -> None:
    left = sum(c.isdigit() for c in masked(f"{before}{number}{after}"))
    assert left == 2


@given(st.text(max_size=1_000))
def test_whatever_was_said_becomes_one_short_line(text: str) -> None:
    line = said(text)
    assert len(line) <= 200
    assert line.isprintable()
