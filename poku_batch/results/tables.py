"""Tables in the formats that results are written in, a frame at a time.

A table is written to a path that is not its last; nothing here renames or removes. All give the
same cells, but for what a format cannot hold.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from poku_batch.results.columns import CALL_COLUMNS, OUTSIDE_COLUMNS, TIME_COLUMNS
from poku_batch.results.outside import without_formula


class Table(Protocol):
    """A file being written. ``close`` completes it; ``abandon`` lets go of it as it is."""

    def write(self, frame: pd.DataFrame) -> None:
        """Add the rows of a ``results_frame``."""

    def close(self) -> None:
        """Complete the file."""

    def abandon(self) -> None:
        """Let go of the file, complete or not."""


class TextTable:
    """CSV or TSV in UTF-8, without a byte order mark, quoted as RFC 4180 says.

    Lines end in CR LF: RFC 4180 asks for it, and only with it does Python before 3.13 put cells
    that hold a lone carriage return in quotes.
    """

    def __init__(self, path: Path, columns: Sequence[str], *, delimiter: str) -> None:
        self._delimiter = delimiter
        self._file = path.open("w", encoding="utf-8", newline="")
        self._append(pd.DataFrame(columns=[*columns, *CALL_COLUMNS]), header=True)

    def write(self, frame: pd.DataFrame) -> None:
        """Add rows; times as ISO 8601 to the millisecond, formulas defused in outside text."""
        text = frame.copy(deep=False)
        for name in OUTSIDE_COLUMNS:
            text[name] = text[name].map(without_formula)
        for name in TIME_COLUMNS:
            moments = text[name].dt.tz_localize(None).to_numpy("datetime64[ms]").astype(str)
            text[name] = [None if at == "NaT" else f"{at}Z" for at in moments.tolist()]
        self._append(text, header=False)

    def _append(self, frame: pd.DataFrame, *, header: bool) -> None:
        frame.to_csv(
            self._file,
            sep=self._delimiter,
            header=header,
            index=False,
            float_format="%.3f",
            lineterminator="\r\n",
        )

    def close(self) -> None:
        """Complete the file."""
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file."""
        self._file.close()


class ParquetTable:
    """Parquet: text as string, ``call_attempts`` int64, times timestamp[us, UTC], float64."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._schema = _schema(columns)
        self._file = path.open("wb")
        self._writer = pq.ParquetWriter(self._file, self._schema)

    def write(self, frame: pd.DataFrame) -> None:
        """Add rows as a row group."""
        table = pa.Table.from_pandas(frame, schema=self._schema, preserve_index=False)
        self._writer.write_table(table.replace_schema_metadata(None))

    def close(self) -> None:
        """Write the footer and complete the file."""
        self._writer.close()
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file; the footer does not matter any more."""
        try:
            self._writer.close()
        finally:
            self._file.close()


def open_table(path: Path, columns: Sequence[str], *, target: Path) -> Table:
    """Open the table that the target's ending asks for, at ``path``, with these input columns."""
    match target.suffix.lower():
        case ".parquet":
            return ParquetTable(path, columns)
        case ".xlsx":
            from poku_batch.results.workbook import WorkbookTable

            return WorkbookTable(path, columns, target=target)
        case ".tsv":
            return TextTable(path, columns, delimiter="\t")
        case _:
            return TextTable(path, columns, delimiter=",")


def _schema(columns: Sequence[str]) -> pa.Schema:
    kinds: dict[str, pa.DataType] = {
        "call_attempts": pa.int64(),
        "call_duration_s": pa.float64(),
        **dict.fromkeys(TIME_COLUMNS, pa.timestamp("us", tz="UTC")),
    }
    names = [*columns, *CALL_COLUMNS]
    return pa.schema([pa.field(name, kinds.get(name, pa.string())) for name in names])
