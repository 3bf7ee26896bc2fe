"""Which addresses need a token, and which names a guarded server answers to."""

import re
import secrets

import pytest

from poku_batch.dashboard.guard import Guard, Site, checked_token, needs_token, new_token
from poku_batch.dashboard.guard.addresses import PublicAddress, names_of, public_address, token_for
from poku_batch.errors import UsageError
from tests.dashboard.guarded import TOKEN, get, guarded, head, raw

LOOPBACK = ["127.0.0.1", "127.8.9.10", "::1", "[::1]", "localhost", "LOCALHOST", "::ffff:127.0.0.1"]
REACHABLE = [
    "0.0.0.0",  # noqa: S104
    "::",
    "",
    "192.168.0.2",
    "10.0.0.1",
    "8.8.8.8",
    "fe80::1",
    "::ffff:10.0.0.1",
]
NAMES = ["example.org", "localhost.example.org", "127.0.0.1.example.org", "127.1", "2130706433"]


@pytest.mark.parametrize("host", LOOPBACK)
def test_loopback_needs_no_token(host: str) -> None:
    assert not needs_token(host)
    Guard(Site(host=host, port=8765))


@pytest.mark.parametrize("host", REACHABLE + NAMES)
def test_any_other_address_is_not_served_without_a_token(host: str) -> None:
    assert needs_token(host)
    with pytest.raises(UsageError, match="can be reached from other machines"):
        Guard(Site(host=host, port=8765))
    Guard(Site(host=host, port=8765, token=TOKEN))


@pytest.mark.parametrize(
    "token", ["", "short", " " * 40, "fifteen letters", "two\nlines of a token"]
)
def test_a_token_that_can_be_guessed_or_not_typed_is_refused(token: str) -> None:
    with pytest.raises(UsageError, match="token"):
        checked_token(token)


def test_a_token_that_is_made_is_long_and_random() -> None:
    tokens = {new_token(secrets.token_bytes) for _ in range(50)}

    assert len(tokens) == 50
    assert {len(token) for token in tokens} == {43}


def test_the_refusal_of_a_token_does_not_show_it() -> None:
    with pytest.raises(UsageError) as refusal:
        checked_token("hunter2")

    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LocalHost", "[::1]"])
def test_a_server_on_loopback_answers_to_loopbacks_names(host: str) -> None:
    with guarded() as served:
        assert get(served.port, host=f"{host}:{served.port}").status == 200


def test_a_name_that_was_made_to_lead_here_is_not_answered_to() -> None:
    with guarded() as served:
        port = served.port
        for host in [
            f"rebound.example:{port}",
            "rebound.example",
            "127.0.0.1",
            "localhost",
            f"localhost:{port + 1}",
            f"localhost.:{port}",
            f"127.0.0.1.example:{port}",
            f"127.0.0.1:{port}@rebound.example",
            f"127.0.0.1:{port}, rebound.example",
            f"0.0.0.0:{port}",
            f"127.1:{port}",
            "",
        ]:
            answer = get(port, host=host)
            assert (answer.status, answer.header("set-cookie")) == (421, ""), host
            assert b"rebound" not in answer.body
        assert get(port, "/static/style.css", host="rebound.example").status == 421
        # Its pages can also send forms, with no Origin that would tell them apart.
        assert raw(port, head("POST", "/do", f"rebound.example:{port}")).status == 421
        assert served.app.done == []


def test_what_a_proxy_claims_of_the_name_is_not_believed() -> None:
    with guarded() as served:
        claim = f"X-Forwarded-Host: 127.0.0.1:{served.port}"
        assert get(served.port, "/", claim, host="rebound.example").status == 421
        absolute = f"GET http://127.0.0.1:{served.port}/ HTTP/1.1\r\nHost: rebound.example\r\n\r\n"
        assert raw(served.port, absolute.encode()).status in {400, 421}


def test_a_request_without_a_name_or_with_two_is_refused() -> None:
    with guarded() as served:
        assert raw(served.port, b"GET / HTTP/1.0\r\n\r\n").status == 421
        two = f"GET / HTTP/1.1\r\nHost: {served.host}\r\nHost: rebound.example\r\n\r\n"
        assert raw(served.port, two.encode()).status == 400


def test_a_server_of_every_interface_answers_to_its_addresses_and_its_public_name() -> None:
    names = names_of("::", 8765, public_address("http://Dashboard.example.org:9000/"))

    assert names.answer_to("192.168.0.2:8765", "192.168.0.2")
    assert names.answer_to("localhost:8765", "127.0.0.1")
    assert names.answer_to("[::1]:8765", "::1")
    assert names.answer_to("192.168.0.2:8765", "::ffff:192.168.0.2")
    assert names.answer_to("DASHBOARD.example.org:9000", "192.168.0.2")
    assert names.answer_to("dashboard.example.org:9000", None)
    assert not names.answer_to("192.168.0.3:8765", "192.168.0.2")
    assert not names.answer_to("dashboard.example.org:8765", "192.168.0.2")
    assert not names.answer_to("dashboard.example.org", "192.168.0.2")
    assert not names.answer_to("rebound.example:8765", "192.168.0.2")
    assert not names.answer_to("localhost:8765", "192.168.0.2")


@pytest.mark.parametrize(
    ("url", "host", "https"),
    [
        ("https://calls.example.org", "calls.example.org", True),
        ("https://calls.example.org:443/", "calls.example.org", True),
        ("https://calls.example.org:80", "calls.example.org:80", True),
        ("http://localhost:9000", "localhost:9000", False),
        ("http://[::1]:80", "[::1]", False),
    ],
)
def test_a_public_address_is_what_browsers_send(url: str, host: str, https: bool) -> None:
    assert public_address(url) == PublicAddress(host=host, https=https)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "calls.example.org",
        "https://",
        "https://x.example/path",
        "https://u@x.example",
        "https://x y",
        "https://x:y",
        "https://*",
        "ftp://x.example",
        "https://x.example?q",
    ],
)
def test_an_address_of_no_whole_site_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="not the address of a whole site"):
        public_address(url)


def test_a_server_that_others_reach_by_way_of_a_proxy_needs_a_token() -> None:
    with pytest.raises(UsageError, match=r"calls\.example\.org can be reached from other machines"):
        token_for("127.0.0.1", None, "https://calls.example.org")
    with pytest.raises(UsageError, match="can be reached"):
        token_for("192.168.0.2", None, "http://localhost:9000")
    assert token_for("127.0.0.1", None, "http://localhost:9000") is None
    assert token_for("::1", None, "http://[::1]:9000") is None
    assert token_for("127.0.0.1", TOKEN, "https://calls.example.org:8443") == TOKEN


def test_what_comes_by_way_of_a_proxy_is_not_taken_for_the_user() -> None:
    ways = ["Forwarded: for=8.8.8.8", "X-Forwarded-For: 127.0.0.1", "Via: 1.1 x", "X-Real-IP: ::1"]
    with guarded() as served:
        assert [get(served.port, "/", way).status for way in ways] == [403] * 4
    with guarded(token=TOKEN) as served:
        assert [get(served.port, "/login", way).status for way in ways] == [200] * 4


def test_behind_tls_a_form_of_the_public_address_is_taken_and_no_other() -> None:
    with guarded(public_url="https://localhost") as served:
        page = get(served.port, host="localhost")
        cookie = page.header("set-cookie").partition(";")[0]
        token = re.search(rb'<p id="token">([0-9a-f]{64})</p>', page.body)
        assert token is not None
        own = [f"Cookie: {cookie}", f"X-CSRF-Token: {token[1].decode()}", "Content-Length: 0"]
        for origin, status in [("https://localhost", 200), ("http://localhost", 403)]:
            sent = head("POST", "/do", "localhost", *own, f"Origin: {origin}")
            assert raw(served.port, sent).status == status
