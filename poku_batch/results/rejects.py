"""Rejects: the rows that were not called and will not be as they stand, to be corrected.

Whoever's phone rang, or may have, is no reject: a correction must not make it ring again. Nor is
who was erased, of whom nothing is left to correct.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from poku_batch.errors import ResultsError
from poku_batch.models import ContactRecord, ContactState
from poku_batch.results.outputs import check_outputs

_NOT_CALLED = frozenset({ContactState.SKIPPED, ContactState.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejects:
    """A file of rejects that was written, and how many rows it has."""

    path: Path
    rows: int


def is_reject(record: ContactRecord) -> bool:
    """Whether a row was not called, will not be as it stands, and can be corrected."""
    return record.state in _NOT_CALLED and not record.rang and any(map(str.strip, record.cells))


def check_rejects(path: Path, *, outputs: tuple[Path, ...], input_file: Path | None) -> None:
    """Raise ``ResultsError`` if a file of rejects cannot or must not be written to ``path``."""
    check_outputs((path,), input_file=input_file)
    for output in outputs:
        if os.path.realpath(output) == os.path.realpath(path):
            raise ResultsError(f"{path}: is the same file as the output {output}; name another one")
