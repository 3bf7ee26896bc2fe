"""What follows the end of a call: redials, readings, opt-outs, messages to the hook.

Each is judged by the ledger's own history, against what the scenario says of every call, and
against the server's log.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tests.crash.log import Event
from tests.crash.look import Attempt, Happening, Look
from tests.crash.scenario import REDIAL_AFTER_S, Scenario

#: Whom a message is about: a contact, its attempt (None where nothing was placed), of what.
_Subject = tuple[str, int | None, str]

#: What of the history is told, and as what.
_TOLD = {"ended": "end", "read": "end", "rejected": "rejected", "doubted": "unknown"}


def redialled_by_rule(scenario: Scenario, seen: Look) -> list[str]:
    """Attempts, and contacts that wait for one, for which there was no reason."""
    found = []
    for key, entry in seen.entries.items():
        begun = entry.begun
        for before, attempt in pairwise(begun):
            if not _leads_on(scenario, key, before):
                found.append(f"{key} was called again, and its last call was {before.state}")
            elif attempt.began_at < (before.ended_at or 0.0) + REDIAL_AFTER_S:
                found.append(f"{key} was called again before it was due")
        if entry.may_ring and begun and not _leads_on(scenario, key, begun[-1]):
            found.append(f"{key} is {begun[-1].state}, and would be called again")
    return found + list(_against_wishes(scenario, seen))


def heeded(scenario: Scenario, seen: Look) -> set[str]:
    """The numbers of which the ledger knows that somebody there is to be called no more."""
    return {
        scenario.numbers[happening.key]
        for happening in seen.happenings
        if _opts_out(scenario, happening)
    }


def read_once(scenario: Scenario, seen: Look) -> list[str]:
    """Calls with a summary that nobody has read at the end, or somebody twice."""
    if not scenario.redials:
        return []
    times = Counter((h.key, h.attempt) for h in seen.happenings if h.what == "read")
    found = []
    for key, entry in seen.entries.items():
        for attempt in entry.ended:
            wanted = attempt.summary is not None
            read = times[key, attempt.number]
            if read != wanted or attempt.to_read:
                found.append(f"{key}: call {attempt.number} was read {read} times")
            expected = scenario.call(key, attempt.number)
            if (attempt.fields or None) != expected["fields"]:
                found.append(f"{key}: what was read out of its summary is lost")
    return found


def told(
    scenario: Scenario, seen: Look, events: Sequence[Event], *, at_the_end: bool = False
) -> list[str]:
    """What is wrong with the messages that came to the hook.

    None tells what the ledger does not hold; ``at_the_end`` each thing was told and taken, under
    one name however often.
    """
    wanted = dict(_wanted(seen))
    names: dict[_Subject, set[str]] = defaultdict(set)
    taken: set[_Subject] = set()
    found = []
    for event in (event for event in events if event["e"] == "hook"):
        subject = _subject(event)
        names[subject].add(event["id"])
        taken |= {subject} if event["taken"] else set()
        if not event["signed"]:
            found.append("a message was not signed as it should be")
        if subject not in wanted:
            found.append(f"{subject[0]}: the hook was told what the ledger does not hold")
        elif subject[2] == "end":
            found += _misheard(scenario, event)
    found += [
        f"{key}: one result was told under {len(ids)} names"
        for (key, _, _), ids in names.items()
        if len(ids) > 1
    ]
    if at_the_end and scenario.redials:
        untold = wanted.keys() - taken
        found += [f"{key}: its result ({what}) was never told; lost" for key, _, what in untold]
        found += [f"{seen.untold} messages are still to be told"] if seen.untold else []
    return found


def _leads_on(scenario: Scenario, key: str, attempt: Attempt) -> bool:
    return attempt.state == "ended" and scenario.is_again(key, attempt.number)


def _opts_out(scenario: Scenario, happening: Happening) -> bool:
    if happening.what not in ("ended", "read") or happening.attempt is None:
        return False
    heard_or_read = {"ended": "heard", "read": "read"}[happening.what]
    return bool(scenario.call(happening.key, happening.attempt)["opts_out"] == heard_or_read)


def _against_wishes(scenario: Scenario, seen: Look) -> Iterator[str]:
    """Placements after the line of the history by which the number was to be called no more."""
    asked: set[str] = set()
    for happening in seen.happenings:
        if happening.to in asked:
            yield f"{happening.to} was called after somebody there asked not to be called"
        if _opts_out(scenario, happening):
            asked.add(scenario.numbers[happening.key])


def _wanted(seen: Look) -> Iterator[tuple[_Subject, None]]:
    for happening in seen.happenings:
        attempt = happening.attempt
        if happening.what == "skipped":
            yield (happening.key, None, "skipped"), None
        elif happening.what in _TOLD and attempt is not None:
            known = seen.entry(happening.key).attempt(attempt)
            # What is read is told of once it was read.
            if happening.what != "ended" or (known is not None and known.summary is None):
                yield (happening.key, attempt, _TOLD[happening.what]), None


def _subject(event: Event) -> _Subject:
    data = event["data"]
    if data["state"] in ("unknown", "skipped"):
        return data["key"], data["attempt"], data["state"]
    return data["key"], data["attempt"], "end" if data["ended_at"] else "rejected"


def _misheard(scenario: Scenario, event: Event) -> Iterator[str]:
    data = event["data"]
    call = scenario.call(data["key"], data["attempt"])
    heard = data["summary"], data["outcome"], data["fields"] or None
    if heard != (call["summary"], call["outcome"], call["fields"]):
        yield f"{data['key']}: the hook was told of another end"
