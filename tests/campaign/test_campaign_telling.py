"""The keys of others who are asked or told: what they become, their faults, and no secret in any."""

from datetime import timedelta
from pathlib import Path

import pytest

from poku_batch.campaign import Hook, ReadField
from poku_batch.errors import CampaignError
from tests.campaign.campaign_text import LEAST, faults, load, the_fault

# Messages are whole lines, so that they are read as a person reads them.
# ruff: noqa: E501


def test_a_reader_of_summaries_is_read(tmp_path: Path) -> None:
    reader = load(
        tmp_path,
        LEAST
        + """
outcomes_by:
  model: gpt-4o-mini-2024-07-18-of-my-own
  base_url: http://localhost:11434/v1/
  key_env: OPENAI_API_KEY
  labels: [confirmed, moved]
  fields:
    day: date
    mood: [good, bad]
    size: {choices: [s, m], description: Of the shirt.}
    password: {kind: integer}
  instructions: The clinic is closed on Sundays.
  timeout: 10s
""",
    ).outcomes_by
    assert reader is not None
    assert (reader.base_url, reader.key_env) == ("http://localhost:11434/v1", "OPENAI_API_KEY")
    assert (reader.labels, reader.timeout) == (("confirmed", "moved"), timedelta(seconds=10))
    assert dict(reader.fields) == {
        "day": ReadField(kind="date"),
        "mood": ReadField(kind="choice", choices=("good", "bad")),
        "size": ReadField(kind="choice", choices=("s", "m"), description="Of the shirt."),
        "password": ReadField(kind="integer"),
    }


def test_nobody_is_asked_or_told_unless_it_is_said(tmp_path: Path) -> None:
    campaign = load(tmp_path, LEAST)
    assert campaign.outcomes_by is None
    assert campaign.hooks.on_result is None
    assert campaign.hooks.on_finish is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("[notify, --quiet]", Hook(command=("notify", "--quiet"))),
        ("{command: notify, timeout: 1m}", Hook(command=("notify",), timeout=timedelta(minutes=1))),
        (
            "{url: 'https://example.com/calls?to=us', secret_env: HOOK_SECRET}",
            Hook(url="https://example.com/calls?to=us", secret_env="HOOK_SECRET"),
        ),
        (
            "{url: http://localhost:9/x, secret_env: HOOK_SECRET}",
            Hook(url="http://localhost:9/x", secret_env="HOOK_SECRET"),
        ),
    ],
)
def test_a_hook_is_an_address_or_a_command(tmp_path: Path, written: str, expected: Hook) -> None:
    hooks = load(tmp_path, LEAST + f"hooks: {{on_finish: {written}}}\n").hooks
    assert hooks.on_finish == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            "hooks: {on_result: https://example.com/x}",
            ":4: hooks.on_result.secret_env: is missing, and messages are signed (name an environment variable, such as secret_env: POKU_BATCH_HOOK_SECRET)",
        ),
        (
            "hooks: {on_result: {url: https://example.com/x}}",
            ":4: hooks.on_result.secret_env: is missing, and messages are signed (name an environment variable, such as secret_env: POKU_BATCH_HOOK_SECRET)",
        ),
        (
            "hooks: {on_result: {url: http://example.com/x, secret_env: A}}",
            ":4: hooks.on_result.url: http would send results unencrypted (use https; http only to localhost)",
        ),
        ("hooks: {on_result: {}}", ":4: hooks.on_result: a hook is either a url or a command"),
        (
            "hooks: {on_result: {command: [a], url: https://example.com, secret_env: A}}",
            ":4: hooks.on_result: a hook is either a url or a command",
        ),
        (
            "hooks: {on_result: {command: [a], secret_env: A}}",
            ":4: hooks.on_result.secret_env: goes with a url alone (a command is on this machine)",
        ),
        (
            'hooks: {on_result: {command: "a b c d"}}',
            ":4: hooks.on_result.command: is one text with spaces; the program and each argument stand for themselves (write a list: [a, b, c, …])",
        ),
        ("hooks: {on_result: []}", ":4: hooks.on_result.command: is an empty list"),
        (
            "hooks: {on_finish: {urll: x}}",
            ":4: hooks.on_finish.urll: is not a known key (did you mean url?)",
        ),
        (
            "hooks: {on_end: x}",
            ":4: hooks.on_end: is not a known key (known here: on_result, on_finish)",
        ),
        (
            "hooks: {url: x}",
            ":4: hooks.url: is not a known key (belongs under hooks.on_result or hooks.on_finish)",
        ),
        (
            "hooks: {on_result: {url: https://e.com, secret_env: hook-secret}}",
            ":4: hooks.on_result.secret_env: is not the name of an environment variable: capital letters, digits and _ (the secret itself goes into the environment, never into the campaign file)",
        ),
        (
            "outcomes_by: gpt",
            ":4: outcomes_by: holds keys of its own, not a single value (its keys: model, base_url, key_env, labels, fields, instructions, timeout)",
        ),
        (
            "outcomes_by: {}",
            ":4: outcomes_by.model: is missing (add a line such as model: gpt-4.1-mini)",
        ),
        (
            "outcomes_by: {model: m, base_url: http://example.com}",
            ":4: outcomes_by.base_url: http would send your key unencrypted (use https; http only to localhost)",
        ),
        (
            "outcomes_by: {model: m, fields: {New Date: date}}",
            ":4: outcomes_by.fields.New Date: 'New Date' is not lower case letters, digits and _, at most 40 (did you mean new_date?)",
        ),
        (
            "outcomes_by: {model: m, fields: {d: dat}}",
            ":4: outcomes_by.fields.d: 'dat' is not one of text, date, number, integer, boolean (did you mean date?)",
        ),
        (
            "outcomes_by: {model: m, fields: {d: []}}",
            ":4: outcomes_by.fields.d.choices: is an empty list",
        ),
        (
            "outcomes_by: {model: m, fields: {d: {kind: choice}}}",
            ":4: outcomes_by.fields.d: choices and kind: choice go together",
        ),
        (
            "outcomes_by: {model: m, fields: {d: {kind: date, choices: [a]}}}",
            ":4: outcomes_by.fields.d: choices and kind: choice go together",
        ),
        (
            "outcomes_by: {model: m, fields: {d: {kind: dat}}}",
            ":4: outcomes_by.fields.d.kind: 'dat' is not one of text, date, number, integer, boolean, choice (did you mean date?)",
        ),
        (
            "outcomes_by: {model: m, fields: {d: {knd: dat}}}",
            ":4: outcomes_by.fields.d.knd: is not a known key (did you mean kind?)",
        ),
        (
            "outcomes_by: {model: m, labels: [A b]}",
            ":4: outcomes_by.labels[1]: 'A b' is not lower case letters, digits, - and _, at most 64 (did you mean a-b?)",
        ),
        ("outcomes_by: {model: m, labels: [a, a]}", ":4: outcomes_by.labels: 'a' stands twice"),
        (
            "outcomes_by: {model: m, timeout: 1h}",
            ":4: outcomes_by.timeout: 1h is not between 1s and 5m",
        ),
    ],
)
def test_a_fault_is_told_with_what_to_write(tmp_path: Path, more: str, expected: str) -> None:
    assert the_fault(tmp_path, more + "\n") == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            "hooks: {on_result: {url: https://e.com, secret_env: whsec_HIDDENhidden0123456789}}",
            ":4: hooks.on_result.secret_env: a secret must not stand in a file (remove it here, set an environment variable to it, and name that: secret_env: POKU_BATCH_HOOK_SECRET; if the file was shared, make a new key)",
        ),
        (
            "outcomes_by: {model: m, key_env: sk-proj-HIDDENhidden0123456789}",
            ":4: outcomes_by.key_env: a secret must not stand in a file (remove it here, set an environment variable to it, and name that: key_env: OPENAI_API_KEY; if the file was shared, make a new key)",
        ),
    ],
)
def test_a_pasted_secret_is_told_with_what_to_do_instead(
    tmp_path: Path, more: str, expected: str
) -> None:
    assert the_fault(tmp_path, more + "\n") == expected


@pytest.mark.parametrize(
    "secret",
    [
        "HIDDENhidden",
        "HIDDEN-hidden-1",
        "HIDDENhidden01234567890123456789",
        "HIDDEN0123456789ABCDEF",
        "SElEREVOaGlkZGVu==",
        "whsec_HIDDENhidden0123456789",
        "sk-HIDDENhidden0123456789",
        "hidden secret HIDDEN",
    ],
)
@pytest.mark.parametrize(
    "where",
    [
        "hooks: {{on_result: {{url: 'https://example.com', secret_env: '{}'}}}}",
        "hooks: {{on_finish: {{url: 'https://example.com', secret: '{}'}}}}",
        "outcomes_by: {{model: m, key_env: '{}'}}",
        "outcomes_by: {{model: m, key: '{}'}}",
        "outcomes_by: {{model: m, api_key: '{}'}}",
        "outcomes_by: {{model: m, base_url: 'https://me:{}@example.com'}}",
        "hooks: {{on_finish: {{url: 'https://me:{}@example.com', secret_env: A}}}}",
    ],
)
def test_no_secret_is_taken_for_a_name_or_shown(tmp_path: Path, where: str, secret: str) -> None:
    text = str(CampaignError(faults(tmp_path, LEAST + where.format(secret) + "\n")))
    assert "HIDDEN" not in text
    assert "hidden" not in text
    assert "aGlkZGVu" not in text
