"""A real Chromium for tests of pages. Nothing that it does leaves the machine.

``from tests.browser import chromium, page`` in a test module, and take ``page`` in a test. Without
Chromium (Debian's package ``chromium``; ``POKU_BATCH_CHROMIUM`` names another one) such tests are
skipped. Such a module has no asynchronous tests: Playwright's loop lives in their thread.
"""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

#: A name of somebody else that leads to 127.0.0.1.
REBOUND = "rebound.example"

_EXCEPT = "EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]"
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    # Nothing is looked up but this machine, which has one name more.
    f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1, MAP * ~NOTFOUND, {_EXCEPT}",
]


def chromium_path() -> str | None:
    """Where Chromium is; None where there is none."""
    return os.environ.get("POKU_BATCH_CHROMIUM") or shutil.which("chromium")


def launch(playwright: Playwright, *more: str) -> Browser:
    """Start Chromium, with further arguments, or skip the test."""
    path = chromium_path()
    if path is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    return playwright.chromium.launch(executable_path=path, args=[*_ARGUMENTS, *more])


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for the tests of a module; each takes contexts of its own."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of a browser that has been nowhere yet."""
    context = chromium.new_context()
    yield context.new_page()
    context.close()
