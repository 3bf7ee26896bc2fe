"""Campaigns to measure with: seeded lengths of calls, distinct numbers, a prompt of usual length.

The prompt tells ``benchmarks.server`` how long its call is. ``body`` is what the product sends for
a row, so that the other clients can send the same.
"""

import csv
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import ideal

#: Area codes in use, ten and ten thousands of thousands of numbers each. Source: nationalnanpa.com
_AREAS = (212, 213, 312, 415, 617, 206, 303, 404, 512, 713)

#: As people write them for a clinic: who is called, what for, what to do in each case.
_PROMPT = """\
You are Dana, who makes calls for the Riverside Family Clinic. You are friendly, brief and patient.
You call {name} to confirm an appointment. hold {seconds} seconds.

Begin by saying who you are and that you call for the Riverside Family Clinic. Ask whether you are
speaking with {name}. If somebody else answers, ask them to have {name} call the clinic back, say
nothing of the appointment, thank them and end the call.

The appointment is tomorrow at half past ten with Doctor Osei at 220 Lake Street, second floor.
Ask {name} to come ten minutes early and to bring a photo ID and the insurance card.

If they confirm, say that you look forward to seeing them, and end the call politely.
If they want another time, ask which mornings or afternoons of next week would suit them, repeat
what they said, and tell them that the clinic will call back today with a new time.
If they want to cancel, ask for the reason once, do not press, and say that it has been noted.
If they ask a medical question, say that you cannot answer it and that a nurse will call back.
If they ask not to be called any more, apologise, say that it will not happen again, and end.

If you reach voicemail, say: "Hello, this is Riverside Family Clinic with a reminder. Please call us
back at your convenience. Thank you." Say nothing else, and hang up.

At the end, sum up in one sentence whether the appointment was confirmed, moved or cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A campaign's folder: ``campaign.yaml``, sheet and template; results go to ``out.csv``."""

    path: Path
    durations_s: Sequence[float]
    slots: int

    @property
    def sheet(self) -> Path:
        return self.path / "contacts.csv"

    def ideal_s(self, calls: int | None = None) -> float:
        """The shortest time that the first ``calls`` rows can take, by default all of them."""
        return ideal.makespan_s(self.durations_s[:calls], self.slots)

    def done(self) -> int:
        """How many rows of the results say that their call came to an end."""
        with (self.path / "out.csv").open(encoding="utf-8", newline="") as file:
            return sum(row["call_status"] == "done" for row in csv.DictReader(file))


def durations(count: int, shortest_s: float, longest_s: float, *, seed: int = 1) -> list[float]:
    """Lengths of calls, uniform between two bounds, in seconds with three decimals."""
    chance = random.Random(seed)
    return [round(chance.uniform(shortest_s, longest_s), 3) for _ in range(count)]


def number(index: int) -> str:
    """The E.164 number of a row, valid in the US and distinct for up to eight million rows."""
    return f"+1{_AREAS[index % 10]}{2_000_000 + index // 10:07d}"


def prompt(name: str, seconds: str) -> str:
    """What the campaign's template gives for a row."""
    return _PROMPT.format(name=name, seconds=seconds)


def body(name: str, to: str, seconds: str) -> bytes:
    """The JSON that a row's call is placed with."""
    return json.dumps(
        {"prompt": prompt(name, seconds), "to": to}, ensure_ascii=False, separators=(",", ":")
    ).encode()


def read_rows(sheet: Path, calls: int | None = None) -> Iterator[tuple[str, str, str]]:
    """A sheet's rows as name, number and length of the call in seconds."""
    with sheet.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        for index, (name, to, seconds) in enumerate(rows):
            if calls is not None and index >= calls:
                return
            yield name, to, seconds


def write(path: Path, *, base_url: str, slots: int, durations_s: Sequence[float]) -> Folder:
    """Write a campaign of one row a duration into an existing folder."""
    folder = Folder(path=path, durations_s=durations_s, slots=slots)
    with folder.sheet.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["name", "phone", "seconds"])
        rows.writerows(
            (f"Person {index}", number(index), seconds) for index, seconds in enumerate(durations_s)
        )
    template = _PROMPT.format(name="{{ name }}", seconds="{{ seconds }}")
    (path / "prompt.md.j2").write_text(template + "\n", encoding="utf-8")
    campaign = {
        "name": "benchmark",
        "contacts": {"file": "contacts.csv", "phone": "phone"},
        "prompt": "prompt.md.j2",
        "limits": {"concurrency": slots},
        "api": {"base_url": base_url},
        "calling_hours": {"always": True},
        "output": "out.csv",
    }
    # JSON is YAML.
    (path / "campaign.yaml").write_text(json.dumps(campaign, indent=1) + "\n", encoding="utf-8")
    return folder
