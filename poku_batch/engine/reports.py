"""What taking one contact to its end came to, for the rules that watch over a run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReport:
    """One contact, its slot given back.

    ``begun``: it was called, or has its end without; not begun is one that is pending or skipped
    as if nothing had happened. ``rang`` is None where a phone may have rung, or the call's end is
    not known. ``bad`` says that the call failed or is unknown, and is None where there is nothing
    to judge; ``what`` came of it, in a few words. ``duration_s`` is from placement to end.
    """

    row: int
    what: str = ""
    begun: bool = False
    rang: bool | None = False
    bad: bool | None = None
    duration_s: float = 0.0
