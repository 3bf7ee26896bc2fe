"""What looks wrong in a sheet, group by group, in words."""

from collections.abc import Callable, Iterator, Sequence

from rich.text import Text

from poku_batch.cli.terminal import out, printable
from poku_batch.inspection import Finding, Place, Severity, mending, title
from poku_batch.progress.words import one_line

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow"}
_HEADINGS = {
    Severity.ERROR: "Errors: such rows are not called, or would be called wrongly",
    Severity.WARNING: "Warnings: such rows are called, but look at them",
}

Placing = Callable[[int, int], str]


def print_findings(findings: Sequence[Finding], columns: Sequence[str], place: Placing) -> None:
    """Tell all findings, errors first; colours at a terminal alone."""
    for severity in Severity:
        groups = [finding for finding in findings if finding.severity is severity]
        if not groups:
            continue
        _say("")
        _say(_HEADINGS[severity], style=_STYLES[severity])
        for finding in groups:
            for line, style in _lines(finding, columns, place):
                _say(line, style=style)


def _lines(finding: Finding, columns: Sequence[str], place: Placing) -> Iterator[tuple[str, str]]:
    cells = "1 cell" if finding.count == 1 else f"{finding.count:,} cells"
    detail = f"; {one_line(finding.detail)}" if finding.detail else ""
    column = one_line(columns[finding.position])
    yield f"  {column}: {title(finding.kind)} ({cells}{detail})", "bold"
    cells_at = [place(each.row, each.position) for each in finding.places]
    width = max(map(len, cells_at), default=0)
    for at, each in zip(cells_at, finding.places, strict=True):
        yield f"    {one_line(at):<{width}}  {_cell(each)}", ""
    more = finding.count - len(finding.places)
    if more > 0 and finding.places:
        yield f"    … and {more:,} more", "dim"
    yield f"    To mend: {mending(finding.kind)}", "dim"


def _cell(place: Place) -> str:
    """The cell, what it should be, and what its kind does not say of it."""
    note = place.note
    parts = [_quoted(place.cell) if place.cell else "(empty)"]
    if note.repair is not None:
        parts.append(f"{'→' if note.sure else '→ perhaps'} {_quoted(note.repair)}")
    if note.detail:
        parts.append(f"({one_line(note.detail, limit=120)})")
    return "  ".join(parts)


def _quoted(cell: str) -> str:
    """The cell in quotes; what cannot be seen is written as its code."""
    return repr(cell if len(cell) <= 60 else f"{cell[:59]}…")


def _say(text: str, *, style: str = "") -> None:
    out.print(Text(printable(text), style=style), soft_wrap=True)
