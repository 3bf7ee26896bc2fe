"""The server's log, asked for what rang."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

Event = Mapping[str, Any]


def rings_of(events: Sequence[Event], key: str) -> list[Event]:
    """A contact's rings, from the first."""
    return [e for e in events if e["e"] == "asked" and e["rang"] and e["key"] == key]


def last_rings(events: Sequence[Event], *, by: Literal["key", "to"] = "to") -> dict[str, Event]:
    """The last ring of each number, or of each contact."""
    return {e[by]: e for e in events if e["e"] == "asked" and e["rang"]}
