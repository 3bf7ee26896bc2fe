"""The measurement of a million contacts in PostgreSQL can be run, with a few thousand."""

import importlib.util
import sys

import pytest

from tests import postgresql
from tests.benchmarks.short_runs import quick

MISSING = [name for name in ("altair", "vl_convert") if importlib.util.find_spec(name) is None]

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"not in uv's group bench: {', '.join(MISSING)}"),
    pytest.mark.skipif(sys.platform != "linux", reason="processor time is read from /proc"),
    pytest.mark.skipif(postgresql.programs() is None, reason=postgresql.MISSING),
]


def test_a_short_run_enrols_admits_and_writes() -> None:
    done = quick("million")
    for what in ("20,000, the server", "admission of 50, beside", "20,000 to CSV", "dashboard"):
        assert what in done.stdout
