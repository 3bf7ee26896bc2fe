"""Pictures of the dashboard for the documentation: ``python -m scripts.dashboard_pictures``.

The rehearsal is that of the report's pictures; its pages are looked at in Chromium while a second
one goes on.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from scripts.page_pictures import Shot, rehearse
from scripts.stage import ROOT

_FOLDER = ROOT / "docs" / "images"
_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
_CAMPAIGN = "/rehearsals/spring-arrivals"

#: Every picture by its name: the page, and how it is taken.
SHOTS = {
    "dashboard-light": (_CAMPAIGN, Shot(width=1200, height=1500, scheme="light")),
    "dashboard-dark": (
        f"{_CAMPAIGN}?sort=started&down=1",
        Shot(width=1200, height=1000, scheme="dark", top="#contacts-card"),
    ),
    "dashboard-contact": (
        f"{_CAMPAIGN}/contact?key={{key}}",
        Shot(width=1200, height=1000, scheme="light"),
    ),
    "dashboard-phone": (_CAMPAIGN, Shot(width=390, height=1400, scheme="light", scale=1.5)),
}


def main() -> None:
    """Play the rehearsal, serve its pages, and take every picture."""
    path = os.environ.get("POKU_BATCH_CHROMIUM") or shutil.which("chromium")
    if path is None:
        raise SystemExit("Chromium is not installed: apt-get install chromium")
    with tempfile.TemporaryDirectory(prefix="poku-batch-pictures-") as name:
        folder = Path(name)
        rehearse(folder)
        with _running(folder) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
            for picture, (page, shot) in SHOTS.items():
                _take(browser, url, picture, page, shot)
            browser.close()


@contextmanager
def _running(folder: Path) -> Iterator[str]:
    """Rehearse for those who are put back, slowly, with the pages beside; gives their address."""
    program = [sys.executable, "-m", "poku_batch"]
    env = os.environ | {"PYTHONPATH": str(ROOT), "TZ": "America/New_York"}
    again = [*program, "retry", "campaign.yaml", "--outcome", "confirmed", "--yes", "--simulate"]
    subprocess.run(again, cwd=folder, env=env, check=True)  # noqa: S603 – our own program
    run = [*program, "run", "campaign.yaml", "--simulate", "--speed", "20", "--dashboard-port", "0"]
    with subprocess.Popen(  # noqa: S603 – as above
        run, cwd=folder, env=env, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None  # noqa: S101 – a pipe
        try:
            yield _address(process.stderr)
        finally:
            process.kill()


def _address(lines: Iterator[str]) -> str:
    for line in lines:
        if line.startswith("dashboard "):
            return line.split()[-1].rstrip("/")
    raise SystemExit("the run said no address")


def _take(browser: Browser, url: str, picture: str, path: str, shot: Shot) -> None:
    page = browser.new_page(
        viewport={"width": shot.width, "height": shot.height},
        color_scheme=shot.scheme,
        device_scale_factor=shot.scale,
    )
    if "{key}" in path:
        page.goto(f"{url}{_CAMPAIGN}?outcome=rescheduled")
        path = path.format(key=page.locator("tbody .key").first.inner_text())
    page.goto(url + path)
    page.locator("#live[data-state=live]").wait_for()
    if path == _CAMPAIGN:
        page.locator("#chart svg").first.wait_for(state="attached")
        page.locator("li[id^=now-]").first.wait_for(timeout=60_000)
        page.wait_for_timeout(3_000)
    page.evaluate("top => document.querySelector(top).scrollIntoView()", shot.top)
    file = _FOLDER / f"{picture}.png"
    page.screenshot(path=file)
    page.close()
    sys.stdout.write(f"{file.relative_to(ROOT)}: {file.stat().st_size // 1024} KiB\n")


if __name__ == "__main__":
    main()
