"""One campaign to be killed: its contacts, what becomes of each, the mode, all from one seed."""

import csv
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Generation = Literal["first", "second"]
Completion = Literal["auto", "wait", "poll"]
Fate = dict[str, Any]
Call = dict[str, Any]

GENERATIONS: tuple[Generation, ...] = ("first", "second")
COMPLETIONS: tuple[Completion, ...] = ("auto", "wait", "poll")

#: The redials of a campaign that has them: how many calls in all, and the wait between two.
ATTEMPTS = 3
REDIAL_AFTER_S = 1.0

#: The environment of the program: what the hook's messages are signed with.
HOOK_SECRET = {"CRASH_HOOK_SECRET": "a secret of the crash tests"}

_CALLER_IDS = ["+14155559901", "+14155559902", "+14155559903"]

#: Rows of the sheet that nobody can be called for, and why the output says so.
_UNFIT = (("too short", "12345"), ("no number", ""))

#: How calls of a campaign with redials end: weight, summary, what the rules make of it, what the
#: model is to say (None: something that is no answer), what holds in the end.
_ENDS = (
    (30, "Spoke with {to}; „schön“, they said, {mark}.", "completed", "completed", "completed"),
    (12, None, "no_answer", None, "no_answer"),
    (12, "The line was busy, {mark}.", "busy", "busy", "busy"),
    (6, "The line was busy at first; then they talked, {mark}.", "busy", "completed", "completed"),
    (6, "A ring, and somebody hummed „la, la“, {mark}.", "completed", "no_answer", "no_answer"),
    (5, "Asked not to be called again, {mark}.", "do_not_call", "completed", "do_not_call"),
    (5, "They were glad that it was over, {mark}.", "completed", "do_not_call", "do_not_call"),
    (6, "The line was busy, as {mark} says.", "busy", None, "busy"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A campaign of ``contacts`` callable rows, ``slots`` of them at once.

    With ``redials`` it also calls again for some outcomes, shares numbers between contacts, has a
    model read the summaries and a hook told of the results. ``fates`` and ``numbers`` are by the
    contact's key, which without ``redials`` is the number.
    """

    generation: Generation
    completion: Completion
    seed: int
    contacts: int = 300
    slots: int = 20
    redials: bool = False
    fates: dict[str, Fate] = field(init=False)
    numbers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        chance = random.Random(f"fates {self.seed}")  # noqa: S311  # a seeded test, no secret
        object.__setattr__(self, "numbers", dict(self._people(chance)))
        make = _fate_with_redials if self.redials else _fate
        fates = {key: make(chance, to) for key, to in self.numbers.items()}
        object.__setattr__(self, "fates", fates)

    @property
    def name(self) -> str:
        return f"{self.generation}/{self.completion}{'/redials' * self.redials}"

    @property
    def holds(self) -> bool:
        """Whether a placement is answered only when its call has ended."""
        return self.generation == "first" or self.completion == "wait"

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """The sheet: everybody, and after them rows that are to be skipped."""
        people = [
            (f"p{n}", to, f"row, „{n}“") for n, to in enumerate(self.numbers.values(), start=1)
        ]
        unfit = [(f"nobody {n}", to, "") for n, (_, to) in enumerate(_UNFIT, 1)]
        # With redials every row is a contact of its own, whatever its number.
        twin = [] if self.redials else [("twin", people[0][1], "same as the first")]
        return [*people, *unfit, *twin]

    def call(self, key: str, attempt: int) -> Call:
        """How a contact's call ends; ``attempt`` is from 1."""
        calls = self.fates[key]["calls"]
        found: Call = calls[min(attempt, len(calls)) - 1]
        return found

    def most_calls(self, key: str) -> int:
        """How often the contact's phone may ring by the redial rule."""
        return len(self.fates[key]["calls"])

    def is_again(self, key: str, attempt: int) -> bool:
        """Whether the rule calls again after that call."""
        return attempt < ATTEMPTS and bool(self.call(key, attempt)["again"])

    def settings(self) -> dict[str, Any]:
        """What the server has to know."""
        readings = {
            call["summary"]: call["reading"]
            for fate in self.fates.values()
            for call in fate["calls"]
            if call["summary"] is not None
        }
        return {
            "generation": self.generation,
            "fates": self.fates,
            "readings": readings if self.redials else {},
            "secret": HOOK_SECRET["CRASH_HOOK_SECRET"],
        }

    def write(self, folder: Path, url: str) -> None:
        """Write campaign and sheet into a folder; the server is at ``url``."""
        folder.mkdir()
        campaign: dict[str, Any] = {
            "name": "crash",
            "contacts": {"file": "sheet.csv", "phone": "phone"},
            "prompt": {"text": "Call {{ name }} for {{ contact.key }}"},
            "limits": {"concurrency": self.slots},
            "retries": {"attempts": 6, "max_wait": "50ms"},
            "api": {"completion": self.completion, "poll_interval": "100ms", "call_timeout": "30s"},
            "output": "out.csv",
            # Kills and faults are tested at any hour, and are nobody's trouble to wait out.
            "calling_hours": "always",
            "circuit_breaker": "off",
        }
        if self.redials:
            campaign["contacts"] |= {"key": "name", "duplicates": "all"}
            campaign |= _redials(url)
        (folder / "campaign.yaml").write_text(json.dumps(campaign))  # JSON is YAML
        with (folder / "sheet.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("name", "phone", "note"), *self.rows])

    def _people(self, chance: random.Random) -> Iterator[tuple[str, str]]:
        """Keys and numbers; with redials one in five has the number of somebody before."""
        last = 0
        for n in range(self.contacts):
            if not self.redials or chance.random() < 0.8:
                last = n
            to = f"+1415{555_0000 + last:07}"
            yield f"p{n + 1}" if self.redials else to, to


def _redials(url: str) -> dict[str, Any]:
    """What a campaign says that calls again, has summaries read, and tells a hook."""
    return {
        "call": {"from": _CALLER_IDS},
        "redial": {
            "outcomes": ["no_answer", "busy"],
            "attempts": ATTEMPTS,
            "after": [f"{REDIAL_AFTER_S:g}s"],
            "jitter": 0,
        },
        "outcomes_by": {
            "model": "reader",
            "base_url": f"{url}/v1",
            "fields": {"mark": "integer", "mood": ["good", "bad"]},
        },
        "hooks": {"on_result": {"url": f"{url}/hook", "secret_env": next(iter(HOOK_SECRET))}},
    }


def _fate(chance: random.Random, number: str) -> Fate:
    said = f'Spoke with {number}; "yes", they said, „schön“, {chance.randrange(10**9)}.'
    call: Call = {
        "lasts_s": round(chance.uniform(0.01, 0.12), 4),
        "summary": said,
        "outcome": "completed",
        "reading": None,
        "again": False,
        "opts_out": None,
        "fields": None,
        "doubt": None,
    }
    fate: Fate = {"kind": "good", "stumbles": chance.choice((None,) * 12 + (1, 2)), "calls": [call]}
    kind = chance.random()
    if kind < 0.11:
        fate |= _away(chance) if kind < 0.08 else {"kind": "rejected"}
    elif kind < 0.13:
        call["doubt"] = chance.choice(("close", "half", "500", "garbage"))
    elif kind < 0.18:
        call |= {"summary": None, "outcome": "no_answer"}
    return fate


def _away(chance: random.Random) -> Fate:
    # Half a second is sat out in the slot; 1.2 s are beyond its patience: back to the queue.
    wait = chance.choice(("0", "0.5", "1.2"))
    away = {"kind": "away", "times": chance.choice((1, 2)), "retry_after": wait}
    return away | {"status": chance.choice((429, 429, 503))}


def _fate_with_redials(chance: random.Random, number: str) -> Fate:
    """As ``_fate``, with all calls that the redial rule leads to."""
    fate = _fate(chance, number)
    first = fate["calls"][0]
    calls = [first | _end(chance, number)]
    while calls[-1]["again"] and len(calls) < ATTEMPTS:
        lasts_s = round(chance.uniform(0.01, 0.12), 4)
        calls.append(first | {"lasts_s": lasts_s} | _end(chance, number))
    # A doubtful answer is as likely to a redial as to a first call.
    calls = [call | {"doubt": None} for call in calls[:-1]] + calls[-1:]
    return fate | {"calls": calls}


def _end(chance: random.Random, number: str) -> Call:
    """How one call ends, with a summary that no other has, and what the model says of it."""
    weights = [end[0] for end in _ENDS]
    _, words, by_rules, by_model, outcome = chance.choices(_ENDS, weights=weights)[0]
    mark = chance.randrange(10**9)
    summary = None if words is None else words.format(to=number, mark=mark)
    fields = None if by_model is None else {"mark": mark, "mood": chance.choice(("good", "bad"))}
    # Some readings take longer than a redial waits.
    slow_s = 1.5 if chance.random() < 0.03 else chance.uniform(0.0, 0.08)
    heard = "heard" if by_rules == "do_not_call" else "read"
    return {
        "summary": summary,
        "outcome": outcome,
        "again": outcome in ("no_answer", "busy"),
        "opts_out": heard if outcome == "do_not_call" else None,
        "fields": fields,
        "reading": {"outcome": by_model, "fields": fields, "takes_s": round(slow_s, 4)},
    }
