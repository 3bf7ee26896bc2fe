"""A person's afternoon at the pages: everything by a real Chromium, a real server, real runs."""

import csv
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.app.desk_world import sheet_of, write_campaign
from tests.browser import chromium

__all__ = ["chromium"]

COMMAND = str(Path(sys.executable).with_name("poku-batch"))
PEOPLE = 14
#: What is waited for: a run's start, its next look at the ledger, a page's next tick.
SOON_MS = 20_000

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two campaigns: one to rehearse from its page, and one whose calls were all cut off."""
    folder = tmp_path_factory.mktemp("story")
    for name in ("clinic", "cut-off"):
        write_campaign(
            folder,
            name,
            contacts=f"{name}.csv",
            limits={"concurrency": 2},
            circuit_breaker="off",
            output={"file": f"{name}-out.csv", "recordings": f"{name}-recordings"},
        )
    phones = [f"+1415555{n:04}" for n in range(100, 100 + PEOPLE)]
    (folder / "clinic.csv").write_text(sheet_of(phones))
    (folder / "cut-off.csv").write_text(sheet_of(["+14155550190", "+14155550191"]))
    cut_off = [COMMAND, "run", "cut-off.yaml", "--simulate", "--faults", "drop=1", "--speed", "300"]
    assert subprocess.run(cut_off, cwd=folder, check=False, capture_output=True).returncode == 3
    yield folder
    # A run outlives the page that it was started from; a test that fails leaves it as it is.
    for name in ("clinic", "cut-off"):
        stop = [COMMAND, "stop", f"{name}.yaml", "--simulate"]
        subprocess.run(stop, cwd=folder, check=False, capture_output=True)


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """The dashboard of the folder, a process of its own."""
    serve = [COMMAND, "dashboard", "--folder", str(folder), "--port", "0"]
    with subprocess.Popen(serve, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            found = re.search(r"http://\S+?(?=/?\s)", server.stderr.readline())
            assert found is not None
            yield found[0]
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def visit(chromium: Browser, address: str) -> Iterator[Page]:
    """One page, which is gone on with from test to test; no script of it may ever fail."""
    context = chromium.new_context(base_url=address, accept_downloads=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert complaints == []


def calls(page: Page, heading: str) -> Locator:
    """The lines of one of the two lists of calls."""
    return page.get_by_role("region", name=heading).get_by_role("listitem")


def column(page: Page, name: str) -> list[str]:
    """The cells of a column of the contacts' table, as they are shown."""
    heads = [head.strip(" ↑↓\n") for head in page.locator(".contacts thead th").all_inner_texts()]
    return [
        row.locator("td, th").nth(heads.index(name)).inner_text().strip()
        for row in page.locator(".contacts tbody tr").all()
    ]


def rehearse(page: Page, campaign: str) -> None:
    """Go from the first page to a rehearsal under way, as somebody who has never been here."""
    page.goto("/")
    page.get_by_role("link", name="Rehearsals").first.click()
    page.get_by_role("link", name=campaign).click()
    page.get_by_role("link", name="Check and rehearse").first.click()
    page.get_by_role("button", name="Check it").click()
    expect(page.get_by_text(f"A run would now call {PEOPLE}")).to_be_visible(timeout=SOON_MS)
    page.get_by_label("How fast time passes").select_option("30")
    page.get_by_role("button", name="Rehearse: no phone rings").click()


def test_a_rehearsal_is_started_watched_paused_resumed_and_ends(visit: Page) -> None:
    rehearse(visit, "clinic")
    expect(visit.get_by_text("Rehearsal: no phone rings.")).to_be_visible()
    expect(calls(visit, "In call now").first).to_be_visible(timeout=SOON_MS)
    expect(calls(visit, "Latest calls").first).to_be_visible(timeout=SOON_MS)
    pause = visit.get_by_role("button", name="Pause")
    pause.click()
    expect(visit.get_by_text("paused by")).to_be_visible(timeout=SOON_MS)
    expect(calls(visit, "In call now")).to_have_count(0, timeout=SOON_MS)
    settled = len(visit.locator(".contacts tbody tr", has_text="done").all())
    assert 0 < settled < PEOPLE
    time.sleep(2.5)
    assert calls(visit, "In call now").count() == 0
    visit.get_by_role("button", name="Resume").click()
    expect(calls(visit, "In call now").first).to_be_visible(timeout=SOON_MS)
    visit.evaluate("window.notLoadedAnew = true")
    expect(visit.get_by_text("nobody is left to call").first).to_be_visible(timeout=60_000)
    expect(visit.get_by_text(f"{PEOPLE} of {PEOPLE} contacts settled")).to_be_visible()
    assert visit.evaluate("window.notLoadedAnew") is True


def test_the_page_shows_news_without_being_loaded_again_or_losing_what_is_typed(
    visit: Page, folder: Path
) -> None:
    visit.goto("/rehearsals/clinic")
    search = visit.get_by_label("Search keys, numbers and cells")
    search.fill("half a wo")
    visit.evaluate("window.notLoadedAnew = true")
    retry = [COMMAND, "retry", "clinic.yaml", "--simulate", "--yes", "--key", "+14155550100"]
    assert subprocess.run(retry, cwd=folder, check=False, capture_output=True).returncode == 0
    expect(visit.get_by_text(f"{PEOPLE - 1} of {PEOPLE} contacts settled")).to_be_visible(
        timeout=SOON_MS
    )
    assert visit.evaluate("window.notLoadedAnew") is True
    expect(search).to_have_value("half a wo")
    expect(search).to_be_focused()


def test_contacts_are_sorted_filtered_and_searched(visit: Page) -> None:
    visit.goto("/rehearsals/clinic")
    rows = [int(row) for row in column(visit, "Row")]
    assert rows == sorted(rows)
    visit.get_by_role("columnheader", name="Outcome").get_by_role("link").click()
    expect(visit.locator("th[aria-sort]")).to_have_text("Outcome")
    # Who was put back keeps the last outcome to be read, and stands with none.
    stand = zip(column(visit, "State"), column(visit, "Outcome"), strict=True)
    outcomes = [outcome for state, outcome in stand if state == "done"]
    assert outcomes == sorted(outcomes)
    assert len(set(outcomes)) > 1
    wanted, rows_shown = outcomes[0], visit.locator(".contacts tbody tr")
    visit.get_by_label("Outcome", exact=True).select_option(wanted.replace(" ", "_"))
    expect(rows_shown).to_have_count(outcomes.count(wanted))
    assert column(visit, "Outcome") == [wanted] * outcomes.count(wanted)
    visit.goto("/rehearsals/clinic")
    visit.get_by_label("Search keys, numbers and cells").fill("0107")
    expect(rows_shown).to_have_count(1)
    assert [cell.split()[0] for cell in column(visit, "Contact")] == ["+14155550107"]


def test_a_recording_is_played(visit: Page) -> None:
    visit.goto("/rehearsals/clinic")
    done = visit.locator(".contacts tbody tr", has_text="done").first
    done.get_by_role("link").first.click()
    player = visit.locator("audio").first
    expect(player).to_be_visible(timeout=SOON_MS)
    player.evaluate("async (audio) => { audio.muted = true; await audio.play(); }")
    give_up = time.monotonic() + SOON_MS / 1000
    while not player.evaluate("(audio) => audio.currentTime") > 0.2:
        assert time.monotonic() < give_up, "nothing was to be heard"
        visit.wait_for_timeout(50)
    assert player.evaluate("(audio) => audio.duration") > 0.5


def test_an_unknown_call_is_resolved_and_the_page_says_by_whom(visit: Page) -> None:
    visit.goto("/rehearsals/cut-off?state=unknown")
    visit.locator(".contacts tbody").get_by_role("link", name="+14155550190").click()
    expect(visit.get_by_role("heading", name="What came of the call?")).to_be_visible()
    visit.get_by_label("done: the call took place").check()
    visit.get_by_label("What is known of it").fill("She <b>rang back</b>: confirmed.")
    visit.get_by_role("button", name="Record it").click()
    visit.wait_for_load_state()
    expect(visit.get_by_role("heading", name="What came of the call?")).to_have_count(0)
    expect(visit.get_by_text("She <b>rang back</b>: confirmed.").first).to_be_visible()
    expect(visit.locator(".history").get_by_text("(dashboard)").first).to_be_visible()
    visit.goto("/rehearsals/cut-off")
    assert sorted(column(visit, "State")) == ["done", "unknown"]


@pytest.mark.parametrize(("kind", "read"), [("CSV", "csv"), ("Excel", "xlsx")])
def test_the_output_is_downloaded(visit: Page, tmp_path: Path, kind: str, read: str) -> None:
    visit.goto("/rehearsals/clinic")
    visit.locator("summary", has_text="Download").click()
    with visit.expect_download() as begun:
        visit.get_by_role("link", name=kind).click()
    path = tmp_path / begun.value.suggested_filename
    begun.value.save_as(path)
    assert path.suffix == f".{read}"
    rows: list[Any]
    if read == "csv":
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["call_to"] for row in rows] == [row["phone"] for row in rows]
    else:
        rows = list(openpyxl.load_workbook(path).worksheets[0].values)[1:]
    assert len(rows) == PEOPLE


def test_another_sheet_is_uploaded_checked_and_rehearsed(
    visit: Page, folder: Path, tmp_path: Path
) -> None:
    other = tmp_path / "two more.csv"
    other.write_text(sheet_of(["+14155550198", "+14155550199"]))
    visit.goto("/rehearsals/cut-off/start")
    visit.get_by_label("A csv, tsv, xlsx or parquet file").set_input_files(other)
    visit.get_by_role("button", name="Upload and check").click()
    expect(visit.get_by_text("A run would now call 2")).to_be_visible(timeout=SOON_MS)
    visit.get_by_label("How fast time passes").select_option("300")
    visit.get_by_role("button", name="Rehearse: no phone rings").click()
    expect(visit.get_by_text("2 of 2 contacts settled")).to_be_visible(timeout=SOON_MS)
    expect(visit.get_by_text("nobody is left to call").first).to_be_visible(timeout=SOON_MS)
    own = json.loads((folder / "cut-off.yaml").read_text())["contacts"]
    assert (folder / own).read_text() == sheet_of(["+14155550190", "+14155550191"])
