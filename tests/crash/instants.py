"""When a run is killed: drawn from a seed, and printed so that it can be set again."""

import random
from dataclasses import dataclass
from math import log10
from typing import Any, Literal

#: What the server sees, and may kill at.
SEEN = ("head", "asked", "answering", "half", "sent")
SEEN_AFTER = ("read", "have_read", "hook", "heard")

#: Steps of a call inside the program, weighed by how often a run comes by.
_OFTEN = ("begin", "ended", "place", "commit", "statement", "wake")
_SELDOM = ("hold", "begin_again", "turned_away", "rejected", "doubted")
_FOLLOWING = ("started", "standing")
_AFTER = ("reread", "read", "send", "told", "skipped")

Kind = Literal["time", "event", "inside", "line", "drain", "leave", "export"]
KINDS: tuple[Kind, ...] = ("time", "event", "inside", "line", "drain", "leave", "export")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """One interruption of one run.

    ``after_s``: SIGKILL so many seconds after the start. ``steps``: signals that the server sends
    at what it sees. ``launch``: the place inside the program at which it kills itself. ``limit``:
    the run ends after so many calls, if it lives so long.
    """

    kind: Kind
    after_s: float | None = None
    steps: tuple[dict[str, Any], ...] = ()
    launch: dict[str, Any] | None = None
    limit: int | None = None

    def __str__(self) -> str:
        parts: list[str] = [self.kind]
        parts += [f"{self.after_s:.4f} s after the start"] if self.after_s is not None else []
        parts += [
            "{signal} at {event} {nth} + {after_s:.4f} s".format_map(step) for step in self.steps
        ]
        parts += ["{when} {place} {nth}".format_map(self.launch)] if self.launch else []
        parts += [f"limit {self.limit}"] if self.limit else []
        return ", ".join(parts)


def draw(
    chance: random.Random,
    *,
    progress: int,
    follows: bool,
    redials: bool = False,
    start_s: float = 0.0,
) -> Instant:
    """Draw an instant; ``progress`` is about how many calls the run may come to before it.

    ``follows``: calls are asked for after their placement. ``redials``: a model reads them, and a
    hook is told. ``start_s`` is how long the program takes to come up.
    """
    kind = chance.choices(KINDS, weights=(5, 8, 9, 4, 3, 1, 2))[0]
    match kind:
        case "time":
            # Half of them in the beginning: opening, enrolling, settling what was left.
            span = 0.3 if chance.random() < 0.5 else 0.3 + progress * 0.012
            return Instant(kind=kind, after_s=start_s + chance.uniform(0.0, span))
        case "event":
            return Instant(kind=kind, steps=(_event(chance, progress, redials=redials),))
        case "inside":
            return Instant(
                kind=kind, launch=_place(chance, progress, follows=follows, redials=redials)
            )
        case "line":
            # Every order of magnitude alike: the first lines open the ledger and enrol.
            nth = int(10 ** chance.uniform(1.5, log10(600 * progress)))
            return Instant(kind=kind, launch={"place": "line", "when": "before", "nth": nth})
        case "drain":
            stop = _step(chance, progress, 0.0, number=2)
            late = {**stop, "signal": 9, "after_s": chance.uniform(0.0, 0.25)}
            return Instant(kind=kind, steps=(stop, late))
        case "leave":
            stop = _step(chance, progress, 0.0, number=2)
            # Sooner, the second would count as the first.
            return Instant(kind=kind, steps=(stop, {**stop, "after_s": 0.06}))
        case "export":
            file = chance.choice(("replace", "fsync"))
            when = chance.choice(("before", "after"))
            # The ledger's folder is synced first, in the beginning; then come the results.
            nth = chance.randint(1, 4) if file == "fsync" else 1
            launch = {"place": file, "when": when, "nth": nth}
            return Instant(kind=kind, launch=launch, limit=chance.randint(1, progress))


def _event(chance: random.Random, progress: int, *, redials: bool) -> dict[str, Any]:
    after = redials and chance.random() < 0.4
    return _step(chance, progress, _delay(chance), among=SEEN_AFTER if after else SEEN)


def _step(
    chance: random.Random,
    progress: int,
    after_s: float,
    *,
    number: int = 9,
    among: tuple[str, ...] = ("asked", "sent"),
) -> dict[str, Any]:
    event = chance.choice(among)
    nth = chance.randint(1, progress)
    return {"event": event, "nth": nth, "after_s": after_s, "signal": number}


def _delay(chance: random.Random) -> float:
    return chance.choice((0.0, 0.0, 0.0002, 0.001, chance.uniform(0.0, 0.02)))


def _place(chance: random.Random, progress: int, *, follows: bool, redials: bool) -> dict[str, Any]:
    weights = (6, 2, 2 if follows else 0, 5 if redials else 0)
    group = chance.choices((_OFTEN, _SELDOM, _FOLLOWING, _AFTER), weights=weights)[0]
    place = chance.choice(group)
    times = {"commit": 2, "statement": 30, "wake": 2, "standing": 2}.get(place, 1)
    seldom = group is _SELDOM or place == "skipped"
    most = max(progress // 12, 1) if seldom else progress * times
    when = chance.choice(("before", "after"))
    return {"place": place, "when": when, "nth": chance.randint(1, most)}
