"""What is asked and what goes wrong beside the calls of a run, by way of the Python interface."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
from anyio.lowlevel import checkpoint

from poku_batch import RunSummary, load_campaign, run_campaign
from poku_batch.app import dashboards
from poku_batch.app.controlling import pause_campaign, stop_campaign
from poku_batch.app.reading import campaign_status
from poku_batch.engine.telling import Teller
from poku_batch.events import Event, Paused
from poku_batch.models import ContactState, RunEnding
from tests.standin import StandIn, numbers

pytestmark = pytest.mark.anyio


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn() as api:
        yield api


@pytest.fixture
def campaign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, standin: StandIn) -> Path:
    """A campaign file of five people, and an environment that names the stand-in."""
    monkeypatch.setenv("POKU_API_KEY", "key")
    monkeypatch.setenv("POKU_BASE_URL", standin.url)
    monkeypatch.delenv("POKU_BATCH_LEDGER", raising=False)
    rows = "".join(f"Person {n},{phone}\n" for n, phone in enumerate(numbers(5)))
    (tmp_path / "sheet.csv").write_text(f"name,phone\n{rows}")
    path = tmp_path / "campaign.yaml"
    path.write_text(
        'name: demo\ncontacts: sheet.csv\nprompt: {text: "Call {{ name }}."}\noutput: out.csv\n'
        "calling_hours: always\nlimits: {concurrency: 2}\n"
    )
    return path


def elsewhere(act: Callable[..., Any], campaign: Path) -> None:
    """Have somebody else do something, in a thread of their own, and wait for it."""
    thread = threading.Thread(target=anyio.run, args=(partial(act, load_campaign(campaign)),))
    thread.start()
    thread.join()


async def asked_meanwhile(campaign: Path, act: Callable[..., Any]) -> RunSummary:
    """Run, while somebody does something before it is answered whether to go on after a canary."""

    def confirm(_report: object) -> bool:
        elsewhere(act, campaign)
        return True

    return await run_campaign(campaign, canary=1, confirm_canary=confirm, wait=False)


async def test_a_pause_while_it_is_asked_whether_to_go_on_is_heeded_before_the_next_call(
    campaign: Path, standin: StandIn
) -> None:
    found = await asked_meanwhile(campaign, pause_campaign)
    assert found.ending is RunEnding.DUE_LATER
    assert "paused by" in (found.why or "")
    assert len(standin.calls) == 1


async def test_a_stop_while_it_is_asked_whether_to_go_on_is_heeded_before_the_next_call(
    campaign: Path, standin: StandIn
) -> None:
    found = await asked_meanwhile(campaign, stop_campaign)
    assert found.ending is RunEnding.STOPPED
    assert len(standin.calls) == 1


class _Faulty:
    """A display with a fault: it knows nothing of some events."""

    def __init__(self, *kinds: type[Event]) -> None:
        self._kinds = kinds

    def emit(self, event: Event) -> None:
        if type(event) in self._kinds:
            raise ValueError("a defect")


async def run_to_its_fault(campaign: Path, *kinds: type[Event]) -> None:
    with pytest.raises(ValueError, match="a defect"):
        await run_campaign(campaign, sink=_Faulty(*kinds))


async def test_a_fault_beside_the_calls_ends_the_run_and_breaks_off_no_call(
    campaign: Path, standin: StandIn
) -> None:
    standin.held = True
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run_to_its_fault, campaign, Paused)
        await anyio.to_thread.run_sync(standin.wait_for, 2)
        await anyio.to_thread.run_sync(elsewhere, pause_campaign, campaign)
        await anyio.sleep(1.5)
        standin.held = False
    counts = await campaign_status(load_campaign(campaign))
    assert (counts.of(ContactState.DONE), counts.of(ContactState.PENDING)) == (2, 3)
    assert len(standin.calls) == 2


async def test_a_fault_beside_the_end_of_a_run_is_told_after_its_results_are_written(
    campaign: Path, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = campaign.with_name("out.csv")

    async def fail(_teller: Teller) -> None:
        while not written.exists():
            await checkpoint()
        raise ValueError("a defect")

    monkeypatch.setattr(Teller, "run", fail)
    await run_to_its_fault(campaign)
    assert len(standin.calls) == 5
    assert written.read_text().count("done") == 5


class _Interrupted(threading.Event):
    """An event that Ctrl-C comes in place of."""

    def wait(self, timeout: float | None = None) -> bool:
        super().wait(timeout)
        raise KeyboardInterrupt


def test_a_dashboard_is_no_longer_served_when_ctrl_c_comes_as_it_begins(
    campaign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = dashboards._Beside()
    beside.begun = _Interrupted()
    monkeypatch.setattr(dashboards, "_Beside", lambda: beside)
    told: list[dashboards.Opened] = []
    address = dashboards.Address(port=0)
    with (
        pytest.raises(KeyboardInterrupt),
        dashboards.dashboard_beside(
            campaign.parent, address, on_ready=told.append, on_fault=pytest.fail
        ),
    ):
        pytest.fail("it was interrupted")
    assert told
    assert "poku-dashboard" not in {thread.name for thread in threading.enumerate()}
