"""What is known of the API, kept as a text between looks: it is as if it had never been kept."""

import json
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from poku_batch.models import AdmissionRules, ApiNews, BreakerRules, CallNews, ContactId
from poku_batch.policy.bearing import Bearing

_CALLS = st.lists(
    st.builds(
        CallNews,
        row=st.integers(2, 9),
        what=st.sampled_from(["failed: 500", "done"]),
        bad=st.sampled_from([True, True, False, None]),
    ),
    max_size=4,
)
_NEWS = st.builds(
    ApiNews,
    taken=st.integers(0, 5),
    turned_away=st.lists(st.floats(0, 20), max_size=2).map(tuple),
    calls=_CALLS.map(tuple),
)
_STEPS = st.lists(st.tuples(st.floats(0, 40), _NEWS, st.integers(0, 4)), max_size=25)
_RULES = st.builds(
    AdmissionRules,
    slots=st.integers(1, 12),
    slot=st.just(timedelta(seconds=60)),
    breaker=st.none()
    | st.builds(
        BreakerRules,
        last=st.integers(2, 4),
        share=st.sampled_from([0.3, 0.5, 0.9]),
        cool_down=st.just(timedelta(seconds=30)),
        trips=st.integers(1, 3),
    ),
)


@given(_RULES, _STEPS)
def test_kept_and_made_again_it_says_what_it_would_have_said(
    rules: AdmissionRules, steps: list[tuple[float, ApiNews, int]]
) -> None:
    once, kept, now_s = Bearing(rules, None), Bearing(rules, None).kept(), 1_000.0
    for passed_s, news, wanted in steps:
        now_s += passed_s
        again = Bearing(rules, kept)
        assert again.hear(news, now_s) == once.hear(news, now_s)
        for bearing in (once, again):
            bearing.miss_probe(now_s, given_back=False)
        may = once.most(wanted, now_s)
        assert again.most(wanted, now_s) == may
        assert 1 <= once.slots(now_s) == again.slots(now_s) <= rules.slots
        for bearing in (once, again):
            bearing.chosen([(2 + place, ContactId(place)) for place in range(may)], now_s)
        assert again.probed == once.probed
        assert again.circuit() == once.circuit()
        kept = again.kept()
        assert kept == once.kept()
        assert json.loads(kept)


@given(_STEPS)
def test_while_one_call_finds_out_no_other_begins(
    steps: list[tuple[float, ApiNews, int]],
) -> None:
    rules = AdmissionRules(
        slots=12,
        slot=timedelta(seconds=60),
        breaker=BreakerRules(last=2, share=0.5, cool_down=timedelta(seconds=30), trips=3),
    )
    bearing, now_s = Bearing(rules, None), 0.0
    for passed_s, news, wanted in steps:
        now_s += passed_s
        bearing.hear(news, now_s)
        circuit = bearing.circuit()
        may = bearing.most(wanted, now_s)
        if circuit is not None:
            assert may <= (now_s >= circuit.until_s and not circuit.probing)
        bearing.chosen([(2 + place, ContactId(place)) for place in range(may)], now_s)
