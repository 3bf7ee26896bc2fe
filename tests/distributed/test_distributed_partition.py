"""A worker on a host of its own that cannot reach the database for a while, and calls all the same.

The long form: ``uv run python -m tests.distributed partition``.
"""

from pathlib import Path

import pytest

from tests.distributed.hosts import why_not
from tests.distributed.partition import Cut, partition
from tests.postgresql import MISSING, programs

pytestmark = pytest.mark.timeout(240)


def test_a_worker_that_is_cut_off_calls_nobody_twice_and_loses_nothing(tmp_path: Path) -> None:
    if programs() is None:
        pytest.skip(MISSING)
    if (why := why_not()) is not None:
        pytest.skip(f"no hosts can be made: {why}")
    cut = Cut(kinds=("down", "silent"), seconds=4, mode="poll", heartbeat_s=0.5, concurrency=8)
    figures = partition(tmp_path, cut)
    assert figures.faults == [], figures.said
