"""Sheets in Parquet files: each column's values as text, a batch of a row group at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from poku_batch.contacts.cells import cell_text
from poku_batch.contacts.files import Stamp, reading, require_unchanged
from poku_batch.contacts.header import Header, nameless_fault, read_header
from poku_batch.contacts.kinds import foreign_kind
from poku_batch.contacts.sheet import Layout, Sheet, frame_of
from poku_batch.errors import ContactsError, Fault

_WRITE_AGAIN = "write the file again, or save the sheet as CSV"


def open_parquet(path: Path, *, file: str, stamp: Stamp, layout: Layout | None = None) -> Sheet:
    """Open a Parquet file. Raises ``ContactsError`` if it is not one, or a column is no text.

    It has its column names, and no worksheets: a layout that names others is a fault.
    """
    _check_layout(layout or Layout(), file)
    with reading(path, file=file):
        kind = foreign_kind(path, expected="parquet")
        if kind is not None:
            raise _fault(file, f"is {kind}, not a Parquet file", "give it the ending of what it is")
        with _decoding(file):
            metadata = pq.read_metadata(path)
            schema = metadata.schema.to_arrow_schema()
    header = read_header(schema.names, file=file)
    faults = [fault for found in schema if (fault := _type_fault(found, file)) is not None]
    if faults:
        raise ContactsError(faults)
    _check_nameless(path, header, stamp, file)
    return Sheet(
        name=file,
        columns=header.names,
        read=lambda batch: _frames(path, header, stamp, file, batch),
        letters=header.letters,
        last_row=metadata.num_rows + 1,
    )


def _check_layout(layout: Layout, file: str) -> None:
    faults = []
    if layout.worksheet is not None:
        faults.append(("contacts.sheet", "a Parquet file has no worksheets"))
    if layout.header_row != 1:
        faults.append(("contacts.header_row", "a Parquet file has nothing above its column names"))
    if faults:
        hint = "take it out of the campaign"
        raise ContactsError(
            [Fault(file=file, column=key, message=words, hint=hint) for key, words in faults]
        )


def _type_fault(found: pa.Field, file: str) -> Fault | None:
    kind = found.type.value_type if pa.types.is_dictionary(found.type) else found.type
    if pa.types.is_nested(kind):
        message, hint = f"holds nested values ({kind})", "flatten it, or leave the column out"
    elif "binary" in str(kind):
        message, hint = f"holds bytes ({kind})", "make it text, or leave the column out"
    else:
        return None
    return Fault(file=file, column=found.name, message=message, hint=hint)


def _check_nameless(path: Path, header: Header, stamp: Stamp, file: str) -> None:
    if not header.nameless:
        return
    first_row = 2
    for found in _record_batches(path, stamp, file, 10_000):
        for position in header.nameless:
            for offset, cell in enumerate(_texts(found.column(position))):
                if cell.strip():
                    fault = nameless_fault(position, file=file, row=first_row + offset)
                    raise ContactsError([fault])
        first_row += found.num_rows


def _frames(
    path: Path, header: Header, stamp: Stamp, file: str, batch: int
) -> Iterator[pd.DataFrame]:
    first_row = 2
    for found in _record_batches(path, stamp, file, batch):
        lists = [_texts(found.column(position)) for position in header.kept]
        yield frame_of(header.names, lists, first_row=first_row)
        first_row += found.num_rows


def _record_batches(path: Path, stamp: Stamp, file: str, batch: int) -> Iterator[pa.RecordBatch]:
    require_unchanged(path, stamp, file=file)
    with reading(path, file=file), _decoding(file), pq.ParquetFile(path) as parquet:
        yield from parquet.iter_batches(batch_size=batch)


@contextmanager
def _decoding(file: str) -> Iterator[None]:
    """Translate what pyarrow says about a file's content; it has OSError for that too."""
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise _fault(file, f"is not a sound Parquet file: {error}", _WRITE_AGAIN) from error


def _texts(column: pa.Array) -> list[str]:
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        # Python's datetime ends at microseconds.
        column = column.cast(pa.timestamp("us", tz=kind.tz), safe=False)
    elif pa.types.is_duration(kind) and kind.unit == "ns":
        column = column.cast(pa.duration("us"), safe=False)
    elif pa.types.is_time64(kind) and kind.unit == "ns":
        column = column.cast(pa.time64("us"), safe=False)
    return [cell_text(value) for value in column.to_pylist()]


def _fault(file: str, message: str, hint: str) -> ContactsError:
    return ContactsError([Fault(file=file, message=message, hint=hint)])
