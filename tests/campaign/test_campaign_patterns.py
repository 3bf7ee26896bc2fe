"""Regular expressions among the phrases of a campaign file: faults are told with their line."""

from pathlib import Path

import pytest

from poku_batch.campaign import load_campaign
from poku_batch.errors import CampaignError

_BEGINNING = "name: x\ncontacts: c.csv\nprompt: {text: hello}\noutcomes:\n"


def _campaign(folder: Path, outcomes: str) -> Path:
    path = folder / "campaign.yaml"
    path.write_text(_BEGINNING + outcomes, encoding="utf-8")
    return path


def test_expressions_and_phrases_stay_as_they_are_written(tmp_path: Path) -> None:
    path = _campaign(tmp_path, '  moved: ["/moved to (mon|tues)day/", "and/or", "("]\n')
    phrases = load_campaign(path).outcomes["moved"]
    assert phrases == ("/moved to (mon|tues)day/", "and/or", "(")


def test_every_expression_that_cannot_be_used_is_told_with_its_line(tmp_path: Path) -> None:
    path = _campaign(tmp_path, '  confirmed: ["ok", "/confirm(ed/"]\n  moved: "/a*/"\n')
    with pytest.raises(CampaignError) as raised:
        load_campaign(path)
    one, other = raised.value.faults
    assert (one.line, one.column, other.line, other.column) == (
        5,
        "outcomes.confirmed[2]",
        6,
        "outcomes.moved",
    )
    assert "missing ), at character 12" in one.message
    assert "matches the empty text" in other.message
