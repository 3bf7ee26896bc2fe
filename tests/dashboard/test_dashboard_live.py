"""Live pages in a real Chromium: they follow the ledger, and leave a person be meanwhile."""

import re
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from poku_batch.models import KeptRecording
from tests.browser import chromium, page
from tests.dashboard.dashboard_world import NOW, Run, World, row, world

__all__ = ["chromium", "page"]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as world_:
        world_.enrol([row(n) for n in range(2, 62)])
        yield world_


@pytest.fixture
def run(demo: World) -> Run:
    return demo.run()


@pytest.fixture(autouse=True)
def faults(page: Page) -> Iterator[list[str]]:
    """No page may complain: neither its scripts, nor the policy about them."""
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "console",
        lambda message: said.append(message.text) if message.type in ("error", "warning") else None,
    )
    yield said
    assert said == []


def opened(page: Page, demo: World, path: str) -> Page:
    """Open a page, and wait until it follows."""
    page.goto(f"{demo.url}{path}")
    expect(page.locator("#live")).to_have_text("Live")
    return page


def test_calls_show_up_by_themselves_and_their_ages_count(
    page: Page, demo: World, run: Run
) -> None:
    opened(page, demo, "/calls/demo")
    expect(page.locator("#now-2-1")).to_have_count(0)
    attempt = run.start("k2", 0)
    line = page.locator("#now-2-1")
    expect(line).to_contain_text("k2 in call")
    age = line.locator(".end")
    before = age.inner_text()
    expect(age).not_to_have_text(before, timeout=3_000)
    run.finish(attempt, "confirmed", "She will be <b>there</b>.")
    expect(page.locator("#then-2-1")).to_contain_text("She will be <b>there</b>.")
    expect(line).to_have_count(0)
    expect(page.locator("#row-2")).to_contain_text("confirmed")


def test_what_a_person_does_stays_while_news_come(page: Page, demo: World, run: Run) -> None:
    run.finish(run.dial("k9"), "busy")
    opened(page, demo, "/calls/demo")
    page.locator("#row-9 [name=key]").check()
    page.locator("#downloads summary").click()
    page.evaluate("document.getElementById('q').value = 'half a wo'")
    page.locator("#state").focus()
    page.evaluate("window.scrollTo(0, 700)")
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#row-20 .who'))")
    run.finish(run.dial("k2"), "confirmed", "Yes.")
    expect(page.locator("#then-2-1")).to_contain_text("Yes.")
    assert page.evaluate("document.activeElement.id") == "state"
    assert page.locator("#q").input_value() == "half a wo"
    assert page.locator("#row-9 [name=key]").is_checked()
    assert page.locator("#downloads").evaluate("e => e.open")
    assert page.evaluate("window.scrollY") == 700
    assert page.evaluate("getSelection().toString()") == "Person 20"


def test_a_search_shows_what_it_finds_while_it_is_typed_and_follows_news(
    page: Page, demo: World, run: Run
) -> None:
    opened(page, demo, "/calls/demo")
    page.locator("#q").press_sequentially("person 11")
    expect(page.locator("caption").last).to_have_text("1 to 1 of 1 contact")
    assert "q=person%2011" in page.url
    assert page.evaluate("document.activeElement.id") == "q"
    run.finish(run.dial("k11"), "confirmed", "Yes.")
    expect(page.locator("#row-11")).to_contain_text("confirmed")
    expect(page.locator("tbody tr[id^=row]")).to_have_count(1)
    page.reload()
    expect(page.locator("#q")).to_have_value("person 11")
    expect(page.locator("tbody tr[id^=row]")).to_have_count(1)


def test_contacts_are_filtered_sorted_and_paged(page: Page, demo: World, run: Run) -> None:
    run.finish(run.dial("k5"), "busy")
    opened(page, demo, "/calls/demo?size=50")
    page.get_by_role("link", name="Next").click()
    expect(page.locator("#row-61")).to_be_visible()
    page.get_by_role("link", name="Row").click()
    expect(page.locator("tbody tr[id^=row] .key").first).to_have_text("k61")
    page.locator("#state").select_option("done")
    expect(page.locator("tbody tr[id^=row]")).to_have_count(1)
    expect(page.locator("#row-5")).to_be_visible()


def test_a_player_goes_on_while_news_come(
    page: Page, demo: World, run: Run, tmp_path: Path
) -> None:
    attempt = run.start("k2")
    run.finish(attempt, "confirmed", recording_url="https://recordings.example/2.wav")
    file = tmp_path / "k2-1.wav"
    file.write_bytes(silence(20))
    demo.do(demo.ledger.recordings.begin, attempt, file, at=NOW)
    kept = KeptRecording(file=file, size=file.stat().st_size, sha256="0" * 64, at=NOW)
    assert demo.do(demo.ledger.recordings.keep, attempt, kept)
    opened(page, demo, "/calls/demo/contact?key=k2")
    page.locator("#audio-1").evaluate("e => e.play()")
    heard(page, 0.3)
    # What was not heard yet can be skipped to: by ranges.
    page.locator("#audio-1").evaluate("e => { e.currentTime = 10 }")
    heard(page, 10.2)
    demo.post("/calls/demo/retry", key="k2", agreed="1")
    expect(page.locator("#page .badge").first).to_have_text("pending")
    assert not page.locator("#audio-1").evaluate("e => e.paused")
    heard(page, 11)
    # What is heard is not taken away, although its copy is gone by now.
    demo.do(demo.ledger.recordings.lose, attempt, "somebody removed it", at=NOW)
    expect(page.locator("#attempt-1")).to_contain_text("somebody removed it")
    assert not page.locator("#audio-1").evaluate("e => e.paused")


def heard(page: Page, seconds: float) -> None:
    """Wait until so much was played; the policy lets nobody wait by a script of theirs."""
    give_up = time.monotonic() + 10
    while page.locator("#audio-1").evaluate("e => e.currentTime") <= seconds:
        assert time.monotonic() < give_up
        page.wait_for_timeout(50)


def silence(seconds: int, rate: int = 8_000) -> bytes:
    """A WAV of silence, 8 bits a sample."""
    data = b"\x80" * (seconds * rate)
    sizes = (36 + len(data), b"WAVE", b"fmt ", 16, 1, 1, rate, rate, 1, 8)
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", *sizes)
    return head + struct.pack("<4sI", b"data", len(data)) + data


def test_a_run_is_paused_and_resumed_by_buttons(page: Page, demo: World, run: Run) -> None:
    opened(page, demo, "/calls/demo")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#said")).to_contain_text("no call begins")
    assert "said=" not in page.url
    expect(page.locator("#status")).to_contain_text("paused")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#status")).to_contain_text("running")


def test_the_ticked_are_called_again(page: Page, demo: World, run: Run) -> None:
    for key in ("k2", "k3", "k4"):
        run.finish(run.dial(key), "busy")
    opened(page, demo, "/calls/demo?outcome=busy")
    page.locator("#all").check()
    page.locator("#row-3 [name=key]").uncheck()
    page.get_by_role("button", name="Call the ticked again…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Call 2 contacts again?")
    page.get_by_role("button", name="Yes, call 2 contacts again").click()
    expect(page.locator("#said")).to_contain_text("2 contacts are pending again")


def test_a_page_says_when_it_does_not_follow_and_follows_again(
    page: Page, demo: World, run: Run, faults: list[str]
) -> None:
    page.route("**/events/**", lambda route: route.abort())
    page.goto(f"{demo.url}/calls/demo")
    expect(page.locator("#live")).to_have_text("Not live: trying again")
    page.unroute("**/events/**")
    expect(page.locator("#live")).to_have_text("Live", timeout=15_000)
    assert all("ERR_FAILED" in fault for fault in faults)
    faults.clear()


def test_pages_work_without_scripts(chromium: Browser, demo: World, run: Run) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{demo.url}/calls/demo")
    page.locator("#q").fill("person 12")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("tbody tr[id^=row]")).to_have_count(1)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#said")).to_contain_text("no call begins")
    context.close()


def test_a_page_has_no_more_than_its_assets_from_anywhere(
    page: Page, demo: World, run: Run
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    opened(page, demo, "/calls/demo")
    paths = {re.sub(r"\.[0-9a-f]{16}\.", ".", url.removeprefix(demo.url)) for url in asked}
    assert paths == {
        "/calls/demo",
        "/events/calls",
        "/assets/dashboard.css",
        "/assets/dashboard.js",
        "/assets/htmx.js",
        "/assets/icon.svg",
    }
