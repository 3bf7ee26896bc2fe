"""What ``check`` found, in words."""

from itertools import chain

from rich.text import Text

from poku_batch.app.checking import CheckReport, Looked
from poku_batch.campaign import Campaign
from poku_batch.cli.asking import called_before_text, caller_id
from poku_batch.cli.findings import print_findings
from poku_batch.cli.fixing import fixed_lines
from poku_batch.cli.planned import run_lines
from poku_batch.cli.rules import rule_lines
from poku_batch.cli.sheets import instead_text, sheet_name
from poku_batch.cli.terminal import out, say
from poku_batch.models import ContactState, RowNote
from poku_batch.progress.words import ignored_corrections_text, one_line

#: How many rows are named where many are meant.
_ROWS_NAMED = 10
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def print_check(looked: Looked, campaign: Campaign) -> None:
    """Tell how the sheet was read, what is wrong with which rows, and what a run would do."""
    found = looked.report
    if found is not None:
        for line in chain(_sheet_lines(found, campaign), rule_lines(campaign)):
            say(out, line)
    print_findings(looked.findings, looked.columns, looked.place)
    if found is not None:
        nothing = (
            []
            if looked.findings or found.report.skipped
            else ["", "Nothing looks wrong with the cells."]
        )
        lines = chain(nothing, _row_lines(found), run_lines(found.report, found.forecast))
        for line in lines:
            say(out, line)
    for line in fixed_lines(looked.fixed, looked, campaign) if looked.fixed else ():
        say(out, line)


def check_text(looked: Looked, campaign: Campaign) -> str:
    """What ``print_check`` prints, as plain text."""
    with out.capture() as captured:
        print_check(looked, campaign)
    return Text.from_ansi(captured.get()).plain


def _sheet_lines(found: CheckReport, campaign: Campaign) -> list[str]:
    source = campaign.contacts.file
    how = [] if source.path is None else [source.path.suffix.lstrip(".")]
    if found.worksheet is not None:
        how.append(_worksheet_words(found))
    if found.encoding is not None:
        how.append(found.encoding)
    if found.delimiter is not None:
        how.append(f"separated by {_DELIMITERS.get(found.delimiter, found.delimiter)}")
    if found.header_row != 1:
        how.append(f"header in row {found.header_row}")
    key = " and ".join(found.key_columns) or f"the number ({found.phone_column})"
    lines = [
        f"campaign  {campaign.identity}",
        f"sheet     {instead_text(campaign) or sheet_name(source)} ({', '.join(how)})",
        f"rows      {found.report.counts.total:,}, columns: {', '.join(found.columns)}",
        f"number    {found.phone_column}, key: {key}",
        f"from      {caller_id(campaign)}, {campaign.limits.slots:,} at once",
    ]
    if found.rule_columns:
        lines.append(f"by row    {', '.join(map(one_line, found.rule_columns))}")
    return lines


def _worksheet_words(found: CheckReport) -> str:
    name = f'worksheet "{one_line(found.worksheet or "")}"'
    others = len(found.worksheets) - 1
    return f"{name} of {len(found.worksheets)}" if others > 0 else name


def _row_lines(found: CheckReport) -> list[str]:
    """Rows that are skipped for other reasons than errors, and people who are not called again."""
    report = found.report
    skipped = [note for note in report.skipped if note.row not in found.rows_with_errors]
    lines = [""] if skipped else []
    lines += [_note_line("skipped", note) for note in skipped]
    more = report.counts.of(ContactState.SKIPPED) - len(report.skipped)
    if more > 0 and skipped:
        lines.append(f"… and {more:,} more rows skipped")
    if found.left_out:
        first = found.left_out[:_ROWS_NAMED]
        lines += ["", ignored_corrections_text(first, len(found.left_out))]
    if report.called_before:
        lines += ["", called_before_text(report.called_before)]
        lines += [_note_line("not again", note) for note in report.called_before_rows]
    return lines


def _note_line(word: str, note: RowNote) -> str:
    return f"{word}   row {note.row}: {one_line(note.note, limit=160)}"
