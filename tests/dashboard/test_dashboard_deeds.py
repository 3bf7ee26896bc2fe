"""What a person does on the pages, over real sockets: once, and told on the page that follows."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from poku_batch.models import CampaignId, ContactState
from poku_batch.pages.charts import Chart
from tests.app.desk_world import write_campaign
from tests.dashboard.dashboard_world import DEMO, Run, World, row, world


async def no_chart(*_: object) -> Chart:
    return Chart(key="over-time", title="Outcomes over time", about="Not drawn here.")


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr("poku_batch.dashboard.campaigns._drawn", no_chart)
    with world(tmp_path) as world_:
        (tmp_path / "sheet.csv").write_text("name,phone\nAnn,+14155550002\n")
        yield world_


@pytest.fixture
def run(demo: World) -> Run:
    demo.enrol([row(n) for n in range(2, 7)])
    return demo.run()


def state(demo: World, key: str) -> str:
    record = demo.do(demo.ledger.contact, DEMO, key)
    return str(record.state)


def test_a_run_is_paused_resumed_and_asked_to_stop(demo: World, run: Run) -> None:
    page = demo.get("/calls/demo")
    assert "/calls/demo/pause" in page
    assert "/calls/demo/resume" not in page
    page = demo.post("/calls/demo/pause")
    assert "no call begins until it is resumed" in page
    assert "/calls/demo/resume" in page
    pause = demo.do(demo.ledger.controls.paused, DEMO)
    assert pause.by.endswith("(dashboard)")
    assert f"by {pause.by}" in page
    assert "calls may begin again" in demo.post("/calls/demo/resume")
    assert demo.do(demo.ledger.controls.paused, DEMO) is None
    assert "asked to stop" in demo.post("/calls/demo/stop")
    assert demo.do(run.ledger_run.orders).stop_by == pause.by
    page = demo.get("/calls/demo")
    assert "stopping" in page
    assert "/calls/demo/stop" not in page


def test_what_cannot_be_done_is_told_and_does_nothing(demo: World) -> None:
    assert "It is not paused." in demo.post("/calls/demo/resume")
    assert "No run goes on." in demo.post("/calls/demo/stop")
    assert "Nobody was chosen" in demo.post("/calls/demo/retry")


def test_nothing_is_done_by_a_link(demo: World, run: Run) -> None:
    for deed in ("pause", "resume", "stop", "retry", "resolve", "forbid", "check", "begin"):
        demo.get(f"/calls/demo/{deed}", 405)
    assert demo.do(demo.ledger.controls.paused, DEMO) is None


def test_nothing_is_done_without_the_token_of_a_page(demo: World, run: Run) -> None:
    demo.get("/calls")
    for deed in ("pause", "stop", "retry", "resolve", "forbid", "check", "begin", "upload"):
        answer = demo.client.post(f"/calls/demo/{deed}", data={"_csrf": "x"})
        assert answer.status_code == 403, deed
    assert demo.do(demo.ledger.controls.paused, DEMO) is None


def test_a_message_is_told_once_and_not_by_an_address_that_somebody_makes(
    demo: World, run: Run
) -> None:
    assert 'id="said"' in demo.post("/calls/demo/pause")
    assert 'id="said"' not in demo.get("/calls/demo", said="Paused")


def test_contacts_are_put_back_after_a_person_saw_how_many_may_ring_twice(
    demo: World, run: Run
) -> None:
    run.finish(run.dial("k2"), "busy")
    run.doubt(run.dial("k3"), "cut off")
    run.reject(run.dial("k4"), "no such number")
    page = demo.post("/calls/demo/retry", key=["k2", "k3", "k4"])
    assert "Call 3 contacts again?" in page
    assert "<b>2 phones</b> rang before, or may have" in page
    assert [state(demo, key) for key in ("k2", "k3", "k4")] == ["done", "unknown", "failed"]
    fields = dict(re.findall(r'name="(agreed)" value="(\d+)"', page))
    assert fields == {"agreed": "2"}
    done = demo.post("/calls/demo/retry", key=["k2", "k3", "k4"], agreed="2")
    assert "3 contacts are pending again" in done
    assert [state(demo, key) for key in ("k2", "k3", "k4")] == ["pending"] * 3


def test_nobody_is_put_back_where_more_may_ring_twice_than_was_agreed_to(
    demo: World, run: Run
) -> None:
    run.finish(run.dial("k2"), "busy")
    assert "Nothing was changed" in demo.post("/calls/demo/retry", key="k2", agreed="0")
    assert state(demo, "k2") == "done"


def test_all_that_failed_are_put_back(demo: World, run: Run) -> None:
    run.reject(run.dial("k4"), "no such number")
    page = demo.post("/calls/demo/retry", failed="1")
    assert "Call 1 contact again?" in page
    assert "No phone of theirs has rung before" in page
    demo.post("/calls/demo/retry", failed="1", agreed="0")
    assert state(demo, "k4") == "pending"


def test_an_unknown_call_is_resolved_by_a_persons_word(demo: World, run: Run) -> None:
    run.doubt(run.dial("k3"), "cut off")
    assert "Say what came of the call" in demo.post("/calls/demo/resolve?key=k3", state="x")
    assert state(demo, "k3") == "unknown"
    page = demo.post("/calls/demo/resolve?key=k3", state="done", summary="She called back.")
    assert "Recorded as done" in page
    assert "She called back." in page
    assert "What came of the call?" not in page
    record = demo.do(demo.ledger.contact, DEMO, "k3")
    assert (record.state, record.summary) == (ContactState.DONE, "She called back.")
    assert "is not unknown" in demo.post("/calls/demo/resolve?key=k3", state="done")


def test_a_number_is_never_called_again(demo: World, run: Run) -> None:
    page = demo.post("/calls/demo/forbid?key=k5")
    assert "is on the do-not-call list" in page
    assert "on the do-not-call list</span>" in page
    assert demo.do(demo.ledger.listed, "+14155550005") is not None
    assert "/forbid" not in demo.get("/calls/demo/contact?key=k5")


def test_results_are_downloaded_under_a_name_of_their_own(demo: World, run: Run) -> None:
    run.finish(run.dial("k2"), "confirmed", "Yes, <b>gladly</b>.")
    answer = demo.client.get("/calls/demo/download/csv")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "demo.csv" in answer.headers["content-disposition"]
    first = next(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert (first["call_status"], first["call_summary"]) == ("done", "Yes, <b>gladly</b>.")
    demo.get("/calls/demo/download/exe", 404)


def test_a_wave_with_a_slash_stays_in_the_name_of_the_download(demo: World) -> None:
    write_campaign(demo.folder, "waves", wave="2026/11")
    demo.enrol([row(2)], CampaignId(name="waves", wave="2026/11"))
    answer = demo.client.get("/calls/waves/download/csv", params={"wave": "2026/11"})
    assert answer.status_code == 200, answer.text
    assert 'filename="waves-2026-11.csv"' in answer.headers["content-disposition"]


def test_a_real_run_needs_the_key_and_the_number_of_calls(
    demo: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POKU_API_KEY", raising=False)
    page = demo.post("/calls/demo/check")
    assert "POKU_API_KEY</code> is not set" in page
    (found,) = re.findall(r'name="found" value="([^"]+)"', page)
    fields = {"found": found, "calls": "1"}
    token = re.findall(r'name="_csrf" value="([^"]+)"', page)[0]
    refused = demo.client.post("/calls/demo/begin", data={"_csrf": token, **fields})
    assert refused.status_code == 403
    # Nobody listens there: were it begun, nobody could be called.
    monkeypatch.setenv("POKU_API_KEY", "poku-SECRET-5b1e")
    monkeypatch.setenv("POKU_BASE_URL", "http://127.0.0.1:9")
    page = demo.get(f"/calls/demo/start?found={found}")
    assert "Real phones will ring." in page
    assert "poku-SECRET" not in page
    page = demo.post("/calls/demo/begin", found=found, calls="2")
    assert "&#39;2&#39; was typed, and 1 contact would be called" in page
    assert "Check it again" in demo.post("/calls/demo/begin", found="x", calls="1")
    assert "Started from this page" not in demo.get("/calls/demo")


def test_a_person_agrees_to_those_who_are_called_later_too(
    demo: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody listens there: were it begun, nobody could be called.
    monkeypatch.setenv("POKU_API_KEY", "poku-SECRET-5b1e")
    monkeypatch.setenv("POKU_BASE_URL", "http://127.0.0.1:9")
    rows = "Ann,+14155550002,\nBob,+14155550003,2099-01-01\nCy,+14155550004,2099-01-01\n"
    (demo.folder / "sheet.csv").write_text(f"name,phone,not_before\n{rows}")
    page = demo.post("/calls/demo/check")
    assert "3 contacts will be called: 1 now, 2 when they are due." in page
    (found,) = re.findall(r'name="found" value="([^"]+)"', page)
    page = demo.post("/calls/demo/begin", found=found, calls="1")
    assert "&#39;1&#39; was typed, and 3 contacts would be called" in page
    assert "Started from this page" not in demo.get("/calls/demo")


def test_what_was_checked_for_one_campaign_is_not_started_for_another(demo: World) -> None:
    page = demo.post("/rehearsals/demo/check")
    (found,) = re.findall(r'name="found" value="([^"]+)"', page)
    assert "What the check found" not in demo.get(f"/calls/demo/start?found={found}")
    assert "Check it again" in demo.post("/calls/demo/begin", found=found, calls="1")


def test_a_sheet_is_uploaded_and_checked_in_place_of_its_own(demo: World) -> None:
    token = re.findall(r'name="_csrf" value="([^"]+)"', demo.get("/rehearsals/demo/start"))[0]

    def upload(name: str, data: bytes) -> str:
        answer = demo.client.post(
            "/rehearsals/demo/upload",
            files=[("_csrf", (None, token)), ("sheet", (name, data))],
            follow_redirects=True,
        )
        assert answer.status_code == 200, answer.text
        return answer.text

    sheet = b"name,phone\nAnn,+14155550002\nBob,+14155550003\n"
    page = upload("<b>two</b>.csv", sheet)
    assert "What the check found" in page
    assert "<b>two" not in page
    assert "Rehearse: no phone rings" in page
    assert re.search(r"To call now</dt><dd>2<", page)
    assert "xlsx" in upload("two.exe", sheet)
    assert "Choose a sheet first" in upload("", b"")
