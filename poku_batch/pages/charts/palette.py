"""The colours of charts. Each stands for a custom property of the style, which has its dark twin.

Charts are drawn in the colours of light pages, so that a drawing is right by itself; ``style.css``
gives each of them the property's colour.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from poku_batch.policy.reached import UNWILLING, is_reached

INK = "#4a5867"
LINE = "#e3e7ec"
AXIS = "#a8b2bc"

REACHED = "#009e73"
NOT_REACHED = "#9ccbec"
UNKNOWN = "#a83a78"

#: From nothing to the most.
HEAT = ("#e6eaee", "#d6e6f3", "#a4c9e6", "#63a2d2", "#2272b0", "#0a3f6b")

#: Shades of who was reached, of who did not want it, and of who was not reached.
_REACHED = ("#00694d", REACHED, "#5cc5a4", "#a9e0cd")
_UNWILLING = ("#d55e00", "#f0a25f", "#f7cfa6")
_QUIET = ("#0b5fa6", "#4b9ad4", NOT_REACHED, "#cfe4f4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shade:
    """A colour, and the outcomes that share it; ``name`` is what a legend says."""

    name: str
    colour: str
    outcomes: frozenset[str]

    def of(self, calls: Mapping[str, int]) -> int:
        """How many of some calls by outcome have this colour."""
        return sum(calls.get(word, 0) for word in self.outcomes)


def shades(outcomes: Mapping[str, int]) -> tuple[Shade, ...]:
    """Give outcomes (with how many calls they have) their colours, in the order of a stack.

    Who was reached comes first, what is unknown last; within a family the most frequent first.
    Where a family has more outcomes than shades, the rarest share the last one.
    """
    ordered = sorted(outcomes, key=lambda word: (-outcomes[word], word))
    known = [word for word in ordered if word != "unknown"]
    return (
        *_family(
            [word for word in known if is_reached(word) and word not in UNWILLING],
            _REACHED,
            "other, reached",
        ),
        *_family([word for word in known if word in UNWILLING], _UNWILLING, "other, unwilling"),
        *_family([word for word in known if not is_reached(word)], _QUIET, "other, not reached"),
        *_family([word for word in ordered if word == "unknown"], (UNKNOWN,), "unknown"),
    )


def _family(words: list[str], colours: tuple[str, ...], other: str) -> Iterable[Shade]:
    alone = words if len(words) <= len(colours) else words[: len(colours) - 1]
    for word, colour in zip(alone, colours, strict=False):
        yield Shade(name=word.replace("_", " "), colour=colour, outcomes=frozenset({word}))
    if rest := words[len(alone) :]:
        yield Shade(name=other, colour=colours[-1], outcomes=frozenset(rest))
