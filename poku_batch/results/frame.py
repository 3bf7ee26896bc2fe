"""Records of the ledger as a DataFrame, for every format and for notebooks."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from poku_batch.contacts.corrections import ERROR_COLUMN, ROW_COLUMN
from poku_batch.models import ContactRecord
from poku_batch.results.columns import TIME_COLUMNS
from poku_batch.results.fields import NO_FIELDS, Fields, column_of, series_of
from poku_batch.results.outside import clean

if TYPE_CHECKING:
    import pandas as pd


def results_frame(
    columns: Sequence[str], records: Sequence[ContactRecord], fields: Fields = NO_FIELDS
) -> "pd.DataFrame":
    """Build the results: one row per record in its order, the index the sheet's row numbers.

    The input's columns come first, dtype object, each cell the sheet's ``str``. Then
    ``CALL_COLUMNS``: text as object with None where nothing is known, ``call_attempts`` int64,
    ``call_started_at`` and ``call_ended_at`` datetime64[us, UTC], ``call_duration_s`` float64,
    seconds to 3 decimals, never negative. Then ``call_field_NAME`` for each of ``fields``: dates as
    ``datetime.date`` in object, float64, Int64, boolean, text as object. Text from outside has lost
    its control characters.
    """
    import pandas as pd

    index = _row_index(records)
    data = _cell_lists(columns, records) | _call_lists(records)
    frame = pd.DataFrame(data, index=index, dtype=object)
    frame["call_attempts"] = frame["call_attempts"].astype("int64")
    frame["call_duration_s"] = frame["call_duration_s"].astype("float64")
    for name in TIME_COLUMNS:
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    for name, kind in fields.items():
        values = (record.fields.get(name) for record in records)
        frame[column_of(name)] = series_of(values, kind, index)
    return frame


def rejects_frame(columns: Sequence[str], records: Sequence[ContactRecord]) -> "pd.DataFrame":
    """Build rejects: one row per record in its order, the index the sheet's row numbers.

    The input's columns as in results; then ``call_row``, int64, and ``call_error``, object.
    """
    import pandas as pd

    data = _cell_lists(columns, records)
    data[ROW_COLUMN] = [record.row for record in records]
    data[ERROR_COLUMN] = [clean(record.error) for record in records]
    frame = pd.DataFrame(data, index=_row_index(records), dtype=object)
    frame[ROW_COLUMN] = frame[ROW_COLUMN].astype("int64")
    return frame


def _row_index(records: Sequence[ContactRecord]) -> "pd.Index":
    import pandas as pd

    return pd.Index([record.row for record in records], dtype="int64", name="row")


def _cell_lists(
    columns: Sequence[str], records: Sequence[ContactRecord]
) -> dict[str, Sequence[object]]:
    cells = list(zip(*(record.cells for record in records), strict=True))
    return dict(zip(columns, cells or [() for _ in columns], strict=True))


def _call_lists(records: Sequence[ContactRecord]) -> dict[str, Sequence[object]]:
    return {
        "call_status": [str(record.state) for record in records],
        "call_outcome": [clean(record.outcome) for record in records],
        "call_summary": [clean(record.summary) for record in records],
        "call_recording_url": [clean(record.recording_url) for record in records],
        "call_interaction_id": [clean(record.interaction_id) for record in records],
        "call_attempts": [record.attempts for record in records],
        "call_to": [record.to for record in records],
        "call_started_at": [_utc(record.started_at) for record in records],
        "call_ended_at": [_utc(record.ended_at) for record in records],
        "call_duration_s": [_rounded(record.duration_s) for record in records],
        "call_error": [clean(record.error) for record in records],
    }


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)


def _rounded(seconds: float | None) -> float | None:
    """Seconds to 3 decimals; None too where the clock was set back between two runs."""
    return None if seconds is None or seconds < 0 else round(seconds, 3)
