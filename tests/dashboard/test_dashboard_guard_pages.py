"""The guard's attacks, on the dashboard itself."""

import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser

from poku_batch.app.dashboards import Address, Opened, dashboard_beside
from poku_batch.dashboard.guard.policies import CONTENT_SECURITY_POLICY
from poku_batch.dashboard.site import site
from tests.app.desk_world import KEY, write_campaign
from tests.browser import chromium
from tests.dashboard.crawling import crawl, found_in
from tests.dashboard.guarded import Answer, get, head, raw

__all__ = ["chromium"]

TOKEN = "dashboard-SECRET-8a41f0"  # noqa: S105

#: What somebody might put into a sheet.
EVIL = "<script>window.evil=1</script>\"><img src=x onerror=window.evil=1>'"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a campaign that was rehearsed, whose people have evil names."""
    folder = tmp_path_factory.mktemp("folder-SECRET-77")
    rows = [f'"{EVIL.replace(chr(34), chr(34) * 2)}",+1415555{n:04}\n' for n in range(2671, 2677)]
    (folder / "sheet.csv").write_text("name,phone\n" + "".join(rows))
    campaign = write_campaign(folder, name="demo")
    command = [
        sys.executable,
        "-m",
        "poku_batch",
        "run",
        str(campaign),
        "--simulate",
        "--seed",
        "1",
    ]
    done = subprocess.run(command, check=False, capture_output=True, timeout=60)
    assert done.returncode in {0, 3}, done.stderr  # some calls fail, as in life
    return folder


@dataclass(frozen=True, slots=True)
class Pages:
    """The dashboard of a folder."""

    port: int
    folder: Path

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def post(self, path: str, *headers: str, body: bytes = b"") -> Answer:
        lines = [*headers, f"Content-Length: {len(body)}"]
        return raw(self.port, head("POST", path, self.host, *lines) + body, wait_s=30)


@contextmanager
def opened(folder: Path) -> Iterator[Pages]:
    """Serve a folder's dashboard as ``run --dashboard`` does."""
    told: list[Opened] = []
    faults: list[str] = []
    address = Address(port=0)
    with dashboard_beside(folder, address, on_ready=told.append, on_fault=faults.append):
        assert not faults
        yield Pages(int(told[0].url.rstrip("/").rpartition(":")[2]), folder)
    assert not faults


def test_behind_a_proxy_it_asks_for_a_token_and_knows_its_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("POKU_BATCH_DASHBOARD_TOKEN", raising=False)
    monkeypatch.setenv("POKU_BATCH_DASHBOARD_URL", "https://calls.example.org")
    with opened(folder) as pages:
        assert get(pages.port, "/calls", host="calls.example.org").status == 401
        assert get(pages.port, "/calls", host="rebound.example").status == 421
        cookie = get(pages.port, "/login", host="calls.example.org").header("set-cookie")
        assert cookie.startswith("__Host-")
        assert "; Secure" in cookie


@pytest.fixture(scope="module")
def open_pages(folder: Path) -> Iterator[Pages]:
    """Without a token."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POKU_API_KEY", KEY)
        patch.delenv("POKU_BATCH_DASHBOARD_TOKEN", raising=False)
        with opened(folder) as pages:
            yield pages


@pytest.fixture(scope="module")
def closed_pages(folder: Path) -> Iterator[Pages]:
    """With a token."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POKU_API_KEY", KEY)
        patch.setenv("POKU_BATCH_DASHBOARD_TOKEN", TOKEN)
        with opened(folder) as pages:
            yield pages


def routes() -> list[tuple[str, str]]:
    """Every method and path of the pages, of the campaign that there is."""
    found = []
    for route in site(None).routes:  # type: ignore[arg-type]  # no page is asked for
        path = re.sub(r"\{side:side\}", "rehearsals", route.path)  # type: ignore[attr-defined]
        path = path.replace("{name}", "demo").replace("{kind}", "csv")
        found += [(method, path) for method in route.methods]  # type: ignore[attr-defined]
    assert ("POST", "/rehearsals/demo/begin") in found
    return found


def cookie_and_token(pages: Pages, path: str = "/rehearsals/demo") -> tuple[str, str]:
    page = raw(pages.port, head("GET", path, pages.host), wait_s=30)
    token = re.search(rb'name="_csrf" value="([0-9a-f]{64})"', page.body)
    assert token is not None
    return page.header("set-cookie").partition(";")[0], token[1].decode()


def log_in(pages: Pages) -> str:
    """Log in; gives the cookie."""
    cookie, csrf = cookie_and_token(pages, "/login")
    body = urlencode({"_csrf": csrf, "token": TOKEN}).encode()
    form = "Content-Type: application/x-www-form-urlencoded"
    answer = pages.post("/login", f"Cookie: {cookie}", form, body=body)
    assert answer.status == 303
    return answer.header("set-cookie").partition(";")[0]


def test_no_secret_is_in_any_answer(open_pages: Pages, closed_pages: Pages) -> None:
    starts = ["/", "/calls", "/rehearsals/demo", "/nothing", "/rehearsals/demo/download/csv"]
    logged_in = [f"Cookie: {log_in(closed_pages)}"]
    for port, headers in [(open_pages.port, []), (closed_pages.port, logged_in)]:
        answers = crawl(port, starts, *headers, most=24)
        assert any("/contact?" in path for path in answers), "the crawl went nowhere"
        for secret in [KEY, TOKEN]:
            assert found_in(answers.values(), secret) == []
        for path, answer in answers.items():
            assert answer.header("content-security-policy") == CONTENT_SECURITY_POLICY, path
            assert answer.header("server") == "", path
            kept = "max-age" in answer.header("cache-control")
            assert kept == (path.startswith("/assets/") and answer.status == 200), path
            assert answer.status < 500, path


def test_a_stranger_learns_nothing_of_the_campaigns(closed_pages: Pages) -> None:
    for method, path in routes():
        if path.startswith("/assets/"):
            continue
        answer = raw(closed_pages.port, head(method, path, closed_pages.host, "Connection: close"))
        assert answer.status == 401, (method, path)
    answers = crawl(closed_pages.port, ["/"], "Accept: text/html")
    assert "/login" in answers
    for path, answer in answers.items():
        is_open = path.startswith(("/assets/", "/login")) or answer.status == 303
        assert is_open or answer.status == 401, path
    for word in ["demo", "SECRET-77", "sheet.csv"]:
        assert found_in(answers.values(), word) == [], word


def test_no_deed_is_done_without_the_form_token(open_pages: Pages) -> None:
    cookie, token = cookie_and_token(open_pages)
    form = "Content-Type: application/x-www-form-urlencoded"
    deeds = [path for method, path in routes() if method == "POST"]
    assert len(deeds) >= 9
    for path in deeds:
        body = urlencode({"key": "x", "calls": "6", "_csrf": "0" * 64}).encode()
        assert open_pages.post(path, f"Cookie: {cookie}", form, body=body).status == 403, path
        right = [f"Cookie: {cookie}", f"X-CSRF-Token: {token}"]
        elsewhere = open_pages.post(path, *right, "Origin: http://evil.example", form, body=body)
        assert elsewhere.status == 403, path
        assert get(open_pages.port, path).status in {200, 404, 405}, path


def test_no_page_is_served_under_another_name(open_pages: Pages) -> None:
    for method, path in routes():
        request = head(method, path, f"rebound.example:{open_pages.port}", "Connection: close")
        assert raw(open_pages.port, request).status == 421, path


def test_an_upload_that_is_too_large_or_no_sheet_is_not_kept(open_pages: Pages) -> None:
    cookie, token = cookie_and_token(open_pages)
    allowed = [f"Cookie: {cookie}", f"X-CSRF-Token: {token}"]
    path = "/rehearsals/demo/upload"
    huge = head("POST", path, open_pages.host, *allowed, f"Content-Length: {100 * 2**20 + 1}")
    assert raw(open_pages.port, huge).status == 413
    outside = {one for one in open_pages.folder.parent.rglob("*") if "evil" in one.name}
    for name in ["../../evil.csv", "/tmp/evil.csv", "evil.php", "..\\evil.csv", "evil.csv\\0.exe"]:  # noqa: S108
        body = (
            "--b\r\n"
            f'Content-Disposition: form-data; name="sheet"; filename="{name}"\r\n\r\n'
            "name,phone\r\nA,+14155552671\r\n--b--\r\n"
        ).encode()
        multipart = "Content-Type: multipart/form-data; boundary=b"
        answer = open_pages.post(path, *allowed, multipart, body=body)
        assert answer.status == 303, name
        assert "\n" not in answer.header("location")
    found = {one for one in open_pages.folder.parent.rglob("*") if "evil" in one.name}
    assert {one.parent for one in found - outside} <= {
        one for one in open_pages.folder.rglob(".poku-batch/**") if one.is_dir()
    }
    assert not Path("/tmp/evil.csv").exists()  # noqa: S108


def test_paths_lead_nowhere(open_pages: Pages) -> None:
    for path in [
        "/assets/../../../etc/passwd",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/assets/..%2f..%2fetc%2fpasswd",
        "/assets//etc/passwd",
        "/rehearsals/..%2f..%2fetc/download/csv",
        "/rehearsals/demo/download/..%2f..%2fsheet",
        "/rehearsals/demo/download/csv%00",
        "/rehearsals/demo/recording?key=%2B14155552671&attempt=../1",
        "/rehearsals/demo/recording?key=../../etc/passwd&attempt=1",
        "/rehearsals/demo/contact?key=%00%0d%0aX:y",
        "/rehearsals/demo?wave=../../x",
    ]:
        answer = get(open_pages.port, path)
        assert answer.status in {400, 404}, path
        assert b"root:" not in answer.body, path
        assert answer.header("x") == "", path


def test_a_ledger_cannot_have_other_files_served_than_sounds(
    open_pages: Pages, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("what nobody may have")
    link = tmp_path / "link.wav"
    link.symlink_to(secret)
    sound = tmp_path / "sound.wav"
    sound.write_bytes(b"RIFF....WAVE")
    ledger = open_pages.folder / ".poku-batch" / "simulated.db"
    answers = []
    for file in [secret, link, tmp_path, tmp_path / "gone.wav", sound]:
        with closing(sqlite3.connect(ledger)) as database, database:
            [[attempt]] = database.execute("SELECT min(id) FROM attempts")
            row = (attempt, "kept", str(file), 20, "0" * 64, str(file), 0, 0)
            database.execute(
                "INSERT OR REPLACE INTO recordings (attempt_id, state, file, size, sha256, place, "
                "tries, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        keys = [f"+1415555{n:04}" for n in range(2671, 2677)]
        paths = [f"/rehearsals/demo/recording?{urlencode({'key': k, 'attempt': 1})}" for k in keys]
        answers.append([get(open_pages.port, path) for path in paths])
    with closing(sqlite3.connect(ledger)) as database, database:
        database.execute("DELETE FROM recordings")
    for answered in answers[:-1]:
        assert [answer.status for answer in answered] == [404] * 6
    [served] = [answer for answer in answers[-1] if answer.status == 200]
    assert served.header("content-type") == "audio/wav"
    assert served.header("content-disposition").startswith("inline;")


def test_a_name_in_a_sheet_is_shown_and_never_run(open_pages: Pages, chromium: Browser) -> None:
    context = chromium.new_context()
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    paths = [
        path
        for path, answer in crawl(open_pages.port, ["/rehearsals"], most=16).items()
        if answer.header("content-type").startswith("text/html")
    ]
    shown = 0
    for path in paths:
        page.goto(f"http://{open_pages.host}{path}")
        page.wait_for_timeout(50)
        assert page.evaluate("window.evil") is None, path
        shown += EVIL in page.inner_text("body")
    context.close()
    assert shown
    # Nothing came so far that the browser itself had to stop it.
    assert [text for text in said if "Content Security Policy" in text] == []
