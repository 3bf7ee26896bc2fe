"""Names of copies: no two alike on any system, none outside of its folder."""

import re
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from poku_batch.recordings.naming import name_of, stem_of

#: What keys are made of where it matters: case, dots, separators, what names are made of.
NASTY = st.text(
    st.sampled_from("aAbB1-_.=+@ ~#/\\:éßſı\u212a\0\n\u202e…'\"%CONconux") | st.characters(),
    max_size=12,
)
KEYS = NASTY | st.sampled_from(["CON", "con.x", "A-1", "A", "a", "a_1", "..", ".", "", "A" * 300])


@pytest.mark.parametrize(
    ("key", "stem"),
    [
        ("A-1017", "A-1017-1"),
        ("1017", "1017-1"),
        ("+14155550123", "+14155550123-1"),
        ("anna@example.com", "anna@example.com_1"),
        ("Anna", "Anna=bf4fccd616251b67-1"),
        ("Frau Müller / 7", "Frau-Muller-7=f3b05e6c860a3b3e-1"),
        ("", "call=e3b0c44298fc1c14-1"),
        ("CON.5", "CON-5=c8962ace32c55b21-1"),
    ],
)
def test_a_name_shows_the_key_where_it_can(key: str, stem: str) -> None:
    assert stem_of(key, 1) == stem


@given(first=KEYS, second=KEYS, one=st.integers(1, 30), other=st.integers(1, 30))
@example(first="A", second="a", one=1, other=1)
@example(first="A-1", second="A", one=2, other=12)
@example(first="a_1", second="a", one=2, other=12)
@example(first="A-1", second="A_1", one=1, other=1)
@example(first="é", second="e\u0301", one=1, other=1)
@example(first="\ud800", second="?", one=1, other=1)
def test_two_calls_never_have_one_name_whatever_the_system_folds(
    first: str, second: str, one: int, other: int
) -> None:
    if (first, one) != (second, other):
        assert stem_of(first, one).casefold() != stem_of(second, other).casefold()


@given(key=KEYS, attempt=st.integers(1, 10_000), number=st.integers(1, 99))
def test_a_name_is_one_part_of_a_path_on_every_system(key: str, attempt: int, number: int) -> None:
    name = name_of(stem_of(key, attempt), ".wav", number)
    assert re.fullmatch(r"[0-9A-Za-z+@._=-]+( \([0-9]+\))?\.wav", name)
    assert not name.startswith((".", "-", "_", "@"))
    assert len(name.encode()) < 120
    for kind in (PurePosixPath, PureWindowsPath):
        assert kind("folder", name).parts == ("folder", name)
    before_dot = name.partition(".")[0].upper()
    assert not re.fullmatch(r"CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9]", before_dot)
