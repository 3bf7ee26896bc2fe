"""The delimiter of a text file, told by how evenly it cuts a sample into cells."""

import csv
import io
from dataclasses import dataclass
from typing import TextIO

#: Candidates; of two that fit alike, the earlier wins.
_CANDIDATES = (",", ";", "\t", "|")
_SAMPLE = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    text: str
    is_whole: bool


def detect_delimiter(stream: TextIO) -> str:
    """Return the candidate that cuts the header in two or more and most rows into as many.

    Delimiters and line ends inside quotes do not count. A file of one column gives a comma.
    """
    text = stream.read(_SAMPLE)
    sample = _Sample(text=text, is_whole=not stream.read(1))
    for strict in (True, False):
        scored = [(_score(sample, mark, strict=strict), mark) for mark in _CANDIDATES]
        best = max((score for score, _ in scored if score is not None), default=None)
        if best is not None:
            return next(mark for score, mark in scored if score == best)
    return ","


def _score(sample: _Sample, delimiter: str, *, strict: bool) -> tuple[float, int] | None:
    """Return the share of rows as wide as the header, and that width; None if it does not fit.

    ``strict`` rejects text behind a closing quote, which the wrong delimiter leaves there.
    """
    widths = _widths(sample, delimiter, strict=strict)
    if not widths or widths[0] < 2:
        return None
    return sum(width == widths[0] for width in widths) / len(widths), widths[0]


def _widths(sample: _Sample, delimiter: str, *, strict: bool) -> list[int]:
    """Count the cells of the sample's rows; the last may be cut off and is left out then."""
    widths: list[int] = []
    reader = csv.reader(io.StringIO(sample.text, newline=""), delimiter=delimiter, strict=strict)
    try:
        widths.extend(len(cells) for cells in reader if any(cells))
    except csv.Error as error:
        if sample.is_whole or "unexpected end" not in str(error):
            return []
        return widths
    return widths if sample.is_whole or len(widths) < 2 else widths[:-1]
