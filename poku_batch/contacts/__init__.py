"""Sheets of people to call: any file a person has, as cells of text.

Every cell is a ``str``, exactly as it stands in the file; columns and rows keep their order; a row
is known by the number that a spreadsheet program shows for it. A sheet may be in several files:
then its rows are numbered through, and ``Sheet.place`` says where each is. Nothing here judges a
cell.
"""

from poku_batch.contacts.columns import find_column, find_phone_column, nearest, require_column
from poku_batch.contacts.corrections import CorrectedSheet, are_corrections, corrected_sheet
from poku_batch.contacts.formats import open_sheet, worksheets
from poku_batch.contacts.frame import frame_sheet
from poku_batch.contacts.header import likely_header_row
from poku_batch.contacts.kinds import sheet_ending
from poku_batch.contacts.merging import Identity, Merging
from poku_batch.contacts.pattern import matching_files
from poku_batch.contacts.several import open_sheets
from poku_batch.contacts.sheet import Sheet

__all__ = [
    "CorrectedSheet",
    "Identity",
    "Merging",
    "Sheet",
    "are_corrections",
    "corrected_sheet",
    "find_column",
    "find_phone_column",
    "frame_sheet",
    "likely_header_row",
    "matching_files",
    "nearest",
    "open_sheet",
    "open_sheets",
    "require_column",
    "sheet_ending",
    "worksheets",
]
