"""Which caller ID a contact is called from: always the same, evenly spread, never one used up."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.policy.caller_ids import choose

_POOL = tuple(f"+1415555010{digit}" for digit in range(5))
_POOLS = st.lists(st.sampled_from(_POOL), min_size=1, unique=True)


@given(_POOLS, st.text(), st.randoms(use_true_random=False))
def test_a_contact_gets_the_same_caller_id_whatever_the_order_of_the_pool(
    pool: list[str], key: str, order: Random
) -> None:
    chosen = choose(pool, key=key, last=None)
    order.shuffle(pool)
    assert choose(pool, key=key, last=None) == chosen
    assert chosen in pool


@given(_POOLS, st.text(), st.sampled_from(_POOL), st.sets(st.sampled_from(_POOL)))
def test_a_contact_keeps_the_caller_id_it_was_called_from(
    pool: list[str], key: str, last: str, exhausted: set[str]
) -> None:
    chosen = choose(pool, key=key, last=last, exhausted=exhausted)
    if last in pool:
        assert chosen == last
    else:
        assert chosen == choose(pool, key=key, last=None, exhausted=exhausted)


@given(_POOLS, st.text(), st.sets(st.sampled_from(_POOL)))
def test_a_fresh_contact_gets_one_that_is_not_exhausted_if_there_is_any(
    pool: list[str], key: str, exhausted: set[str]
) -> None:
    chosen = choose(pool, key=key, last=None, exhausted=exhausted)
    if set(pool) <= exhausted:
        assert chosen == choose(pool, key=key, last=None)
    else:
        assert chosen not in exhausted


@given(st.lists(st.sampled_from(_POOL), min_size=2, unique=True), st.text())
def test_taking_a_caller_id_away_moves_nobody_elses_contacts(pool: list[str], key: str) -> None:
    before = choose(pool, key=key, last=None)
    gone = pool[0]
    after = choose(pool[1:], key=key, last=None)
    assert before in (gone, after)


@pytest.mark.parametrize("size", [2, 3, 5])
def test_contacts_are_spread_evenly(size: int) -> None:
    pool = _POOL[:size]
    counts = Counter(choose(pool, key=f"+1202555{n:04}", last=None) for n in range(10_000))
    assert len(counts) == size
    assert max(counts.values()) / min(counts.values()) < 1.15


def test_the_choice_is_the_same_in_every_process_and_release() -> None:
    chosen = [choose(_POOL, key=key, last=None)[-1] for key in ("a", "b", "c", "d", "e", "f")]
    assert chosen == ["1", "1", "4", "2", "0", "1"]
