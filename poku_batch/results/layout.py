"""What the columns of a written table hold, from the first to the last."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from poku_batch.campaign.telling import FieldKind
from poku_batch.contacts.corrections import ERROR_COLUMN, ROW_COLUMN
from poku_batch.results.columns import CALL_COLUMNS, REJECT_COLUMNS
from poku_batch.results.fields import Fields, column_of


class Kind(StrEnum):
    """What a column's cells hold."""

    #: the sheet's own text, as it stands there
    CELL = "cell"
    #: text that was made here
    WORD = "word"
    #: text that was written by the API, a callee or a page, and is not to be trusted
    OUTSIDE = "outside"
    #: such text, and long
    PROSE = "prose"
    #: such text that may be an address
    LINK = "link"
    #: a time in UTC
    MOMENT = "moment"
    #: a whole number that is always known
    COUNT = "count"
    #: a length of time, to three decimals
    SECONDS = "seconds"
    #: what was read out of a summary
    DATE = "date"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    kind: Kind


#: A table's columns, in order.
Layout = tuple[Column, ...]

#: The kinds whose text could be a formula.
UNTRUSTED = frozenset({Kind.OUTSIDE, Kind.PROSE, Kind.LINK})

_CALL_KINDS: Mapping[str, Kind] = {
    "call_status": Kind.WORD,
    "call_outcome": Kind.OUTSIDE,
    "call_summary": Kind.PROSE,
    "call_recording_url": Kind.LINK,
    "call_interaction_id": Kind.OUTSIDE,
    "call_attempts": Kind.COUNT,
    "call_to": Kind.WORD,
    "call_started_at": Kind.MOMENT,
    "call_ended_at": Kind.MOMENT,
    "call_duration_s": Kind.SECONDS,
    "call_error": Kind.OUTSIDE,
}
_REJECT_KINDS: Mapping[str, Kind] = {ROW_COLUMN: Kind.COUNT, ERROR_COLUMN: Kind.OUTSIDE}
_FIELD_KINDS: Mapping[FieldKind, Kind] = {
    "text": Kind.OUTSIDE,
    "choice": Kind.OUTSIDE,
    "date": Kind.DATE,
    "number": Kind.NUMBER,
    "integer": Kind.INTEGER,
    "boolean": Kind.BOOLEAN,
}


def results_layout(columns: Sequence[str], fields: Fields) -> Layout:
    """The columns of results: the sheet's, those of calls, those of ``fields``."""
    return (
        *_cells(columns),
        *(Column(name, _CALL_KINDS[name]) for name in CALL_COLUMNS),
        *(Column(column_of(name), _FIELD_KINDS[kind]) for name, kind in fields.items()),
    )


def rejects_layout(columns: Sequence[str]) -> Layout:
    """The columns of rejects: the sheet's, the row's number, and what is wrong with it."""
    return (
        *_cells(columns),
        *(Column(name, _REJECT_KINDS[name]) for name in REJECT_COLUMNS),
    )


def _cells(columns: Iterable[str]) -> Iterable[Column]:
    return (Column(name, Kind.CELL) for name in columns)
