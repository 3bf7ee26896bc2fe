"""What a rendered prompt is told of: left-overs, holes, and what good prompts have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.inspection.prompt_text import Weight, about_tokens, prompt_remarks

#: Long enough, says who is calling, and what to do on a voicemail.
_GOOD = (
    "You are Robin, an AI assistant of Cedar Street Clinic, calling Ann about her visit.\n"
    "Ask whether she will come. On a voicemail, leave a short message and hang up.\n"
)


def told(text: str, *, empty: bool = False) -> list[str]:
    return [remark.message for remark in prompt_remarks(text, has_empty_values=empty)]


def test_a_good_prompt_is_told_nothing() -> None:
    assert told(_GOOD, empty=True) == []


@pytest.mark.parametrize(
    ("text", "found", "what"),
    [
        ("Hello {{ name }}.", "{{ name }}", "a template's mark"),
        ("Hello {% if x %}you.", "{% if x %}", "a template's mark"),
        ("Hello {name}.", "{name}", "a placeholder"),
        ("Hello {First Name}.", "{First Name}", "a placeholder"),
        ("Hello ${name}.", "${name}", "a placeholder"),
        ("Hello [NAME].", "[NAME]", "a placeholder"),
        ("Hello [first name].", "[first name]", "a placeholder"),
        ("I am [your company name].", "[your company name]", "a placeholder"),
        ("Say [insert offer here].", "[insert offer here]", "a placeholder"),
        ("Hello <first name>.", "<first name>", "a placeholder"),
        ("Hello <NAME>.", "<NAME>", "a placeholder"),
        ("Call XXX back.", "XXX", "a placeholder"),
        ("Hello ____.", "____", "a placeholder"),
        ("TODO say more.", "TODO", "a note to yourself"),
        ("Lorem ipsum dolor sit.", "Lorem ipsum dolor", "filler text"),
        ("Hello None!", "None", "a program's word for nothing"),
        ("Dear nan, how are you?", "nan", "a program's word for nothing"),
        ("It costs NaN dollars.", "NaN", "a program's word for nothing"),
        ("Hello undefined.", "undefined", "a program's word for nothing"),
        ("Your balance is #REF! today.", "#REF!", "a spreadsheet's error"),
        ("Your balance is #N/A today.", "#N/A", "a spreadsheet's error"),
    ],
)
def test_what_was_left_over_is_shown_with_its_line(text: str, found: str, what: str) -> None:
    (remark,) = prompt_remarks(f"{_GOOD}{text}\nGoodbye.", has_empty_values=False)
    assert remark.weight is Weight.WARNING
    assert remark.line == 3
    assert remark.message.startswith(f"{found!r} looks like {what} that was left over: “")


@pytest.mark.parametrize(
    "text",
    [
        "None of them can be moved.",
        "Nan Goldin and Nancy will be there.",
        "They are non-existent, or null-and-void.",
        'Answer in JSON as {"name": 1}.',
        "See [the handbook](https://example.com) and [bold] words [1].",
        "<name>\nAnn\n</name>",
        "It takes place on 3 < 4 and 5 > 2.",
        "Wear size XL or XXL.",
        "Mind the Todo list of the clinic.",
        "| a  | b |\n    indented  code",
        "Wait ... then say no.",
    ],
)
def test_what_only_looks_a_little_like_a_left_over_is_left_alone(text: str) -> None:
    if text.startswith("| a"):
        assert told(_GOOD + text) == []
    else:
        assert told(_GOOD + text, empty=True) == []


@pytest.mark.parametrize(
    "text", ["Dear , hello.", "Hello .", "Ask for Ann, , or Bob.", "Your visit () is near."]
)
def test_a_hole_between_the_words_is_found(text: str) -> None:
    (message,) = told(_GOOD + text)
    assert message.startswith("a hole, as an empty value leaves it: “")


def test_doubled_spaces_are_a_hole_only_where_a_value_is_empty() -> None:
    text = _GOOD + "Ask for  on Monday, with a smile.  Then go on."
    assert told(text) == []
    assert told(text, empty=True) == [
        "a hole, as an empty value leaves it: “Ask for  on Monday, with a smile.…”"
    ]


def test_a_prompt_that_says_next_to_nothing_is_told_so_and_what_it_lacks() -> None:
    remarks = prompt_remarks("Say hello.", has_empty_values=False)
    assert [remark.weight for remark in remarks] == [Weight.WARNING, Weight.HINT, Weight.HINT]
    assert "10 characters" in remarks[0].message
    assert "FCC 24-17" in remarks[1].message
    assert "voicemail" in remarks[2].message


@pytest.mark.parametrize(
    "text",
    [
        "Eres una asistente virtual. Si contesta el buzón de voz, cuelga. ",
        "Sie sind eine KI. Auf dem Anrufbeantworter sagen Sie nichts. ",
        "Vous êtes une IA. Sur la messagerie, ne dites rien. ",
        "あなたはAIアシスタントです。留守番電話では何も言わないでください。",
    ],
)
def test_prompts_in_other_languages_get_no_hint_for_their_language(text: str) -> None:
    assert told(text * 4) == []


def test_a_mistake_that_is_made_again_and_again_is_told_three_times() -> None:
    assert len(told(_GOOD + "Hello {name}.\n" * 1_000)) == 3


@given(st.text(max_size=300), st.booleans())
def test_any_text_at_all_can_be_looked_at(text: str, empty: bool) -> None:
    for remark in prompt_remarks(text, has_empty_values=empty):
        assert remark.line is None or 1 <= remark.line <= text.count("\n") + 1


@given(st.text(max_size=300))
def test_tokens_are_never_more_than_characters_and_grow_with_the_text(text: str) -> None:
    assert 0 <= about_tokens(text) <= len(text)
    assert about_tokens(text) <= about_tokens(text + "a" * 4)


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("a", 1), ("word" * 100, 100), ("日本語" * 10, 30), ("да" * 4, 4)]
)
def test_tokens_by_the_rule_of_thumb(text: str, tokens: int) -> None:
    assert about_tokens(text) == tokens
