"""What the program was told is durable, before it died, against what the ledger holds."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from tests.crash.log import Event
from tests.crash.look import Entry, Look
from tests.crash.scenario import Scenario

#: ``[word, key, attempt, detail]``: see ``launcher``.
Testimony = Sequence[Any]

#: What the witness says where no phone rang, and the contact may be placed again.
_GIVEN_BACK = frozenset({"hold", "turned_away", "released"})


def against(
    scenario: Scenario, seen: Look, testimony: Iterable[Testimony], events: Sequence[Event]
) -> list[str]:
    """What the ledger lacks of what the program was told; ``events`` are those of its run."""
    placed: Counter[str] = Counter()
    begun: dict[str, int] = {}
    back: set[str] = set()
    found: list[str] = []
    for word, key, number, detail in testimony:
        match word:
            case "begin":
                begun[key] = number
            case "place":
                placed[key] += 1
                back.discard(key)
            case _ if word in _GIVEN_BACK:
                back.add(key)
            case _:
                found += _lacks(seen.entry(key), key, word, number, detail)
    again = [
        key
        for key, times in placed.items()
        if seen.entry(key).may_ring
        and key not in back
        and not _is_redial(scenario, seen.entry(key), key, begun.get(key, 0))
        # The ledger may know of an answer that the witness does not tell of yet.
        and not _turned_away(events, key, times)
    ]
    return found + [f"{key} was placed, and would be called again" for key in again]


def _lacks(entry: Entry, key: str, word: str, number: int, detail: str) -> Iterable[str]:
    attempt = entry.attempt(number)
    state = None if attempt is None else attempt.state
    identity = None if attempt is None else attempt.interaction_id
    summary = None if attempt is None else attempt.summary
    match word:
        case "ended" if state != "ended" or (summary or "") != detail:
            yield f"{key}: its end was said to be durable, and is lost"
        case "started" if identity != detail:
            yield f"{key}: its ID was said to be durable, and is lost"
        case "reread" if attempt is None or attempt.to_read:
            yield f"{key}: its reading was said to be durable, and is lost"
        case "rejected" if state != "rejected":
            yield f"{key}: it was said to be rejected, and is {state}"
        case "doubted" if state not in ("unknown", "ended"):
            yield f"{key}: it was said to be doubted, and is {state}"
        case "skipped" if entry.state != "skipped":
            yield f"{key}: it was said to be skipped, and is {entry.state}"


def _is_redial(scenario: Scenario, entry: Entry, key: str, number: int) -> bool:
    """Whether the contact may be called again for what came of that attempt."""
    attempt = entry.attempt(number)
    ended = attempt is not None and attempt.state == "ended"
    return ended and scenario.is_again(key, number)


def _turned_away(events: Sequence[Event], key: str, nth: int) -> bool:
    rang = [e["rang"] for e in events if e["e"] == "asked" and e["key"] == key]
    return len(rang) >= nth and not rang[nth - 1]
