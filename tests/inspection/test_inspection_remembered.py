"""Numbers remembered in little memory: as a dict would, up to so many."""

from hypothesis import given
from hypothesis import strategies as st

from poku_batch.inspection.remembered import Remembered

KEYS = st.one_of(st.integers(1, 5_000), st.integers(1, 2**64 - 1))
VALUES = st.integers(0, 2**64 - 1)


@given(pairs=st.lists(st.tuples(KEYS, VALUES), max_size=3_000), most=st.integers(1, 3_000))
def test_the_first_value_of_a_key_is_told_while_there_was_room_for_it(
    pairs: list[tuple[int, int]], most: int
) -> None:
    remembered, expected = Remembered(most), dict[int, int]()
    for key, value in pairs:
        assert remembered.first(key, value) == expected.get(key)
        if len(expected) < most:
            expected.setdefault(key, value)


def test_more_keys_than_the_first_table_has_places_are_all_found_again() -> None:
    remembered = Remembered(50_000)
    # Numbers in a row, as an exchange gives them out, and all alike at their ends.
    keys = [*range(4_915_000_000_000, 4_915_000_020_000), *range(1_000_000, 20_001_000_000, 10**6)]
    assert [remembered.first(key, at) for at, key in enumerate(keys)] == [None] * len(keys)
    assert [remembered.first(key, 0) for key in keys] == list(range(len(keys)))


def test_once_full_it_takes_no_more_and_forgets_nobody() -> None:
    remembered = Remembered(2_000)
    assert [remembered.first(key, key) for key in range(1, 5_001)] == [None] * 5_000
    again = [remembered.first(key, 0) for key in range(1, 5_001)]
    assert again == [*range(1, 2_001), *[None] * 3_000]
