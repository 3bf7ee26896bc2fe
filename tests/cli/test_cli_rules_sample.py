"""The sample that uses every rule, rehearsed over days: nobody is called when they must not be."""

import json
import shutil
import time as real_time
from collections import Counter
from datetime import datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook

from tests.program import Program, Result

_PROJECT = Path(__file__).parents[2]
_CAMPAIGN = "campaigns/arrival_calls.yaml"
_WEEK = [(time(9), time(12, 30)), (time(14), time(20))]
_SATURDAY = [(time(10), time(14))]
#: Where a row without a zone of its own is called, by its number.
_BY_NUMBER = {"+1415": "America/Los_Angeles", "+331": "Europe/Paris"}


@pytest.fixture(scope="module")
def rehearsed(
    program: Program, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Result, float]:
    """A copy of the samples, the rehearsal's end, and how many seconds it took."""
    home = tmp_path_factory.mktemp("rehearsed")
    for name in ("campaigns", "sample_data"):
        shutil.copytree(_PROJECT / name, home / name, ignore=shutil.ignore_patterns(".poku-batch"))
    began_at = real_time.monotonic()
    options = "--simulate --fresh --start 2026-11-30T09:00 --speed 300".split()
    ended = program.run("run", _CAMPAIGN, *options, cwd=home)
    return home, ended, real_time.monotonic() - began_at


def rows_of(home: Path) -> list[dict[str, Any]]:
    sheet = load_workbook(home / "results" / "arrivals.simulated.xlsx").active
    assert sheet is not None
    header, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def zone_of(row: dict[str, Any]) -> ZoneInfo:
    number = str(row["call_to"])
    by_number = (zone for start, zone in _BY_NUMBER.items() if number.startswith(start))
    return ZoneInfo(row["timezone"] or next(by_number))


def begun(program: Program, home: Path) -> list[tuple[str, datetime]]:
    """Every call by the history: its key, and when it was begun."""
    told = program.run("history", _CAMPAIGN, "--simulate", "--json", cwd=home)
    events = json.loads(told.out)["history"]
    return [(e["key"], datetime.fromisoformat(e["at"])) for e in events if e["what"] == "began"]


def test_days_of_calls_and_redials_take_seconds_and_say_their_own_time(
    rehearsed: tuple[Path, Result, float], program: Program
) -> None:
    home, ended, took_s = rehearsed
    assert ended.code == 3, ended
    assert took_s < 50
    days = {at.date() for _, at in begun(program, home)}
    assert len(days) >= 2
    waits = [line for line in ended.err.splitlines() if "  waiting: " in line]
    assert len(waits) > 5
    assert all(line.startswith(("2026-11-30 ", "2026-12-0")) for line in waits)
    assert any("(calling hours)" in line for line in waits)
    assert any("(a redial)" in line for line in waits)


def test_no_call_was_begun_outside_the_hours_where_the_guest_is(
    rehearsed: tuple[Path, Result, float], program: Program
) -> None:
    home, _, _ = rehearsed
    zones = {row["booking_id"]: zone_of(row) for row in rows_of(home) if row["call_to"]}
    calls = begun(program, home)
    assert len(calls) > 40
    for key, at in calls:
        here = at.astimezone(zones[key])
        spans = {5: _SATURDAY, 6: []}.get(here.weekday(), _WEEK)
        assert any(first <= here.time() < last for first, last in spans), (key, here)
    shown = {row["booking_id"]: row["call_started_at"] for row in rows_of(home)}
    last = dict(calls)
    for key, at in last.items():
        told = shown[key]
        told_at = told if isinstance(told, datetime) else datetime.fromisoformat(str(told))
        assert abs((told_at.replace(tzinfo=at.tzinfo) - at).total_seconds()) < 1


def test_guests_are_redialled_and_no_number_more_often_than_its_caps_allow(
    rehearsed: tuple[Path, Result, float], program: Program
) -> None:
    home, _, _ = rehearsed
    calls = begun(program, home)
    by_key = Counter(key for key, _ in calls)
    assert max(by_key.values()) in {3, 4}
    assert sum(1 for number in by_key.values() if number > 1) >= 5
    for key in by_key:
        times = sorted(at for called, at in calls if called == key)
        for first, third in zip(times, times[2:], strict=False):
            assert (third - first).total_seconds() >= 24 * 3600
    assert {row["booking_id"]: int(row["call_attempts"]) for row in rows_of(home)} == {
        row["booking_id"]: by_key[row["booking_id"]] for row in rows_of(home)
    }


def test_who_must_not_be_called_was_not_and_the_row_says_why(
    rehearsed: tuple[Path, Result, float], program: Program
) -> None:
    home, _, _ = rehearsed
    rows = {row["booking_id"]: row for row in rows_of(home)}
    skipped = {key: row for key, row in rows.items() if row["call_status"] == "skipped"}
    assert set(skipped) == {"H-305", "H-313", "H-317", "H-324", "H-326"}
    assert "no consent" in skipped["H-305"]["call_error"]
    assert all("do-not-call" in skipped[key]["call_error"] for key in ("H-313", "H-317", "H-326"))
    assert "America/New_York" in skipped["H-324"]["call_error"]
    assert not {key for key, _ in begun(program, home)} & set(skipped)
    assert {row["call_status"] for row in rows.values()} == {"done", "failed", "skipped"}
    fields = [name for name in rows["H-301"] if name.startswith("call_field_")]
    assert fields == ["call_field_arrives_on", "call_field_guests", "call_field_transfer"]
    assert any(row["call_field_transfer"] for row in rows.values())


def test_afterwards_the_status_is_that_of_the_rehearsal(
    rehearsed: tuple[Path, Result, float], program: Program
) -> None:
    home, _, _ = rehearsed
    status = program.run("status", _CAMPAIGN, "--simulate", "--json", cwd=home).json
    assert (status["total"], status["due"], status["next_due_at"]) == (40, 0, None)
    never = program.run("status", _CAMPAIGN, cwd=home)
    assert never.code == 2
    assert "was never run" in never.err
    early = "--simulate --start 2026-11-30T09:00".split()
    refused = program.run("run", _CAMPAIGN, *early, cwd=home)
    assert refused.code == 2
    assert "--fresh" in refused.err
