"""What a run would do, in words and as JSON: what is new, who is called, what it would come to."""

from datetime import datetime, timedelta
from typing import Any

from poku_batch.models import ContactState, Counts, EnrolmentReport, RowNote, WaitKind
from poku_batch.policy.day_caps import DayCap
from poku_batch.policy.flow import ForecastEnd
from poku_batch.policy.forecast import Forecast
from poku_batch.progress import WAIT_WORDS
from poku_batch.progress.notes import local
from poku_batch.progress.words import one_line, span

#: How many rows that may be called again are told one by one.
_REOPENED = 5

#: Likewise of rows whose number was called under another key.
_OTHER_KEY = 3

_SINCE, _EXPECTED, _BELOW = "since last time  ", "expected         ", " " * 17


def run_lines(report: EnrolmentReport, forecast: Forecast) -> list[str]:
    """What a run would do now, what is new since the last one, and what it would come to."""
    counts = report.counts
    lines = ["", _now_text(counts), *later_lines(counts, forecast.redials_from)]
    if counts.countries:
        by_number = sorted(counts.countries.items(), key=lambda item: (-item[1], item[0]))
        where = ", ".join(f"{code or 'no country'} {number:,}" for code, number in by_number[:12])
        lines.append(f"To call by country: {where}")
    return [*lines, *change_lines(report, forecast), *expected_lines(forecast)]


def _now_text(counts: Counts) -> str:
    later = counts.of(ContactState.PENDING) - counts.due
    parts = [f"call {counts.due:,}"]
    if later:
        parts.append(f"call {later:,} later")
    parts.append(f"skip {counts.of(ContactState.SKIPPED):,}")
    parts += [
        f"{word} {counts.of(state):,}"
        for state, word in (
            (ContactState.DIALING, "follow"),
            (ContactState.DONE, "leave done"),
            (ContactState.FAILED, "leave failed"),
            (ContactState.UNKNOWN, "leave unknown"),
        )
        if counts.of(state)
    ]
    return f"A run would now {', '.join(parts)}."


def later_lines(counts: Counts, redials_from: datetime | None = None) -> list[str]:
    """Who of the pending ones is called later, and from when; nothing where nobody is.

    ``redials_from`` is when the first redial can really be called, if that is later than its due
    time.
    """
    if not counts.waits:
        return []
    starts = {kind: wait.first_at for kind, wait in counts.waits.items()}
    if redials_from is not None and WaitKind.REDIAL in starts:
        starts[WaitKind.REDIAL] = max(starts[WaitKind.REDIAL], redials_from)
    now = [f"now {counts.due:,}"] if counts.due else ["nobody now"]
    later = [
        f"{counts.waits[kind].contacts:,} from {local(start)} ({WAIT_WORDS[WaitKind(kind)]})"
        for kind, start in sorted(starts.items(), key=lambda item: item[1])
    ]
    return [f"Of these: {'; '.join([*now, *later])}"]


# --- since last time ---------------------------------------------------------------------------


def change_lines(report: EnrolmentReport, forecast: Forecast) -> list[str]:
    """What the sheet and the last run changed, and who may be called again, and why.

    Nothing where the campaign was never run: then everything is new.
    """
    if not report.known and not report.gone:
        return []
    lines = [f"{_SINCE}{', '.join(_changes(report, forecast))}"]
    lines += [f"{_BELOW}{_reopened_text(note)}" for note in report.reopened_rows[:_REOPENED]]
    more = report.reopened - _REOPENED
    if more > 0:
        lines.append(f"{_BELOW}… and {more:,} more to be called again")
    lines += [f"{_BELOW}{_reopened_text(note)}" for note in report.other_key_rows[:_OTHER_KEY]]
    if report.other_key > _OTHER_KEY:
        lines.append(f"{_BELOW}… and {report.other_key - _OTHER_KEY:,} more such rows")
    if report.gone:
        are = "is" if report.gone == 1 else "are"
        gone = f"{_contacts(report.gone)} of earlier sheets {are} no longer in this one: not called"
        lines.append(f"{_BELOW}{gone}")
    return lines


def _changes(report: EnrolmentReport, forecast: Forecast) -> list[str]:
    counts = report.counts
    numbers = (
        (report.new, f"new{_other_key_text(report)}"),
        (report.changed, "changed"),
        (report.reopened, "to be called again"),
        (report.waiting, "still to be called"),
    )
    words = [f"{number:,} {word}" for number, word in numbers if number]
    if not report.new and not report.changed and not report.reopened:
        words.insert(0, "nothing new")
    if report.redials:
        words.append(_redials_text(report, forecast))
    states = (
        (ContactState.DIALING, "in a call"),
        (ContactState.DONE, "done"),
        (ContactState.FAILED, "failed"),
        (ContactState.UNKNOWN, "unknown"),
        (ContactState.SKIPPED, "never"),
    )
    return words + [f"{counts.of(state):,} {word}" for state, word in states if counts.of(state)]


def _other_key_text(report: EnrolmentReport) -> str:
    if not report.other_key:
        return ""
    of_them = "" if report.other_key == report.new else f"{report.other_key:,} of them "
    return f" ({of_them}with a number that was called before, under another key)"


def _redials_text(report: EnrolmentReport, forecast: Forecast) -> str:
    number = "1 redial" if report.redials == 1 else f"{report.redials:,} redials"
    if report.redials_due == report.redials:
        return f"{number} (due now)"
    when = f"{report.redials_due:,} due now" if report.redials_due else "none due yet"
    if forecast.redials_from is not None:
        when += f"; the next from {local(forecast.redials_from)}"
    return f"{number} ({when})"


def _reopened_text(note: RowNote) -> str:
    return f"row {note.row}: {one_line(note.note, limit=200)}"


# --- what it would come to ---------------------------------------------------------------------


def expected_lines(forecast: Forecast) -> list[str]:
    """How many calls, minutes and money a run would come to, when it would end and by what."""
    lines = [f"{_EXPECTED}{_expected_text(forecast)}"]
    if forecast.calls:
        lines.append(f"{_BELOW}{_basis_text(forecast)}")
    if forecast.day_cap is not None:
        lines.append(f"{_BELOW}{_day_cap_text(forecast.day_cap)}")
    if forecast.too_late:
        lines.append(
            f"{_BELOW}{_contacts(forecast.too_late)} would not be reached before the row's own "
            "time is over (not_after): more calls at once would help"
        )
    return lines


def _day_cap_text(cap: DayCap) -> str:
    now = "none now" if not cap.left else f"{cap.left:,} of them now"
    again = "" if cap.renewed_at is None else f", more from {local(cap.renewed_at)}"
    calls = "1 call" if cap.a_day == 1 else f"{cap.a_day:,} calls"
    return f"limits.per_caller_id allows for {calls} a day, {now}{again}"


def _expected_text(forecast: Forecast) -> str:
    if not forecast.calls:
        return _no_calls_text(forecast)
    redials = f" ({forecast.redials:,} of them redials)" if forecast.redials else ""
    calls = "1 call" if forecast.calls == 1 else f"{forecast.calls:,} calls"
    minutes = "1 minute" if forecast.minutes == 1 else f"{forecast.minutes:,} minutes"
    figures = f"about {calls}{redials}, {minutes}, {_money(forecast)}"
    return f"{figures}; {_end_text(forecast)}"


def _no_calls_text(forecast: Forecast) -> str:
    left = _contacts(forecast.left)
    match forecast.end:
        case ForecastEnd.BUDGET:
            return (
                "no call: limits.budget has no room for one that lasts as long as calls can; "
                f"{left} left"
            )
        case ForecastEnd.DUE_LATER:
            return f"no call: {left} due later, and --no-wait waits for nobody"
        case ForecastEnd.UNTIL:
            return f"no call: nobody of {left} is due before --until"
        case ForecastEnd.HORIZON:
            return f"no call within 400 days; {left} left"
        case _:
            return "no call: nobody is left to call"


def _end_text(forecast: Forecast) -> str:
    left = f"{forecast.left:,} left"
    if forecast.ends_at is None:
        return f"no end within 400 days, with {left}"
    end = _about(forecast.ends_at)
    match forecast.end:
        case ForecastEnd.LIMIT:
            return f"would end {end} by {forecast.limit_why}, with {left}"
        case ForecastEnd.BUDGET:
            return f"would end {end} by limits.budget, with {left}"
        case ForecastEnd.UNTIL:
            return f"would end {end} by --until, with {left}"
        case ForecastEnd.DUE_LATER:
            return f"would end {end} by --no-wait, with {left}"
        case _:
            return f"would end {end}"


def _about(moment: datetime) -> str:
    """A time that is known to the minute at best, by this machine's clock."""
    try:
        nearest = (moment + timedelta(seconds=30)).replace(second=0, microsecond=0)
    except OverflowError:
        nearest = moment
    return local(nearest).removesuffix(":00")


def _basis_text(forecast: Forecast) -> str:
    """What the figures rest on."""
    call = forecast.call
    each = span(timedelta(seconds=call.seconds))
    if call.calls:
        basis = f"as the last {call.calls:,} calls here: {each} each"
    else:
        basis = f"by pricing.typical_call: {each} each"
    if forecast.redials is None:
        basis += "; without redials: too few calls have ended to tell"
    return basis


def _contacts(number: int) -> str:
    return "1 contact" if number == 1 else f"{number:,} contacts"


def _money(forecast: Forecast) -> str:
    return f"{forecast.cost:,.2f} {one_line(forecast.currency)}"


# --- as JSON -----------------------------------------------------------------------------------


def plan_json(report: EnrolmentReport, forecast: Forecast) -> dict[str, Any]:
    """What a run would do, as ``--json`` gives it: money as text, times in ISO 8601."""
    return {
        "since_last_time": {
            "known": report.known,
            "new": report.new,
            "other_key": report.other_key,
            "changed": report.changed,
            "called_again": report.reopened,
            "waiting": report.waiting,
            "redials": report.redials,
            "redials_due": report.redials_due,
            "called_before": report.called_before,
            "gone": report.gone,
        },
        "called_again_rows": [
            {"row": note.row, "key": note.key, "why": note.note} for note in report.reopened_rows
        ],
        "expected": {
            "calls": forecast.calls,
            "redials": forecast.redials,
            "minutes": forecast.minutes,
            "cost": str(forecast.cost),
            "currency": forecast.currency,
            "starts_at": _iso(forecast.starts_at),
            "ends_at": _iso(forecast.ends_at),
            "ended_by": str(forecast.end),
            "left": forecast.left,
            "too_late": forecast.too_late,
            "day_cap": _day_cap_json(forecast.day_cap),
            "redials_from": _iso(forecast.redials_from),
            "call_s": round(forecast.call.seconds, 1),
            "based_on_calls": forecast.call.calls,
        },
    }


def _day_cap_json(cap: DayCap | None) -> dict[str, Any] | None:
    if cap is None:
        return None
    return {"a_day": cap.a_day, "left": cap.left, "renewed_at": _iso(cap.renewed_at)}


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
