"""What must be true after every death and after the last run, judged from outside.

The judges are the server's log, the witness of the launcher, looks into the ledger between runs,
and the results file. Faults are sentences; none is what the harness is there to see.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from tests.crash.aftermath import heeded, read_once, redialled_by_rule, told
from tests.crash.log import Event, last_rings, rings_of
from tests.crash.look import Attempt, Entry, Look
from tests.crash.scenario import REDIAL_AFTER_S, Scenario
from tests.crash.sheet import results, whole
from tests.crash.testimony import Testimony, against

#: An answer that was in the socket so long before a death, in seconds, has to be in the ledger.
GRACE_S = 3.0

#: By how much the server's clock may read a time later than it was.
_TICK_S = 0.02

#: What an attempt may have become that was once seen so.
_MAY_BECOME: Mapping[str, frozenset[str]] = {
    "dialing": frozenset({"dialing", "unknown"}),
    "in_call": frozenset({"in_call", "unknown", "ended"}),
    "unknown": frozenset({"unknown", "ended"}),
    "ended": frozenset({"ended"}),
    "rejected": frozenset({"rejected"}),
}


@dataclass(slots=True, kw_only=True)
class Evidence:
    """One campaign's, gathered over all of its runs.

    ``opened``: contacts whose call was open, without a known ID, when a run died or left, and when.
    ``kept``: what the ledger was once seen to hold of a contact. ``asked_not_to``: numbers that the
    ledger knew to be called no more, and how long the server's log was then. ``lag_s``: the longest
    time that an answer was in the socket when a death kept it from the ledger.
    """

    scenario: Scenario
    opened: dict[str, float] = field(default_factory=dict)
    kept: dict[str, Entry] = field(default_factory=dict)
    asked_not_to: dict[str, int] = field(default_factory=dict)
    lag_s: float = 0.0
    faults: list[str] = field(default_factory=list)

    def death(
        self,
        seen: Look,
        testimony: Iterable[Testimony],
        events: Sequence[Event],
        *,
        since: int,
        at: float,
        slow: bool = False,
    ) -> list[str]:
        """Judge what a run left behind when it died; gives new faults.

        ``events`` from place ``since`` are of this run. ``at`` is when it died; ``slow`` if it
        went too slowly for times to mean anything.
        """
        opened = {key for key, entry in seen.entries.items() if entry.is_open}
        newly = opened - self.opened.keys()
        self.opened |= dict.fromkeys(newly, at)
        found = [*self.cut(seen, testimony, events[since:]), *self._rang(seen, events)]
        found += told(self.scenario, seen, events)
        if len(opened) > self.scenario.slots:
            found.append(f"{len(opened)} calls open, with {self.scenario.slots} slots")
        if not slow:
            found += self._late(seen, newly, events, at)
        self.kept |= {key: entry for key, entry in seen.entries.items() if entry.attempts}
        for number in heeded(self.scenario, seen):
            self.asked_not_to.setdefault(number, len(events))
        self.faults += found
        return found

    def cut(self, seen: Look, testimony: Iterable[Testimony], events: Sequence[Event]) -> list[str]:
        """Judge a ledger, perhaps one that a power cut left, against what was promised before it.

        Whatever the ledger once held, and whatever the witness was told, has to be there.
        ``events`` are those of the witness' run.
        """
        found = list(seen.faults)
        for key, before in self.kept.items():
            now = seen.entry(key)
            for was in before.begun:
                found += _kept(key, was, now.attempt(was.number), now)
        found += redialled_by_rule(self.scenario, seen)
        return found + against(self.scenario, seen, testimony, events)

    def left(self, seen: Look, *, at: float) -> list[str]:
        """Take note of a run that was told to leave at once: its open calls are unknown."""
        new = {
            key
            for key, entry in seen.entries.items()
            if entry.state == "unknown" and key not in self.may_be_unknown()
        }
        self.opened |= dict.fromkeys(new, at)
        many = len(new) > self.scenario.slots
        return [f"{len(new)} calls left unknown, with {self.scenario.slots} slots"] if many else []

    def end(self, folder: Path, seen: Look, events: Sequence[Event], code: int) -> None:
        """Judge the last run: its results, its exit code, and everything the server saw."""
        self.faults += self.cut(seen, (), ())
        self.faults += self._rang(seen, events)
        self.faults += read_once(self.scenario, seen)
        self.faults += told(self.scenario, seen, events, at_the_end=True)
        self.faults += whole(folder, self.scenario, required=True)
        rows = results(folder)
        listed = heeded(self.scenario, seen)
        for key, row in zip(self.scenario.fates, rows, strict=False):
            self.faults += self._row(key, row, rings_of(events, key), listed)
        states = {row["call_status"] for row in rows}
        expected = 3 if states & {"failed", "unknown"} else 0
        if code != expected:
            self.faults.append(f"exit code {code}, not {expected}, with rows {sorted(states)}")

    def unknown(self, folder: Path) -> set[str]:
        """The contacts that the results call unknown."""
        rows = zip(self.scenario.fates, results(folder), strict=False)
        return {key for key, row in rows if row["call_status"] == "unknown"}

    def may_be_unknown(self) -> set[str]:
        """The contacts that may be: open at a death, or made doubtful by the server."""
        fates = self.scenario.fates.items()
        return {*self.opened, *(key for key, fate in fates if fate["calls"][-1]["doubt"])}

    def why_unknown(self, key: str, seen: Look, events: Sequence[Event]) -> str:
        """What the server knows of a call that is unknown: one of the columns of the figures."""
        last = seen.entry(key).last
        nth = 0 if last is None else last.number
        asked = any(ring["nth"] == nth for ring in rings_of(events, key))
        answered = any(
            e["e"] == "sent"
            and (e["key"], e["nth"]) == (key, nth)
            and e["gave"] in ("id", "end")
            and e["t"] <= self.opened.get(key, 0.0)
            for e in events
        )
        if answered:
            return "answered, not yet on the disk"
        if self.scenario.call(key, nth)["doubt"] and asked:
            return "doubtful answer"
        return "asked, not yet answered" if asked else "not yet asked"

    def _rang(self, seen: Look, events: Sequence[Event]) -> list[str]:
        """What rang that should not have, or would ring."""
        found = too_many_rings(self.scenario, events)
        for key in self.scenario.fates:
            rings, entry = rings_of(events, key), seen.entry(key)
            if len(rings) > len(entry.begun):
                found.append(f"{key} rang, and the ledger does not know of it")
            if entry.may_ring and len(rings) > len(entry.ended):
                found.append(f"{key} rang, and would be called again")
            found += self._too_soon(key, rings)
            if len({ring["from"] for ring in rings}) > 1:
                found.append(f"{key} was called from several numbers")
        for number, place in self.asked_not_to.items():
            if number in last_rings(events[place:]):
                found.append(f"{number} rang again after somebody there asked not to be called")
        missing = heeded(self.scenario, seen) - seen.listed
        return found + [f"{number} asked not to be called, and is not listed" for number in missing]

    def _too_soon(self, key: str, rings: Sequence[Event]) -> list[str]:
        """Redials that came before the last call had ended, and the rule's wait was over."""
        found = []
        for before, ring in pairwise(rings):
            ended_at = before["t"] + self.scenario.call(key, before["nth"])["lasts_s"]
            if ring["t"] < ended_at + REDIAL_AFTER_S - _TICK_S:
                found.append(f"{key} rang again {ring['t'] - ended_at:.2f} s after its call")
        return found

    def _late(self, seen: Look, opened: set[str], events: Sequence[Event], at: float) -> list[str]:
        last = {key: attempt.number for key in opened if (attempt := seen.entry(key).last)}
        lags = {
            event["key"]: at - event["t"]
            for event in events
            if event["e"] == "sent"
            and event["gave"] in ("id", "end")
            and last.get(event["key"]) == event["nth"]
        }
        self.lag_s = max([self.lag_s, *(lag for lag in lags.values() if lag < GRACE_S)])
        return [
            f"{key}: answered {lag:.1f} s before the death, and not in the ledger"
            for key, lag in lags.items()
            if lag >= GRACE_S
        ]

    def _row(
        self, key: str, row: Mapping[str, str], rings: Sequence[Event], listed: set[str]
    ) -> list[str]:
        fate, status, rang = self.scenario.fates[key], row["call_status"], len(rings)
        call = self.scenario.call(key, rang)
        if status == "unknown":
            right = key in self.may_be_unknown()
        elif status == "skipped":
            # Somebody else at the number had asked for it before this call, or its redial.
            called_again = not rang or self.scenario.is_again(key, rang)
            right = self.scenario.numbers[key] in listed and called_again
        elif fate["kind"] == "rejected":
            right = status == "failed" and not rang
        else:
            right = rang > 0 and not call["doubt"] and not self.scenario.is_again(key, rang)
            right &= status == ("failed" if call["again"] else "done")
        faults = [] if right else [f"{key} ({fate['kind']}, rang {rang}) is {status}"]
        if rang and status in ("done", "failed", "skipped"):
            faults += self._cells(key, row, rings[-1])
        return faults

    def _cells(self, key: str, row: Mapping[str, str], ring: Event) -> list[str]:
        """What a row lacks of its last call."""
        call, faults = self.scenario.call(key, ring["nth"]), []
        if (row["call_summary"] or None) != call["summary"]:
            faults.append(f"{key}: its summary is lost")
        if row["call_interaction_id"] != ring["id"] or row["call_to"] != ring["to"]:
            faults.append(f"{key}: its row holds another call")
        if row["call_outcome"] != call["outcome"]:
            faults.append(f"{key}: its outcome is {row['call_outcome']}, not {call['outcome']}")
        for name, value in (call["fields"] or {}).items():
            if row[f"call_field_{name}"] != str(value):
                faults.append(f"{key}: what was read out of its summary is lost")
        return faults


def too_many_rings(scenario: Scenario, events: Sequence[Event]) -> list[str]:
    """The contacts that rang more often than the redial rule allows: once, without one."""
    return [
        f"{key} rang {ring['nth']} times"
        for key, ring in last_rings(events, by="key").items()
        if ring["nth"] > scenario.most_calls(key)
    ]


def _kept(key: str, was: Attempt, now: Attempt | None, entry: Entry) -> Iterable[str]:
    """What is missing of an attempt that the ledger once held."""
    state = "gone" if now is None else now.state
    if state not in _MAY_BECOME[was.state]:
        again = "would be called again" if entry.may_ring else f"is {state}"
        yield f"{key} was {was.state}, and {again}"
    elif now is not None:
        if was.summary is not None and now.summary != was.summary:
            yield f"{key}: its summary was in the ledger, and is lost"
        if was.interaction_id is not None and now.interaction_id != was.interaction_id:
            yield f"{key}: its interaction ID was in the ledger, and is lost"
        if was.state == "ended" and not was.to_read and _reading(now) != _reading(was):
            yield f"{key}: its reading was in the ledger, and is lost"


def _reading(attempt: Attempt) -> object:
    return attempt.to_read, attempt.outcome, attempt.fields
