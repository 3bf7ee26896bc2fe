"""Columns as identifiers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.prompts import identifier


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("First Name", "first_name"),
        ("first_name", "first_name"),
        ("E-Mail (work)", "e_mail_work"),
        ("  Größe  ", "grösse"),
        ("ＩＤ", "id"),
        ("1st choice", "_1st_choice"),
        ("__x__", "x"),
        ("Ünïcode", "ünïcode"),
        ("#", ""),
        ("", ""),
    ],
)
def test_a_column_becomes_an_identifier(column: str, name: str) -> None:
    assert identifier(column) == name


@given(st.text())
def test_a_name_made_of_a_name_is_the_same(column: str) -> None:
    name = identifier(column)
    assert identifier(name) == name or name.startswith("_")
    assert not name or not name[0].isdigit()
