"""What ``init`` has written, in words."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from poku_batch.app.starting import Look, Started
from poku_batch.cli.terminal import out, say, shown
from poku_batch.drafting.settling import Settled
from poku_batch.progress.words import one_line


def print_started(started: Started, found: Settled, look: Look) -> None:
    """Tell what was written, what was assumed, and what to do next."""
    for line in _lines(started, found, look):
        say(out, line)


def _lines(started: Started, found: Settled, look: Look) -> Iterator[str]:
    yield "Written:"
    yield f"  {shown(started.campaign)}: who is called, and how"
    yield f"  {shown(started.prompt)}: what the assistant is told for each row"
    yield "    Read it, and add what the assistant must know: it knows nothing else."
    if started.sample is not None:
        yield f"  {shown(started.sample)}: a sheet of invented people, to be replaced by yours"
    notes = [*look.notes, *_worksheet_notes(look), *found.notes]
    if notes:
        yield ""
        yield "Found in the sheet, and taken so; the campaign file is the place to change it:"
        for note in notes:
            yield f"  - {one_line(note, limit=400)}"
    yield ""
    yield "Next, none of which calls anybody:"
    campaign = _typed(started.campaign)
    yield f"  poku-batch check {campaign}"
    yield f"  poku-batch preview {campaign}"
    yield f"  poku-batch run {campaign} --simulate"


def _worksheet_notes(look: Look) -> list[str]:
    worksheet = look.sheet.worksheet
    return [] if worksheet is None else [f"The worksheet is {worksheet}."]


def _typed(path: Path) -> str:
    return shlex.quote(shown(path))
