"""The JSON Schema: in step with the code, whole, and true of the samples."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from poku_batch.campaign import campaign_schema, load_campaign

ROOT = Path(__file__).parents[2]


class EditorsYaml(yaml.SafeLoader):
    """YAML 1.2, as editors read it: dates are texts, and of the booleans only true and false."""

    yaml_implicit_resolvers = {  # noqa: RUF012 – an instance's, says the base
        first: [
            (tag, pattern)
            for tag, pattern in resolvers
            if not tag.endswith(("timestamp", "bool")) or first in "tTfF"
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


SAMPLES = sorted((ROOT / "campaigns").glob("*.yaml"))


def test_the_written_schema_is_in_step() -> None:
    written = (ROOT / "docs" / "campaign.schema.json").read_text(encoding="utf-8")
    assert written == json.dumps(campaign_schema(), indent=2) + "\n"


def test_the_schema_is_a_valid_one() -> None:
    jsonschema_rs.meta.validate(campaign_schema())


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for value in schema.values():
            yield from objects(value)


def test_every_key_has_a_description_and_no_other_is_allowed() -> None:
    whole = campaign_schema()
    found = list(objects(whole))
    assert len(found) == 18
    for schema in found:
        assert schema["additionalProperties"] is False
        for key, value in schema["properties"].items():
            target = whole["$defs"].get(value.get("$ref", "").removeprefix("#/$defs/"), {})
            assert value.get("description") or target.get("description"), key


def test_durations_are_shown_as_they_are_written() -> None:
    api = campaign_schema()["$defs"]["Api"]["properties"]
    assert api["call_timeout"]["default"] == "15m"


def test_there_are_four_samples() -> None:
    assert [path.stem for path in SAMPLES] == [
        "appointment_confirmations",
        "arrival_calls",
        "rerun_failed_rows",
        "spreadsheet_outreach",
    ]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_loads_and_fits_the_schema(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=../docs/campaign.schema.json\n")
    jsonschema_rs.validate(campaign_schema(), yaml.load(text, EditorsYaml))  # noqa: S506 – it is safe
    campaign = load_campaign(path)
    assert campaign.contacts.file.path is not None
    assert campaign.contacts.file.path.is_file()
    assert campaign.prompt.file is not None
    assert campaign.prompt.file.is_file()


@pytest.mark.parametrize(
    "more",
    [
        {"limits": {"concurrency": 0}},
        {"limits": {"budget": "ten"}},
        {"limits": {"per_number": {"day": 3}}},
        {"limits": {"per_number": {"1d": 0}}},
        {"call": {"language": "en_US"}},
        {"call": {"from": "4155550100"}},
        {"call": {"from": ["+14155550100", "4155550100"]}},
        {"contacts": {"file": "x.csv", "priority": 101}},
        {"contacts": {"file": "x.csv", "priority": "high"}},
        {"contacts": {"file": "x.csv", "consent": {"values": ["yes"]}}},
        {"retries": {"max_wait": "10"}},
        {"retries": {"statuses": [418]}},
        {"redial": {"outcomes": ["do_not_call"]}},
        {"redial": {"by_outcome": {"wrong_number": {}}}},
        {"redial": {"by_outcome": {"Not a word": {}}}},
        {"redial": {"after": ["30"]}},
        {"redial": {"jitter": "lots"}},
        {"calling_hours": "alway"},
        {"calling_hours": {"between": [9, 20]}},
        {"calling_hours": {"between": "9-20"}},
        {"calling_hours": {"days": []}},
        {"calling_hours": {"by_day": {"6": ["09:00", "12:00"]}}},
        {"calling_hours": {"timezone": "Berlin"}},
        {"calling_hours": {"not_on": "24.12.2026"}},
        {"circuit_breaker": "of"},
        {"circuit_breaker": {"share": 2}},
        {"do_not_call": []},
        {"outcomes": {"a": []}},
        {"outcomes": {"A b": "x"}},
        {"outcomes_by": {}},
        {"outcomes_by": {"model": "m", "key_env": "sk-1234"}},
        {"outcomes_by": {"model": "m", "fields": {"day": "dat"}}},
        {"hooks": {"on_result": {"url": "example.com"}}},
        {"hooks": {"on_result": []}},
        {"hooks": {"on_end": ["a"]}},
    ],
)
def test_an_editor_sees_what_the_loader_would_refuse(more: dict[str, Any]) -> None:
    campaign = {"name": "a", "contacts": "x.csv", "prompt": {"text": "hi"}}
    jsonschema_rs.validate(campaign_schema(), campaign)
    assert not jsonschema_rs.is_valid(campaign_schema(), campaign | more)


@pytest.mark.parametrize(
    "more",
    [
        {"contacts": {"file": "x.csv", "priority": 5, "consent": "agreed"}},
        {"contacts": {"file": "x.csv", "priority": "{{ rank }}"}},
        {"call": {"from": ["+14155550100", "+14155550101"]}},
        {"limits": {"budget": 50.5, "per_number": {"1d": 3, "7d": 7}, "ramp_up": "5m"}},
        {"redial": {"outcomes": "busy", "after": "5m", "jitter": "10%"}},
        {"redial": {"by_outcome": {"busy": {"attempts": 5, "after": ["5m", "1h"]}}}},
        {"calling_hours": "always"},
        {"calling_hours": {"days": "mon-fri", "between": ["09:00", "20:00"], "holidays": "US"}},
        {"calling_hours": {"between": ["9:00-12:00", "13:00 – 18:00"], "by_day": {"sun": []}}},
        {"calling_hours": {"between": [["09:00", "12:00"]], "not_on": ["2026-12-24"]}},
        {"calling_hours": {"timezone": "Europe/Berlin", "default_timezone": "UTC"}},
        {"circuit_breaker": "off"},
        {"circuit_breaker": False},
        {"circuit_breaker": {"share": "25%", "last": 10, "cool_down": "1m", "trips": 2}},
        {"do_not_call": ["a.csv", "b.txt"]},
        {"outcomes_by": {"model": "m", "fields": {"day": "date", "mood": ["good", "bad"]}}},
        {"outcomes_by": {"model": "m", "fields": {"day": {"kind": "date", "description": "d"}}}},
        {"hooks": {"on_result": {"url": "https://example.com/x?y=1", "secret_env": "HOOK"}}},
        {"hooks": {"on_finish": ["notify", "--quiet"]}},
        {"hooks": {"on_finish": {"command": "notify", "timeout": "1m"}}},
    ],
)
def test_an_editor_takes_what_the_loader_takes(more: dict[str, Any], tmp_path: Path) -> None:
    campaign = {"name": "a", "contacts": "x.csv", "prompt": {"text": "hi"}} | more
    jsonschema_rs.validate(campaign_schema(), campaign)
    path = tmp_path / "c.yaml"
    path.write_text(json.dumps(campaign), encoding="utf-8")  # JSON is YAML
    load_campaign(path)


def test_defaults_are_shown_as_they_are_written() -> None:
    kinds = campaign_schema()["$defs"]
    hours = kinds["CallingHours"]["properties"]
    assert (hours["days"]["default"], hours["between"]["default"]) == ("daily", ["08:00", "21:00"])
    assert kinds["Redial"]["properties"]["after"]["default"] == ["30m", "4h"]
    assert kinds["Pricing"]["properties"]["per_minute"]["default"] == 0.125
