"""What is written: any heading and any name stands in it as it is, and every option can be used."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import poku_batch.drafting
from poku_batch.campaign import load_campaign
from poku_batch.drafting.campaign_text import draft_campaign, scalar
from poku_batch.drafting.choices import Choices
from poku_batch.drafting.expressions import Expressions, literal
from poku_batch.drafting.prompt_text import draft_prompt
from poku_batch.drafting.purposes import PLANS, Purpose
from poku_batch.models import Ended, Outcome, SheetRow
from poku_batch.policy.outcomes import OutcomeRules
from poku_batch.prompts import RowTemplates
from tests.drafting.drafting_sheets import settled

_FOLDER = Path(poku_batch.drafting.__file__).parent / "prompts"
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in _FOLDER.iterdir()}
_HEADING = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
_HOSTILE = st.sampled_from(
    [
        "{{ 7 * 7 }}", "{% raw %}", "{# note", "#}", "}}", "%}", '"', "'", "\\", '"]}}{{ 7*7 }}',
        "\\x22", "if", "not", "true", "none", "row", "contact", "self", "loop", "range", "# note",
        ": yes", "- a", "null", "yes", "12:30", "0x1F", "2027-03-02", "~", "&a", "*a", "!!str", "|",
        "é", "日本", "\u202e", "\u2028", "\x1b[31m", "a\u0301", "²", "ﬁ", "İ", "First Name",
    ]
)  # fmt: skip
_ANY = _HEADING | _HOSTILE


def choices_of(purpose: Purpose = Purpose.APPOINTMENT, **given: str) -> Choices:
    found, asked = settled(
        [
            ["ID", "First Name", "Phone", "Date", "Time", "Doctor", "Service", "Location", "Price"],
            ["B-1", "Ana", "+14155550123", "2027-03-02", "09:30", "Dr. Osei", "teeth", "A", "50 €"],
        ],
        purpose=purpose,
        **given,
    )
    assert found is not None
    assert not asked.missing
    return found.choices


def compiled(text: str, columns: list[str]) -> RowTemplates:
    templates = RowTemplates.compile(
        prompt=text, prompt_name="p", folder=None, call={}, columns=columns, campaign={}
    )
    assert templates.missing() == []
    return templates


def rendered(templates: RowTemplates, cells: list[str]) -> str:
    row = SheetRow(row=2, cells=tuple(cells))
    return templates.render(row, to="+14155550123", key="k", number=1).prompt


@given(_ANY)
def test_any_text_is_read_back_from_yaml_as_it_was(text: str) -> None:
    for document in (f"a: {scalar(text)} # note", f"a: [{scalar(text)}, b]"):
        node = yaml.compose(document)
        assert isinstance(node, yaml.MappingNode)
        value = node.value[0][1]
        found = value.value[0] if isinstance(value, yaml.SequenceNode) else value
        assert found.value == text
        assert found.tag == "tag:yaml.org,2002:str"


@given(st.lists(_ANY, min_size=1, max_size=4, unique=True))
def test_any_heading_is_reached_by_its_expression(headings: list[str]) -> None:
    cells = Expressions(headings)
    text = "".join(f"<{{{{ {cells.of(heading)} }}}}>" for heading in headings)
    shown = rendered(compiled(text, headings), [f"cell {n}" for n in range(len(headings))])
    assert shown == "".join(f"<cell {n}>" for n in range(len(headings)))


@given(_ANY)
def test_any_name_stands_in_a_template_as_it_is(text: str) -> None:
    templates = compiled(f"[{literal(text)}]", ["a"])
    printable = "".join(c if c.isprintable() else " " for c in text)
    assert rendered(templates, ["x"]) == f"[{' '.join(printable.split())}]"


@pytest.mark.parametrize("purpose", Purpose)
def test_a_template_says_all_that_an_agent_must_know(purpose: Purpose) -> None:
    choices = choices_of(purpose)
    columns = [column.name for column in choices.sheet.columns]
    row = [column.cells[0] for column in choices.sheet.columns]
    templates = compiled(draft_prompt(choices, TEXTS), columns)
    prompt = rendered(templates, row)
    for words in (
        "You are Robin, a friendly AI assistant calling on behalf of Cedar Street Clinic.",
        'Hello, this is Robin, the AI assistant of Cedar Street Clinic. Am I speaking with Ana?"',
        "# Why you call",
        "- **The wrong person or number.**",
        "- **They are busy.**",
        "- **They ask for a human.** Transfer the call.",
        "- **They ask not to be called again.**",
        "# Voicemail\nAfter the tone",
        "# How to end",
        "Speak English.",
    ):
        assert words in prompt, words
    assert not re.search(r"\{[{%#]|\[\[|\[%|\n\n\n", prompt)
    for outcome in PLANS[purpose].outcomes:
        assert f'"Outcome: {outcome.replace("_", " ")}"' in prompt


@pytest.mark.parametrize("purpose", Purpose)
def test_a_template_reads_well_where_cells_are_empty_and_where_columns_are_missing(
    purpose: Purpose,
) -> None:
    choices = choices_of(purpose)
    columns = [column.name for column in choices.sheet.columns]
    empty = rendered(compiled(draft_prompt(choices, TEXTS), columns), [""] * len(columns))
    found, _ = settled([["Phone"], ["+14155550123"]], purpose=purpose)
    assert found is not None
    bare = rendered(compiled(draft_prompt(found.choices, TEXTS), ["Phone"]), ["+14155550123"])
    for prompt in (empty, bare):
        assert not re.search(
            r" [.,?!]|\S  +\S|(?<!it)(?<!that) (?:on|at|with|of)[.,?]|\n- \w+: *\n|, ,|\n\n\n",
            prompt,
        )


@pytest.mark.parametrize("purpose", Purpose)
def test_every_option_that_stands_behind_a_hash_can_be_taken_up(
    purpose: Purpose, tmp_path: Path
) -> None:
    text = draft_campaign(choices_of(purpose, **{"from": "+14155550100"}))
    words = "key|transfer_to|voice|rejects|calling_hours|redial|limits|outcomes_by"
    option = re.compile(rf"^( *)# ({words}): ", re.MULTILINE)
    used, count = option.subn(r"\1\2: ", text)
    assert count == len(re.findall(r"(?m)^ *# [a-z_]+: ", text)) >= 6
    for name, written in (("as-it-is", text), ("all-used", used)):
        (tmp_path / f"{name}.yaml").write_text(written, encoding="utf-8")
        campaign = load_campaign(tmp_path / f"{name}.yaml")
        assert campaign.name == PLANS[purpose].name
        assert campaign.call.caller_id == "+14155550100"
    assert campaign.redial.outcomes
    assert campaign.output.rejects is not None


@pytest.mark.parametrize("purpose", Purpose)
def test_what_the_agent_is_asked_to_report_is_read_as_that_outcome(purpose: Purpose) -> None:
    outcomes = PLANS[purpose].outcomes
    rules = OutcomeRules(outcomes)
    for outcome in outcomes:
        summary = f"Outcome: {outcome.replace('_', ' ')}. We spoke for two minutes."
        assert rules.read(Ended(summary=summary)).outcome == outcome
    for summary, outcome in (
        ("It was voicemail; left a message.", Outcome.VOICEMAIL),
        ("It was the wrong number.", Outcome.WRONG_NUMBER),
        ("They asked not to be called again.", Outcome.DO_NOT_CALL),
    ):
        assert rules.read(Ended(summary=summary)).outcome == outcome


def test_only_columns_that_are_there_are_named() -> None:
    found, _ = settled([["Phone", "Name"], ["+14155550123", "Ana"]])
    assert found is not None
    text = draft_prompt(found.choices, TEXTS)
    assert set(re.findall(r"\{\{ (\w+) \}\}", text)) == {"name"}
