"""The Python interface, as a notebook or a program uses it."""

import csv
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import pandas as pd
import pytest

import poku_batch
from poku_batch import (
    CallRequest,
    PokuBatchError,
    PokuClient,
    Rehearsal,
    RunPlan,
    campaign_status,
    check_campaign,
    export_campaign,
    load_campaign,
    run_campaign,
)
from poku_batch.errors import (
    ApiError,
    CampaignBusyError,
    ContactsError,
    MissingKeyError,
    UsageError,
)
from poku_batch.events import CallEnded, CallStarted, Event, RunEnded, RunStarted
from poku_batch.models import ContactState, RunEnding
from tests.standin import Answer, Generation, Raw, StandIn, numbers, recording, summary

pytestmark = pytest.mark.anyio

_KEY = "poku-SECRET-77aa"


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn() as api:
        yield api


@pytest.fixture
def campaign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, standin: StandIn) -> Path:
    """A campaign file of five people, and an environment that names the stand-in."""
    monkeypatch.setenv("POKU_API_KEY", _KEY)
    monkeypatch.setenv("POKU_BASE_URL", standin.url)
    monkeypatch.delenv("POKU_BATCH_LEDGER", raising=False)
    rows = "".join(f"Person {n},{phone}\n" for n, phone in enumerate(numbers(5)))
    (tmp_path / "sheet.csv").write_text(f"name,phone\n{rows}")
    path = tmp_path / "campaign.yaml"
    path.write_text(
        'name: demo\ncontacts: sheet.csv\nprompt: {text: "Call {{ name }}."}\noutput: out.csv\n'
        "calling_hours: always\n"
        "limits: {concurrency: 2}\napi: {poll_interval: 100ms}\n"
    )
    return path


def _results(campaign: Path, name: str = "out.csv") -> list[dict[str, str]]:
    with campaign.with_name(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _change(campaign: Path, old: str, new: str) -> None:
    campaign.write_text(campaign.read_text().replace(old, new))


class _Listener:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)


def test_the_exported_names_are_these_and_each_can_be_imported() -> None:
    assert poku_batch.__all__ == [
        "CallRequest",
        "Campaign",
        "CheckReport",
        "Counts",
        "Ended",
        "PokuBatchError",
        "PokuClient",
        "Rehearsal",
        "RunPlan",
        "RunSummary",
        "campaign_status",
        "check_campaign",
        "export_campaign",
        "load_campaign",
        "run_campaign",
    ]
    for name in poku_batch.__all__:
        value = getattr(poku_batch, name)
        assert value.__doc__, name
        assert value.__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = poku_batch.nonsense
    assert (Path(poku_batch.__file__).parent / "py.typed").exists()


def test_every_exported_name_can_be_the_first_that_is_imported() -> None:
    lines = "\n".join(
        "import sys\n"
        "for module in [m for m in sys.modules if m.startswith('poku_batch')]:\n"
        "    del sys.modules[module]\n"
        f"from poku_batch import {name}"
        for name in poku_batch.__all__
    )
    code = f"{lines}\nfrom poku_batch import *\nprint(run_campaign.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "run_campaign\n"


async def test_a_campaign_is_rehearsed_with_true(campaign: Path, standin: StandIn) -> None:
    found = await run_campaign(campaign, simulate=True, limit=1)
    assert found.ending is RunEnding.LIMIT
    assert found.counts.of(ContactState.PENDING) == 4
    assert found.outputs == (campaign.with_name("out.simulated.csv"),)
    again = await run_campaign(str(campaign), simulate=Rehearsal(speed=500, fresh=True))
    assert again.ending is RunEnding.FINISHED
    assert again.report.new == 5
    assert standin.requests == []


async def test_a_campaign_is_run_with_events_and_its_standing_and_results_read_again(
    campaign: Path, standin: StandIn
) -> None:
    listener = _Listener()
    loaded = load_campaign(campaign)
    report = await check_campaign(loaded)
    assert (report.phone_column, report.columns) == ("phone", ("name", "phone"))
    assert report.report.counts.of(ContactState.PENDING) == 5
    with pytest.raises(UsageError, match="never run"):
        await campaign_status(loaded)

    found = await run_campaign(loaded, sink=listener)

    assert found.ending is RunEnding.FINISHED
    assert found.counts.outcomes == {"completed": 5}
    assert standin.numbers == numbers(5)
    assert [row["call_summary"] for row in _results(campaign)] == [summary(n) for n in numbers(5)]
    kinds = [type(event) for event in listener.events]
    assert (kinds[0], kinds[-1]) == (RunStarted, RunEnded)
    assert kinds.count(CallStarted) == kinds.count(CallEnded) == 5
    assert _KEY not in repr(listener.events)
    assert await campaign_status(loaded) == found.counts
    written = await export_campaign(loaded, to=campaign.with_name("again.parquet"))
    frame = pd.read_parquet(written[0])
    assert frame["call_to"].tolist() == numbers(5)


async def test_a_data_frame_of_any_dtypes_takes_the_place_of_the_sheet(
    campaign: Path, standin: StandIn
) -> None:
    campaign.with_name("sheet.csv").unlink()
    frame = pd.DataFrame(
        {
            "name": ["Ann", None, "Cid"],
            "phone": [14155550000, 14155550001, 14155550002],
            "when": [pd.Timestamp("2026-12-01"), pd.NaT, pd.Timestamp("2026-12-03")],
        },
        index=[7, 7, 9],
    )
    before = frame.copy()
    _change(campaign, "contacts: sheet.csv", "contacts: {file: x.csv, region: US}")
    found = await run_campaign(campaign, contacts=frame)
    assert found.counts.outcomes == {"completed": 3}
    assert standin.numbers == numbers(3)
    prompts = sorted(call.json["prompt"] for call in standin.calls)
    assert prompts == ["Call .", "Call Ann.", "Call Cid."]
    assert [row["name"] for row in _results(campaign)] == ["Ann", "", "Cid"]
    pd.testing.assert_frame_equal(frame, before)
    with pytest.raises(ContactsError):
        await run_campaign(campaign, contacts=frame.rename(columns={"name": "call_status"}))


async def test_who_is_asked_and_says_no_lets_nobody_be_called(
    campaign: Path, standin: StandIn
) -> None:
    plans: list[RunPlan] = []

    def decline(plan: RunPlan) -> bool:
        plans.append(plan)
        return False

    found = await run_campaign(campaign, confirm=decline, limit=3)
    assert found.ending is RunEnding.DECLINED
    assert found.outputs == ()
    assert [(plan.to_call, plan.base_url, plan.simulated) for plan in plans] == [
        (3, standin.url, False)
    ]
    assert standin.requests == []
    assert not campaign.with_name("out.csv").exists()


async def test_two_runs_of_one_campaign_in_one_process_are_refused_too(
    campaign: Path, standin: StandIn
) -> None:
    standin.held = True
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run_campaign, campaign)
        await anyio.to_thread.run_sync(lambda: standin.wait_for(2))
        with pytest.raises(CampaignBusyError):
            await run_campaign(campaign)
        standin.held = False
    assert standin.numbers == numbers(5)


async def test_a_cancelled_run_writes_its_results_and_is_gone_on_with(
    campaign: Path, standin: StandIn
) -> None:
    standin.held = True
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run_campaign, campaign)
        await anyio.to_thread.run_sync(lambda: standin.wait_for(2))
        tasks.cancel_scope.cancel()
    states = [row["call_status"] for row in _results(campaign)]
    assert states == ["unknown"] * 2 + ["pending"] * 3
    standin.held = False
    found = await run_campaign(campaign)
    assert found.counts.of(ContactState.DONE) == 3
    assert standin.numbers == numbers(5)


async def test_a_failure_of_the_users_making_is_an_error_of_one_tree(
    campaign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POKU_API_KEY")
    with pytest.raises(MissingKeyError, match="POKU_API_KEY") as missing:
        await run_campaign(campaign)
    assert isinstance(missing.value, PokuBatchError)
    with pytest.raises(PokuBatchError, match="no such file"):
        await run_campaign(campaign.with_name("nope.yaml"))
    with pytest.raises(UsageError, match="drop"):
        await run_campaign(campaign, simulate=Rehearsal(faults="drob=1"))
    assert {path.name for path in campaign.parent.iterdir()} == {"campaign.yaml", "sheet.csv"}


@pytest.mark.parametrize("generation", ["first", "second"])
async def test_a_single_call_is_placed_and_followed_to_its_end(
    standin: StandIn, generation: Generation
) -> None:
    standin.generation = generation
    request = CallRequest(to=numbers(1)[0], prompt="Hello", transfer_to="+14155550101")
    async with PokuClient(_KEY, base_url=standin.url, poll_interval_s=0.01) as client:
        assert _KEY not in repr(client)
        ended = await client.call(request)
    assert ended.summary == summary(numbers(1)[0])
    assert ended.recording_url == recording(numbers(1)[0])
    assert ended.interaction_id is not None
    assert [call.json for call in standin.calls] == [
        {"to": numbers(1)[0], "prompt": "Hello", "transferTo": "+14155550101"}
    ]


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (Answer(status=400, body={"error": "bad prompt"}), "no call was placed.*bad prompt"),
        (Answer(status=401, body={"error": "bad key"}), "no call was placed.*bad key"),
        (Answer(status=429, headers=(("Retry-After", "0"),)), "no call was placed.*429"),
        (Answer(status=500), "may have been placed.*500"),
        (Raw(), "may have been placed"),
    ],
)
async def test_a_single_call_is_never_placed_again_and_says_whether_it_may_have_rung(
    standin: StandIn, act: Answer | Raw, words: str
) -> None:
    standin.act(numbers(1)[0], act)
    async with PokuClient(_KEY, base_url=standin.url) as client:
        with pytest.raises(ApiError, match=words) as failed:
            await client.call(CallRequest(to=numbers(1)[0], prompt="Hello"))
    assert len(standin.calls) == 1
    assert _KEY not in str(failed.value)
