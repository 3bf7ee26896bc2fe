"""Pictures of the report for the documentation: ``python -m scripts.page_pictures [--keep DIR]``.

A rehearsal of some hundred guests over two days is played with the program itself, and its report
looked at in Chromium (Debian's package ``chromium``; ``POKU_BATCH_CHROMIUM`` names another one).
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

from scripts.stage import ROOT

_FOLDER = ROOT / "docs" / "images"
_GUESTS = 280
_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")

_CAMPAIGN = """\
name: spring-arrivals
contacts: {file: guests.csv, key: booking, region: US}
prompt: {text: "You call {{ guest }} about their arrival."}
call: {from: "+14155550100"}
limits: {concurrency: 10, calls_per_minute: 1.2}
calling_hours: {days: mon-fri, between: ["09:00", "12:30"], by_day: {wed: ["09:00", "16:00"]}}
redial: {outcomes: [no_answer, voicemail, busy], attempts: 3, after: [1h, 20h]}
outcomes:
  cancelled: ["cancelled", "canceled"]
  rescheduled: ["rescheduled", "another time", "another day"]
  confirmed: ["confirmed", "will be there"]
output: {file: arrivals.csv, report: arrivals.html, recordings: recordings}
"""
_FIRST = "Ana Ben Chloe Dev Ema Farid Grace Hugo Ines Jun Kofi Lena Mei Noor Omar Priya".split()
_LAST = "Alvarez Berg Chen Diaz Evans Fox Gupta Hill Ito Jones Khan Lee Moreno Novak".split()
#: Area codes from the east to the west.
_PLACES = {"212": "New York", "312": "Chicago", "303": "Denver", "415": "San Francisco"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A picture: the window's size in pixels, its scheme, and what is at its top.

    ``scale`` is how many pixels of the picture a pixel of the window has; ``open_row``: a contact's
    details are shown.
    """

    width: int
    height: int
    scheme: Literal["light", "dark"]
    top: str = "body"
    scale: float = 1.0
    open_row: bool = False


#: Every picture, by its name.
SHOTS = {
    "report-light": Shot(width=1200, height=1240, scheme="light"),
    "report-charts": Shot(width=1200, height=1640, scheme="light", top="#calls"),
    "report-dark": Shot(width=1200, height=1150, scheme="dark", top="#contacts", open_row=True),
    "report-phone": Shot(width=390, height=1400, scheme="light", scale=1.5),
}


def main() -> None:
    """Play the rehearsal, and take every picture."""
    parser = argparse.ArgumentParser(description="Take the pictures of the report.")
    parser.add_argument("--keep", type=Path, help="a new folder for the rehearsal, which is kept")
    with _stage(parser.parse_args().keep) as folder:
        report = rehearse(folder)
        with sync_playwright() as playwright:
            path = os.environ.get("POKU_BATCH_CHROMIUM") or shutil.which("chromium")
            if path is None:
                raise SystemExit("Chromium is not installed: apt-get install chromium")
            browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
            for name, shot in SHOTS.items():
                take(browser, report, name, shot)
            browser.close()


def rehearse(folder: Path) -> Path:
    """Rehearse a campaign in a folder; gives its report."""
    (folder / "campaign.yaml").write_text(_CAMPAIGN, encoding="utf-8")
    (folder / "guests.csv").write_text("\n".join(_guests()) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "poku_batch", "run", "campaign.yaml", "--simulate", "--fresh"]
    options = ["--start", "2026-12-01T09:00", "--speed", "2000", "--faults", "drop=0.008"]
    env = os.environ | {"PYTHONPATH": str(ROOT), "TZ": "America/New_York"}
    done = subprocess.run(  # our own program  # noqa: S603
        [*command, *options], cwd=folder, env=env, check=False
    )
    if done.returncode not in {0, 3}:
        raise SystemExit(f"the rehearsal ended with exit code {done.returncode}")
    return folder / "arrivals.simulated.html"


def _guests() -> Iterator[str]:
    """A sheet of guests who are not; numbers in it are nobody's (555-01xx)."""
    odds = random.Random(7)  # noqa: S311
    yield "booking,guest,phone,city,arrives"
    for number in range(_GUESTS):
        code = list(_PLACES)[number % len(_PLACES)]
        phone = f"({code}) 555-0{100 + number // len(_PLACES)}"
        guest = f"{odds.choice(_FIRST)} {odds.choice(_LAST)}"
        if number % 40 == 17:
            phone = phone[:-3]
        yield f"H-{301 + number},{guest},{phone},{_PLACES[code]},2026-12-{7 + number % 9:02d}"


def take(browser: Browser, report: Path, name: str, shot: Shot) -> None:
    """Take one picture of a report."""
    page = browser.new_page(
        viewport={"width": shot.width, "height": shot.height},
        color_scheme=shot.scheme,
        device_scale_factor=shot.scale,
    )
    page.goto(report.as_uri())
    page.wait_for_selector("#people tbody tr")
    if shot.open_row:
        page.locator(".opener").nth(1).click()
    section = "top => document.querySelector(top).closest('section, body').scrollIntoView()"
    page.evaluate(section, shot.top)
    path = _FOLDER / f"{name}.png"
    page.screenshot(path=path)
    page.close()
    sys.stdout.write(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KiB\n")


@contextmanager
def _stage(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="poku-batch-pictures-") as folder:
        yield Path(folder)


if __name__ == "__main__":
    main()
