"""Whoever asks a run to stop from elsewhere is heeded as a first signal is."""

import anyio
import pytest

from poku_batch.app.signals import SignalWatch
from poku_batch.engine.stops import Stop
from poku_batch.models import RunEnding

pytestmark = pytest.mark.anyio


async def test_asked_during_the_calls_a_run_ends_gently_however_often_it_is_asked() -> None:
    stop = Stop()
    watch = SignalWatch(stop)
    for by in ("ann", "bob"):
        watch.ask(f"{by} asked it to stop")
    assert (stop.ending, stop.why) == (RunEnding.STOPPED, "ann asked it to stop")
    assert not stop.left


async def test_asked_after_the_calls_a_run_leaves_what_it_still_waits_for() -> None:
    stop = Stop()
    watch = SignalWatch(stop)
    watch.over()
    watch.ask("ann asked it to stop")
    with anyio.fail_after(1):
        await stop.wait_left()
    assert not stop.requested
