"""Every page in a real Chromium: readable by machines, as wide as its window, and harmless."""

import json
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page

from poku_batch.models import CampaignId, RunEnding
from tests.browser import chromium, page
from tests.dashboard.dashboard_world import World, at, row, world

__all__ = ["chromium", "page"]

#: What somebody might put into a sheet, a campaign, or an answer of the API.
EVIL = "<script>window.evil=1</script>\"'><img src=x onerror=window.evil=1>{{7*7}}"
EVIL_CAMPAIGN = CampaignId(name="demo", wave=EVIL)

PAGES = {
    "home": "/calls",
    "rehearsals": "/rehearsals",
    "campaign": "/calls/demo",
    "nobody": "/calls/demo?q=zzzz",
    "unknown": "/calls/demo/contact?key=k4",
    "waiting": "/calls/demo/contact?key=k3",
    "fresh": "/rehearsals/demo",
    "start": "/rehearsals/demo/start",
    "missing": "/calls/nobody",
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Contacts in every state, with cells and words that want to be more."""
    with world(tmp_path_factory.mktemp("looks")) as demo:
        (demo.folder / "broken.yaml").write_text(f"name: {json.dumps(EVIL)}\ncontacts: x\n")
        live(demo, CampaignId(name="demo"))
        live(demo, EVIL_CAMPAIGN)
        yield demo


def live(demo: World, campaign: CampaignId) -> None:
    rows = [row(n, f"Person {n}", EVIL) for n in range(2, 70)]
    rows += [row(70, EVIL, EVIL, key=EVIL), row(71, "y" * 5_000, "b", key="x" * 200)]
    rows += [row(72, "c", "d", skip_reason=EVIL)]
    demo.enrol(rows, campaign, columns=("name", EVIL))
    run = demo.run(campaign)
    run.finish(run.dial("k2"), EVIL, EVIL, evidence=EVIL, fields={EVIL: EVIL})
    run.finish(run.start("k3"), "no_answer", again_at=at(7_200))
    run.doubt(run.dial("k4"), EVIL)
    run.reject(run.dial("k5"), EVIL)
    run.start("k6", -90)
    bad = "javascript:window.evil=1"
    run.finish(run.dial(EVIL), "confirmed", f"{EVIL}\n" * 30, recording_url=bad)
    run.finish(run.dial("k7"), "confirmed", "Yes.", recording_url=f"https://r.example/{EVIL}")
    demo.do(demo.ledger.controls.pause, campaign, by=EVIL, at=at(-5))
    run.close(RunEnding.STOPPED)


def assert_readable(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, (page.url, found.generate_report())


@pytest.mark.parametrize("look", ["light", "dark", "phone"])
def test_every_page_is_readable_by_machines_and_fits_its_window(
    chromium: Browser, seen: World, look: str
) -> None:
    context = chromium.new_context(
        color_scheme="dark" if look == "dark" else "light",
        viewport={"width": 320 if look == "phone" else 1_280, "height": 900},
        reduced_motion="reduce",
    )
    page = context.new_page()
    for name, path in PAGES.items():
        page.goto(seen.url + path)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, (name, look, wide)
        assert_readable(page)
    context.close()


def test_a_check_and_a_question_are_readable_by_machines(page: Page, seen: World) -> None:
    (seen.folder / "sheet.csv").write_text("name,phone\nAnn,+14155550002\n")
    page.goto(f"{seen.url}/rehearsals/demo/start")
    page.get_by_role("button", name="Check it").click()
    page.get_by_role("heading", name="What the check found").wait_for()
    assert_readable(page)
    page.goto(f"{seen.url}/calls/demo/contact?key=k4")
    page.get_by_role("button", name="Call again…").click()
    page.get_by_role("heading", level=1, name="Call 1 contact again?").wait_for()
    assert_readable(page)


def test_words_from_outside_are_words_on_every_page(page: Page, seen: World) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    evil = {"wave": EVIL}
    asked = [
        ("/calls", {}),
        ("/calls/demo", evil),
        ("/calls/demo", {**evil, "q": EVIL, "outcome": EVIL, "sort": EVIL}),
        ("/calls/demo", {**evil, "outcome": EVIL}),
        ("/calls/demo/contact", {**evil, "key": EVIL}),
        *(("/calls/demo/contact", {**evil, "key": key}) for key in ("k2", "k4", "k5", "k7")),
        ("/calls/demo/contact", {**evil, "key": f"{EVIL}{EVIL}"}),
        ("/calls/demo/start", evil),
        ("/calls/demo", {"wave": f"{EVIL}!"}),
        (f"/calls/{EVIL.replace('/', '')}", {}),
    ]
    for path, query in asked:
        page.goto(str(seen.client.build_request("GET", seen.url + path, params=query).url))
        assert page.evaluate("window.evil") is None, path
        scripts = page.locator("script").evaluate_all("all => all.map(e => e.getAttribute('src'))")
        assert all(src and src.startswith("/assets/") for src in scripts), (path, scripts)
        assert page.locator("[onerror], [onload], [onclick], [style], style").count() == 0, path
        assert page.locator("[src^='javascript' i], [href^='javascript' i]").count() == 0, path
        assert page.locator("img").evaluate_all("all => all.every(e => e.src.includes('/assets/'))")
        assert "49" not in page.locator("h1").inner_text()
    assert dialogs == []


def test_keys_lead_along_links_to_their_own_contacts(page: Page, seen: World) -> None:
    page.goto(f"{seen.url}/calls/demo?page=2")
    for key in (EVIL, "x" * 200):
        link = page.locator(f"tbody .key:text-is({json.dumps(key)})")
        page.goto(seen.url + str(link.get_attribute("href")))
        assert page.locator("h1").inner_text() == key
        page.go_back()


def test_a_word_without_an_end_does_not_push_columns_out_of_sight(page: Page, seen: World) -> None:
    page.set_viewport_size({"width": 1_280, "height": 900})
    page.goto(f"{seen.url}/calls/demo?page=2")
    table = page.get_by_role("region", name="Table of contacts")
    assert table.evaluate("it => it.scrollWidth - it.clientWidth") <= 0


def test_everything_is_reached_by_keyboard(page: Page, seen: World) -> None:
    page.goto(f"{seen.url}/calls/demo")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "page"
    reached = set()
    for _ in range(45):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "(document.activeElement.textContent || document.activeElement.id).trim()"
            )
        )
    assert {"Resume", "Check and start", "Download", "q", "k6"} <= reached, reached
