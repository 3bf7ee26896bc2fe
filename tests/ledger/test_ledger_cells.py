"""Cells as the ledger stores them, whichever way they are written."""

import json

from hypothesis import example, given
from hypothesis import strategies as st

from poku_batch.ledger import cells

#: With the characters that JSON escapes, that UTF-8 cannot hold, and that are merely not printable.
TEXTS = st.text(st.one_of(st.characters(), st.sampled_from('",[]\\\x00\n\x7f\u00a0é\ud800')))


@example("a\\b", [])
@example("a\nb", ["é"])
@example('"', ["", 'b"'])
@example('","', [])
@given(TEXTS, st.lists(TEXTS, max_size=6))
def test_any_cells_are_stored_as_json_that_utf8_can_hold(first: str, rest: list[str]) -> None:
    row = (first, *rest)
    stored = cells.to_stored(row)
    stored.encode()
    assert cells.from_stored(stored) == row
    half = any("\ud800" <= character <= "\udfff" for cell in row for character in cell)
    assert stored == json.dumps(row, separators=(",", ":"), ensure_ascii=half)


def test_a_row_without_cells_is_stored_too() -> None:
    assert cells.to_stored(()) == "[]"
