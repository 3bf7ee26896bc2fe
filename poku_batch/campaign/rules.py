"""Who may be called, when, how often and for how much: the rules of a campaign file."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from poku_batch.campaign.amounts import Money, Share
from poku_batch.campaign.durations import format_duration, parse_duration
from poku_batch.campaign.fields import (
    Duration,
    Slug,
    between,
    nearest,
    one_of,
    one_or_many,
    quoted,
    without_repeats,
    worded,
)
from poku_batch.campaign.moments import (
    Date,
    Days,
    Holidays,
    Window,
    Windows,
    WindowsByDay,
    Zone,
    ZoneOrContact,
)
from poku_batch.campaign.section import Section
from poku_batch.models import Outcome

#: Poku's price in its public dashboard's source, April 2026: 5 credits a started minute, a credit
#: 2.5 US cents.
POKU_PER_MINUTE = Decimal("0.125")

#: A held request stays open up to 10 minutes, says the API's later text; the earlier one says 5.
POKU_LONGEST_CALL = timedelta(minutes=10)

#: 47 CFR 64.1200(c)(1): no call before 8 a.m. or after 9 p.m. local time at the called party.
DEFAULT_WINDOW = Window(start=8 * 60, end=21 * 60)

_FOR_GOOD = (Outcome.DO_NOT_CALL, Outcome.WRONG_NUMBER, Outcome.INVALID_NUMBER)

_Wait = Annotated[Duration, between("1s", "90d")]
_Calls = Annotated[int, Field(ge=1, le=100_000)]


def _each_span_once(value: object) -> object:
    """Refuse ``1d`` beside ``24h``: the later one would silently take the other's place."""
    seen: set[timedelta] = set()
    for name in value if isinstance(value, Mapping) else ():
        try:
            span = parse_duration(name)
        except ValueError:
            continue
        if span in seen:
            raise worded(f"{format_duration(span)} stands twice", None, (name,))
        seen.add(span)
    return value


class Limits(Section):
    """How much at once, in all, and how often for one number."""

    concurrency: int = Field(
        default=10, ge=1, le=10_000, description="How many calls may go on at the same time."
    )
    reserve: int = Field(
        default=0,
        ge=0,
        le=9_999,
        description="How many of the concurrency are left to others, such as incoming calls.",
    )
    calls_per_minute: float | None = Field(
        default=None,
        gt=0,
        le=600_000,
        allow_inf_nan=False,
        description="How many calls are begun a minute at the most, evenly. Default: no limit.",
    )
    ramp_up: Annotated[Duration, between("0s", "1d")] = Field(
        default=timedelta(),
        description="How long after its start a run takes to reach its full pace. Default: none.",
    )
    max_calls: int | None = Field(
        default=None,
        ge=1,
        description="How many calls one run begins at the most. Default: no limit.",
    )
    budget: Money | None = Field(
        default=None,
        description="What the campaign's calls may cost in all its runs, by pricing. Calls in "
        "flight count as long as they can get, so that it is not overrun. Default: no limit.",
    )
    per_number: Annotated[
        Mapping[Annotated[Duration, between("1m", "366d")], _Calls],
        BeforeValidator(_each_span_once),
    ] = Field(
        default_factory=dict,
        description="How many calls one number gets at the most within a length of time, by all "
        "campaigns of the folder: {1d: 3, 7d: 7}. Default: no limit.",
    )
    per_caller_id: int | None = Field(
        default=None,
        ge=1,
        description="How many calls are made within 24 hours from one number of call.from, where "
        "that is a list. Default: no limit.",
    )

    @property
    def slots(self) -> int:
        """How many calls a run has going at the same time, at the most."""
        return self.concurrency - self.reserve

    @model_validator(mode="after")
    def _something_is_left(self) -> Self:
        if self.reserve >= self.concurrency:
            raise worded(
                f"{self.reserve} of {self.concurrency} leaves none to call with",
                "make it smaller than concurrency",
                ("reserve",),
            )
        return self


class Pricing(Section):
    """What calls cost, for the budget."""

    per_minute: Money = Field(
        default=POKU_PER_MINUTE,
        description="The price of a started minute. Default: Poku's 5 credits of 2.5 US cents "
        "(its public dashboard's source, April 2026).",
    )
    currency: Annotated[str, Field(min_length=1, max_length=8)] = Field(
        default="USD", description="The price's currency, for display alone."
    )
    longest_call: Annotated[Duration, between("1m", "1d")] = Field(
        default=POKU_LONGEST_CALL,
        description="How long a call can get: what the budget sets aside for a call in flight.",
    )
    typical_call: Annotated[Duration, between("1s", "1d")] = Field(
        default=timedelta(minutes=2),
        description="How long a call usually takes: what is expected of the time and the cost of "
        "a run until twenty calls of the folder have ended; then theirs counts.",
    )


class RedialRule(Section):
    """How one outcome is redialled; what is not said is as for the others."""

    attempts: int | None = Field(
        default=None, ge=1, le=50, description="Calls in all, the first included."
    )
    after: Annotated[tuple[_Wait, ...], one_or_many(_Wait)] | None = Field(
        default=None, description="The waits between them."
    )


def _may_be_redialled(outcome: str) -> str:
    if outcome in _FOR_GOOD:
        raise worded(f"{outcome} is for good: nobody is called again for it")
    return outcome


RedialOutcome = Annotated[
    Slug,
    AfterValidator(_may_be_redialled),
    Field(json_schema_extra={"not": {"enum": list(_FOR_GOOD)}}),
]


class Redial(Section):
    """Who is called again because of what came of the call."""

    outcomes: Annotated[
        tuple[RedialOutcome, ...], one_or_many(RedialOutcome), AfterValidator(without_repeats)
    ] = Field(
        default=(),
        description="The outcomes after which a contact is called again, such as no_answer, busy "
        "and voicemail. Default: none.",
    )
    attempts: int = Field(
        default=3, ge=1, le=50, description="Calls to a contact in all, the first included."
    )
    after: Annotated[tuple[_Wait, ...], one_or_many(_Wait)] = Field(
        default=(timedelta(minutes=30), timedelta(hours=4)),
        description="How long after the first call the second is due, after the second the third, "
        "and so on; the last one holds for all that follow.",
    )
    jitter: Share = Field(
        default=0.1,
        description="By what share of it a wait may be longer, by chance, so that those who were "
        "called together are not redialled together.",
    )
    by_outcome: Mapping[RedialOutcome, RedialRule] = Field(
        default_factory=dict,
        description="Other attempts and waits for single outcomes: {busy: {attempts: 5, after: "
        "[5m]}}. Such an outcome is redialled whether it is in outcomes or not.",
    )


def calling_hours_short(value: object) -> object:
    """Read ``always`` as a section."""
    if not isinstance(value, str):
        return value
    if value != "always":
        raise worded(
            f"{quoted(value)} is not the word always, and no hours",
            nearest(value, {"always": "always"}) or 'such as between: ["09:00", "20:00"]',
        )
    return {"always": "true"}


_Calendars = Annotated[tuple[Holidays, ...], one_or_many(Holidays)]


class CallingHours(Section):
    """When contacts may be called, by the clock where they are."""

    always: Annotated[bool, BeforeValidator(one_of("true", "false"))] = Field(
        default=False, description="At any time: calling hours are switched off."
    )
    days: Days = Field(
        default=(0, 1, 2, 3, 4, 5, 6),
        description="Days of the week: mon, tue … or mon-fri.",
        json_schema_extra={"default": "daily"},
    )
    between: Windows = Field(
        default=(DEFAULT_WINDOW,),
        description='The hours of those days: ["09:00", "20:00"], or several such spans.',
        json_schema_extra={"default": ["08:00", "21:00"]},
    )
    by_day: WindowsByDay = Field(
        default_factory=dict,
        description='Other hours for single days: {sat: ["10:00", "14:00"], sun: []}.',
    )
    timezone: ZoneOrContact = Field(
        default="contact",
        description="Whose clock counts: contact, or one IANA zone for everybody.",
    )
    default_timezone: Zone | None = Field(
        default=None,
        description="The zone of contacts whose own cannot be told. Without it they are skipped.",
    )
    holidays: Annotated[
        tuple[Holidays, ...], one_or_many(Holidays), AfterValidator(without_repeats)
    ] = Field(
        default=(),
        description="Countries (US, DE-BY) whose public holidays are without calls; contact "
        "stands for the country of each number.",
    )
    not_on: Annotated[tuple[Date, ...], one_or_many(Date)] = Field(
        default=(), description="Other days without calls, as 2026-12-24."
    )

    @model_validator(mode="after")
    def _some_hour_is_left(self) -> Self:
        if self.always:
            if self.model_fields_set - {"always"}:
                raise worded("always leaves no room for other keys", "remove one or the other")
            return self
        if not any(self.windows_of(day) for day in range(7)):
            raise worded("no hour of the week is left to call in")
        return self

    def windows_of(self, day: int) -> tuple[Window, ...]:
        """The spans of a day of the week, 0 for Monday."""
        if day in self.by_day:
            return self.by_day[day]
        return self.between if day in self.days else ()


def breaker_short(value: object) -> object:
    """Read ``off`` as a section."""
    if isinstance(value, bool):
        return {"enabled": value}
    if not isinstance(value, str):
        return value
    one_of("on", "off", "true", "false")(value)
    return {"enabled": "true" if value in {"on", "true"} else "false"}


def _can_be_passed(value: float) -> float:
    if value >= 1:
        raise worded(
            "no more than all of them can fail, so it would never pause",
            "make it smaller, or write circuit_breaker: off",
        )
    return value


class CircuitBreaker(Section):
    """When a run pauses because too many calls go wrong."""

    enabled: Annotated[bool, BeforeValidator(one_of("true", "false"))] = Field(
        default=True, description="Whether there is one; circuit_breaker: off says the same."
    )
    last: int = Field(
        default=20, ge=2, le=10_000, description="Of how many of the last placements it judges."
    )
    share: Annotated[Share, AfterValidator(_can_be_passed)] = Field(
        default=0.5,
        description="The run pauses when more than this share of them failed or are unknown.",
    )
    cool_down: Annotated[Duration, between("1s", "1d")] = Field(
        default=timedelta(minutes=5),
        description="How long it pauses, before one call finds out whether the trouble is over.",
    )
    trips: int = Field(
        default=3, ge=1, le=100, description="After so many pauses in a row the run stops."
    )


def described_caps(caps: Mapping[timedelta, int]) -> str:
    """Say ``limits.per_number`` in words."""
    return ", ".join(
        f"{calls:,} in {format_duration(within)}" for within, calls in sorted(caps.items())
    )
