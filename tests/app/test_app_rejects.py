"""However rejects are corrected, mixed up and given back, no number rings twice."""

import csv
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from poku_batch import run_campaign
from poku_batch.app.preparing import Prepared
from poku_batch.app.rows import rows_of
from poku_batch.contacts import corrected_sheet, open_sheet
from poku_batch.errors import ContactsError
from poku_batch.ledger import scratch_ledger
from poku_batch.models import CampaignId, DuplicateRule
from tests.engine.engine_world import memory_folder
from tests.standin import Answer, StandIn, numbers, twice

_POOL = (*numbers(4), "abc", "", "+1415", "(415) 555-0000")
_BARRED, _INVALID = numbers(2, first=10)
_PHONES = st.sampled_from([*_POOL, _BARRED, _INVALID])
_COLUMNS = ("id", "phone")
_REJECTED = Answer(status=400, body={"error": "to is not a number that can be called"})
_UNREACHED = Answer(body={"response": "invalid to number", "call": {}, "interactionId": "i"})


@contextmanager
def environment(url: str) -> Iterator[None]:
    """An environment that names the stand-in; of this process, in which no other test runs."""
    names = {"POKU_API_KEY": "poku-SECRET-1", "POKU_BASE_URL": url}
    kept = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in kept.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, columns: Sequence[str], rows: Sequence[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        table.writerows(rows)


def run(folder: Path, file: str, key: str | None) -> bool:
    """Run the campaign on a sheet; whether it was one that could be run."""
    campaign = {
        "name": "demo",
        "contacts": {"file": file, "phone": "phone", **({"key": key} if key else {})},
        "prompt": {"text": "Hello."},
        "calling_hours": "always",
        "circuit_breaker": "off",
        "output": {"file": "out.csv", "rejects": "rejects.csv"},
    }
    (folder / "campaign.yaml").write_text(json.dumps(campaign))
    try:
        anyio.run(run_campaign, folder / "campaign.yaml")
    except ContactsError:
        return False
    return True


def corrected(draw: Callable[..., Any], rejects: list[dict[str, str]]) -> list[dict[str, str]]:
    """Some of the rejects, in any order, with other numbers, as other rows or as new ones."""
    rows = []
    for row in draw(st.permutations(rejects)):
        match draw(st.sampled_from(["as it was", "corrected", "corrected", "new", "gone"])):
            case "as it was":
                rows.append(row)
            case "corrected":
                rows.append(row | {"phone": draw(_PHONES)})
            case "new":
                rows.append({"id": f"new {row['id']}", "phone": draw(_PHONES)})
    return rows


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(data=st.data(), key=st.sampled_from([None, "id"]))
def test_no_number_rings_twice_however_rejects_are_corrected(
    data: st.DataObject, key: str | None
) -> None:
    with StandIn() as api, memory_folder() as folder, environment(api.url):
        api.acts[_BARRED] = [_REJECTED] * 99
        api.acts[_INVALID] = [_UNREACHED] * 99
        phones = data.draw(st.lists(_PHONES, min_size=2, max_size=6))
        rows = [{"id": str(n), "phone": phone} for n, phone in enumerate(phones)]
        write(folder / "sheet.csv", _COLUMNS, rows)
        assert run(folder, "sheet.csv", key)
        older: list[list[dict[str, str]]] = []
        draw = data.draw
        for _ in range(3):
            older.append(read(folder / "rejects.csv"))
            given_back = corrected(draw, draw(st.sampled_from(older)))
            if not given_back:
                continue
            columns = (*_COLUMNS, "call_row", "call_error")
            write(folder / "fixed.csv", columns, given_back)
            if not run(folder, "fixed.csv", key):
                continue
            whole = read(folder / "out.csv")
            assert [row["id"] for row in whole[: len(rows)]] == [row["id"] for row in rows]
            # The same once more calls nobody, and adds no row.
            calls = len(api.calls)
            assert run(folder, "fixed.csv", key)
            assert len(api.calls) == calls
            assert len(read(folder / "out.csv")) == len(whole)
            if key is None and draw(st.booleans()):
                assert run(folder, "sheet.csv", key)
        rang = [number for number in api.numbers if number not in {_BARRED, _INVALID}]
        assert twice(rang) == []


@pytest.mark.anyio
async def test_rejects_whose_sheet_was_replaced_meanwhile_are_refused(tmp_path: Path) -> None:
    """By another run, between the reading of the rejects and the campaign's lock."""
    write(
        tmp_path / "fixed.csv", (*_COLUMNS, "call_row", "call_error"), [{"id": "1", "phone": "2"}]
    )
    sheet = corrected_sheet(open_sheet(tmp_path / "fixed.csv"), _COLUMNS)
    campaign = CampaignId(name="demo")
    prepared = SimpleNamespace(sheet=sheet, campaign=SimpleNamespace(identity=campaign))
    async with scratch_ledger() as ledger:
        for columns in (None, ("id", "tel"), ("phone", "id")):
            if columns is not None:
                async with ledger.enrolment(campaign, columns, DuplicateRule.FIRST) as session:
                    await session.commit(now=datetime(2026, 11, 22, tzinfo=UTC))
            with pytest.raises(ContactsError, match="the ledger has no sheet any more"):
                await rows_of(cast("Prepared", prepared), ledger)
