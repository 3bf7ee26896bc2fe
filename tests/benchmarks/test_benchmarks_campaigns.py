"""Campaigns to measure with: everybody is given the same calls, to numbers that may be called."""

import json
from pathlib import Path

import jinja2
import phonenumbers
import yaml
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import campaigns
from poku_batch.poku.wire import CallBody

MILLION = st.integers(min_value=0, max_value=999_999)


@given(MILLION)
def test_numbers_are_valid_in_the_us(index: int) -> None:
    number = phonenumbers.parse(campaigns.number(index))
    assert phonenumbers.is_valid_number(number)


def test_a_million_numbers_are_distinct() -> None:
    assert len({campaigns.number(index) for index in range(1_000_000)}) == 1_000_000


def test_lengths_are_the_same_every_time_and_within_their_bounds() -> None:
    lengths = campaigns.durations(1_000, 2, 5)
    assert lengths == campaigns.durations(1_000, 2, 5)
    assert 2 <= min(lengths) < 2.1
    assert 4.9 < max(lengths) <= 5


def test_clients_send_what_the_campaign_renders(tmp_path: Path) -> None:
    folder = campaigns.write(
        tmp_path, base_url="http://127.0.0.1:1", slots=3, durations_s=[1.25, 0.5]
    )
    ((name, to, seconds), _) = campaigns.read_rows(folder.sheet)
    template = jinja2.Template((tmp_path / "prompt.md.j2").read_text())
    prompt = template.render(name=name, seconds=seconds).strip()
    body = CallBody(prompt=prompt, to=to)
    assert json.loads(campaigns.body(name, to, seconds)) == body.model_dump(exclude_none=True)
    assert "hold 1.25 seconds" in prompt
    assert yaml.safe_load((tmp_path / "campaign.yaml").read_text())["limits"] == {"concurrency": 3}


def test_the_first_rows_alone_can_be_read_and_have_an_ideal_of_their_own(tmp_path: Path) -> None:
    folder = campaigns.write(tmp_path, base_url="http://x", slots=2, durations_s=[4.0, 1.0, 2.0])
    assert len(list(campaigns.read_rows(folder.sheet, 2))) == 2
    assert folder.ideal_s(2) == 4.0
    assert folder.ideal_s() == 4.0
