"""A campaign file that can be used: what its keys become."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from poku_batch.campaign import load_campaign
from poku_batch.errors import Fault
from poku_batch.models import CampaignId, DuplicateRule
from tests.campaign.campaign_text import LEAST, load


def test_three_keys_are_enough(tmp_path: Path) -> None:
    campaign = load(tmp_path, LEAST)
    assert campaign.identity == CampaignId(name="spring")
    assert campaign.path == tmp_path / "c.yaml"
    assert campaign.folder == tmp_path
    assert campaign.contacts.file.path == tmp_path / "people.csv"
    assert campaign.contacts.key is None
    assert campaign.contacts.duplicates is DuplicateRule.FIRST
    assert campaign.prompt.file == tmp_path / "call.md"
    assert campaign.limits.concurrency == 10
    assert campaign.retries.attempts == 6
    assert campaign.retries.max_wait == timedelta(minutes=2)
    assert campaign.retries.statuses == (429,)
    assert campaign.output.file == (tmp_path / "results" / "spring.csv",)
    assert campaign.api.base_url == "https://api.pokulabs.com"
    assert campaign.api.completion == "auto"
    assert campaign.api.call_timeout == timedelta(minutes=15)
    assert campaign.api.poll_interval == timedelta(seconds=5)
    assert dict(campaign.call.templates) == {}


def test_every_key_is_read(tmp_path: Path) -> None:
    campaign = load(
        tmp_path,
        """
name: a_1-b
wave: "2026/11"
contacts: {file: ../x.xlsx, key: [id, day], phone: Mobile No, region: us, duplicates: all}
prompt: {text: "Hi {{ name }}"}
call: {from: "+14155550100", transfer_to: "{{ boss }}", language: de-DE, voice: male}
limits: {concurrency: 250}
retries: {attempts: 3, max_wait: 1m30s, statuses: [503, 408]}
outcomes: {yes_please: [sure, "of course"], confirmed: confirmed}
output: {file: [r/a.csv, r/b.parquet]}
api: {base_url: "http://127.0.0.1:8080/v1/", completion: poll, call_timeout: 5m, poll_interval: 1s}
""",
    )
    assert campaign.contacts.file.path == tmp_path.parent / "x.xlsx"
    assert campaign.contacts.key == ("id", "day")
    assert campaign.contacts.region == "US"
    assert campaign.prompt.text == "Hi {{ name }}"
    assert dict(campaign.call.templates) == {
        "from": "+14155550100",
        "transfer_to": "{{ boss }}",
        "language": "de-DE",
        "voice": "male",
    }
    assert campaign.retries.statuses == (408, 429, 503)
    assert list(campaign.outcomes.items()) == [
        ("yes_please", ("sure", "of course")),
        ("confirmed", ("confirmed",)),
    ]
    assert [path.name for path in campaign.output.file] == ["a.csv", "b.parquet"]
    assert campaign.api.base_url == "http://127.0.0.1:8080/v1"


def test_values_mean_what_they_look_like(tmp_path: Path) -> None:
    campaign = load(
        tmp_path,
        "name: no\nwave: 2026-11\nprompt: 1e3.md\n"
        "contacts: {file: 007.csv, region: NO, key: on}\n"
        "call: {from: +14155550100}\noutcomes: {yes: [no, 1.0, 0x10]}\n",
    )
    assert campaign.name == "no"
    assert campaign.wave == "2026-11"
    assert campaign.contacts.file.name == "007.csv"
    assert campaign.contacts.region == "NO"
    assert campaign.contacts.key == ("on",)
    assert campaign.call.from_ == ("+14155550100",)
    assert dict(campaign.outcomes) == {"yes": ("no", "1.0", "0x10")}


def test_a_key_without_a_value_is_not_given(tmp_path: Path) -> None:
    campaign = load(tmp_path, LEAST + "wave: ~\ncall:\nlimits: null\noutput:\n")
    assert campaign.model_dump() == load(tmp_path, LEAST).model_dump()


def test_the_wave_is_in_the_name_of_the_default_output(tmp_path: Path) -> None:
    campaign = load(tmp_path, LEAST + "wave: ../2026 / 11\n")
    assert campaign.output.file == (tmp_path / "results" / "spring-2026-11.csv",)


def test_single_values_stand_for_lists_of_one(tmp_path: Path) -> None:
    campaign = load(tmp_path, LEAST + "retries: {statuses: 503}\noutput: [a.csv, b.XLSX]\n")
    assert campaign.retries.statuses == (429, 503)
    assert [path.name for path in campaign.output.file] == ["a.csv", "b.XLSX"]


def test_an_anchor_may_be_used(tmp_path: Path) -> None:
    campaign = load(tmp_path, LEAST + "outcomes: {a: &words [x, y], b: *words}\n")
    assert campaign.outcomes["b"] == ("x", "y")


def test_line_ends_and_a_byte_order_mark_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + LEAST.replace("\n", "\r\n").encode())
    assert load_campaign(str(path)).name == "spring"


def test_a_campaign_is_frozen(tmp_path: Path) -> None:
    campaign = load(tmp_path, LEAST)
    with pytest.raises(ValidationError):
        campaign.name = "other"  # type: ignore[misc]  # that is the test


def test_keys_are_found_again_in_the_file(tmp_path: Path) -> None:
    campaign = load(tmp_path, "name: a\ncontacts:\n  file: ~/x.csv\n  phone: tel\nprompt: p.md\n")
    assert campaign.line_of("contacts.phone") == 4
    assert campaign.line_of("contacts.region") == 2
    assert campaign.line_of("call.from") is None
    assert campaign.written("contacts.file") == "~/x.csv"
    assert campaign.written("prompt.file") == "p.md"
    assert campaign.contacts.file.path == Path.home() / "x.csv"
    fault = Fault(message="is odd", column="contacts.phone")
    (located,) = campaign.located([fault])
    assert str(located) == f"{campaign.path}:4: contacts.phone: is odd"


@pytest.mark.parametrize(
    ("prompt", "line"),
    [("prompt: p.md", 1), ("prompt: {text: hi}", 3), ("prompt:\n  text: |\n    hi\n    you", 5)],
)
def test_an_inline_prompt_knows_its_first_line(tmp_path: Path, prompt: str, line: int) -> None:
    assert load(tmp_path, f"name: a\ncontacts: x.csv\n{prompt}\n").prompt_line == line


def test_an_unquoted_template_is_rendered_later_not_checked(tmp_path: Path) -> None:
    campaign = load(tmp_path, LEAST + 'call: {language: "{% if a %}xx{% endif %}"}\n')
    assert campaign.call.language == "{% if a %}xx{% endif %}"
