"""Every decision about one row of the sheet, each by itself: whether it lets the row be called.

The rules are those of a run, asked one at a time; what all of them together come to is the
ledger's preview of enrolling the row, so that it is what a run would do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from poku_batch.app.preparing import Prepared
from poku_batch.campaign import Campaign, described_caps, format_duration
from poku_batch.engine.compose import Composed
from poku_batch.engine.permits import CONTACT, PermitColumns, Permits, describe, hours_of
from poku_batch.models import (
    ContactRecord,
    ContactState,
    DuplicateRule,
    Enrolment,
    EnrolmentReport,
    Later,
    Never,
    SheetRow,
    WaitKind,
)
from poku_batch.policy.caller_ids import choose
from poku_batch.policy.hours import Bounds, Place, next_opening
from poku_batch.policy.redials import redial_rules
from poku_batch.progress.notes import local


class Says(StrEnum):
    """What a rule says of a row; ``note`` is worth knowing and decides nothing."""

    YES = "yes"
    LATER = "later"
    NO = "no"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """One decision; ``until`` is from when (aware UTC) where it says ``later``."""

    about: str
    says: Says
    why: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A row, and what is known of it.

    ``made`` is None where no request can be made of it. ``record`` is the ledger's of its contact;
    ``listed`` names the do-not-call list that its number is on. ``twins`` are other rows with its
    number or its key, the first few; ``alone`` is what enrolling the row alone would do, without
    what the row and the clock say; ``together`` that with its twins, or why they cannot be.
    """

    prepared: Prepared
    row: SheetRow
    plan: Enrolment
    now: datetime
    made: Composed | None
    record: ContactRecord | None
    listed: str | None
    twins: tuple[Enrolment, ...]
    alone: EnrolmentReport
    together: EnrolmentReport | str

    @property
    def campaign(self) -> Campaign:
        """The campaign that calls it."""
        return self.prepared.campaign

    def cell(self, position: int | None) -> str:
        """A cell of the row, stripped; empty where there is no such column."""
        return "" if position is None else self.row.cells[position].strip()


def rulings(subject: Subject) -> tuple[Ruling, ...]:
    """Ask every rule about a row, in the order in which a run does."""
    if subject.plan.to is None:
        return (_number(subject),)
    return (
        _number(subject),
        _key(subject),
        _ledger(subject),
        _duplicates(subject),
        _do_not_call(subject),
        _consent(subject),
        _own_time(subject),
        *_calling_hours(subject),
        _number_caps(subject),
        *_request(subject),
        _redials(subject),
    )


def _number(subject: Subject) -> Ruling:
    if subject.plan.to is None:
        return Ruling(about="number", says=Says.NO, why=subject.plan.skip_reason or "no number")
    at = subject.prepared.sheet.place(subject.row.row, subject.prepared.columns.phone)
    return Ruling(about="number", says=Says.YES, why=f"{subject.plan.to}, from {at}")


def _key(subject: Subject) -> Ruling:
    names = subject.prepared.columns.names
    if subject.plan.key is None:
        return Ruling(about="key", says=Says.NO, why=f"{' and '.join(names)} empty in this row")
    what = " and ".join(names) or "the number"
    return Ruling(about="key", says=Says.YES, why=f"{subject.plan.key!r} ({what})")


def _ledger(subject: Subject) -> Ruling:
    """What the ledger knows of the contact, and whether that lets it be called."""
    record = subject.record
    if record is None:
        return Ruling(about="ledger", says=Says.YES, why="not known to it: never called")
    told = _history(record)
    state = only_state(subject.alone)
    if state in {ContactState.PENDING, ContactState.SKIPPED}:
        wait = next(iter(subject.alone.counts.waits.items()), None)
        if wait is not None and wait[0] in {WaitKind.REDIAL, WaitKind.TURNED_AWAY}:
            until = wait[1].first_at
            why = f"{told}; due again at {local(until)}"
            return Ruling(about="ledger", says=Says.LATER, why=why, until=until)
        return Ruling(about="ledger", says=Says.YES, why=told)
    word = "is being called now" if state is ContactState.DIALING else "not called again by itself"
    return Ruling(about="ledger", says=Says.NO, why=f"{told}; {word}")


def _history(record: ContactRecord) -> str:
    """``done: completed after 1 attempt, the last at …``."""
    came = f": {record.outcome}" if record.outcome else f": {record.error}" if record.error else ""
    if not record.attempts:
        return f"{record.state}{came}, never called"
    times = "1 attempt" if record.attempts == 1 else f"{record.attempts} attempts"
    last = f", the last at {local(record.started_at)}" if record.started_at else ""
    return f"{record.state}{came} after {times}{last}"


def _duplicates(subject: Subject) -> Ruling:
    about = "duplicates"
    if isinstance(subject.together, str):
        return Ruling(about=about, says=Says.NO, why=f"the sheet is refused: {subject.together}")
    others = [twin.row for twin in subject.twins if twin.to == subject.plan.to]
    if not others:
        return Ruling(about=about, says=Says.YES, why="no other row has its number")
    skipped = skipped_because(subject.together, subject.row.row)
    if skipped is not None and skipped.startswith("same number"):
        return Ruling(about=about, says=Says.NO, why=f"{skipped} (contacts.duplicates: first)")
    rows = f"row {others[0]} has" if len(others) == 1 else f"rows {_listed(others)} have"
    rule = subject.campaign.contacts.duplicates
    whose = "each is called" if rule is DuplicateRule.ALL else "this one counts"
    why = f"{rows} the same number; {whose} (contacts.duplicates: {rule})"
    return Ruling(about=about, says=Says.YES, why=why)


def _do_not_call(subject: Subject) -> Ruling:
    about = "do not call"
    if subject.listed is not None:
        return Ruling(about=about, says=Says.NO, why=f"on the list: {subject.listed}")
    skipped = skipped_because(subject.alone, subject.row.row)
    if skipped is not None and skipped.startswith("forgotten"):
        return Ruling(about=about, says=Says.NO, why=skipped)
    lists = ["the folder's own list", *(path.name for path in subject.campaign.do_not_call)]
    return Ruling(about=about, says=Says.YES, why=f"not on {_and(lists)}")


def _consent(subject: Subject) -> Ruling:
    column = subject.prepared.permit_columns.consent
    if column is None:
        return Ruling(about="consent", says=Says.YES, why="not asked for (contacts.consent)")
    said = _judged(subject, PermitColumns(consent=column, names=subject.prepared.sheet.columns))
    if isinstance(said, Never):
        return Ruling(about="consent", says=Says.NO, why=said.why)
    at = subject.prepared.sheet.place(subject.row.row, column)
    return Ruling(about="consent", says=Says.YES, why=f"{subject.cell(column)!r} in {at}")


def _own_time(subject: Subject) -> Ruling:
    about = "row's time"
    columns = subject.prepared.permit_columns
    bounds = {
        name: subject.cell(at)
        for name, at in (("not before", columns.not_before), ("not after", columns.not_after))
    }
    told = ", ".join(f"{name} {value}" for name, value in bounds.items() if value)
    if not told:
        return Ruling(about=about, says=Says.YES, why="the row sets no bounds")
    said = _judged(subject, replace(columns, consent=None))
    match said:
        case Never():
            return Ruling(about=about, says=Says.NO, why=said.why)
        case Later():
            return Ruling(about=about, says=Says.LATER, why=told, until=said.until)
        case _:
            return Ruling(about=about, says=Says.YES, why=told)


def _judged(subject: Subject, columns: PermitColumns) -> object:
    """What these columns alone say, at any hour and on no list."""
    consent, hours = subject.campaign.contacts.consent, subject.campaign.calling_hours
    permits = Permits(
        hours=None,
        timezone=hours.timezone,
        default_timezone=hours.default_timezone,
        columns=columns,
        consent_values=consent.values if consent else (),
        listed=lambda _number: None,
    )
    return permits.judge(
        subject.row.cells, to=subject.plan.to or "", country=subject.plan.country, now=subject.now
    )


def _calling_hours(subject: Subject) -> Iterator[Ruling]:
    zones, source = _zones(subject)
    known = ", ".join(zones[:4]) + (f" and {len(zones) - 4} more" if len(zones) > 4 else "")
    yield Ruling(about="time zone", says=Says.NOTE, why=f"{known}, {source}" if zones else source)
    section = subject.campaign.calling_hours
    hours = hours_of(section)
    rule = describe(section)
    if hours is None:
        yield Ruling(about="calling hours", says=Says.YES, why=rule)
        return
    try:
        place = Place(zones=zones, country=subject.plan.country)
        opening = next_opening(hours, place, Bounds(), subject.now)
    except ZoneInfoNotFoundError:
        yield Ruling(about="calling hours", says=Says.NO, why="the time zone is not known here")
        return
    if opening is None:
        yield Ruling(about="calling hours", says=Says.NO, why=f"{rule}: never open")
    elif opening.opens_at <= subject.now:
        closes = _there_and_here(opening.closes_at, zones[0])
        yield Ruling(about="calling hours", says=Says.YES, why=f"open until {closes}; {rule}")
    else:
        opens = _there_and_here(opening.opens_at, zones[0])
        why = f"closed now, opens {opens}; {rule}"
        yield Ruling(about="calling hours", says=Says.LATER, why=why, until=opening.opens_at)


def _zones(subject: Subject) -> tuple[tuple[str, ...], str]:
    """Whose clock counts, as ``Permits`` takes it, and where that comes from."""
    from poku_batch.contacts.moments import read_zone
    from poku_batch.phone import zones_of

    hours = subject.campaign.calling_hours
    column = subject.prepared.permit_columns.timezone
    if hours.timezone != CONTACT:
        return (hours.timezone,), "by calling_hours.timezone"
    if subject.cell(column) and column is not None:
        place = subject.prepared.sheet.place(subject.row.row, column)
        try:
            return (read_zone(subject.cell(column)) or "",), f"from {place}"
        except ValueError as error:
            return (), f"{place}: {error}"
    if zones := zones_of(subject.plan.to or ""):
        return zones, "from the number"
    if hours.default_timezone:
        return (hours.default_timezone,), "by calling_hours.default_timezone"
    return (), "not known: neither the row nor the number tells it"


def _there_and_here(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%a %d %b %H:%M} in {zone} ({local(at)} here)"


def _number_caps(subject: Subject) -> Ruling:
    about = "caps"
    caps = subject.campaign.limits.per_number
    if not caps:
        return Ruling(about=about, says=Says.YES, why="none for a number (limits.per_number)")
    told = described_caps(caps)
    wait = subject.alone.counts.waits.get(WaitKind.NUMBER_CAP)
    if wait is None:
        return Ruling(about=about, says=Says.YES, why=f"within {told}")
    why = f"its number was called as often as {told} allows, until {local(wait.first_at)}"
    return Ruling(about=about, says=Says.LATER, why=why, until=wait.first_at)


def _request(subject: Subject) -> Iterator[Ruling]:
    """What the row makes of the call's values."""
    if subject.made is None:
        why = subject.plan.skip_reason or "it cannot be made"
        yield Ruling(about="request", says=Says.NO, why=why)
        return
    request = subject.made.request
    yield Ruling(about="caller ID", says=Says.NOTE, why=_caller_id(subject))
    yield Ruling(
        about="priority", says=Says.NOTE, why=f"{subject.made.priority} of 0 to 100, highest first"
    )
    language = request.language or "en-US, the API's own"
    yield Ruling(about="language", says=Says.NOTE, why=language)
    yield Ruling(about="voice", says=Says.NOTE, why=request.voice or "female, the API's own")


def _caller_id(subject: Subject) -> str:
    pool = subject.campaign.call.caller_ids
    if not pool:
        own = subject.made.request.from_ if subject.made else None
        return own or "your account's own number"
    number = chosen_from(pool, subject.plan, subject.record)
    kept = subject.record is not None and subject.record.last_from == number
    why = "which its last call came from" if kept else "by its key"
    return f"{number}, {why}, of {len(pool)} numbers"


def chosen_from(pool: Sequence[str], plan: Enrolment, record: ContactRecord | None) -> str:
    """The caller ID of a contact: that of its last call, else the one its key always leads to."""
    return choose(pool, key=plan.key or "", last=None if record is None else record.last_from)


def _redials(subject: Subject) -> Ruling:
    by_outcome = redial_rules(subject.campaign.redial).by_outcome
    if not by_outcome:
        return Ruling(about="redial", says=Says.NOTE, why="never, whatever comes of the call")
    told = [
        f"{outcome}: up to {rule.attempts} calls, after "
        f"{', '.join(map(format_duration, rule.after))}"
        for outcome, rule in by_outcome.items()
    ]
    return Ruling(about="redial", says=Says.NOTE, why="; ".join(told))


def only_state(report: EnrolmentReport) -> ContactState:
    """The state of the one row of a report."""
    return next(state for state, number in report.counts.states.items() if number)


def skipped_because(report: EnrolmentReport, row: int) -> str | None:
    """Why a row is skipped, by the first notes of a report; None where it is not."""
    return next((note.note for note in report.skipped if note.row == row), None)


def _listed(rows: Sequence[int]) -> str:
    shown = [str(row) for row in rows[:5]]
    more = len(rows) - len(shown)
    return _and([*shown, f"{more} more"] if more else shown)


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
