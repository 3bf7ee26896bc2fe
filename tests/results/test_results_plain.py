"""Results from plain values are, byte for byte, those that frames of records give."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poku_batch.ledger.cells import to_stored
from poku_batch.models import ContactRecord, ContactState, PlainRecord
from poku_batch.results import is_plain, write_plain, write_results

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: What a reader, a spreadsheet program or an encoder could stumble over.
TRAPS = st.sampled_from(
    [
        '"',
        ",",
        "\t",
        "\r",
        "\n",
        '","',
        '["',
        "\\",
        "=1+1",
        "-",
        "'",
        " ",
        "\x00",
        "\x7f",
        "é",
        "😀",
    ]
)
TEXTS = st.lists(TRAPS | st.text(max_size=4), max_size=4).map("".join)
FIT = TEXTS.filter(lambda text: not any("\ud800" <= sign <= "\udfff" for sign in text))
MAYBE = st.none() | TEXTS
TIMES = st.none() | st.integers(0, 4_102_444_800_000_000)


@st.composite
def records(draw: st.DrawFn, columns: int) -> ContactRecord:
    started = draw(TIMES)
    later = st.integers(-1_000_000, 10**11)
    ended = None if started is None else max(0, started + draw(later))
    return ContactRecord(
        row=2,
        key="k",
        cells=tuple(draw(st.lists(FIT, min_size=columns, max_size=columns))),
        state=draw(st.sampled_from(ContactState)),
        to=draw(st.sampled_from([None, "+14155550100"])),
        attempts=draw(st.integers(0, 9)),
        outcome=draw(MAYBE),
        summary=draw(MAYBE),
        recording_url=draw(MAYBE),
        interaction_id=draw(MAYBE),
        started_at=None if started is None else EPOCH + timedelta(microseconds=started),
        ended_at=None if ended is None else EPOCH + timedelta(microseconds=ended),
        error=draw(MAYBE),
    )


def stored(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - EPOCH) // timedelta(microseconds=1)


def plain(position: int, record: ContactRecord) -> PlainRecord:
    return (
        position,
        to_stored(record.cells),
        str(record.state),
        record.outcome,
        record.summary,
        record.recording_url,
        record.interaction_id,
        record.attempts,
        record.to,
        stored(record.started_at),
        stored(record.ended_at),
        record.error,
    )


@settings(deadline=None)  # the first imports what writes
@given(data=st.data(), columns=st.integers(1, 3))
@pytest.mark.parametrize("ending", [".csv", ".tsv"])
def test_plain_records_give_the_bytes_that_frames_of_records_give(
    data: st.DataObject, columns: int, ending: str
) -> None:
    rows = data.draw(st.lists(records(columns), max_size=6))
    names = data.draw(st.lists(FIT, min_size=columns, max_size=columns, unique=True))

    async def both(folder: Path) -> None:
        async def of_records() -> AsyncIterator[list[ContactRecord]]:
            yield rows[:2]
            yield rows[2:]

        async def of_values() -> AsyncIterator[list[PlainRecord]]:
            values = [plain(at, record) for at, record in enumerate(rows)]
            yield values[:2]
            yield values[2:]

        await write_results([folder / f"frames{ending}"], names, of_records())
        await write_plain([folder / f"plain{ending}"], names, of_values())

    with TemporaryDirectory() as name:
        folder = Path(name)
        anyio.run(both, folder)
        assert (folder / f"plain{ending}").read_bytes() == (folder / f"frames{ending}").read_bytes()


@given(cells=st.lists(st.text(max_size=5), max_size=4))
def test_cells_are_stored_as_json_has_them(cells: list[str]) -> None:
    assert json.loads(to_stored(cells)) == cells
    assert to_stored(cells).encode()


def test_only_text_files_without_fields_are_plain() -> None:
    assert is_plain([Path("a.csv"), Path("b.TSV")], {})
    assert not is_plain([Path("a.csv"), Path("b.xlsx")], {})
    assert not is_plain([Path("a.csv")], {"day": "date"})
