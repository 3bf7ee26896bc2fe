"""A campaign whose workers are killed and frozen, and whose database is restarted under it.

The long form: ``uv run python -m tests.distributed chaos --seeds 5``.
"""

from pathlib import Path

import pytest

from tests.distributed.breaks import BREAKS, Break
from tests.distributed.chaos import Plan, chaos
from tests.distributed.fleet import PACKAGE
from tests.postgresql import Server

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("mode", ["wait", "poll"])
def test_nobody_is_called_twice_and_nobody_is_lost(
    tmp_path: Path, postgresql_server: Server, mode: str
) -> None:
    plan = Plan(contacts=100, kills=2, freezes=mode == "poll", heartbeat_s=0.5, mode=mode)
    figures = chaos(tmp_path, postgresql_server, plan)
    assert figures.faults == [], figures.said


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.what)
def test_every_break_of_runs_by_workers_has_its_place_in_the_program(broken: Break) -> None:
    text = (PACKAGE / "poku_batch" / broken.file).read_text()
    assert [text.count(change.old) for change in broken.changes] == [1] * len(broken.changes)
