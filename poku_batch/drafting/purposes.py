"""What a call can be for, and what of a campaign depends on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Purpose(StrEnum):
    """What the calls are for."""

    APPOINTMENT = "appointment"
    REMINDER = "reminder"
    SURVEY = "survey"
    OUTREACH = "outreach"
    QUOTE = "quote"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a purpose brings along.

    ``title`` says it in a question, ``name`` is the campaign's by default, ``about`` what the call
    is about where nobody says it, ``asks_about`` how that is asked. ``outcomes`` are phrases by
    outcome, in the order in which they are looked for: what overrules another comes first.
    ``redial`` and ``extras`` are lines of YAML, to be taken up by whoever wants them.
    ``is_of_a_day``: each call is about something on a day, and another day is another call.
    """

    title: str
    name: str
    about: str
    asks_about: str
    outcomes: Mapping[str, tuple[str, ...]]
    redial: str
    extras: tuple[str, ...] = ()
    is_of_a_day: bool = False


_REACH = "{outcomes: [no_answer, busy], attempts: 3, after: [2h, 1d]}"

PLANS: Mapping[Purpose, Plan] = {
    Purpose.APPOINTMENT: Plan(
        title="confirm appointments",
        name="appointment-confirmations",
        about="appointment",
        asks_about="What do they have with you, in a word or two?",
        outcomes={
            "cancelled": ("outcome: cancelled", "asked to cancel", "cancelled the"),
            "rescheduled": ("outcome: rescheduled", "rescheduled", "asked for another time"),
            "confirmed": ("outcome: confirmed", "confirmed the", "will be there"),
        },
        redial="{outcomes: [no_answer, busy, voicemail], attempts: 3, after: [2h, 1d]}",
        is_of_a_day=True,
    ),
    Purpose.REMINDER: Plan(
        title="remind people of something",
        name="reminders",
        about="an appointment",
        asks_about="What do you remind them of, in a few words?",
        outcomes={
            "call_back": ("outcome: call back", "asked to be called back"),
            "cannot": ("outcome: cannot", "cannot make it", "cannot come"),
            "reminded": ("outcome: reminded", "acknowledged the reminder", "confirmed the"),
        },
        redial=_REACH,
        is_of_a_day=True,
    ),
    Purpose.SURVEY: Plan(
        title="ask a few questions",
        name="survey",
        about="the latest experience with us",
        asks_about="What do you ask about, in a few words?",
        outcomes={
            "refused": ("outcome: refused", "did not want to take part", "declined to take part"),
            "partly_answered": ("outcome: partly answered", "broke off"),
            "answered": ("outcome: answered", "answered all", "answered the questions"),
        },
        redial="{outcomes: [no_answer, busy], attempts: 2, after: 1d}",
        extras=(
            "# A model can put the answers into columns of their own:",
            "# outcomes_by: {model: gpt-5-mini, key_env: OPENAI_API_KEY, fields: {score: integer}}",
        ),
    ),
    Purpose.OUTREACH: Plan(
        title="tell people of an offer, or invite them",
        name="outreach",
        about="what we offer",
        asks_about="What do you offer or invite to, in a few words?",
        outcomes={
            "not_interested": ("outcome: not interested", "not interested", "no interest"),
            "call_back": ("outcome: call back", "asked to be called back", "asked for a call back"),
            "interested": ("outcome: interested", "is interested", "was interested"),
        },
        redial=_REACH,
    ),
    Purpose.QUOTE: Plan(
        title="ask businesses for a price",
        name="quotes",
        about="the work that we need done",
        asks_about="What do you need a price for, in a few words?",
        outcomes={
            "no_quote": ("outcome: no quote", "cannot give a price", "does not offer"),
            "will_send": ("outcome: will send", "will send a quote", "will send an offer"),
            "quoted": ("outcome: quoted", "gave a price", "quoted a price"),
        },
        redial="{outcomes: [no_answer, busy, voicemail], attempts: 3, after: [2h, 1d]}",
        extras=(
            "# A model can put the price into a column of its own:",
            "# outcomes_by: {model: gpt-5-mini, key_env: OPENAI_API_KEY, fields: {price: number}}",
        ),
    ),
}
