"""Tables in the formats that results are written in, a frame at a time.

A table is written to a path that is not its last; nothing here renames or removes. All give the
same cells, but for what a format cannot hold.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from poku_batch.results.layout import UNTRUSTED, Kind, Layout
from poku_batch.results.outside import without_formula

if TYPE_CHECKING:
    from poku_batch.results.overview import Overview

#: How Parquet holds a kind; text where it is not named.
_PARQUET_TYPES: Mapping[Kind, pa.DataType] = {
    Kind.COUNT: pa.int64(),
    Kind.SECONDS: pa.float64(),
    Kind.MOMENT: pa.timestamp("us", tz="UTC"),
    Kind.DATE: pa.date32(),
    Kind.NUMBER: pa.float64(),
    Kind.INTEGER: pa.int64(),
    Kind.BOOLEAN: pa.bool_(),
}
#: The kinds whose cells are text that needs no care, or numbers that pandas writes well.
_WRITTEN_AS_THEY_ARE = frozenset({Kind.CELL, Kind.WORD, Kind.COUNT, Kind.SECONDS})


class Table(Protocol):
    """A file being written. ``close`` completes it; ``abandon`` lets go of it as it is."""

    def write(self, rows: Any, /) -> None:
        """Add rows: a frame with the columns of the table's layout, in their order.

        A ``plain.PlainTable`` takes the ledger's own values.
        """

    def close(self) -> None:
        """Complete the file."""

    def abandon(self) -> None:
        """Let go of the file, complete or not."""


class TextTable:
    """CSV or TSV in UTF-8, without a byte order mark, quoted as RFC 4180 says.

    Lines end in CR LF: RFC 4180 asks for it, and only with it does Python before 3.13 put cells
    that hold a lone carriage return in quotes.
    """

    def __init__(self, path: Path, layout: Layout, *, delimiter: str) -> None:
        self._delimiter = delimiter
        self._layout = layout
        self._file = path.open("w", encoding="utf-8", newline="")
        self._append(pd.DataFrame(columns=[column.name for column in layout]), header=True)

    def write(self, frame: pd.DataFrame) -> None:
        """Add rows; times as ISO 8601 to the millisecond, formulas defused in outside text.

        Of fields, dates are ISO 8601, numbers as short as can be, truth is ``true`` or ``false``.
        """
        text = frame.copy(deep=False)
        for column in self._layout:
            if column.kind not in _WRITTEN_AS_THEY_ARE:
                cells = list(_texts(frame[column.name], column.kind))
                text[column.name] = pd.Series(cells, index=text.index, dtype=object)
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

    def __init__(self, path: Path, layout: Layout) -> None:
        self._schema = pa.schema(
            [
                pa.field(column.name, _PARQUET_TYPES.get(column.kind, pa.string()))
                for column in layout
            ]
        )
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


def open_table(
    path: Path, layout: Layout, *, target: Path, overview: "Overview | None" = None
) -> Table:
    """Open the table that the target's ending asks for, at ``path``.

    A workbook has an ``overview``, if there is one, on a worksheet of its own.
    """
    match target.suffix.lower():
        case ".parquet":
            return ParquetTable(path, layout)
        case ".xlsx":
            from poku_batch.results.workbook import WorkbookTable

            return WorkbookTable(path, layout, target=target, overview=overview)
        case ".tsv":
            return TextTable(path, layout, delimiter="\t")
        case _:
            return TextTable(path, layout, delimiter=",")


def _texts(column: "pd.Series[Any]", kind: Kind) -> Iterator[object]:
    """A column's cells as text; None where nothing is known."""
    if kind is Kind.MOMENT:
        moments = column.dt.tz_localize(None).to_numpy("datetime64[ms]").astype(str).tolist()
        return (None if at == "NaT" else f"{at}Z" for at in moments)
    return (None if pd.isna(cell) else _text(cell, kind) for cell in column.tolist())


def _text(cell: object, kind: Kind) -> object:
    if kind in UNTRUSTED:
        return without_formula(cell)
    return str(cell).lower() if kind is Kind.BOOLEAN else str(cell)
