"""Sheets of people to call: any file a person has, as cells of text.

Every cell is a ``str``, exactly as it stands in the file; columns and rows keep their order; a row
is known by the number that a spreadsheet program shows for it. Nothing here judges a cell.
"""

from poku_batch.contacts.columns import find_column, find_phone_column, nearest, require_column
from poku_batch.contacts.formats import open_sheet
from poku_batch.contacts.frame import frame_sheet
from poku_batch.contacts.sheet import Sheet

__all__ = [
    "Sheet",
    "find_column",
    "find_phone_column",
    "frame_sheet",
    "nearest",
    "open_sheet",
    "require_column",
]
