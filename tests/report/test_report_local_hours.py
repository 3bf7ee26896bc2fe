"""Calls by the clock where the contacts are."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import anyio

from poku_batch.ports import PlacedCall
from poku_batch.report.local_hours import LocalClocks, LocalHours

#: A Monday.
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
NEW_YORK = "+12125550100"
TOLL_FREE = "+18005550100"


def counted(*calls: PlacedCall, columns: int = 1, **places: Any) -> LocalHours:
    async def batches() -> AsyncIterator[list[PlacedCall]]:
        for call in calls:
            yield [call]

    return anyio.run(LocalClocks(columns=columns, **places).count, batches())


def placed(to: str = NEW_YORK, *cells: str, outcome: str = "completed") -> PlacedCall:
    return (NOON, to, json.dumps(cells or [""]), outcome)


def fields(found: LocalHours) -> list[tuple[int, int, int, int]]:
    return [(hour.weekday, hour.hour, hour.calls, hour.reached) for hour in found.hours]


def test_the_number_says_where_a_contact_is() -> None:
    assert fields(counted(placed())) == [(0, 7, 1, 1)]


def test_a_row_s_own_zone_comes_before_the_number_s() -> None:
    found = counted(placed(NEW_YORK, "Asia/Kathmandu"), timezone=0)
    assert fields(found) == [(0, 17, 1, 1)]


def test_one_zone_counts_for_everybody_where_the_campaign_says_so() -> None:
    found = counted(placed(NEW_YORK, "Asia/Tokyo"), timezone=0, always="Europe/Berlin")
    assert fields(found) == [(0, 13, 1, 1)]


def test_the_default_counts_where_the_number_spans_several_clocks() -> None:
    assert counted(placed(TOLL_FREE)).unplaced == 1
    assert fields(counted(placed(TOLL_FREE), default_timezone="Asia/Tokyo")) == [(0, 21, 1, 1)]


def test_who_is_in_no_zone_is_counted_apart() -> None:
    erased = (NOON, "", "[]", "completed")
    unknown = placed(NEW_YORK, "Middle Earth")
    found = counted(erased, unknown, placed(NEW_YORK, ""), timezone=0)
    assert (found.unplaced, fields(found)) == (2, [(0, 7, 1, 1)])


def test_an_unreached_call_counts_as_a_call() -> None:
    found = counted(placed(outcome="voicemail"), placed(), placed(outcome="unknown"))
    assert fields(found) == [(0, 7, 3, 1)]


def test_a_row_of_an_earlier_sheet_goes_by_its_number() -> None:
    assert fields(counted(placed(NEW_YORK, "a", "b"), columns=1, timezone=0)) == [(0, 7, 1, 1)]
