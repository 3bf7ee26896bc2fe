"""Which reader opens a sheet, told by the file's ending."""

from pathlib import Path

from poku_batch.contacts.columns import nearest
from poku_batch.contacts.files import require_file
from poku_batch.contacts.sheet import Layout, Sheet, require_contacts
from poku_batch.errors import ContactsError, Fault

TEXT_ENDINGS = (".csv", ".tsv", ".txt")
WORKBOOK_ENDINGS = (".xlsx", ".xlsm")
_ENDINGS = (*TEXT_ENDINGS, *WORKBOOK_ENDINGS, ".parquet")


def open_sheet(
    path: Path,
    *,
    name: str | None = None,
    worksheet: str | None = None,
    header_row: int = 1,
    decimal: str | None = None,
) -> Sheet:
    """Open a sheet of contacts and check its shape; the format is told by the ending.

    ``name`` is how messages call the file; unset, its path as given. ``worksheet`` is a workbook's,
    by its name or its number from 1; ``header_row`` counts from 1; ``decimal`` unset is by the
    file. Blocks while it reads. Raises ``ContactsError`` if the file is missing, unreadable, empty,
    malformed or of no known format, if its header has faults, or if it holds no contact.
    """
    layout = Layout(worksheet=worksheet, header_row=header_row, decimal=decimal)
    return require_contacts(open_table(path, layout, name=name))


def open_table(path: Path, layout: Layout, *, name: str | None = None) -> Sheet:
    """Open a sheet as ``open_sheet`` does, but for one that need not hold a contact."""
    file = str(path) if name is None else name
    ending = require_ending(path, file=file)
    stamp = require_file(path, file=file)
    if ending in TEXT_ENDINGS:
        from poku_batch.contacts.text import open_text

        return open_text(path, file=file, stamp=stamp, layout=layout)
    if ending in WORKBOOK_ENDINGS:
        from poku_batch.contacts.workbook import open_workbook

        return open_workbook(path, file=file, layout=layout)
    from poku_batch.contacts.parquet import open_parquet

    return open_parquet(path, file=file, stamp=stamp, layout=layout)


def worksheets(path: Path, *, name: str | None = None) -> tuple[str, ...]:
    """The names of a workbook's visible worksheets, in order; none for any other file.

    Raises ``ContactsError`` if the file is missing, unreadable, or no workbook in spite of its
    ending.
    """
    file = str(path) if name is None else name
    if require_ending(path, file=file) not in WORKBOOK_ENDINGS:
        return ()
    require_file(path, file=file)
    from poku_batch.contacts.workbook import visible_worksheets

    return visible_worksheets(path, file=file)


def require_ending(path: Path, *, file: str) -> str:
    """Return the file's ending in lower case; raises ``ContactsError`` if no reader has it."""
    ending = path.suffix.lower()
    if ending not in _ENDINGS:
        if path.is_dir():
            require_file(path, file=file)
        raise _unknown_ending(file, ending)
    return ending


def _unknown_ending(file: str, ending: str) -> ContactsError:
    near = nearest(ending, _ENDINGS) if ending else None
    message = f'the ending "{ending}" is not that of a sheet' if ending else "has no ending"
    hint = f"known are {', '.join(_ENDINGS)}"
    if ending in {".xls", ".xlsb", ".ods", ".numbers"}:
        hint = f"save it as .xlsx; {hint}"
    elif near is not None:
        hint = f'did you mean "{near}"? {hint}'
    return ContactsError([Fault(file=file, message=message, hint=hint)])
