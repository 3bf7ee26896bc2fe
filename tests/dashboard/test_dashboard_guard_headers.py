"""What every answer carries, whoever gives it."""

import pytest

from poku_batch.dashboard.guard.policies import CONTENT_SECURITY_POLICY
from tests.dashboard.guarded import TOKEN, Answer, Served, get, guarded, head, raw

EXPECTED = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def answers(served: Served) -> dict[str, Answer]:
    """One answer of each kind."""
    port, host = served.port, served.host
    return {
        "a page": get(port),
        "a style": get(port, "/static/style.css"),
        "a stream": get(port, "/events"),
        "nothing there": get(port, "/nothing"),
        "a wrong method": get(port, "/do"),
        "a fault": get(port, "/fault"),
        "a wrong name": get(port, host="rebound.example"),
        "a wrong form": raw(port, head("POST", "/do", host)),
        "too much": raw(port, head("POST", "/do", host, "Content-Length: 9999999")),
        "no path": get(port, "/a/../b"),
        "a web socket": get(port, "/", "Connection: upgrade", "Upgrade: websocket"),
        "no HTTP": raw(port, b"\x16\x03\x01\r\n\r\n"),
        "the head alone": raw(port, head("HEAD", "/", host, "Connection: close")),
        "another method": raw(port, head("OPTIONS", "/", host)),
    }


@pytest.mark.parametrize("token", [None, TOKEN])
def test_every_answer_has_the_headers_once(token: str | None) -> None:
    with guarded(token=token) as served:
        found = answers(served)
        if token:
            found["the login page"] = get(served.port, "/login")
            found["the way there"] = get(served.port, "/", "Accept: text/html")
    for kind, answer in found.items():
        for name, value in EXPECTED.items():
            assert answer.header(name) == value, (kind, name)
        assert answer.header("server") == "", kind
        assert answer.header("x-powered-by") == "", kind
        assert "camera=()" in answer.header("permissions-policy"), kind
        wanted = "max-age=600" if kind == "a style" else "no-store"
        assert answer.header("cache-control") == wanted, kind
        assert "access-control-allow-origin" not in dict(answer.headers), kind


def test_the_policy_lets_nothing_run_that_stands_in_a_page() -> None:
    directives = dict(part.split(" ", 1) for part in CONTENT_SECURITY_POLICY.split("; "))

    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == "'self'"
    assert directives["frame-ancestors"] == directives["base-uri"] == "'none'"
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "*" not in CONTENT_SECURITY_POLICY


def test_a_fault_tells_nothing_of_itself() -> None:
    with guarded() as served:
        answer = get(served.port, "/fault")

    assert answer.status == 500
    assert b"nobody" not in answer.body
    assert b"Traceback" not in answer.body


def test_a_cookie_is_set_only_with_a_form() -> None:
    with guarded() as served:
        assert get(served.port, "/static/style.css").header("set-cookie") == ""
        assert get(served.port, "/nothing").header("set-cookie") == ""
        cookie = get(served.port).header("set-cookie").partition(";")[0]
        assert get(served.port, "/", f"Cookie: {cookie}").header("set-cookie") == ""
