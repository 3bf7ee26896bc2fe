"""The columns of values that were read out of summaries: ``call_field_NAME``, each of its kind.

A value of the ledger that is not of its field's kind, since the campaign has changed meanwhile, is
shown as text where the field is a text, and as nothing elsewhere.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING

from poku_batch.campaign.telling import FieldKind, OutcomesBy
from poku_batch.models import FieldValue
from poku_batch.results.outside import clean

if TYPE_CHECKING:
    import pandas as pd

#: The kind of each field of a campaign, by its name, in the order of the columns.
Fields = Mapping[str, FieldKind]

#: A campaign that reads nothing out of its summaries.
NO_FIELDS: Fields = {}

#: How a column of a kind is held in a frame; in those of ``object``, None is nothing known.
_DTYPES: Mapping[FieldKind, str] = {
    "text": "object",
    "choice": "object",
    "date": "object",
    "number": "float64",
    "integer": "Int64",
    "boolean": "boolean",
}
_INTEGERS = range(-(2**63), 2**63)


def fields_of(section: OutcomesBy | None) -> Fields:
    """The fields of a campaign's ``outcomes_by``; none where it has no such section."""
    return NO_FIELDS if section is None else {n: each.kind for n, each in section.fields.items()}


def column_of(name: str) -> str:
    """The column of a field."""
    return f"call_field_{name}"


def columns_of(fields: Iterable[str]) -> tuple[str, ...]:
    """The columns of fields, in their order."""
    return tuple(map(column_of, fields))


def series_of(values: Iterable[FieldValue], kind: FieldKind, index: "pd.Index") -> "pd.Series":
    """One column: dates as ``datetime.date``, the rest as its kind's dtype says."""
    import pandas as pd

    return pd.Series([typed(value, kind) for value in values], index=index, dtype=_DTYPES[kind])


def typed(value: FieldValue, kind: FieldKind) -> FieldValue | date:
    """A value as its kind has it; None where it is of another."""
    if value is None or kind in {"text", "choice"}:
        return None if value is None else clean(str(value))
    if kind == "date":
        return _date(value)
    if kind == "boolean" or isinstance(value, bool):
        return value if kind == "boolean" and isinstance(value, bool) else None
    if not isinstance(value, int | float) or not math.isfinite(value):
        return None
    if kind == "number":
        return float(value)
    return int(value) if value == int(value) and int(value) in _INTEGERS else None


def _date(value: FieldValue) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
