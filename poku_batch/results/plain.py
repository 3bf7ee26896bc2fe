"""Results as text, straight from the ledger's values: for a million rows in little time.

What is written is, byte for byte, what ``TextTable`` writes of ``results_frame``: a batch at a
time, a column at a time, with the care that a cell needs taken only where its column has some that
need it.
"""

import csv
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from poku_batch.models import PlainRecord
from poku_batch.results.layout import Layout
from poku_batch.results.outside import FORMULA_STARTS, UNFIT, clean, without_formula

_FORMULA_STARTS = frozenset(FORMULA_STARTS)
#: What stands between two cells in the ledger's JSON.
_BETWEEN = '","'

#: A time as text is put together of these.
_MOMENT = np.dtype([("day", "S10"), ("minute", "S7"), ("second", "S3"), ("millisecond", "S4")])
_MINUTES = np.array([f"T{at // 60:02}:{at % 60:02}:" for at in range(1_440)], dtype="S7")
_SECONDS = np.array([f"{at:02}." for at in range(60)], dtype="S3")
_MILLISECONDS = np.array([f"{at:03}Z" for at in range(1_000)], dtype="S4")


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
        _lines(cells, columns, delimiter) if columns else None,
        state,
        outside(outcome),
        outside(summary),
        outside(url),
        outside(call),
        map(str, attempts),
        _quoted(numbers, delimiter, "".join(numbers)),
        _moments(started),
        _moments(ended),
        _seconds(started, ended),
        outside(error),
    ]
    filled = [values for values in lists if values is not None]
    return "\r\n".join(map(delimiter.join, zip(*filled, strict=True))) + "\r\n"


def _lines(stored: Sequence[str], columns: int, delimiter: str) -> Sequence[str]:
    """The lines of rows' cells, from their JSON."""
    rows, text = len(stored), "\n".join(stored)
    # Without an escape, all quotes are JSON's own, and all line ends those between the rows.
    if "\\" not in text:
        text = text[2:-2].replace('"]\n["', "\n").replace(_BETWEEN, delimiter)
        if text.count(delimiter) == (columns - 1) * rows:
            return text.split("\n")
    return list(map(partial(_line, delimiter=delimiter), stored))


def _line(stored: str, *, delimiter: str) -> str:
    """The line of one row's cells, from their JSON."""
    if "\\" not in stored:
        return delimiter.join(_delimited(stored[2:-2].split(_BETWEEN), delimiter))
    cells = json.loads(stored)
    return delimiter.join(_quoted(cells, delimiter, "".join(cells)))


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
        return _delimited(texts, delimiter)
    return [
        '"' + text.replace('"', '""') + '"' if any(mark in text for mark in marks) else text
        for text in texts
    ]


def _delimited(texts: Sequence[str], delimiter: str) -> Sequence[str]:
    """As ``_quoted`` gives texts without quotes and line ends."""
    return [f'"{text}"' if delimiter in text else text for text in texts]


def _moments(stored: Sequence[int | None]) -> Sequence[str]:
    """Stored times as ISO 8601, UTC, to the millisecond; nothing where they are not known."""
    unknown = None in stored
    known = [at for at in stored if at is not None] if unknown else stored
    if not known:
        return [""] * len(stored)
    days, of_day = np.divmod(np.array(known, dtype=np.int64) // 1_000, 86_400_000)
    minutes, of_minute = np.divmod(of_day, 60_000)
    seconds, milliseconds = np.divmod(of_minute, 1_000)
    found, places = np.unique(days, return_inverse=True)
    parts = np.empty(len(known), dtype=_MOMENT)
    parts["day"] = np.datetime_as_string(found.astype("datetime64[D]")).astype("S10")[places]
    parts["minute"] = _MINUTES[minutes]
    parts["second"] = _SECONDS[seconds]
    parts["millisecond"] = _MILLISECONDS[milliseconds]
    joined, width = parts.tobytes().decode("ascii"), _MOMENT.itemsize
    texts = [joined[at : at + width] for at in range(0, len(joined), width)]
    if unknown:
        each = iter(texts)
        return ["" if at is None else next(each) for at in stored]
    return texts


def _seconds(started: Sequence[int | None], ended: Sequence[int | None]) -> Sequence[str]:
    """How long calls took; nothing where that is not known, or the clock was set back."""
    return [
        ""
        if begun is None or over is None or over < begun
        else "%.3f" % ((over - begun) / 1_000_000)
        for begun, over in zip(started, ended, strict=True)
    ]
