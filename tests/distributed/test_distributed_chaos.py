"""A campaign whose workers are killed and frozen, and whose database is restarted under it.

The long form: ``uv run python -m tests.distributed --seeds 5``.
"""

from pathlib import Path

import pytest

from tests.distributed.chaos import Plan, chaos
from tests.postgresql import Server

pytestmark = pytest.mark.timeout(240)


def test_nobody_is_called_twice_and_nobody_is_lost(
    tmp_path: Path, postgresql_server: Server
) -> None:
    figures = chaos(tmp_path, postgresql_server, Plan(seed=1, contacts=240, kills=2))
    assert figures.faults == [], figures.said
