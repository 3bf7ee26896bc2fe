"""The columns that a call adds to its row, and the input columns that stand in their way."""

from collections.abc import Iterable

from poku_batch.contacts.corrections import ERROR_COLUMN, ROW_COLUMN
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
TIME_COLUMNS: tuple[str, ...] = ("call_started_at", "call_ended_at")

#: What follows the input's columns in a file of rejects.
REJECT_COLUMNS: tuple[str, ...] = (ROW_COLUMN, ERROR_COLUMN)


def taken_columns(fields: Iterable[str] = ()) -> frozenset[str]:
    """The names that results and rejects have columns for; ``fields`` are read out of summaries."""
    return frozenset({*CALL_COLUMNS, *REJECT_COLUMNS, *columns_of(fields)})


def check_columns(
    columns: Iterable[str], *, file: str, fields: Iterable[str] = (), row: int = 1
) -> None:
    """Raise ``ContactsError`` naming every input column that the results have a use for.

    ``fields`` are the names of what is read out of summaries, which have columns too; ``row`` is
    the header's.
    Names that differ in case alone clash too: most readers of tables do not tell them apart.
    """
    found = list(columns)
    taken = taken_columns(fields)
    clashing = [name for name in found if name.strip().casefold() in taken]
    if set(CALL_COLUMNS) <= set(found):
        message = "is a file of results: its columns call_status and so on are those of a run"
        hint = (
            "name the sheet itself; to correct rows that were not called, set output.rejects and "
            "name a copy of that file; to call these rows anew, rename the columns"
        )
        raise ContactsError([Fault(file=file, message=message, hint=hint)])
    if clashing:
        raise ContactsError([_clash(name, file, row) for name in clashing])


def _clash(name: str, file: str, row: int) -> Fault:
    hint = f'rename it in the sheet, for example to "previous_{name.strip()}"'
    if name.strip().casefold() in REJECT_COLUMNS:
        hint += f"; corrected rejects need both {' and '.join(REJECT_COLUMNS)}"
    return Fault(
        file=file,
        row=row,
        column=name,
        message="the results use this name for a column of their own",
        hint=hint,
    )
