"""What a campaign's calls came to, added up: exact, however many there are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsWithin:
    """Calls with one outcome that were placed within a step of time that begins ``at`` (aware UTC).

    ``outcome`` is what results say of the call: a person's word where one decided it, and
    ``unknown`` where nobody said.
    """

    at: datetime
    outcome: str
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalHour:
    """Calls placed on a weekday (0 is Monday) within an hour (0 to 23) of the contacts' clocks."""

    weekday: int
    hour: int
    calls: int
    reached: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptStep:
    """Contacts ``called`` by the attempt of this number, and those of them whom it reached first.

    ``reached`` counts a contact once, at the first of its calls in which it was talked to.
    """

    attempt: int
    called: int
    reached: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthBand:
    """Ended calls of ``least_s`` up to, not including, ``most_s`` seconds; None for no end."""

    least_s: int
    most_s: int | None
    calls: int
    reached: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignStatistics:
    """A campaign's calls in all its runs, contacts that have left the sheet included.

    ``calls`` ended or are unknown; ``called`` counts the contacts they were made to, ``reached``
    those of them who were talked to. ``minutes`` are started minutes of ended calls, ``first_at``
    and ``last_at`` the times of the first and last placement (aware UTC; None without any).
    ``outcomes`` counts the calls, the most frequent first; so does ``over_time``, by steps of
    ``step``: minutes where all calls were placed within hours, an hour at the most.
    """

    calls: int = 0
    called: int = 0
    reached: int = 0
    minutes: int = 0
    seconds: float = 0.0
    first_at: datetime | None = None
    last_at: datetime | None = None
    outcomes: Mapping[str, int] = field(default_factory=dict)
    step: timedelta = timedelta(hours=1)
    over_time: tuple[CallsWithin, ...] = ()
    by_attempt: tuple[AttemptStep, ...] = ()
    by_length: tuple[LengthBand, ...] = ()
