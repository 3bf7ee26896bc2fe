"""Getting in without the token, keeping others out, and staying in too long."""

import re
import socket
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from poku_batch.dashboard.guard import Site
from poku_batch.dashboard.guard.onward import onward
from poku_batch.dashboard.guard.sessions import IDLE_S, LIFETIME_S, Sessions
from poku_batch.dashboard.guard.tries import Tries
from tests.dashboard.guarded import TOKEN, Answer, Served, get, guarded, head, raw, read_answer

HTML = "Accept: text/html"


class Hands:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def served(hands: Hands) -> Iterator[Served]:
    with guarded(token=TOKEN, monotonic=hands) as served:
        yield served


def login_form(served: Served, cookie: str = "") -> tuple[str, str]:
    """Load the login page; gives the cookie and the form's token."""
    page = get(served.port, "/login", *([f"Cookie: {cookie}"] if cookie else []))
    assert page.status == 200
    token = re.search(rb'name="_csrf" value="([0-9a-f]{64})"', page.body)
    assert token is not None
    return page.header("set-cookie").partition(";")[0] or cookie, token[1].decode()


def log_in(served: Served, token: str = TOKEN, *, next_path: str = "/", cookie: str = "") -> Answer:
    """Try a token by the form, as a browser does."""
    cookie, csrf = login_form(served, cookie)
    return send(served, "/login", cookie, _csrf=csrf, token=token, next=next_path)


def send(served: Served, path: str, cookie: str, **fields: str) -> Answer:
    body = urlencode(fields).encode()
    lines = [
        f"Cookie: {cookie}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
    ]
    return raw(served.port, head("POST", path, served.host, *lines) + body)


def session_of(answer: Answer) -> str:
    assert answer.status == 303, answer
    return answer.header("set-cookie").partition(";")[0]


def is_in(served: Served, cookie: str) -> bool:
    return get(served.port, "/", f"Cookie: {cookie}").status == 200


def test_nothing_is_served_to_a_stranger_but_styles_and_the_way_in(served: Served) -> None:
    for path in ["/", "/events", "/do", "/fault", "/nothing", "/static", "/staticx/style.css"]:
        assert get(served.port, path).status == 401, path
        assert get(served.port, path, HTML).status == 303, path
    assert get(served.port, "/static/style.css").status == 200
    assert get(served.port, "/static/../").status == 400
    assert get(served.port, "/static/%2e%2e/").status == 400
    assert get(served.port, "/", "HX-Request: true", HTML).header("hx-redirect") == "/login"
    assert send(served, "/do", "", what="call").status == 401
    assert served.app.done == []


def test_a_stranger_s_upload_is_not_read(served: Served) -> None:
    lines = ["Content-Type: multipart/form-data; boundary=x", "Content-Length: 1000000"]
    answer = raw(served.port, head("POST", "/upload", served.host, *lines) + b"x" * 70_000)

    assert (answer.status, answer.header("connection"), served.app.taken) == (401, "close", 0)


def test_the_token_opens_a_session_of_its_own(served: Served) -> None:
    answer = log_in(served, next_path="/?show=x")
    cookie = answer.header("set-cookie")

    assert (answer.status, answer.header("location")) == (303, "/?show=x")
    assert set(cookie.split("; ")[1:]) == {"HttpOnly", "SameSite=Strict", "Path=/"}
    assert is_in(served, session_of(answer))
    assert not is_in(served, session_of(answer)[:-1])
    assert not is_in(served, session_of(answer)[:-1] + "x")
    assert session_of(log_in(served)) != session_of(answer)
    assert get(served.port, "/login?next=/do", f"Cookie: {session_of(answer)}").status == 303


def test_the_token_itself_opens_nothing_but_the_form(served: Served) -> None:
    for header in [f"Authorization: Bearer {TOKEN}", f"Cookie: poku-batch-{served.port}={TOKEN}"]:
        assert get(served.port, "/", header).status == 401
    query = urlencode({"token": TOKEN})
    assert get(served.port, f"/?{query}").status == 401
    assert get(served.port, f"/login?{query}").header("set-cookie").count("=") == 3


def test_a_session_that_was_planted_is_worth_nothing_after_the_login(served: Served) -> None:
    planted, _ = login_form(served)
    answer = log_in(served, cookie=planted)

    assert session_of(answer) != planted
    assert not is_in(served, planted)
    chosen = f"poku-batch-{served.port}={'A' * 43}"
    assert session_of(log_in(served, cookie=chosen)) != chosen
    assert not is_in(served, chosen)


def test_logging_in_again_ends_the_session_before(served: Served) -> None:
    first = session_of(log_in(served))
    page = get(served.port, "/", f"Cookie: {first}")
    csrf = re.search(rb'<p id="token">([0-9a-f]{64})</p>', page.body)
    assert csrf is not None
    second = session_of(send(served, "/login", first, _csrf=csrf[1].decode(), token=TOKEN))

    assert not is_in(served, first)
    assert is_in(served, second)
    # … nor is a form of before taken, whose page may lie open elsewhere.
    assert send(served, "/do", second, _csrf=csrf[1].decode(), what="call").status == 403


def test_a_cookie_that_others_of_the_host_add_keeps_nobody_out(served: Served) -> None:
    own = session_of(log_in(served))
    name = own.partition("=")[0]
    for junk in [f"{name}={'B' * 43}", f"{name}=", 'x="', "=;;=", f"{name}", "ü=1"]:
        assert is_in(served, f"{junk}; {own}"), junk
        assert is_in(served, f"{own}; {junk}"), junk


def test_logging_out_ends_the_session_and_what_goes_on_for_it(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    cookie = session_of(log_in(served))
    page = get(served.port, "/", f"Cookie: {cookie}")
    csrf = re.search(rb'<p id="token">([0-9a-f]{64})</p>', page.body)
    assert csrf is not None
    place = ("127.0.0.1", served.port)
    with (
        socket.create_connection(place, timeout=5) as stream,
        socket.create_connection(place, timeout=5) as slow,
    ):
        slow.sendall(head("GET", "/slow", served.host, f"Cookie: {cookie}"))
        stream.sendall(head("GET", "/events", served.host, f"Cookie: {cookie}"))
        assert stream.recv(64).startswith(b"HTTP/1.1 200")

        assert get(served.port, "/logout", f"Cookie: {cookie}").status == 405
        assert send(served, "/logout", cookie, _csrf="x").status == 403
        assert is_in(served, cookie)
        answer = send(served, "/logout", cookie, _csrf=csrf[1].decode())

        assert (answer.status, answer.header("location")) == (303, "/login")
        assert "Max-Age=0" in answer.header("set-cookie")
        assert not is_in(served, cookie)
        ended = b""
        while not ended.endswith(b"\r\n0\r\n\r\n"):
            ended += stream.recv(65_536)
        answer = read_answer(slow)
        assert (answer.status, answer.body) == (401, b"Log in first.\n")
        assert answer.header("x-content-type-options") == "nosniff"
    assert served.app.ended == 1
    assert "ASGI" not in caplog.text


def test_a_login_form_of_another_website_logs_nobody_in(served: Served) -> None:
    assert send(served, "/login", "", token=TOKEN).status == 403
    cookie, _ = login_form(served)
    assert send(served, "/login", cookie, token=TOKEN, _csrf="x" * 64).status == 403


def test_guessing_is_slowed_down_and_keeps_nobody_out_who_is_in(
    served: Served, hands: Hands
) -> None:
    cookie = session_of(log_in(served))
    for _ in range(5):
        answer = log_in(served, "a wrong token of some length")
        assert (answer.status, answer.header("set-cookie")) == (403, "")
        hands.now += 1

    turned_away = log_in(served, "another wrong one")
    assert turned_away.status == 429
    assert 1 <= int(turned_away.header("retry-after")) <= 60
    assert log_in(served).status == 429, "the right one is not looked at either"
    assert is_in(served, cookie)

    hands.now += int(turned_away.header("retry-after")) - 0.5
    assert log_in(served).status == 429
    hands.now += 0.5
    assert is_in(served, session_of(log_in(served)))
    # Only the oldest try has left the window.
    assert log_in(served, "a wrong token of some length").status == 403
    assert log_in(served).status == 429


def test_guessing_from_many_addresses_is_slowed_down_in_bounded_memory(hands: Hands) -> None:
    tries = Tries(hands)
    for number in range(20):
        address = f"10.0.{number}.1"
        assert tries.wait_s(address) == 0
        tries.wrong(address)
    assert tries.wait_s("192.168.0.1") == 60
    hands.now += 59
    assert tries.wait_s("192.168.0.1") == 1
    hands.now += 1
    assert tries.wait_s("192.168.0.1") == 0

    for number in range(10_000):
        tries.wrong(f"10.1.{number // 256}.{number % 256}")
    assert len(tries._by_address) <= 1_024


def test_an_ipv6_network_is_one_address(hands: Hands) -> None:
    tries = Tries(hands)
    for number in range(5):
        tries.wrong(f"2001:db8::{number:x}")

    assert tries.wait_s("2001:db8::ffff") == 60
    assert tries.wait_s("2001:db8:0:1::1") == 0


@pytest.mark.parametrize("idle_s", [IDLE_S, IDLE_S + 1])
def test_an_idle_session_ends(served: Served, hands: Hands, idle_s: float) -> None:
    cookie = session_of(log_in(served))
    hands.now += IDLE_S - 1
    assert is_in(served, cookie)
    hands.now += idle_s
    assert not is_in(served, cookie)


def test_a_session_that_is_used_ends_after_a_week(hands: Hands) -> None:
    sessions = Sessions(chance=lambda size: b"x" * size, monotonic=hands)
    id_ = sessions.begin()
    while hands.now < 1_000 + LIFETIME_S:
        assert sessions.find(id_) is not None
        hands.now += IDLE_S - 1
    assert sessions.find(id_) is None
    assert len(sessions) == 0


def test_sessions_are_bounded_and_kept_as_digests_alone(hands: Hands) -> None:
    count = iter(range(10_000))
    sessions = Sessions(
        chance=lambda size: next(count).to_bytes(4, "big") * (size // 4), monotonic=hands
    )
    ids = [sessions.begin() for _ in range(1_000)]

    assert len(sessions) == 256
    assert sessions.find(ids[0]) is None
    assert sessions.find(ids[-1]) is not None
    assert not any(id_.encode() in sessions._sessions for id_ in ids)


HOSTILE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/%0d%0aSet-Cookie:x=1\r\nX: y",
    "https://evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "evil.example",
    ".evil.example",
    "@evil.example",
    " /x",
    "/x y",
    "/ü",
    "",
    "/login",
    "/login?next=//evil.example",
    "/logout",
    "/" + "x" * 3_000,
]


@pytest.mark.parametrize("path", HOSTILE)
def test_logging_in_leads_to_no_other_website(path: str) -> None:
    assert onward(path) == "/"


def test_a_hostile_next_is_dropped_wherever_it_stands(served: Served) -> None:
    for path in HOSTILE[:8]:
        page = get(served.port, f"/login?{urlencode({'next': path})}")
        assert b'name="next" value="/"' in page.body
        assert b"evil" not in page.body
    for path in ["//evil.example", "/\\evil.example", "/\t/evil.example"]:
        assert log_in(served, next_path=path).header("location") == "/"
    quoted = get(served.port, f"/login?{urlencode({'next': '/a?b=1&c=<>'})}")
    assert b'value="/a?b=1&amp;c=&lt;&gt;"' in quoted.body


def test_a_stranger_is_led_back_to_where_they_wanted_to_go(served: Served) -> None:
    location = get(served.port, "/campaigns/a?state=failed&page=2", HTML).header("location")
    assert location == "/login?next=/campaigns/a%3Fstate%3Dfailed%26page%3D2"
    away = get(served.port, "//evil.example/x", HTML).header("location")
    assert away == "/login"


def test_the_token_is_in_no_page_address_or_log(
    served: Served, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(0):
        answers = [log_in(served), log_in(served, TOKEN + "x"), get(served.port, "/login")]
        for path in ["/", "/nothing", "/fault"]:
            answers.append(get(served.port, path, f"Cookie: {session_of(answers[0])}"))
    for answer in answers:
        assert TOKEN.encode() not in answer.body
        assert TOKEN not in str(answer.headers)
    out, err = capfd.readouterr()
    assert TOKEN not in caplog.text + out + err + repr(vars(served.guard))
    assert TOKEN not in repr(Site(host="::", port=1, token=TOKEN))
    assert served.guard._site.token is None


def test_without_a_token_there_is_no_login() -> None:
    with guarded() as served:
        assert get(served.port, "/login").status == 404
