"""Results as text, straight from the ledger's values: for a million rows in little time.

What is written is, byte for byte, what ``TextTable`` writes of ``results_frame``: a batch at a
time, a column at a time, with the care that a cell needs taken only where its column has some that
need it.
"""

import csv
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from poku_batch.models import PlainRecord
from poku_batch.results.layout import Layout
from poku_batch.results.outside import FORMULA_STARTS, UNFIT, clean, without_formula

_FORMULA_STARTS = frozenset(FORMULA_STARTS)


class PlainTable:
    """CSV or TSV as ``TextTable`` writes it, of rows as ``Ledger.plain_records`` gives them."""

    def __init__(self, path: Path, layout: Layout, *, columns: int, delimiter: str) -> None:
        """Begin a file with the header of a layout, of which the first ``columns`` are cells."""
        self._columns = columns
        self._delimiter = delimiter
        self._file = path.open("w", encoding="utf-8", newline="")
        writer = csv.writer(self._file, delimiter=delimiter, lineterminator="\r\n")
        writer.writerow([column.name for column in layout])

    def write(self, records: Sequence[PlainRecord]) -> None:
        """Add rows."""
        self._file.write(text_of(records, columns=self._columns, delimiter=self._delimiter))

    def close(self) -> None:
        """Complete the file."""
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file."""
        self._file.close()


def text_of(records: Sequence[PlainRecord], *, columns: int, delimiter: str) -> str:
    """Rows as lines of text, each with its line end; of a sheet with so many columns."""
    if not records:
        return ""
    _, cells, state, outcome, summary, url, call, attempts, to, started, ended, error = zip(
        *records, strict=True
    )
    outside = partial(_outside, delimiter=delimiter)
    numbers = [number or "" for number in to]
    lists = [
        list(map(_line_of(columns, delimiter), cells)) if columns else None,
        state,
        outside(outcome),
        outside(summary),
        outside(url),
        outside(call),
        map(str, attempts),
        _quoted(numbers, delimiter, "".join(numbers)),
        _moments(started),
        _moments(ended),
        map(_seconds, started, ended),
        outside(error),
    ]
    filled = [values for values in lists if values is not None]
    return "\r\n".join(map(delimiter.join, zip(*filled, strict=True))) + "\r\n"


def _line_of(columns: int, delimiter: str) -> Callable[[str], str]:
    """What makes the line of a row's cells from their JSON."""
    quotes, between = 2 * columns, '","'

    def line(stored: str) -> str:
        # Without an escape, all quotes are JSON's own where there are no more than these.
        if stored.count('"') == quotes and "\\" not in stored:
            text = stored[2:-2].replace(between, delimiter)
            if text.count(delimiter) == columns - 1:
                return text
        cells = json.loads(stored)
        return delimiter.join(_quoted(cells, delimiter, "".join(cells)))

    return line


def _outside(texts: Sequence[str | None], *, delimiter: str) -> Sequence[str]:
    """A column of text from outside: cleaned, without formulas, quoted where it has to be."""
    known: Sequence[str] = [text or "" for text in texts]
    joined = "".join(known)
    # What is printable holds no control character, and no half of a surrogate pair.
    if not joined.isprintable() and UNFIT.search(joined):
        known = [clean(text) or "" for text in known]
    if not _FORMULA_STARTS.isdisjoint({text[:1] for text in known}):
        known = [str(without_formula(text)) for text in known]
    return _quoted(known, delimiter, joined)


def _quoted(texts: Sequence[str], delimiter: str, joined: str) -> Sequence[str]:
    """Texts as cells of a text file: those in quotes that a reader would take for something else.

    ``joined`` is all of them at once, or more.
    """
    marks = [mark for mark in (delimiter, '"', "\r", "\n") if mark in joined]
    if not marks:
        return texts
    if len(marks) == 1 and marks[0] == delimiter:
        return [f'"{text}"' if delimiter in text else text for text in texts]
    return [
        '"' + text.replace('"', '""') + '"' if any(mark in text for mark in marks) else text
        for text in texts
    ]


def _moments(stored: Sequence[int | None]) -> Sequence[str]:
    """Stored times as ISO 8601, UTC, to the millisecond; nothing where they are not known."""
    unknown = None in stored
    known = [0 if at is None else at for at in stored] if unknown else stored
    moments = np.array(known, dtype="datetime64[us]").astype("datetime64[ms]")
    texts: list[str] = np.datetime_as_string(moments, timezone="UTC").tolist()
    if unknown:
        return ["" if at is None else text for at, text in zip(stored, texts, strict=True)]
    return texts


def _seconds(started: int | None, ended: int | None) -> str:
    if started is None or ended is None or ended < started:
        return ""
    return f"{(ended - started) / 1_000_000:.3f}"
