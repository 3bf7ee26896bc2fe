"""What must be true after every death and after the last run, judged from outside.

The judges are the server's log, the witness of the launcher, looks into the ledger between runs,
and the results file. Faults are sentences; none is what the harness is there to see.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.crash.look import Entry, Look
from tests.crash.scenario import Scenario

#: An answer that was in the socket so long before a death, in seconds, has to be in the ledger.
GRACE_S = 3.0

#: What the witness says where no phone rang, and the contact may be placed again.
_GIVEN_BACK = frozenset({"hold", "turned_away", "released"})

Event = Mapping[str, Any]
Testimony = Sequence[str]


@dataclass(slots=True, kw_only=True)
class Evidence:
    """One campaign's, gathered over all of its runs.

    ``opened``: numbers whose call was open, without a known ID, when a run died or left, and when.
    ``kept``: what the ledger was once seen to hold of a call. ``lag_s``: the longest time that an
    answer was in the socket when a death kept it from the ledger.
    """

    scenario: Scenario
    opened: dict[str, float] = field(default_factory=dict)
    kept: dict[str, Entry] = field(default_factory=dict)
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
        opened = {number for number, entry in seen.entries.items() if entry.is_open}
        newly = opened - self.opened.keys()
        self.opened |= dict.fromkeys(newly, at)
        found = [*self.cut(seen, testimony, events[since:]), *self._not_again(seen, events)]
        if len(opened) > self.scenario.slots:
            found.append(f"{len(opened)} calls open, with {self.scenario.slots} slots")
        if not slow:
            found += self._late(newly, events, at)
        self.kept |= {
            number: entry for number, entry in seen.entries.items() if entry.state != "pending"
        }
        self.faults += found
        return found

    def cut(self, seen: Look, testimony: Iterable[Testimony], events: Sequence[Event]) -> list[str]:
        """Judge a ledger, perhaps one that a power cut left, against what was promised before it.

        Whatever the ledger once held, and whatever the witness was told, has to be there.
        ``events`` are those of the witness' run.
        """
        found = list(seen.faults)
        for number, before in self.kept.items():
            now = seen.entry(number)
            if now.may_ring and not before.may_ring:
                found.append(f"{number} was {before.state}, and would be called again")
            if before.summary is not None and now.summary != before.summary:
                found.append(f"{number}: its summary was in the ledger, and is lost")
            if before.interaction_id is not None and now.interaction_id != before.interaction_id:
                found.append(f"{number}: its interaction ID was in the ledger, and is lost")
        return found + _against(seen, testimony, events)

    def left(self, seen: Look, *, at: float) -> list[str]:
        """Take note of a run that was told to leave at once: its open calls are unknown."""
        new = {
            number
            for number, entry in seen.entries.items()
            if entry.state == "unknown" and number not in self.may_be_unknown()
        }
        self.opened |= dict.fromkeys(new, at)
        many = len(new) > self.scenario.slots
        return [f"{len(new)} calls left unknown, with {self.scenario.slots} slots"] if many else []

    def end(self, folder: Path, seen: Look, events: Sequence[Event], code: int) -> None:
        """Judge the last run: its results, its exit code, and everything the server saw."""
        rings = _rings(events)
        self.faults += _twice(rings)
        self.faults += self.cut(seen, (), ())
        self.faults += whole(folder, self.scenario, required=True)
        rows = _results(folder)
        self.faults += [
            fault
            for number, row in zip(self.scenario.fates, rows, strict=False)
            for fault in self._row(number, row, rings[number], events)
        ]
        states = {row["call_status"] for row in rows}
        expected = 3 if states & {"failed", "unknown"} else 0
        if code != expected:
            self.faults.append(f"exit code {code}, not {expected}, with rows {sorted(states)}")

    def unknown(self, folder: Path) -> set[str]:
        """The numbers that the results call unknown."""
        rows = zip(self.scenario.fates, _results(folder), strict=False)
        return {number for number, row in rows if row["call_status"] == "unknown"}

    def may_be_unknown(self) -> set[str]:
        """The numbers that may be: open at a death, or made doubtful by the server."""
        fates = self.scenario.fates.items()
        return {*self.opened, *(number for number, fate in fates if fate["kind"] == "doubtful")}

    def why_unknown(self, number: str, events: Sequence[Event]) -> str:
        """What the server knows of a call that is unknown: one of the columns of the figures."""
        asked = any(e["e"] == "asked" and e["to"] == number and e["rang"] for e in events)
        answered = any(
            e["e"] == "sent"
            and e["to"] == number
            and e["gave"] in ("id", "end")
            and e["t"] <= self.opened.get(number, 0.0)
            for e in events
        )
        if answered:
            return "answered, not yet on the disk"
        if self.scenario.fates[number]["kind"] == "doubtful" and asked:
            return "doubtful answer"
        return "asked, not yet answered" if asked else "not yet asked"

    def _not_again(self, seen: Look, events: Sequence[Event]) -> list[str]:
        rings = _rings(events)
        again = sorted(number for number in rings if seen.entry(number).may_ring)
        return [*_twice(rings), *(f"{number} rang, and would be called again" for number in again)]

    def _late(self, opened: set[str], events: Sequence[Event], at: float) -> list[str]:
        lags = {
            event["to"]: at - event["t"]
            for event in events
            if event["e"] == "sent" and event["gave"] in ("id", "end") and event["to"] in opened
        }
        self.lag_s = max([self.lag_s, *(lag for lag in lags.values() if lag < GRACE_S)])
        return [
            f"{number}: answered {lag:.1f} s before the death, and not in the ledger"
            for number, lag in lags.items()
            if lag >= GRACE_S
        ]

    def _row(
        self, number: str, row: Mapping[str, str], rang: int, events: Sequence[Event]
    ) -> list[str]:
        fate, status = self.scenario.fates[number], row["call_status"]
        if status == "unknown":
            right = number in self.may_be_unknown()
        elif fate["kind"] == "rejected":
            right = status == "failed" and not rang
        else:
            right = status == "done" and rang == 1 and fate["kind"] != "doubtful"
        faults = [] if right else [f"{number} ({fate['kind']}, rang {rang}) is {status}"]
        if status == "done":
            ids = [e["id"] for e in events if e["e"] == "asked" and e["to"] == number and e["rang"]]
            if (row["call_summary"] or None) != fate["summary"]:
                faults.append(f"{number}: its summary is lost")
            if row["call_interaction_id"] not in ids or row["call_to"] != number:
                faults.append(f"{number}: its row holds another call")
        return faults


def _against(seen: Look, testimony: Iterable[Testimony], events: Sequence[Event]) -> list[str]:
    """What the ledger lacks of what the program was told is durable."""
    placed: Counter[str] = Counter()
    back: set[str] = set()
    found = []
    for line in testimony:
        word, number, detail = (*line, "")[:3]
        entry = seen.entry(number)
        match word:
            case "place":
                placed[number] += 1
                back.discard(number)
            case "ended" if entry.attempt != "ended" or (entry.summary or "") != detail:
                found.append(f"{number}: its end was said to be durable, and is lost")
            case "started" if entry.interaction_id != detail:
                found.append(f"{number}: its ID was said to be durable, and is lost")
            case "rejected" | "doubted" if entry.state not in ("failed", "unknown", "done"):
                found.append(f"{number}: it was said to be {word}, and is {entry.state}")
            case _ if word in _GIVEN_BACK:
                back.add(number)
    again = [
        number
        for number, times in placed.items()
        if seen.entry(number).may_ring
        and number not in back
        # The ledger may know of an answer that the witness does not tell of yet.
        and not _turned_away(events, number, times)
    ]
    return found + [f"{number} was placed, and would be called again" for number in again]


def _rings(events: Sequence[Event]) -> Counter[str]:
    return Counter(event["to"] for event in events if event["e"] == "asked" and event["rang"])


def _twice(rings: Mapping[str, int]) -> list[str]:
    return [f"{number} rang {times} times" for number, times in rings.items() if times > 1]


def _turned_away(events: Sequence[Event], number: str, nth: int) -> bool:
    rang = [e["rang"] for e in events if e["e"] == "asked" and e["to"] == number]
    return len(rang) >= nth and not rang[nth - 1]


def whole(folder: Path, scenario: Scenario, *, required: bool = False) -> list[str]:
    """What is wrong with the results file: it is there with all rows in order, or not at all."""
    if not (folder / "out.csv").exists():
        return ["there is no results file"] if required else []
    try:
        rows = [(row["name"], row["phone"], row["note"]) for row in _results(folder)]
    except (UnicodeDecodeError, csv.Error, KeyError):
        return ["the results file cannot be read"]
    return [] if rows == scenario.rows else [f"the results file has {len(rows)} rows, or others"]


def _results(folder: Path) -> list[dict[str, str]]:
    with (folder / "out.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
