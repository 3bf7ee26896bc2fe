"""A small sheet to begin with. Its numbers are kept free for fiction."""

from poku_batch.drafting.columns import Column

FILE_NAME = "people.csv"
#: Who is calling where the sheet is the sample.
COMPANY = "Cedar Street Family Clinic"

_ROWS: tuple[tuple[str, ...], ...] = (
    ("booking_id", "first_name", "last_name", "phone", "date", "time", "doctor", "language"),
    ("B-1001", "Maria", "Delgado", "+14155550123", "2027-03-02", "09:30", "Dr. Osei", "es-419"),
    ("B-1002", "James", "O'Hara", "+12125550147", "2027-03-02", "10:15", "Dr. Osei", "en-US"),
    ("B-1003", "Wei", "Chen", "+13125550168", "2027-03-02", "14:00", "Dr. Lindqvist", "en-US"),
    ("B-1004", "Aisha", "Rahman", "+16175550109", "2027-03-03", "11:45", "Dr. Lindqvist", ""),
    ("B-1005", "Tom", "Baker", "+442079460321", "2027-03-03", "16:30", "Dr. Osei", "en-GB"),
)


def sample_text() -> str:
    """The sheet as CSV."""
    return "".join(",".join(cells) + "\n" for cells in _ROWS)


def sample_columns() -> tuple[Column, ...]:
    """The sheet's columns."""
    names, *rows = _ROWS
    return tuple(
        Column(name=name, letter=chr(ord("A") + at), cells=tuple(row[at] for row in rows))
        for at, name in enumerate(names)
    )
