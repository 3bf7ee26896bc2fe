"""Which addresses need a token, and which names a guarded server answers to."""

import secrets

import pytest

from poku_batch.dashboard.guard import Guard, Site, checked_token, needs_token, new_token
from poku_batch.dashboard.guard.addresses import names_of
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


def test_a_server_of_every_interface_answers_to_its_addresses_and_given_names() -> None:
    names = names_of("::", 8765, ["Dashboard.example.org", "other.example:9000"])

    assert names.answer_to("192.168.0.2:8765", "192.168.0.2")
    assert names.answer_to("localhost:8765", "127.0.0.1")
    assert names.answer_to("[::1]:8765", "::1")
    assert names.answer_to("192.168.0.2:8765", "::ffff:192.168.0.2")
    assert names.answer_to("DASHBOARD.example.org:8765", "192.168.0.2")
    assert names.answer_to("other.example:9000", None)
    assert not names.answer_to("192.168.0.3:8765", "192.168.0.2")
    assert not names.answer_to("other.example:8765", "192.168.0.2")
    assert not names.answer_to("rebound.example:8765", "192.168.0.2")
    assert not names.answer_to("localhost:8765", "192.168.0.2")


def test_behind_tls_a_name_needs_no_port() -> None:
    assert names_of("127.0.0.1", 8765, ["cedar.example"], https=True).answer_to(
        "cedar.example", None
    )
    assert not names_of("127.0.0.1", 8765, ["cedar.example"]).answer_to("cedar.example", None)


@pytest.mark.parametrize(
    "name", ["", "https://x.example", "x.example/", "x y", "x:y", "*", "ex*.org"]
)
def test_a_name_that_no_browser_asks_for_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="not a name that a browser can ask for"):
        names_of("127.0.0.1", 8765, [name])
