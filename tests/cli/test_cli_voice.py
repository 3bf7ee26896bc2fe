"""All that is said of mistakes, word for word: what, where, how to mend; in one voice.

``uv run pytest tests/cli/test_cli_voice.py --snapshot-update`` writes it anew; read it whole.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.test_cli_mistakes import _MISTAKES
from tests.program import Folder
from tests.standin import numbers

#: Keys of a good campaign that are changed.
_KEYS: Mapping[str, dict[str, Any]] = {
    "a section misspelt": {"calling_hour": "always"},
    "a key in camel case": {"call": {"transferTo": "+14155550101"}},
    "a key of another section": {"concurrency": 5},
    "an outcome misspelt": {"redial": {"outcomes": ["no_anwser"]}},
    "an outcome that is for good": {"redial": {"outcomes": ["do_not_call"]}},
    "hours the wrong way round": {"calling_hours": {"between": ["21:00", "08:00"]}},
    "a day misspelt": {"calling_hours": {"days": ["mon", "tusday"]}},
    "holidays of nowhere": {"calling_hours": {"holidays": "XQ"}},
    "a zone misspelt": {"calling_hours": {"timezone": "Europe/Berln"}},
    "a language of another kind": {"call": {"language": "en_UK"}},
    "a language misspelt": {"call": {"language": "de-DD"}},
    "a voice misspelt": {"call": {"voice": "femal"}},
    "a budget in words": {"limits": {"budget": "fifty"}},
    "a duration without a unit": {"redial": {"outcomes": ["busy"], "after": ["30"]}},
    "duplicates misspelt": {"contacts": {"file": "sheet.csv", "duplicates": "frist"}},
    "a region that is none": {"contacts": {"file": "sheet.csv", "region": "USA"}},
    "a consent column misspelt": {"contacts": {"file": "sheet.csv", "consent": "nam"}},
    "a worksheet of a text file": {"contacts": {"file": "sheet.csv", "sheet": "Monday"}},
    "a header row behind the end": {"contacts": {"file": "sheet.csv", "header_row": 99}},
    "a link that is not https": {"contacts": {"file": "http://example.com/people.csv"}},
    "a pattern that matches nothing": {"contacts": {"file": "inbox/*.csv"}},
    "a do-not-call file misspelt": {"do_not_call": ["shet.csv"]},
    "an expression that cannot be one": {"outcomes": {"yes": ["/(/"]}},
    "a field of no known kind": {"outcomes_by": {"model": "m", "fields": {"day": "dat"}}},
    "a webhook over http": {"hooks": {"on_result": {"url": "http://example.com/x"}}},
    "rejects over the sheet": {"output": {"file": "out.csv", "rejects": "sheet.csv"}},
    "a template's name misspelt": {"prompt": {"text": "Call {{ nmae }}."}},
    "a filter misspelt": {"prompt": {"text": "Call {{ name | spoken_dat }}."}},
    "a date that is none": {"prompt": {"text": "Call {{ name | spoken_date }}."}},
    "a template that never ends": {"prompt": {"text": "{% for x in range(9999) %}{% endfor %}"}},
}

_COMMANDS: Mapping[str, Sequence[str]] = {
    "no campaign": ["check", "campain.yaml"],
    "a command misspelt": ["chek", "campaign.yaml"],
    "an option misspelt": ["run", "campaign.yaml", "--simulated"],
    "a row that there is not": ["preview", "campaign.yaml", "--row", "99"],
    "the header's row": ["preview", "campaign.yaml", "--row", "1"],
    "a key that there is not": ["preview", "campaign.yaml", "--key", "Persn 1"],
    "never run": ["status", "campaign.yaml"],
    "an option of rehearsals": ["run", "campaign.yaml", "--speed", "10"],
    "a time that is none": ["run", "campaign.yaml", "--until", "25:99", "--yes"],
    "nobody to ask": ["run", "campaign.yaml"],
    "an export of no known kind": ["export", "campaign.yaml", "-o", "out.doc"],
    "nothing to put back": ["retry", "campaign.yaml"],
    "a number that is none": ["do-not-call", "add", "campaign.yaml", "hello"],
}


def _plain(text: str, folder: Folder) -> str:
    """What was said, without what differs from run to run."""
    text = text.replace(str(folder.path), ".")
    text = re.sub(r"would end [0-9: -]+", "would end …", text)
    return re.sub(r"http://127\.0\.0\.1:\d+", "http://127.0.0.1", text)


@pytest.mark.parametrize("mistake", _MISTAKES)
def test_the_words_of_a_likely_mistake(
    served: Folder, snapshot: SnapshotAssertion, mistake: str
) -> None:
    served.people(numbers(2))
    _MISTAKES[mistake][0](served)
    result = served.do("check")
    assert f"exit {result.code}\n{_plain(result.err, served)}" == snapshot(name=mistake)


@pytest.mark.parametrize("mistake", _KEYS)
def test_the_words_of_a_wrong_key(
    served: Folder, snapshot: SnapshotAssertion, mistake: str
) -> None:
    served.people(numbers(2))
    served.write(**_KEYS[mistake])
    result = served.do("check")
    assert result.code == 2, result
    assert f"exit {result.code}\n{_plain(result.err, served)}" == snapshot(name=mistake)


@pytest.mark.parametrize("mistake", _COMMANDS)
def test_the_words_of_a_wrong_command(
    served: Folder, snapshot: SnapshotAssertion, mistake: str
) -> None:
    served.people(numbers(2))
    result = served.command(*_COMMANDS[mistake])
    assert result.code == 2, result
    assert f"exit {result.code}\n{_plain(result.err, served)}" == snapshot(name=mistake)
