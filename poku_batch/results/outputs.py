"""Where results go: endings that are known, and places that can take them without harm."""

import difflib
import os
from collections.abc import Sequence
from pathlib import Path

from poku_batch.errors import ResultsError
from poku_batch.results.columns import CALL_COLUMNS
from poku_batch.results.failures import writing

ENDINGS = (".csv", ".tsv", ".xlsx", ".parquet")
#: Rows and columns of an XLSX worksheet. Source: ECMA-376, and Excel's specifications and limits.
XLSX_ROWS = 1_048_576
XLSX_COLUMNS = 16_384


def check_outputs(
    paths: Sequence[Path],
    *,
    input_file: Path | None,
    rows: int | None = None,
    columns: int | None = None,
    fields: int = 0,
) -> None:
    """Raise ``ResultsError`` if any of the files cannot or must not be written.

    Never the input file itself, not through a link either. ``rows`` and ``columns`` are those of
    the input, if known, ``fields`` how many are read out of each summary: a worksheet that could
    not hold them is refused before anybody is called.
    """
    seen: dict[str, Path] = {}
    for path in paths:
        _check_ending(path)
        with writing(path):
            check_place(path)
            is_input = input_file is not None and _is_same(path, input_file)
        if is_input:
            raise ResultsError(
                f"{path}: is the input file, which is never written; name another output file"
            )
        twin = seen.setdefault(os.path.realpath(path), path)
        if twin is not path:
            raise ResultsError(f"{path}: is the same file as the output {twin}; name it once")
        if path.suffix.lower() == ".xlsx":
            width = (columns or 0) + len(CALL_COLUMNS) + fields
            check_worksheet(path, rows=rows or 0, columns=width)


def check_worksheet(path: Path, *, rows: int, columns: int) -> None:
    """Raise ``ResultsError`` if a worksheet cannot hold a header and so many rows and columns."""
    for count, limit, what in (
        (rows + 1, XLSX_ROWS, "rows with the header"),
        (columns, XLSX_COLUMNS, "columns"),
    ):
        if count > limit:
            raise ResultsError(
                f"{path}: a worksheet holds {limit:,} {what}, and the results have {count:,} or "
                "more; write .csv or .parquet instead"
            )


def simulated_path(path: Path) -> Path:
    """Return where a rehearsal writes: ``appointments.csv`` → ``appointments.simulated.csv``."""
    return path.with_name(f"{path.stem}.simulated{path.suffix}")


def _check_ending(path: Path) -> None:
    ending = path.suffix.lower()
    if ending in ENDINGS:
        return
    near = difflib.get_close_matches(ending, ENDINGS, n=1) if ending else []
    hint = f'did you mean "{near[0]}"? ' if near else ""
    found = f'the ending "{ending}" is not known' if ending else "has no ending"
    raise ResultsError(f"{path}: {found}; {hint}results are written as {', '.join(ENDINGS)}")


def check_place(path: Path) -> None:
    """Raise ``ResultsError`` if no file can be written at a path."""
    if path.is_dir():
        raise ResultsError(f"{path}: is a folder; name a file in it")
    if path.exists() and not path.is_file():
        raise ResultsError(f"{path}: is not a regular file; name another output file")
    folder = next(place for place in path.absolute().parents if place.exists())
    if not folder.is_dir():
        raise ResultsError(f"{path}: {folder} is a file, not a folder; name another place")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ResultsError(
            f"{path}: the folder {folder} may not be written to; change its permissions or name "
            "another place"
        )


def _is_same(path: Path, other: Path) -> bool:
    if os.path.realpath(path) == os.path.realpath(other):
        return True
    return path.exists() and other.exists() and path.samefile(other)
