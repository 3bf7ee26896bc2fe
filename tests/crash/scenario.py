"""One campaign to be killed: its contacts, what becomes of each, the mode, all from one seed."""

import csv
import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Generation = Literal["first", "second"]
Completion = Literal["auto", "wait", "poll"]

GENERATIONS: tuple[Generation, ...] = ("first", "second")
COMPLETIONS: tuple[Completion, ...] = ("auto", "wait", "poll")

#: Rows of the sheet that nobody can be called for, and why the output says so.
_UNFIT = (("too short", "12345"), ("no number", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A campaign of ``contacts`` callable rows, ``slots`` of them at once."""

    generation: Generation
    completion: Completion
    seed: int
    contacts: int = 300
    slots: int = 20
    fates: dict[str, dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        chance = random.Random(f"fates {self.seed}")  # noqa: S311  # a seeded test, no secret
        numbers = [f"+1415{555_0000 + n:07}" for n in range(self.contacts)]
        object.__setattr__(self, "fates", {number: _fate(chance, number) for number in numbers})

    @property
    def name(self) -> str:
        return f"{self.generation}/{self.completion}"

    @property
    def holds(self) -> bool:
        """Whether a placement is answered only when its call has ended."""
        return self.generation == "first" or self.completion == "wait"

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """The sheet: every number, and after them rows that are to be skipped."""
        people = [(f"Person {n}", to, f"row, „{n}“") for n, to in enumerate(self.fates, 1)]
        unfit = [(f"Nobody {n}", to, "") for n, (_, to) in enumerate(_UNFIT, 1)]
        return [*people, *unfit, ("Twin", next(iter(self.fates)), "same as the first")]

    def write(self, folder: Path) -> None:
        """Write campaign, sheet and the server's settings into a folder and beside it."""
        folder.mkdir()
        campaign = {
            "name": "crash",
            "contacts": {"file": "sheet.csv", "phone": "phone"},
            "prompt": {"text": "Call {{ name }}."},
            "limits": {"concurrency": self.slots},
            "retries": {"attempts": 6, "max_wait": "50ms"},
            "api": {"completion": self.completion, "poll_interval": "100ms", "call_timeout": "30s"},
            "output": "out.csv",
            # Kills and faults are tested at any hour, and are nobody's trouble to wait out.
            "calling_hours": "always",
            "circuit_breaker": "off",
        }
        (folder / "campaign.yaml").write_text(json.dumps(campaign))  # JSON is YAML
        with (folder / "sheet.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("name", "phone", "note"), *self.rows])
        settings = {"generation": self.generation, "fates": self.fates}
        (folder.parent / "server.json").write_text(json.dumps(settings))


def _fate(chance: random.Random, number: str) -> dict[str, Any]:
    said = f'Spoke with {number}; "yes", they said, „schön“, {chance.randrange(10**9)}.'
    fate: dict[str, Any] = {
        "kind": "good",
        "lasts_s": round(chance.uniform(0.01, 0.12), 4),
        "summary": said,
        "stumbles": chance.choice((None,) * 12 + (1, 2)),
    }
    kind = chance.random()
    if kind < 0.08:
        # Half a second is sat out in the slot; 1.2 s are beyond its patience: back to the queue.
        wait = chance.choice(("0", "0.5", "1.2"))
        away = {"kind": "away", "times": chance.choice((1, 2)), "retry_after": wait}
        fate |= away | {"status": chance.choice((429, 429, 503))}
    elif kind < 0.11:
        fate |= {"kind": "rejected"}
    elif kind < 0.13:
        fate |= {"kind": "doubtful", "how": chance.choice(("close", "half", "500", "garbage"))}
    elif kind < 0.18:
        fate |= {"summary": None}
    return fate
