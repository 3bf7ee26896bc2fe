"""Campaign files with faults: each is named with its line and key, in words of its own."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from poku_batch.campaign import load_campaign
from poku_batch.errors import CampaignError
from tests.campaign.campaign_text import LEAST, faults, the_fault


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("concurrency: 5", ":4: concurrency: is not a known key (belongs under limits)"),
        (
            "limits: {concurency: 5}",
            (":4: limits.concurency: is not a known key (did you mean concurrency?)"),
        ),
        ("contact: x", ":4: contact: is not a known key (did you mean contacts?)"),
        (
            "call: {transferTo: x}",
            (":4: call.transferTo: is not a known key (did you mean transfer_to?)"),
        ),
        ("limits: {wave: a}", ":4: limits.wave: is not a known key (belongs at the top level)"),
        ("file: x", ":4: file: is not a known key (belongs under contacts or prompt or output)"),
        (
            "call: {from_: +14155550100}",
            (":4: call.from_: is not a known key (did you mean from?)"),
        ),
        (
            "limits: 5",
            (
                ":4: limits: holds keys of its own, not a single value (its keys: concurrency, "
                "reserve, calls_per_minute, ramp_up, max_calls, budget, per_number, per_caller_id)"
            ),
        ),
        (
            "limits: [5]",
            (
                ":4: limits: holds keys of its own, not a single value (its keys: concurrency, "
                "reserve, calls_per_minute, ramp_up, max_calls, budget, per_number, per_caller_id)"
            ),
        ),
        ("limits: {concurrency: ten}", ":4: limits.concurrency: 'ten' is not a whole number"),
        ("limits: {concurrency: 0}", ":4: limits.concurrency: 0 is less than 1"),
        ("limits: {concurrency: 20000}", ":4: limits.concurrency: 20000 is more than 10,000"),
        ("limits: {concurrency: [1]}", ":4: limits.concurrency: is a single whole number"),
        ("wave: [1]", ":4: wave: is a single text, not a list or a mapping"),
        (
            "retries: {max_wait: 10}",
            (":4: retries.max_wait: '10' has no unit: write 10s, 10m or 10h"),
        ),
        (
            "retries: {statuses: [429, 418]}",
            (":4: retries.statuses[2]: 418 is not one of 408, 425, 429, 500, 502, 503, 504"),
        ),
        ("api: {poll_interval: 5ms}", ":4: api.poll_interval: 5ms is not between 100ms and 1h"),
        (
            "api: {completion: pol}",
            (":4: api.completion: 'pol' is not one of auto, wait, poll (did you mean poll?)"),
        ),
        (
            "call: {language: en_US}",
            (":4: call.language: 'en_US' is not one of the 63 languages (did you mean en-US?)"),
        ),
        (
            "call: {language: en}",
            (":4: call.language: 'en' is not one of the 63 languages (did you mean en-US?)"),
        ),
        (
            "call: {language: EN-us}",
            (":4: call.language: 'EN-us' is not one of the 63 languages (did you mean en-US?)"),
        ),
        (
            "call: {voice: femal}",
            (":4: call.voice: 'femal' is not one of female, male (did you mean female?)"),
        ),
        (
            "call: {from: +1 (415) 555-0100}",
            (
                ":4: call.from: '+1 (415) 555-0100' is not a number "
                "in international form (did you mean +14155550100?)"
            ),
        ),
        ("call: {from: ''}", ":4: call.from: is empty (give it a value or leave it out)"),
        (
            "call:\n  voice: {{ voice }}",
            (
                ":5: call.voice: a key is a word, not a list or a mapping "
                '(put the value in quotes: "{{ column }}")'
            ),
        ),
        ("output: a.txt", ":4: output.file: 'a.txt' does not end in .csv, .xlsx, .parquet"),
        ("output: []", ":4: output.file: is an empty list"),
        ("output: people.csv/../x.csv\ncontacts: 1", ":5: contacts: stands on line 2 already"),
        ("outcomes: {a: []}", ":4: outcomes.a: is an empty list"),
        (
            "outcomes: {A b: x}",
            (
                ":4: outcomes.A b: 'A b' is not lower case letters, digits, - and "
                "_, at most 64 (did you mean a-b?)"
            ),
        ),
        (
            "outcomes: {a: [x, ~]}",
            (":4: outcomes.a[2]: is empty (give it a value or leave it out)"),
        ),
        ("wave: !secret x", ":4: wave: the tag !secret is not known here (leave it out)"),
        ("<<: {wave: x}", ":4: '<<' is not known here (write the keys out)"),
        (
            "weather: fine",
            (
                ":4: weather: is not a known key (known here: name, wave, contacts, prompt, call, "
                "limits, pricing, retries, redial, calling_hours, do_not_call, circuit_breaker, "
                "outcomes, outcomes_by, hooks, output, api, keep_prompts)"
            ),
        ),
    ],
)
def test_a_fault_names_line_and_key_and_what_to_do(
    tmp_path: Path, more: str, expected: str
) -> None:
    assert the_fault(tmp_path, more + "\n") == expected


@pytest.mark.parametrize(
    ("contacts", "expected"),
    [
        ("{file: x.csv, region: UK}", "contacts.region: 'UK' is not a country (did you mean GB?)"),
        (
            "{file: x.csv, region: Germany}",
            ("contacts.region: 'Germany' is not a country (two letters, such as US, GB or DE)"),
        ),
        ("{file: x.csv, key: [a, a]}", "contacts.key: 'a' stands twice"),
        (
            "{file: x.csv, duplicates: frist}",
            ("contacts.duplicates: 'frist' is not one of first, all, error (did you mean first?)"),
        ),
        ("{key: a}", "contacts.file: is missing (add a line such as file: contacts.csv)"),
        (
            "http://example.com/x.csv",
            "contacts.file: 'http' is not https (contacts must not travel in the open)",
        ),
        (
            "https://me:pw@example.com/x.csv",
            ("contacts.file: holds a user's name or password (publish the sheet without one)"),
        ),
        ('"a\\0b"', "contacts.file: a path cannot hold control characters"),
    ],
)
def test_faults_of_contacts_are_in_plain_words(
    tmp_path: Path, contacts: str, expected: str
) -> None:
    (fault,) = faults(tmp_path, f"name: a\nprompt: p.md\ncontacts: {contacts}\n")
    assert str(fault).endswith(f":3: {expected}")


@pytest.mark.parametrize("prompt", ["{}", "{file: a, text: b}"])
def test_a_prompt_is_one_of_two(tmp_path: Path, prompt: str) -> None:
    (fault,) = faults(tmp_path, f"name: a\ncontacts: x.csv\nprompt: {prompt}\n")
    assert fault.message == "a prompt is either a file or a text"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://example.com", "http would send your key unencrypted"),
        ("http://127.0.0.1.example.com", "http would send your key unencrypted"),
        ("https://me:pass@example.com", "holds a user name or password"),
        ("https://example.com?key=1", "an address ends before ? and #"),
        ("https://example.com/#x", "an address ends before ? and #"),
        ("ftp://example.com", "is not an https address"),
        ("api.pokulabs.com", "is not an address"),
        ("https://", "is not an address"),
        ("https://[::1", "is not an address"),
        ("https://x:99999", "is not an address"),
    ],
)
def test_an_address_that_is_not_safe_is_refused(tmp_path: Path, url: str, message: str) -> None:
    (fault,) = faults(tmp_path, LEAST + f'api: {{base_url: "{url}"}}\n')
    assert fault.message == message
    assert "pass" not in fault.message.replace("password", "")


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:9", "127.8.9.1:80"])
def test_http_is_allowed_on_this_machine(tmp_path: Path, host: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(LEAST + f"api: {{base_url: 'http://{host}/'}}\n")
    assert load_campaign(path).api.base_url == f"http://{host}"


@pytest.mark.parametrize("output", ["./people.csv", "results/../people.csv", "[a.csv, people.csv]"])
def test_what_is_read_is_never_written(tmp_path: Path, output: str) -> None:
    assert "would be written over" in the_fault(tmp_path, f"output: {output}\n")


def test_a_link_to_the_sheet_is_the_sheet(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("phone\n")
    (tmp_path / "out.csv").symlink_to(tmp_path / "people.csv")
    assert "would be written over" in the_fault(tmp_path, "output: out.csv\n")


def test_all_faults_are_told_at_once_in_the_order_of_lines(tmp_path: Path) -> None:
    found = faults(tmp_path, "wave: a\nwave: b\nlimits: {concurrency: x}\nname: A B\nfoo: 1\n")
    assert [(fault.line, fault.column) for fault in found] == [
        (1, "contacts"),
        (1, "prompt"),
        (2, "wave"),
        (3, "limits.concurrency"),
        (4, "name"),
        (5, "foo"),
    ]


@pytest.mark.parametrize(
    "more",
    [
        "api: {token: abc123hidden}",
        "api: {key: abc123hidden}",
        "api: {api_key: abc123hidden}",
        "apiKey: abc123hidden",
        "api_key: {value: abc123hidden}",
        "POKU_API_KEY: abc123hidden",
        "api: {base_url: sk-live-abc123hidden00000}",
        "api: {completion: abc123hidden00000000000000000000}",
        "call: {voice: Bearer abc123hidden00000}",
        "wave: eyJhbGciOiabc123hidden.eyJabc123hidden",
    ],
)
def test_a_secret_is_refused_and_never_shown(tmp_path: Path, more: str) -> None:
    found = faults(tmp_path, LEAST + more + "\n")
    text = str(CampaignError(found))
    assert "POKU_API_KEY in the environment" in text
    assert "abc123hidden" not in text


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("", None, "is empty"),
        ("# only a comment\n", None, "is empty"),
        ("- a\n- b\n", 1, "list of keys and values"),
        ("just text\n", 1, "list of keys and values"),
        (LEAST + "limits:\n\tconcurrency: 5\n", 5, "a tab (indent with spaces)"),
        (LEAST + "wave: a: b\n", 4, "a ':' where none can be"),
        (LEAST + 'wave: "abc\n\n\n', 4, "a quote is opened and not closed"),
        (LEAST + "call:\n  voice: x\n from: y\n", 6, "check the indentation"),
        (LEAST + "call:\n  voice:male\n  from: y\n", 5, "(write voice: male)"),
        (LEAST + "call:\n  from: y\n  voice:male # his\n", 6, "(write voice: male)"),
        ("name:x\n# who\n\ncontacts: a.csv\n", 1, "a ':' without a space behind it"),
        ("contacts:https://x.org/a.csv\nname: x\n", 1, "write contacts: https://x.org/a.csv)"),
        (LEAST + "call:\n  http://x\n  from: y\n", 6, "a ':' where none can be"),
        (LEAST + "output: [a, b\n", 5, "comma or its end"),
        (LEAST + "wave: @x\n", 4, "cannot begin a value"),
        (LEAST + "wave: *x\n", 4, "without its anchor"),
        (LEAST + 'wave: "\\d"\n', 4, "a backslash in double quotes"),
        (LEAST + "---\n" + LEAST, 4, "more than one document"),
        (LEAST + "wave: a\x07\n", None, "control character"),
        (b"name: \xe9\n", 1, "not UTF-8"),
        (b"\xff\xfen\x00a\x00", 1, "not UTF-8"),
        (LEAST + "limits: " + "[" * 100_000, 4, "nests them too deeply"),
        (LEAST + "limits: " + "{a: " * 50 + "}" * 50, 4, "nests them too deeply"),
        (LEAST + "outcomes: {a: &x [*x]}\n", 4, "nests them too deeply"),
        ("#" * (1 << 20) + "\n", None, "larger than 1 MiB"),
    ],
)
def test_a_file_that_is_not_a_campaign_is_refused_in_one_sentence(
    tmp_path: Path, text: str | bytes, line: int | None, part: str
) -> None:
    (fault,) = faults(tmp_path, text)
    assert part in str(fault)
    if line is not None:
        assert fault.line == line


def test_aliases_cannot_multiply_without_end(tmp_path: Path) -> None:
    steps = "".join(f" a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
    assert "too many values" in the_fault(tmp_path, f"outcomes:\n a0: &a0 [x, x]\n{steps}")


def test_a_missing_file_is_told_with_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / "spring.yaml").write_text(LEAST)
    with pytest.raises(CampaignError, match=r"no such file \(did you mean .*spring.yaml\?\)"):
        load_campaign(tmp_path / "sprnig.yaml")
    with pytest.raises(CampaignError, match=r"is a folder.*spring\.yaml"):
        load_campaign(tmp_path)
    with pytest.raises(CampaignError, match="there is no folder"):
        load_campaign(tmp_path / "nowhere" / "x.yaml")
    with pytest.raises(CampaignError, match="not a path"):
        load_campaign("a\0b")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.lists(
            st.sampled_from(
                [
                    *"name contacts api file output calling_hours between by_day mon".split(),
                    *"redial by_outcome limits per_number 1d budget hooks on_result".split(),
                    *"command outcomes_by fields { } [ ] *a \" ' | ~ x 7 # <<".split(),
                    ": ",
                    "\n",
                    "  ",
                    "- ",
                    "&a ",
                    "{{ x }}",
                    "!t ",
                    "\t",
                ]
            ),
            max_size=30,
        ).map(lambda parts: "".join(parts).encode()),
    )
)
def test_no_file_raises_anything_but_a_campaign_error(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(data)
    with pytest.raises(CampaignError) as caught:
        load_campaign(path)
    assert caught.value.faults
    assert "Input should" not in str(caught.value)
    assert "cannot be used as it is" not in str(caught.value)


def test_a_name_that_begins_with_a_tilde_and_is_nobodys_is_a_name(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("name: a\nprompt: ~nobody-here/p.md\ncontacts: ~nobody-here.csv\n")
    campaign = load_campaign(path)
    assert campaign.contacts.file.path == tmp_path / "~nobody-here.csv"
    assert campaign.prompt.file == tmp_path / "~nobody-here" / "p.md"


def test_rejects_are_in_a_file_that_a_person_can_correct(tmp_path: Path) -> None:
    text = "name: a\nprompt: p.md\ncontacts: c.csv\noutput: {file: o.csv, rejects: r.parquet}\n"
    (fault,) = faults(tmp_path, text)
    assert fault.message == "'r.parquet' does not end in .csv, .xlsx"
