"""One of every event, full of what no log may hold."""

import dataclasses
import types
import typing
from datetime import UTC, datetime
from typing import Any

from poku_batch.events import Event
from poku_batch.models import ContactState, Counts, RunEnding

AT = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)

NUMBER = "+14155550123"
#: As a person might have written it.
WRITTEN = "(415) 555-0123"
SUMMARY = "She-said-yes"
PROMPT = "Tell-her-the-diagnosis"

EVENTS: tuple[type[Event], ...] = typing.get_args(Event)

_WORDS = f"{NUMBER} {WRITTEN}, HTTP 400: the prompt {PROMPT} to {NUMBER} is too long"


def counts(states: dict[ContactState, int]) -> Counts:
    """Counts of which only states are known; who is pending is due."""
    return Counts(
        states=states,
        outcomes={},
        failures={},
        skip_reasons={},
        countries={},
        due=states.get(ContactState.PENDING, 0),
        next_due_at=None,
    )


def every_event() -> list[Event]:
    """Every event with every text field full of secrets."""
    return [full(kind) for kind in EVENTS]


def full(kind: type[Event]) -> Event:
    """An event whose fields all have a value."""
    hints = typing.get_type_hints(kind)
    made: dict[str, Any] = {
        each.name: _value(each.name, hints[each.name]) for each in dataclasses.fields(kind)
    }
    return kind(**made)


def _value(name: str, hint: Any) -> Any:
    by_name = {"summary": f"{SUMMARY} {NUMBER}", "key": NUMBER, "interaction_id": "i-1"}
    if name in by_name:
        return by_name[name]
    if name == "calls":
        return ((2, _WORDS),)
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if typing.get_origin(hint) is tuple:
        return (2, 3)
    return {
        str: _WORDS,
        int: 7,
        float: 1.25,
        bool: True,
        datetime: AT,
        Counts: counts({ContactState.PENDING: 3}),
        RunEnding: RunEnding.STOPPED,
    }[kinds[0]]
