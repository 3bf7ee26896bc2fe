"""The tutorial's sheet, messy as people's sheets are: ``python -m scripts.tutorial_sheet``."""

from datetime import datetime

from openpyxl import Workbook
from openpyxl.styles import Font

from scripts.stage import ROOT

SHEET = ROOT / "docs" / "tutorial" / "patients.xlsx"

_HEADER = ["Patient No", "Name", "Mobile", "Appointment", "Doctor", "OK to call"]
_DAY = "2026-12-01"
_ROWS: list[list[object]] = [
    [1001, "Ann Lee", "(212) 555-0110", f"{_DAY} 09:00", "Dr. Lindqvist", "yes"],
    [1002, "Kofi Mensah", "212-555-0111", f"{_DAY} 09:20", "Dr. Lindqvist", "yes"],
    [1003, "Rosa Diaz", 12125550112, f"{_DAY} 09:40", "Dr. Lindqvist", "yes"],
    [1004, "Sam Cohen ", "212 555 0113\u00a0", 46357.4166666667, "Dr. Lindqvist", "yes"],
    [1005, "Mei Chen", "212-555-01", f"{_DAY} 10:20", "Dr. Osei", "yes"],
    [1006, "Jon Berg", "212-555-0115 / 917-555-0116", f"{_DAY} 10:40", "Dr. Osei", "yes"],
    [1007, "Lena Fox", None, f"{_DAY} 11:00", "Dr. Osei", "yes"],
    [1008, "Tom Hill", "212-555-0117", f"{_DAY} 11:20", "Dr. Osei", "no"],
    [1009, "Ivy Park", "212-555-0118", f"{_DAY} 11:40", "Dr. Osei", "yes"],
    [1010, "Max Stone", "2125550119", f"{_DAY} 13:00", "Dr. Lindqvist", "yes"],
    [1011, "Ann Lee", "+1 212 555 0110", f"{_DAY} 13:20", "Dr. Osei", "yes"],
    [1012, "Omar Said", "212.555.0121", f"{_DAY} 13:40", "Dr. Osei", "yes"],
]


def write() -> None:
    """Write the sheet: a title, an empty row, the header in row 3, twelve patients."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Tuesday"
    sheet.append(["Cedar Street Clinic: appointments on Tuesday"])
    sheet.append([])
    sheet.append(_HEADER)
    for row in _ROWS:
        sheet.append(row)
    for cell in (sheet["A1"], *sheet[3]):
        cell.font = Font(bold=True)
    for letter, width in zip("ABCDEF", (12, 16, 30, 18, 16, 12), strict=True):
        sheet.column_dimensions[letter].width = width
    # Files are the same whenever they are made.
    book.properties.created = book.properties.modified = datetime(2026, 11, 30)  # noqa: DTZ001
    SHEET.parent.mkdir(parents=True, exist_ok=True)
    book.save(SHEET)


if __name__ == "__main__":
    write()
