"""What ``check`` and ``preview`` found, in words."""

import json
from itertools import chain

from poku_batch.app.checking import CheckReport, Preview
from poku_batch.campaign import Campaign
from poku_batch.cli.asking import called_before_text, caller_id, later_lines
from poku_batch.cli.rules import rule_lines
from poku_batch.cli.terminal import out, say, shown
from poku_batch.models import CallRequest, ContactState, RowNote
from poku_batch.progress.notes import local
from poku_batch.progress.words import one_line

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def print_check(found: CheckReport, campaign: Campaign) -> None:
    """Tell how the sheet was read, what is wrong with which rows, and what a run would do."""
    for line in chain(
        _sheet_lines(found, campaign),
        rule_lines(campaign),
        _row_lines(found),
        _run_lines(found),
    ):
        say(out, line)


def print_preview(found: Preview) -> None:
    """Show a row's request as JSON, then its prompt as the agent reads it."""
    say(out, f"row {found.row.row}, key {one_line(found.key or 'none')}", style="bold")
    if found.request is None:
        say(out, f"would not be called: {found.reason}")
        return
    if found.later is not None:
        until = local(found.later.until)
        say(out, f"would be called from {until}: {one_line(found.later.why, limit=200)}")
    say(out, json.dumps(_fields(found.request), indent=2))
    out.print()
    say(out, found.request.prompt)


def _fields(request: CallRequest) -> dict[str, str]:
    fields = {
        "to": request.to,
        "from": request.from_,
        "transferTo": request.transfer_to,
        "language": request.language,
        "voice": request.voice,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _sheet_lines(found: CheckReport, campaign: Campaign) -> list[str]:
    how = [campaign.contacts.file.suffix.lstrip(".")]
    if found.encoding is not None:
        how.append(found.encoding)
    if found.delimiter is not None:
        how.append(f"separated by {_DELIMITERS.get(found.delimiter, found.delimiter)}")
    key = " and ".join(found.key_columns) or f"the number ({found.phone_column})"
    lines = [
        f"campaign  {campaign.identity}",
        f"sheet     {shown(campaign.contacts.file)} ({', '.join(how)})",
        f"rows      {found.report.counts.total:,}, columns: {', '.join(found.columns)}",
        f"number    {found.phone_column}, key: {key}",
        f"from      {caller_id(campaign)}, {campaign.limits.slots:,} at once",
    ]
    if found.rule_columns:
        lines.append(f"by row    {', '.join(map(one_line, found.rule_columns))}")
    return lines


def _row_lines(found: CheckReport) -> list[str]:
    report = found.report
    lines = [""] if report.skipped else []
    lines += [_note_line("skipped", note) for note in report.skipped]
    more = report.counts.of(ContactState.SKIPPED) - len(report.skipped)
    if more > 0 and report.skipped:
        lines.append(f"… and {more:,} more rows skipped")
    if report.called_before:
        lines += ["", called_before_text(report.called_before)]
        lines += [_note_line("not again", note) for note in report.called_before_rows]
    return lines


def _note_line(word: str, note: RowNote) -> str:
    return f"{word}   row {note.row}: {one_line(note.note, limit=160)}"


def _run_lines(found: CheckReport) -> list[str]:
    report = found.report
    counts = report.counts
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
    lines = ["", f"A run would now {', '.join(parts)}.", *later_lines(counts)]
    if counts.countries:
        by_number = sorted(counts.countries.items(), key=lambda item: (-item[1], item[0]))
        where = ", ".join(f"{code or 'no country'} {number:,}" for code, number in by_number[:12])
        lines.append(f"To call by country: {where}")
    if report.gone:
        gone = "1 contact" if report.gone == 1 else f"{report.gone:,} contacts"
        are = "is" if report.gone == 1 else "are"
        lines.append(f"{gone} of earlier sheets {are} no longer in this one: not called.")
    return lines
