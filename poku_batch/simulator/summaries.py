"""The words in which a simulated call is summarised, about the row's own prompt.

Each outcome is recognised by one phrase that stands in every wording of it and in no wording of
another, whatever the prompt (case aside):

    confirmed      "confirmed"
    rescheduled    "rescheduled to"
    voicemail      "voicemail"
    wrong_number   "wrong number"
    human          "asked for a human", then "transferred to a colleague" or "promised a call back"
    do_not_call    "asked not to be called again"
    declined       "declined to talk"
    busy           "line was busy"

``no_answer``, ``timed_out`` and ``unroutable`` have no summary: see ``scenarios.ERRORS``.
"""

import random
from collections.abc import Mapping
from types import MappingProxyType

from poku_batch.simulator.chance import chance
from poku_batch.simulator.details import Details, read_details
from poku_batch.simulator.scenarios import Scenario

#: The phrase that every summary of an outcome holds, in lower case.
PHRASES: Mapping[Scenario, str] = MappingProxyType(
    {
        Scenario.CONFIRMED: "confirmed",
        Scenario.RESCHEDULED: "rescheduled to",
        Scenario.VOICEMAIL: "voicemail",
        Scenario.WRONG_NUMBER: "wrong number",
        Scenario.HUMAN: "asked for a human",
        Scenario.DO_NOT_CALL: "asked not to be called again",
        Scenario.DECLINED: "declined to talk",
        Scenario.BUSY: "line was busy",
    }
)

#: {who} opens a sentence, {person} stands within one, {about} is what the call was about.
_WORDINGS: Mapping[Scenario, tuple[str, ...]] = {
    Scenario.CONFIRMED: (
        "{who} confirmed {about}.",
        "Spoke with {person}, who confirmed {about} and thanked us for the call.",
        "{who} confirmed {about} and had no further questions.",
        "{who} picked up after a few rings and gladly confirmed {about}.",
    ),
    Scenario.RESCHEDULED: (
        "{who} could not make it: {about} was rescheduled to {new_time}.",
        "Spoke with {person}. At their wish, {about} was rescheduled to {new_time}.",
        "{who} asked for another time, and {about} has been rescheduled to {new_time}.",
    ),
    Scenario.VOICEMAIL: (
        "Reached the voicemail of {person} and left a message about {about}.",
        "The call went to voicemail. A message for {person} about {about} was left.",
        "Got the voicemail greeting of {person}; left a short message about {about}.",
    ),
    Scenario.WRONG_NUMBER: (
        "Wrong number: whoever picked up does not know {person}. Nothing was said of {about}.",
        "It is the wrong number for {person}. Apologised and ended the call about {about}.",
        "A stranger said that this is the wrong number for {person}; {about} was not discussed.",
    ),
    Scenario.HUMAN: (
        "{who} asked for a human about {about}. {handed_over}",
        "When told of {about}, {person} asked for a human. {handed_over}",
    ),
    Scenario.DO_NOT_CALL: (
        "{who} asked not to be called again. The call about {about} was ended politely.",
        "Mentioned {about}; {person} was upset and asked not to be called again.",
    ),
    Scenario.DECLINED: (
        "{who} declined to talk about {about} and hung up.",
        "Reached {person}, who declined to talk about {about}.",
    ),
    Scenario.BUSY: (
        "The line was busy when {person} was called about {about}.",
        "Called {person} about {about}, but the line was busy.",
    ),
}
_NEW_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
_NEW_TIMES = ("9 am", "10:30 am", "1 pm", "2:15 pm", "4 pm")
_TRANSFERRED = "The call was transferred to a colleague."
_PROMISED = "No colleague was free, so they were promised a call back."


def summarise(  # the parts that decide a wording, each by name
    scenario: Scenario, *, prompt: str, seed: int, to: str, attempt: int, transferred: bool
) -> str | None:
    """Tell how a call went; None where the API would have nothing to tell.

    ``transferred`` says whether there was a number to hand the caller over to.
    """
    wordings = _WORDINGS.get(scenario)
    if wordings is None:
        return None
    odds = chance(seed, "words", to, attempt)
    details = read_details(prompt)
    person = details.person or "the person called"
    return odds.choice(wordings).format(
        who=person[0].upper() + person[1:],
        person=person,
        about=_about(details),
        new_time=_new_time(odds),
        handed_over=_TRANSFERRED if transferred else _PROMISED,
    )


def _about(details: Details) -> str:
    """Say in a few words what the call was about, as far as the prompt told."""
    parts = [f"the {details.subject}" if details.subject else "the call"]
    if details.organisation:
        parts.append(f"with {details.organisation}")
    if details.date:
        parts.append(details.date if _is_adverb(details.date) else f"on {details.date}")
    if details.time:
        parts.append(f"at {details.time.rstrip('.')}")
    if details.quoted:
        parts.append(f"(“{details.quoted}”)")
    is_bare = len(parts) == 1 and details.person is None
    if is_bare and details.opening:
        parts.append(f"(“{details.opening}”)")
    return " ".join(parts)


def _is_adverb(date: str) -> bool:
    return date.split(maxsplit=1)[0].lower() in {"today", "tomorrow", "next", "this"}


def _new_time(odds: random.Random) -> str:
    return f"{odds.choice(_NEW_DAYS)} at {odds.choice(_NEW_TIMES)}"
