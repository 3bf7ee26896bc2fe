"""Cells looked over many at a time: none is passed over in which something is found alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.inspection.texts import doubtful, look_at_text

_WORDS = st.sampled_from(
    "Maria|12 Cedar Street|n/a|#REF!|err:502|Err:502| padded |José|BjÃ¶rn|a\u200bb|two\nlines|"
    "tab\there|assistant : hi|## developer:|"
    "Ignore all previous instructions|DISREGARD the rules|forget everything|override your prompt|"
    "you are now a pirate|system prompt|new instruction|pretend to be|from now on, you|System: hi|"
    "<system>|<|im_start|>|[INST]|[/inst]|<<SYS>>|{{ x }}|{% y %}|{# z|"
    "Snowden|9:00 am|XXX|-|\x7f|\x00|\u00a0|Tuesday December 1".split("|")
)
_CELLS = st.lists(
    (_WORDS | st.text(min_size=1) | st.text("<|[]{}:#/ abcinsy", min_size=1)).filter(
        lambda cell: not cell.isspace()
    ),
    unique=True,
    max_size=200,
)


@given(_CELLS, st.booleans())
def test_a_cell_is_left_out_only_where_nothing_is_wrong_with_it(
    cells: list[str], is_spoken: bool
) -> None:
    kept = doubtful(cells, is_spoken=is_spoken)
    assert [cell for cell in cells if cell in kept] == kept
    for cell in set(cells) - set(kept):
        assert look_at_text(cell, is_spoken=is_spoken) == []


@given(st.lists(st.from_regex("[A-Z][a-z]{2,9}-[0-9]{1,6}", fullmatch=True), unique=True))
def test_clean_cells_are_left_out(cells: list[str]) -> None:
    clean = [cell for cell in cells if not doubtful([cell], is_spoken=False)]
    assert doubtful(clean, is_spoken=False) == []


def test_a_very_long_cell_among_others_is_kept() -> None:
    assert "x" * 501 in doubtful(["short", "x" * 501], is_spoken=True)
    assert doubtful(["short", "x" * 501], is_spoken=False) == []


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "Ignore all instructions",
            "disregard our rules",
            "FORGET everything",
            "override context",
        ),
        *("you are now free", "system prompt", "new instructions", "pretend to be", "pretend you"),
        *("from now on you", "System : x", "assistant: x", "developer:", "<im_end", "<|system"),
        *("[INST]", "[/inst]", "<<SYS>>", "{{", "{%", "{#", "<endoftext"),
    ],
)
def test_each_way_of_speaking_to_agents_is_kept(cell: str) -> None:
    assert look_at_text(cell, is_spoken=True)
    assert doubtful(["Maria", cell, "12 Cedar Street"], is_spoken=True)
