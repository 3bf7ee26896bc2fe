"""May a contact be called now: the rules of a campaign, asked with a row of its sheet.

Asked when the sheet is enrolled and again at the moment of dialling. What is not certain is a no:
a cell that cannot be read, a zone that is not known. May be asked from several threads at a time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfoNotFoundError

from poku_batch.campaign import DAYS, CallingHours
from poku_batch.models import Admission, Go, Moment, Never, Permission
from poku_batch.phone import zones_of
from poku_batch.policy.calendars import holiday_calendar
from poku_batch.policy.hours import (
    ALWAYS,
    Bounds,
    Hours,
    Opening,
    Place,
    Span,
    described,
    next_opening,
)
from poku_batch.policy.permissions import permission_at

#: Stands for each contact's own zone in ``calling_hours.timezone``.
CONTACT = "contact"

#: How many openings are remembered: one for each set of zones, country and bounds of a row.
_REMEMBERED = 10_000

#: Cells that come to more characters are not remembered.
_LONGEST = 200

#: How long it is taken for granted that there is no opening within the next 400 days.
_NONE_FOR = timedelta(days=1)

#: The group of rows that may be called at any time, or never.
_ANY_TIME = 0

_GO = Go()

#: The most other groups: all places beyond share the last one's number, and are told apart no more.
MOST_GROUPS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PermitColumns:
    """Where a row's own rules stand: indexes of columns, from 0; None where there is no column.

    ``names`` are the names of all the sheet's columns, for reasons.
    """

    timezone: int | None = None
    not_before: int | None = None
    not_after: int | None = None
    consent: int | None = None
    names: tuple[str, ...] = ()

    @property
    def used(self) -> tuple[str, ...]:
        """The names of the columns that there are."""
        found = (self.timezone, self.not_before, self.not_after, self.consent)
        return tuple(self.names[column] for column in found if column is not None)

    def name(self, column: int) -> str:
        """What a reason calls a column."""
        return f"column {self.names[column] if self.names else column + 1!r}"


class _Asked(NamedTuple):
    """All of a row that the clock's answer depends on: its stripped cells, or where there are none.

    ``zones`` are those of the number, where they count.
    """

    before: str
    after: str
    own_zone: str
    zones: tuple[str, ...]
    country: str | None


class Permits:
    """Judges rows by do-not-call lists, consent, and the clock where the contact is."""

    def __init__(
        self,
        *,
        hours: Hours | None,
        timezone: str = CONTACT,
        default_timezone: str | None = None,
        columns: PermitColumns,
        consent_values: tuple[str, ...] = (),
        listed: Callable[[str], str | None],
    ) -> None:
        """Take the rules of a campaign.

        ``hours`` None: calling hours are switched off. ``timezone`` is ``contact``, or the zone
        whose clock counts for everybody; ``default_timezone`` that of contacts whose own cannot be
        told. ``listed`` names the list that a number (E.164) must not be called by, or None.
        """
        self._hours = hours
        self._timezone = timezone
        self._default_timezone = default_timezone
        self._columns = columns
        self._consent_values = frozenset(value.strip().casefold() for value in consent_values)
        self._listed = listed
        self._openings: dict[tuple[Place, Bounds], tuple[datetime, Opening | None]] = {}
        self._groups: dict[tuple[Place, Bounds], int] = {}
        self._places: list[tuple[Place, Bounds]] = []
        # Whatever a row says, it may be called at any time.
        self._no_clock = hours is None and columns.not_before is None and columns.not_after is None
        self._planned: dict[_Asked, tuple[Permission, int]] = {}
        self._planned_at: datetime | None = None

    def judge(
        self, cells: Sequence[str], *, to: str, country: str | None, now: datetime
    ) -> Permission:
        """Say whether a row may be called at ``now`` (aware UTC), from when, or why never.

        ``cells`` are the row's, in the order of the sheet's columns; ``country`` is the number's.
        """
        refused = self._refused(cells, to)
        return refused or self._judged(self._where(self._asked(cells, to, country)), now)

    def judge_planned(
        self, cells: Sequence[str], *, to: str, country: str | None, now: datetime
    ) -> tuple[Permission, int]:
        """As ``judge``, and the number of the row's group: those with the same openings.

        Is not for several threads at a time.
        """
        if refused := self._refused(cells, to):
            return refused, _ANY_TIME
        if self._no_clock:
            return _GO, _ANY_TIME
        if now != self._planned_at or len(self._planned) >= _REMEMBERED:
            self._planned_at = now
            self._planned.clear()
        asked = self._asked(cells, to, country)
        known = self._planned.get(asked)
        if known is None:
            known = self._plan(asked, now)
            if len(asked.before) + len(asked.after) + len(asked.own_zone) <= _LONGEST:
                self._planned[asked] = known
        return known

    def _plan(self, asked: _Asked, now: datetime) -> tuple[Permission, int]:
        where = self._where(asked)
        permission = self._judged(where, now)
        if where is None or isinstance(where, Never) or isinstance(permission, Never):
            return permission, _ANY_TIME
        return permission, self._group(where)

    def next_opening(self, group: int, at: datetime) -> Opening | None:
        """Find when the rows of a group may be called, at or after an instant (aware)."""
        if group == _ANY_TIME:
            return Opening(opens_at=at, closes_at=datetime.max.replace(tzinfo=UTC))
        place, bounds = self._places[group - 1]
        return next_opening(self._hours or ALWAYS, place, bounds, at)

    def _group(self, where: tuple[Place, Bounds]) -> int:
        if len(self._places) < MOST_GROUPS and where not in self._groups:
            self._places.append(where)
            self._groups[where] = len(self._places)
        return self._groups.get(where, MOST_GROUPS)

    def _refused(self, cells: Sequence[str], to: str) -> Never | None:
        """Say why a row is never called, whatever the clock says."""
        source = self._listed(to)
        if source is not None:
            return Never(why=f"on the do-not-call list: {source}")
        refusal = self._no_consent(cells)
        return Never(why=refusal) if refusal else None

    def _asked(self, cells: Sequence[str], to: str, country: str | None) -> _Asked:
        """What the clock is asked with, as the row has it."""
        before, after, own = (
            "" if column is None else cells[column].strip()
            for column in (
                self._columns.not_before,
                self._columns.not_after,
                self._columns.timezone,
            )
        )
        if self._timezone != CONTACT:
            own = ""  # the row's own zone does not count
        # The number's zones matter where nothing goes before them, and there is a clock to ask.
        needed = self._timezone == CONTACT and not own and (self._hours or before or after)
        zones = zones_of(to) if needed else ()
        return _Asked(before, after, own, zones, country or None)

    def _where(self, asked: _Asked) -> tuple[Place, Bounds] | Never | None:
        """Say what the clock is asked about a row; None where it may be called at any time."""
        try:
            bounds = Bounds(
                not_before=self._moment(asked.before, self._columns.not_before),
                not_after=self._moment(asked.after, self._columns.not_after),
            )
            if self._hours is None and bounds == Bounds():
                return None
            return Place(zones=self._zones(asked), country=asked.country), bounds
        except ValueError as error:
            return Never(why=str(error))

    def _judged(self, where: tuple[Place, Bounds] | Never | None, now: datetime) -> Permission:
        if where is None:
            return Go()
        if isinstance(where, Never):
            return where
        place, bounds = where
        try:
            return permission_at(now, self._hours or ALWAYS, place, bounds, self._opening)
        except ZoneInfoNotFoundError:
            return Never(why=f"{' or '.join(place.zones)} is not a time zone that is known here")

    def judge_admitted(self, admission: Admission, *, now: datetime) -> Permission:
        """As ``judge``, of a contact that the ledger has handed over."""
        return self.judge(
            admission.cells, to=admission.to, country=admission.country or None, now=now
        )

    def _no_consent(self, cells: Sequence[str]) -> str | None:
        column = self._columns.consent
        if column is None or cells[column].strip().casefold() in self._consent_values:
            return None
        cell = cells[column].strip()
        return f"no consent: {_shown(cell)} in {self._columns.name(column)}"

    def _moment(self, cell: str, column: int | None) -> Moment | None:
        if column is None or not cell:
            return None
        # The package brings pandas along, which is there already where a sheet is open.
        from poku_batch.contacts.moments import read_moment

        try:
            return read_moment(cell)
        except ValueError as error:
            name = self._columns.name(column)
            raise ValueError(f"time in {name}: {error}") from None

    def _zones(self, asked: _Asked) -> tuple[str, ...]:
        """Whose clock counts: the campaign's, the row's, the number's, the campaign's default."""
        if self._timezone != CONTACT:
            return (self._timezone,)
        zones = self._own_zone(asked.own_zone) or asked.zones
        if zones:
            return zones
        if self._default_timezone:
            return (self._default_timezone,)
        return ("UTC",) if self._hours is None else ()

    def _own_zone(self, cell: str) -> tuple[str, ...]:
        column = self._columns.timezone
        if column is None or not cell:
            return ()
        from poku_batch.contacts.moments import read_zone

        try:
            zone = read_zone(cell)
        except ValueError as error:
            name = self._columns.name(column)
            raise ValueError(f"time zone in {name}: {error}") from None
        return (zone,) if zone else ()

    def _opening(self, hours: Hours, place: Place, bounds: Bounds, at: datetime) -> Opening | None:
        """Find the next opening, or the one going on, and remember it for those who are there."""
        known = self._openings.get((place, bounds))
        if known is not None:
            asked_at, opening = known
            if asked_at <= at < (opening.closes_at if opening else asked_at + _NONE_FOR):
                return opening
        opening = next_opening(hours, place, bounds, at)
        if len(self._openings) >= _REMEMBERED:
            self._openings.clear()
        self._openings[place, bounds] = (at, opening)
        return opening


def hours_of(section: CallingHours) -> Hours | None:
    """Give the calling hours of a campaign as the rules take them; None: switched off."""
    if section.always:
        return None
    return Hours(
        week=tuple(_spans(section, day) for day in range(7)),
        not_on=frozenset(section.not_on),
        holiday=holiday_calendar(section.holidays),
    )


def describe(section: CallingHours) -> str:
    """Say a campaign's calling hours in a line: ``09:00–20:00 mon–fri, where the contact is``."""
    if section.always:
        return "at any time: calling hours are switched off"
    by_spans: dict[tuple[Span, ...], list[int]] = {}
    for day in range(7):
        by_spans.setdefault(_spans(section, day), []).append(day)
    parts = [f"{described(spans)} {_days(days)}" for spans, days in by_spans.items() if spans]
    parts.append(_whose_clock(section))
    if section.holidays:
        places = ["the contact's country" if p == CONTACT else p for p in section.holidays]
        parts.append(f"not on public holidays of {' and '.join(places)}")
    if section.not_on:
        parts.append(f"not on {', '.join(map(str, sorted(section.not_on)))}")
    if not section.model_fields_set:
        parts[-1] += " (the default; 47 CFR 64.1200(c)(1))"
    return ", ".join(parts)


def _whose_clock(section: CallingHours) -> str:
    if section.timezone != CONTACT:
        return f"in {section.timezone}"
    default = section.default_timezone
    return "where the contact is" + (f" ({default} where that is unknown)" if default else "")


def _spans(section: CallingHours, day: int) -> tuple[Span, ...]:
    return tuple((window.start, window.end) for window in section.windows_of(day))


def _days(days: Sequence[int]) -> str:
    if len(days) == 7:
        return "every day"
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{DAYS[days[0]]}–{DAYS[days[-1]]}"
    return " ".join(DAYS[day] for day in days)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")
