"""Reading ``Retry-After``, and showing words from outside."""

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.policy.http import QUOTE_LIMIT, Reply, describe, messages_of, quote, retry_after_s

_NOW = datetime(1994, 11, 6, 8, 49, 0, tzinfo=UTC)


def _wait(value: str, now: datetime = _NOW) -> float | None:
    return retry_after_s(Reply(status=503, headers={"retry-after": value}), now=now)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        ("  7 ", 7),
        ("007", 7),
        ("1.5", 1.5),
        # RFC 9110, 5.6.7: the same instant in its three forms.
        ("Sun, 06 Nov 1994 08:49:37 GMT", 37),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 37),
        ("Sun Nov  6 08:49:37 1994", 37),
        ("Sun, 06 Nov 1994 09:49:37 +0100", 37),
        ("Sun, 06 Nov 1994 08:49:37 -0000", 37),
        ("Sat, 05 Nov 1994 08:49:37 GMT", 0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
    ],
)
def test_a_wait_is_read_in_every_form(value: str, seconds: float) -> None:
    assert _wait(value) == seconds


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "-1",
        "+5",
        "soon",
        "1e3",
        "1.",
        ".5",
        "5s",
        "5, 10",
        "٣",
        "²",
        "inf",
        "nan",
        "Sun, 99 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:99:99 GMT",
        "Sun, 06 Nov 1994 08:49:37 +9999",
        "Sun, 06 Foo 1994",
        ",",
        "1994-11-06T08:49:37Z",
    ],
)
def test_what_is_no_wait_is_none(value: str) -> None:
    assert _wait(value) is None


def test_without_the_header_there_is_no_wait() -> None:
    assert retry_after_s(Reply(status=503), now=_NOW) is None


@pytest.mark.parametrize("value", ["9" * 12, "9" * 400, "9" * 5000, "9" * 400 + ".9"])
def test_a_huge_wait_stays_finite_and_huge(value: str) -> None:
    wait_s = _wait(value)
    assert wait_s is not None
    assert math.isfinite(wait_s)
    assert wait_s > 9e11


@given(st.text() | st.from_regex(r"[0-9A-Za-z,:+. -]{0,40}", fullmatch=True))
def test_whatever_the_header_says_never_raises(value: str) -> None:
    wait_s = _wait(value)
    assert wait_s is None or (math.isfinite(wait_s) and wait_s >= 0)


@given(st.integers(10**9 // 3, 10**9 * 3), st.integers(-(10**8), 10**8))
def test_a_date_is_never_read_as_sooner_than_it_is(now_s: int, later_s: int) -> None:
    now = datetime.fromtimestamp(now_s, UTC)
    header = format_datetime(now + timedelta(seconds=later_s), usegmt=True)
    assert _wait(header, now) == max(0, later_s)


# --- words from outside ------------------------------------------------------------------------


@given(st.text())
def test_a_quotation_is_one_short_printable_line(text: str) -> None:
    quoted = quote(text)
    assert quoted.isprintable()
    assert len(quoted) <= QUOTE_LIMIT
    assert quoted == quote(quoted)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;owned\x07hi", "[2J ]0;owned hi"),
        ("a\r\nb\tc\u2028d", "a b c d"),
        ("\u202egnp.exe", "gnp.exe"),
        ("a\x00b\x7fc\x9bd", "a b c d"),
        ("café ☎ 電話", "café ☎ 電話"),
        ("\ud800", ""),
    ],
)
def test_a_quotation_holds_nothing_that_steers_a_terminal(text: str, shown: str) -> None:
    assert quote(text) == shown


def test_a_long_quotation_is_cut_and_shows_it() -> None:
    assert quote("x" * QUOTE_LIMIT) == "x" * QUOTE_LIMIT
    assert quote("x" * (QUOTE_LIMIT + 1)) == "x" * (QUOTE_LIMIT - 1) + "…"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": "no"}, ["no"]),
        ({"error": {"message": " no\n"}}, ["no"]),
        ({"error": "Bad Request", "message": "to is missing"}, ["Bad Request", "to is missing"]),
        ({"error": "no", "message": "no"}, ["no"]),
        ({"detail": "no", "message": "", "error": 7}, ["no"]),
        ({"error": {"message": {"message": "no"}}}, []),
        ({"message": ["a", "b"]}, []),
        ({}, []),
        (None, []),
    ],
)
def test_the_apis_own_words_are_found(body: dict[str, object] | None, words: list[str]) -> None:
    assert messages_of(Reply(status=400, body=body)) == words


def test_an_answer_is_described_by_its_words_else_by_its_beginning() -> None:
    assert describe(Reply(status=400, body={"error": "no"}, text="{}")) == "HTTP 400: no"
    assert describe(Reply(status=502, text="<h1>Bad\nGateway</h1>")) == (
        "HTTP 502: <h1>Bad Gateway</h1>"
    )
    assert describe(Reply(status=500)) == "HTTP 500"
