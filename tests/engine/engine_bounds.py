"""The rules of a campaign, for the engine's tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from poku_batch.models import Cap
from poku_batch.policy.hours import Hours
from poku_batch.policy.redials import RedialRules
from poku_batch.policy.spending import Budget
from poku_batch.ports import SummaryReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The rules of a campaign that bound whom a run calls, how fast, and for how much."""

    hours: Hours | None = None
    timezone_column: int | None = None
    listed: Callable[[str], str | None] = lambda _number: None
    redials: RedialRules = field(default_factory=lambda: RedialRules(by_outcome={}))
    outcomes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    calls_per_minute: float | None = None
    ramp_up_s: float = 0.0
    breaker: tuple[int, float, float, int] | None = None
    budget: Budget | None = None
    number_caps: tuple[Cap, ...] = ()
    pool: tuple[str, ...] = ()
    calls_a_day: int | None = None
    until: datetime | None = None
    reader: SummaryReader | None = None
