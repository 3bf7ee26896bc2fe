"""Where a report goes: a place that can take it without harm."""

import os
from collections.abc import Iterable
from pathlib import Path

from poku_batch.errors import ResultsError
from poku_batch.results import check_place

ENDINGS = (".html", ".htm")


def default_report(output: Path) -> Path:
    """Where the report beside a results file goes: ``clinic.csv`` → ``clinic.report.html``.

    The results of a rehearsal have a name of their own, and so has its report.
    """
    return output.with_name(f"{output.stem}.report.html")


def check_report(path: Path, *, others: Iterable[Path]) -> None:
    """Raise ``ResultsError`` if the report cannot be written there.

    ``others`` are files that it must not take the place of: the campaign's own, and its results.
    """
    if path.suffix.lower() not in ENDINGS:
        raise ResultsError(f"{path}: a report is written as .html; name such a file")
    check_place(path)
    for other in others:
        if os.path.realpath(path) == os.path.realpath(other):
            raise ResultsError(f"{path}: is {other}, which is not a report; name another file")
