"""The columns that a call adds to its row, and the input columns that stand in their way."""

from collections.abc import Iterable

from poku_batch.errors import ContactsError, Fault
from poku_batch.results.fields import columns_of

#: What follows the input's columns in every results file, in this order; then come the columns of
#: ``fields``.
CALL_COLUMNS: tuple[str, ...] = (
    "call_status",
    "call_outcome",
    "call_summary",
    "call_recording_url",
    "call_interaction_id",
    "call_attempts",
    "call_to",
    "call_started_at",
    "call_ended_at",
    "call_duration_s",
    "call_error",
)
#: Those whose text was written by the API, a callee or a page, and is not to be trusted.
OUTSIDE_COLUMNS: tuple[str, ...] = (
    "call_outcome",
    "call_summary",
    "call_recording_url",
    "call_interaction_id",
    "call_error",
)
TIME_COLUMNS: tuple[str, ...] = ("call_started_at", "call_ended_at")


def check_columns(columns: Iterable[str], *, file: str, fields: Iterable[str] = ()) -> None:
    """Raise ``ContactsError`` naming every input column that the results have a use for.

    ``fields`` are the names of what is read out of summaries, which have columns too.
    Names that differ in case alone clash too: most readers of tables do not tell them apart.
    """
    taken = {*CALL_COLUMNS, *columns_of(fields)}
    faults = [
        Fault(
            file=file,
            row=1,
            column=column,
            message="the results use this name for a column of their own",
            hint=f'rename it in the sheet, for example to "previous_{column.strip()}"',
        )
        for column in columns
        if column.strip().casefold() in taken
    ]
    if faults:
        raise ContactsError(faults)
