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
    assert len(found) == 8
    for schema in found:
        assert schema["additionalProperties"] is False
        for key, value in schema["properties"].items():
            target = whole["$defs"].get(value.get("$ref", "").removeprefix("#/$defs/"), {})
            assert value.get("description") or target.get("description"), key


def test_durations_are_shown_as_they_are_written() -> None:
    api = campaign_schema()["$defs"]["Api"]["properties"]
    assert api["call_timeout"]["default"] == "15m"


def test_there_are_three_samples() -> None:
    assert [path.stem for path in SAMPLES] == [
        "appointment_confirmations",
        "rerun_failed_rows",
        "spreadsheet_outreach",
    ]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_loads_and_fits_the_schema(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=../docs/campaign.schema.json\n")
    jsonschema_rs.validate(campaign_schema(), yaml.safe_load(text))
    campaign = load_campaign(path)
    assert campaign.contacts.file.is_file()
    assert campaign.prompt.file is not None
    assert campaign.prompt.file.is_file()


@pytest.mark.parametrize(
    "more",
    [
        {"calling_hours": "always"},
        {"limits": {"concurrency": 0}},
        {"call": {"language": "en_US"}},
        {"call": {"from": "4155550100"}},
        {"retries": {"max_wait": "10"}},
        {"retries": {"statuses": [418]}},
        {"outcomes": {"a": []}},
    ],
)
def test_an_editor_sees_what_the_loader_would_refuse(more: dict[str, Any]) -> None:
    campaign = {"name": "a", "contacts": "x.csv", "prompt": {"text": "hi"}}
    jsonschema_rs.validate(campaign_schema(), campaign)
    assert not jsonschema_rs.is_valid(campaign_schema(), campaign | more)
