"""Shares of a whole, as a person writes them: ``confirmed=0.6,no_answer=0.4``.

A share is a number from 0 to 1; what the shares leave of 1 belongs to nobody.
"""

import difflib
import math
from collections.abc import Sequence
from enum import StrEnum
from typing import TypeVar

from poku_batch.errors import UsageError

Kind = TypeVar("Kind", bound=StrEnum)

#: Rounding of ten shares of 0.1 must not make them more than the whole.
_SLACK = 1e-9


def parse_shares(text: str, kinds: type[Kind], *, what: str) -> tuple[tuple[Kind, float], ...]:
    """Read ``kind=share,…`` in the order written; blank text is no share at all.

    ``what`` names the kinds in errors ("fault", "outcome"). Raises ``UsageError`` for an unknown
    kind, one given twice, or a share that is not a number from 0 to 1.
    """
    shares: dict[Kind, float] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, equals, number = (part.strip() for part in item.partition("="))
        kind = _kind(name, kinds, what)
        if not equals:
            raise UsageError(f"{what} {name!r} has no share: write {name}=0.1 for one in ten")
        if kind in shares:
            raise UsageError(f"{what} {name!r} is given twice: keep one of them")
        shares[kind] = _share(number, f"{what} {name!r}")
    return tuple(shares.items())


def check_whole(shares: Sequence[tuple[StrEnum, float]], *, what: str) -> None:
    """Raise ``UsageError`` where the shares are more than the whole."""
    total = math.fsum(share for _, share in shares)
    if total > 1 + _SLACK:
        raise UsageError(f"the {what} add up to {total:g}: they must not pass 1")


def pick(shares: Sequence[tuple[Kind, float]], draw: float) -> Kind | None:
    """Say whose share ``draw`` (from 0, below 1) falls into; None for what is left of 1."""
    edge = 0.0
    for kind, share in shares:
        edge += share
        if draw < edge:
            return kind
    return None


def _kind(name: str, kinds: type[Kind], what: str) -> Kind:
    try:
        return kinds(name)
    except ValueError:
        known = [kind.value for kind in kinds]
        near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
        raise UsageError(f"unknown {what} {name!r}: {hint}") from None


def _share(number: str, where: str) -> float:
    try:
        share = float(number)
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise UsageError(f"{where}: {number!r} is not a share: write a number from 0 to 1")
    return share
