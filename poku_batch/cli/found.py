"""What ``check`` and ``preview`` found, in words."""

from itertools import chain

from poku_batch.app.checking import CheckReport
from poku_batch.campaign import Campaign
from poku_batch.cli.asking import called_before_text, caller_id
from poku_batch.cli.planned import run_lines
from poku_batch.cli.rules import rule_lines
from poku_batch.cli.terminal import out, say, shown
from poku_batch.models import ContactState, RowNote
from poku_batch.progress.words import one_line

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def print_check(found: CheckReport, campaign: Campaign) -> None:
    """Tell how the sheet was read, what is wrong with which rows, and what a run would do."""
    for line in chain(
        _sheet_lines(found, campaign),
        rule_lines(campaign),
        _row_lines(found),
        run_lines(found.report),
    ):
        say(out, line)


def _sheet_lines(found: CheckReport, campaign: Campaign) -> list[str]:
    source = campaign.contacts.file
    how = [] if source.path is None else [source.path.suffix.lstrip(".")]
    if found.encoding is not None:
        how.append(found.encoding)
    if found.delimiter is not None:
        how.append(f"separated by {_DELIMITERS.get(found.delimiter, found.delimiter)}")
    key = " and ".join(found.key_columns) or f"the number ({found.phone_column})"
    lines = [
        f"campaign  {campaign.identity}",
        f"sheet     {shown(source.path) if source.path else source} ({', '.join(how)})",
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
