"""The delimiter of a text file, told by how evenly it cuts a sample into cells."""

import csv
import io
from dataclasses import dataclass
from typing import TextIO

#: Candidates; of two that fit alike, the earlier wins.
_CANDIDATES = (",", ";", "\t", "|")
_SAMPLE = 64 * 1024


#: How many rows below the header's place a table is looked for.
_LOOKED_BELOW = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    text: str
    is_whole: bool


def detect_delimiter(stream: TextIO, *, header_row: int = 1) -> str:
    """Return the candidate that cuts the header in two or more and most rows into as many.

    Delimiters and line ends inside quotes do not count, nor do rows above the header. A file of one
    column gives a comma.
    """
    return _best(_widths_by_mark(_sample(stream, header_row)), header_row - 1) or ","


def delimiter_below(stream: TextIO, *, header_row: int = 1) -> str | None:
    """Return the delimiter of a table that begins a few rows below its header's place, if any."""
    widths = _widths_by_mark(_sample(stream, header_row))
    starts = range(header_row - 1, header_row - 1 + _LOOKED_BELOW)
    return next((mark for start in starts if (mark := _best(widths, start)) is not None), None)


def _sample(stream: TextIO, header_row: int) -> _Sample:
    above = "".join(stream.readline(_SAMPLE) for _ in range(header_row - 1))
    text = above + stream.read(_SAMPLE)
    return _Sample(text=text, is_whole=not stream.read(1))


#: For strict and lenient reading each: the widths of the sample's rows by delimiter.
_Widths = tuple[dict[str, list[int]], ...]


def _widths_by_mark(sample: _Sample) -> _Widths:
    return tuple(
        {mark: _widths(sample, mark, strict=strict) for mark in _CANDIDATES}
        for strict in (True, False)
    )


def _best(by_strictness: _Widths, start: int) -> str | None:
    """Return the mark that fits best a table whose header is the row at ``start``, from 0."""
    for by_mark in by_strictness:
        scored = [(_score(widths[start:]), mark) for mark, widths in by_mark.items()]
        best = max((score for score, _ in scored if score is not None), default=None)
        if best is not None:
            return next(mark for score, mark in scored if score == best)
    return None


def _score(rows: list[int]) -> tuple[float, int] | None:
    """Return the share of rows as wide as the header, and that width; None if it does not fit.

    Blank rows, of width 0, do not count.
    """
    widths = [width for width in rows if width]
    if not widths or widths[0] < 2:
        return None
    return sum(width == widths[0] for width in widths) / len(widths), widths[0]


def _widths(sample: _Sample, delimiter: str, *, strict: bool) -> list[int]:
    """Count the cells of the sample's rows, 0 for blank ones; one that is cut off is left out.

    ``strict`` rejects text behind a closing quote, which the wrong delimiter leaves there.
    """
    widths: list[int] = []
    reader = csv.reader(io.StringIO(sample.text, newline=""), delimiter=delimiter, strict=strict)
    try:
        widths.extend(len(cells) if any(cells) else 0 for cells in reader)
    except csv.Error as error:
        if sample.is_whole or "unexpected end" not in str(error):
            return []
        return widths
    return widths if sample.is_whole or len(widths) < 2 else widths[:-1]
