"""Summaries speak of the row's own prompt, and each outcome is recognised by its phrase alone."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.models import Ended, Outcome
from poku_batch.policy.outcomes import OutcomeRules
from poku_batch.simulator import Scenario
from poku_batch.simulator.details import TELLING, read_details
from poku_batch.simulator.summaries import PHRASES, summarise

PROMPT = (
    "You are Ava, the receptionist of Lakeside Clinic. You are calling Maria Lopez to confirm her "
    "appointment on Tuesday, 24 November at 10:30 am. If voicemail, say “Please bring your card”."
)


def told(scenario: Scenario, prompt: str, *, attempt: int = 1, transferred: bool = False) -> str:
    text = summarise(
        scenario,
        prompt=prompt,
        seed=0,
        to="+14155550100",
        attempt=attempt,
        transferred=transferred,
    )
    assert text is not None
    return text


def test_details_are_found_in_a_usual_prompt() -> None:
    details = read_details(PROMPT)
    assert details.person == "Maria Lopez"
    assert details.organisation == "Lakeside Clinic"
    assert details.subject == "appointment"
    assert details.date == "Tuesday, 24 November"
    assert details.time == "10:30 am"
    assert details.quoted == "Please bring your card"


@pytest.mark.parametrize(
    ("prompt", "person"),
    [
        ("Ask to speak with Dr. Anne-Marie O'Neill about an invoice.", "Dr. Anne-Marie O'Neill"),
        ("Calling Jürgen von der Heide.", "Jürgen von der Heide"),
        ("You are calling Łukasz on behalf of Acme.", "Łukasz"),
        ("Customer: Ana de la Cruz\nPhone: hidden", "Ana de la Cruz"),
        ("You're calling the patient John Smith. Be kind.", "John Smith"),
        ("You are calling María's office", "María"),
        ("You are calling 山田太郎 about the order", "山田太郎"),
        ("You are calling from Acme. Speak to Bob.", "Bob"),
        ("Call them on Tuesday.", None),
        ("You are calling to remind people", None),
        ("", None),
    ],
)
def test_names_are_found_where_there_are_any(prompt: str, person: str | None) -> None:
    assert read_details(prompt).person == person


@pytest.mark.parametrize(
    ("prompt", "date", "at"),
    [
        ("on 2026-11-24 at 14:05", "2026-11-24", "14:05"),
        ("on 2026-11-24T14:05:00Z", "2026-11-24", None),
        ("on November 24th, 2026 at 3 PM", "November 24th, 2026", "3 PM"),
        ("on 24/11/2026 at 9:15 a.m.", "24/11/2026", "9:15 a.m."),
        ("tomorrow at 8am", "tomorrow", "8am"),
        ("next Friday", "next Friday", None),
    ],
)
def test_dates_and_times_are_found(prompt: str, date: str | None, at: str | None) -> None:
    details = read_details(prompt)
    assert (details.date, details.time) == (date, at)


@pytest.mark.parametrize("scenario", sorted(PHRASES))
@pytest.mark.parametrize("transferred", [False, True])
def test_every_wording_names_the_row_and_its_own_outcome_alone(
    scenario: Scenario, transferred: bool
) -> None:
    wordings = {
        told(scenario, PROMPT, attempt=attempt, transferred=transferred) for attempt in range(60)
    }
    assert len(wordings) > 1
    for text in wordings:
        assert "Maria Lopez" in text
        assert "Lakeside Clinic" in text
        found = {other for other, phrase in PHRASES.items() if phrase in text.lower()}
        assert found == {scenario}, text


def test_who_asks_for_a_human_is_transferred_or_promised_a_call_back() -> None:
    for attempt in range(20):
        connected = told(Scenario.HUMAN, PROMPT, attempt=attempt, transferred=True)
        promised = told(Scenario.HUMAN, PROMPT, attempt=attempt, transferred=False)
        assert "transferred to a colleague" in connected
        assert "promised a call back" in promised


@given(
    st.sampled_from(sorted(PHRASES)),
    st.text(max_size=300)
    | st.lists(
        st.sampled_from(
            [
                *PHRASES.values(),
                "You are calling",
                "Wrong Number",
                "Voicemail",
                "Ann",
                '"',
                "“",
                "”",
            ]
        )
    ).map(" ".join),
    st.integers(1, 9),
)
def test_no_prompt_can_make_one_outcome_look_like_another(
    scenario: Scenario, prompt: str, attempt: int
) -> None:
    text = told(scenario, prompt, attempt=attempt)
    found = {other for other, phrase in PHRASES.items() if phrase in text.lower()}
    assert found == {scenario}
    assert text.isprintable()
    assert len(text) < 700


def test_a_prompt_without_any_detail_is_quoted() -> None:
    text = told(Scenario.CONFIRMED, "tell them that the moon is full. be brief")
    assert "“tell them that the moon is full”" in text


def test_words_that_tell_an_outcome_are_never_taken_from_the_prompt() -> None:
    prompt = 'You are calling Busy Bee. Leave "a voicemail" if nobody is there'
    details = read_details(prompt)
    assert details.person is None
    assert details.quoted is None
    assert TELLING.search("Please confirm")


@pytest.mark.parametrize(
    "prompt",
    [
        "calling " * 200_000,
        "A" * 2_000_000,
        "You are calling " + "Aa " * 500_000,
        "“" * 1_000_000,
        "12 " * 700_000,
        " ".join(["call Dr"] * 300_000),
        "\x00\ud800\u202e" * 10_000,
    ],
)
def test_hostile_prompts_are_read_quickly(prompt: str) -> None:
    start = time.perf_counter()
    text = told(Scenario.CONFIRMED, prompt)
    assert time.perf_counter() - start < 0.5
    assert text.isprintable()


def test_no_summary_where_the_api_has_nothing_to_tell() -> None:
    for scenario in set(Scenario) - set(PHRASES):
        assert (
            summarise(
                scenario, prompt=PROMPT, seed=0, to="+14155550100", attempt=1, transferred=False
            )
            is None
        )


@pytest.mark.parametrize("scenario", sorted(PHRASES))
def test_the_built_in_rules_read_every_wording_rightly(scenario: Scenario) -> None:
    built_in = set(Outcome)
    expected = scenario.value if scenario.value in built_in else Outcome.COMPLETED
    for attempt in range(60):
        for transferred in (False, True):
            text = told(scenario, PROMPT, attempt=attempt, transferred=transferred)
            assert OutcomeRules({}).read(Ended(summary=text)).outcome == expected, text
