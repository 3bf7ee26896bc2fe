"""Sheets as real programs write them: text of any make, openpyxl, pandas, bytes."""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

Write = Callable[[Path], None]
Cells = Sequence[Sequence[Any]]


def text(*lines: str, encoding: str = "utf-8", end: str = "\r\n") -> Write:
    """Lines as they are, each with its end."""
    return raw("".join(line + end for line in lines).encode(encoding))


def raw(data: bytes) -> Write:
    def write(path: Path) -> None:
        path.write_bytes(data)

    return write


def book(
    sheets: Mapping[str, Cells] | Cells,
    *,
    hidden: Sequence[str] = (),
    formats: Mapping[str, str] | None = None,
    merged: Sequence[str] = (),
) -> Write:
    """A workbook by openpyxl; ``formats`` are number formats by column letter."""
    named = sheets if isinstance(sheets, Mapping) else {"Sheet1": sheets}

    def write(path: Path) -> None:
        workbook = openpyxl.Workbook()
        workbook.remove(workbook.worksheets[0])
        for name, rows in named.items():
            worksheet = workbook.create_sheet(name)
            for cells in rows:
                worksheet.append(list(cells))
            for letter, number_format in (formats or {}).items():
                for cell in worksheet[letter]:
                    cell.number_format = number_format
            for where in merged:
                worksheet.merge_cells(where)
            worksheet.sheet_state = "hidden" if name in hidden else "visible"
        workbook.save(path)

    return write


def frame(columns: Mapping[str, Sequence[Any]], **how: Any) -> Write:
    """A table by pandas, in the format of the file's ending."""

    def write(path: Path) -> None:
        table = pd.DataFrame(dict(columns))
        if path.suffix == ".xlsx":
            table.to_excel(path, index=False, **how)
        elif path.suffix == ".parquet":
            table.to_parquet(path, index=False, **how)
        else:
            table.to_csv(path, index=False, **how)

    return write


def cut(write: Write, *, keep: float) -> Write:
    """The first part of a file, as a broken download leaves it."""

    def broken(path: Path) -> None:
        write(path)
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * keep)])

    return broken


def zipped(**entries: str) -> Write:
    """A zip archive that is no workbook."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return raw(stream.getvalue())
