"""How a campaign stands, as a table by state and outcome."""

from rich.table import Table
from rich.text import Text

from poku_batch.models import ContactState, Counts, WaitKind
from poku_batch.progress.notes import local
from poku_batch.progress.words import one_line

#: What pending contacts wait for, in a word or two.
WAIT_WORDS = {
    WaitKind.REDIAL: "redial",
    WaitKind.TURNED_AWAY: "turned away by the API",
    WaitKind.CALLING_HOURS: "outside calling hours",
    WaitKind.NOT_BEFORE: "not before the row's time",
    WaitKind.NUMBER_CAP: "number called often enough",
    WaitKind.CALLER_ID_CAP: "caller ID used often enough",
}

_STYLES = {
    ContactState.PENDING: "default",
    ContactState.DIALING: "cyan",
    ContactState.DONE: "green",
    ContactState.FAILED: "red",
    ContactState.SKIPPED: "dim",
    ContactState.UNKNOWN: "bold magenta",
}


def counts_table(counts: Counts) -> Table:
    """One row per state that has contacts, and below it the outcomes or reasons behind it."""
    table = Table(show_edge=False, pad_edge=False, box=None, header_style="dim")
    # On a narrow terminal words are wrapped, and no figure is cut.
    table.add_column("contacts", overflow="fold")
    table.add_column("", justify="right", no_wrap=True)
    for state in ContactState:
        if counts.of(state):
            style = _STYLES[state]
            table.add_row(Text(state, style=style), Text(f"{counts.of(state):,}", style=style))
            _add_details(table, state, counts)
    table.add_row(Text("all", style="bold"), Text(f"{counts.total:,}", style="bold"))
    return table


def _add_details(table: Table, state: ContactState, counts: Counts) -> None:
    if state is ContactState.PENDING:
        _add_waits(table, counts)
    details = {
        ContactState.DONE: counts.outcomes,
        ContactState.FAILED: counts.failures,
        ContactState.SKIPPED: counts.skip_reasons,
    }.get(state, {})
    for word, number in sorted(details.items(), key=lambda item: (-item[1], item[0])):
        table.add_row(Text(f"  {one_line(word, limit=60)}", style="dim"), Text(f"{number:,}"))


def _add_waits(table: Table, counts: Counts) -> None:
    """Below the pending ones: how many may be called now, and what the others wait for."""
    if not counts.waits:
        return
    if counts.due:
        table.add_row(Text("  due now", style="dim"), Text(f"{counts.due:,}"))
    for kind, wait in sorted(counts.waits.items(), key=lambda item: item[1].first_at):
        word = f"  {WAIT_WORDS[WaitKind(kind)]}, from {local(wait.first_at)}"
        table.add_row(Text(word, style="dim"), Text(f"{wait.contacts:,}"))
