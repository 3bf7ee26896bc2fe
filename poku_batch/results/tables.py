"""Tables in the formats that results are written in, a frame at a time.

A table is written to a path that is not its last; nothing here renames or removes. All give the
same cells, but for what a format cannot hold.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from poku_batch.campaign.telling import FieldKind
from poku_batch.results.columns import CALL_COLUMNS, OUTSIDE_COLUMNS, TIME_COLUMNS
from poku_batch.results.fields import Fields, column_of, columns_of
from poku_batch.results.outside import without_formula

_FIELD_TYPES: Mapping[FieldKind, pa.DataType] = {
    "text": pa.string(),
    "choice": pa.string(),
    "date": pa.date32(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
}


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

    def __init__(
        self, path: Path, columns: Sequence[str], fields: Fields, *, delimiter: str
    ) -> None:
        self._delimiter = delimiter
        self._kinds = {column_of(name): kind for name, kind in fields.items()}
        self._file = path.open("w", encoding="utf-8", newline="")
        self._append(pd.DataFrame(columns=[*columns, *CALL_COLUMNS, *self._kinds]), header=True)

    def write(self, frame: pd.DataFrame) -> None:
        """Add rows; times as ISO 8601 to the millisecond, formulas defused in outside text.

        Of fields, dates are ISO 8601, numbers as short as can be, truth is ``true`` or ``false``.
        """
        text = frame.copy(deep=False)
        for name in OUTSIDE_COLUMNS:
            text[name] = text[name].map(without_formula)
        for name in TIME_COLUMNS:
            moments = text[name].dt.tz_localize(None).to_numpy("datetime64[ms]").astype(str)
            text[name] = [None if at == "NaT" else f"{at}Z" for at in moments.tolist()]
        for name, kind in self._kinds.items():
            cells = [None if pd.isna(cell) else cell for cell in text[name].tolist()]
            text[name] = pd.Series(
                [None if cell is None else _as_text(cell, kind) for cell in cells],
                index=text.index,
                dtype=object,
            )
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
    """Parquet: text as string, ``call_attempts`` int64, times timestamp[us, UTC], float64.

    Fields as date32, float64, int64, bool or string.
    """

    def __init__(self, path: Path, columns: Sequence[str], fields: Fields) -> None:
        self._schema = _schema(columns, fields)
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


def open_table(path: Path, columns: Sequence[str], fields: Fields, *, target: Path) -> Table:
    """Open the table that the target's ending asks for, at ``path``, with these input columns."""
    match target.suffix.lower():
        case ".parquet":
            return ParquetTable(path, columns, fields)
        case ".xlsx":
            from poku_batch.results.workbook import WorkbookTable

            return WorkbookTable(path, columns, fields, target=target)
        case ".tsv":
            return TextTable(path, columns, fields, delimiter="\t")
        case _:
            return TextTable(path, columns, fields, delimiter=",")


def _as_text(cell: object, kind: FieldKind) -> object:
    match kind:
        case "boolean":
            return str(cell).lower()
        case "text" | "choice":
            return without_formula(cell)
        case _:
            return str(cell)


def _schema(columns: Sequence[str], fields: Fields) -> pa.Schema:
    kinds: dict[str, pa.DataType] = {
        "call_attempts": pa.int64(),
        "call_duration_s": pa.float64(),
        **dict.fromkeys(TIME_COLUMNS, pa.timestamp("us", tz="UTC")),
        **{column_of(name): _FIELD_TYPES[kind] for name, kind in fields.items()},
    }
    names = [*columns, *CALL_COLUMNS, *columns_of(fields)]
    return pa.schema([pa.field(name, kinds.get(name, pa.string())) for name in names])
