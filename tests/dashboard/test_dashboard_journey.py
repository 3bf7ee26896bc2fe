"""One way through the pages, as a person goes it: from a sheet to the results of its rehearsal."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.app.desk_world import write_campaign
from tests.browser import chromium, page
from tests.dashboard.dashboard_world import served

__all__ = ["chromium", "page"]


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    write_campaign(
        tmp_path,
        limits={"concurrency": 4, "calls_per_minute": 240},
        circuit_breaker="off",
        output={"file": "out.csv", "recordings": "recordings"},
    )
    (tmp_path / "sheet.csv").write_text("name,phone\nNobody,+14155550001\n")
    with served(tmp_path) as url:
        yield url


def listened(page: Page, seconds: float) -> None:
    audio = page.locator("audio").first
    audio.evaluate("e => e.play()")
    for _ in range(200):
        if audio.evaluate("e => e.currentTime") > seconds:
            return
        page.wait_for_timeout(50)
    raise AssertionError("nothing was to be heard")


def test_from_a_sheet_over_a_rehearsal_to_its_results(page: Page, url: str, tmp_path: Path) -> None:
    page.set_default_timeout(30_000)
    expect.set_options(timeout=30_000)
    page.goto(url)
    page.get_by_role("link", name="Rehearsals").click()
    page.get_by_role("link", name="demo").click()
    page.get_by_role("link", name="Check and rehearse").click()

    # A sheet is uploaded, checked and rehearsed.
    sheet = tmp_path / "elsewhere" / "people.csv"
    sheet.parent.mkdir()
    rows = "".join(f"Person {n},+1415555{n:04}\n" for n in range(100, 160))
    sheet.write_text(f"name,phone\n{rows}")
    page.locator("#sheet").set_input_files(sheet)
    page.get_by_role("button", name="Upload and check").click()
    expect(page.locator("dl.figures")).to_contain_text("60")
    page.locator("#speed").select_option("100")
    page.get_by_role("button", name="Rehearse: no phone rings").click()
    expect(page.locator("#said")).to_contain_text("The rehearsal has begun")
    expect(page.locator(".rehearsal")).to_contain_text("no phone rings")

    # It is watched, paused and resumed.
    expect(page.locator("#status")).to_contain_text("running")
    expect(page.locator("li[id^=then-]").first).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#status")).to_contain_text("paused")
    expect(page.locator("li[id^=now-]")).to_have_count(0)
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#status")).to_contain_text("running")
    expect(page.locator("#status")).to_contain_text("finished", timeout=60_000)
    expect(page.locator("#live")).to_have_text("Live")

    # A call that was reached is found, read and heard.
    page.locator("#outcome").select_option("completed")
    expect(page.locator("tbody tr[id^=row] td.outcome .badge").first).to_have_text("completed")
    page.get_by_role("link", name="Length").click()
    page.locator("tbody .key").first.click()
    expect(page.locator("#attempt-1 .summary")).to_be_visible()
    expect(page.locator("audio").first).to_be_visible()
    listened(page, 0.5)

    # The results are downloaded.
    page.get_by_role("link", name="demo").click()
    page.locator("#downloads summary").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
        found = list(csv.DictReader(file))
    assert len(found) == 60
    assert {row["call_status"] for row in found} <= {"done", "failed", "skipped"}
    assert not (tmp_path / ".poku-batch" / "ledger.db").exists()
