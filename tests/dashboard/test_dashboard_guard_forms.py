"""Changes that somebody else asks for: forms of other websites, stale and stolen tokens."""

import re
import socket
from collections.abc import Iterator

import pytest

from tests.dashboard.guarded import Answer, Served, get, guarded, head, raw, read_answer


@pytest.fixture
def served() -> Iterator[Served]:
    with guarded() as served:
        yield served


def visit(served: Served, path: str = "/") -> tuple[str, str]:
    """Load the page as a browser; gives the cookie and the forms' token."""
    page = get(served.port, path)
    token = re.search(rb'<p id="token">([0-9a-f]{64})</p>', page.body)
    assert token is not None
    return page.header("set-cookie").partition(";")[0], token[1].decode()


def post(
    served: Served, body: bytes, *headers: str, path: str = "/do", method: str = "POST"
) -> Answer:
    """Send a form."""
    lines = [*headers, f"Content-Length: {len(body)}"]
    if not any(line.startswith("Content-Type") for line in lines):
        lines.append("Content-Type: application/x-www-form-urlencoded")
    return raw(served.port, head(method, path, served.host, *lines) + body)


def multipart(*parts: tuple[str, str], boundary: str = "----boundary") -> bytes:
    """A form with files: parts of a head and a value."""
    written = [f"--{boundary}\r\n{head}\r\n\r\n{value}\r\n" for head, value in parts]
    return ("".join(written) + f"--{boundary}--\r\n").encode()


def field(name: str) -> str:
    return f'Content-Disposition: form-data; name="{name}"'


FILE = field("sheet") + '; filename="calls.csv"\r\nContent-Type: text/csv'
MULTIPART = "Content-Type: multipart/form-data; boundary=----boundary"


def test_a_page_s_own_form_is_taken(served: Served) -> None:
    cookie, token = visit(served)

    answer = post(served, f"what=call&_csrf={token}".encode(), f"Cookie: {cookie}")
    assert (answer.status, answer.body) == (200, b"done")
    own = [f"Cookie: {cookie}", f"Origin: http://{served.host}", "Sec-Fetch-Site: same-origin"]
    assert post(served, f"_csrf={token}&what=again".encode(), *own).status == 200
    assert post(served, b"what=htmx", f"X-CSRF-Token: {token}", *own).status == 200
    assert served.app.done == ["POST call", "POST again", "POST htmx"]


def test_the_cookie_is_of_no_use_to_scripts_and_other_sites(served: Served) -> None:
    flags = get(served.port).header("set-cookie").split("; ")[1:]

    assert set(flags) == {"HttpOnly", "SameSite=Strict", "Path=/"}


def test_behind_tls_the_cookie_is_bound_to_its_host() -> None:
    with guarded(public_url="https://localhost") as served:
        cookie = get(served.port).header("set-cookie")

    assert cookie.startswith("__Host-")
    assert set(cookie.split("; ")[1:]) == {"HttpOnly", "SameSite=Strict", "Path=/", "Secure"}


def test_a_form_without_its_token_does_nothing(served: Served) -> None:
    cookie, token = visit(served)
    _, other = visit(served)
    wrong = [
        "what=call",
        "what=call&_csrf=",
        f"what=call&_csrf={token[:-1]}",
        f"what=call&_csrf={token.upper()}",
        f"what=call&_csrf={other}",
        f"what=call&_csrf={token}&_csrf={token}",
        "what=call&_csrf=" + "%00" * 64,
        "what=call&_csrf=%c3%28",
    ]
    for body in wrong:
        assert post(served, body.encode(), f"Cookie: {cookie}").status == 403, body
    good = f"what=call&_csrf={token}".encode()
    assert post(served, good).status == 403, "without the cookie"
    assert post(served, good, "Cookie: poku-batch=x").status == 403
    assert post(served, good, f"Cookie: {cookie}x").status == 403
    plain = "Content-Type: text/plain"  # what a form of another site could send
    assert post(served, good, f"Cookie: {cookie}", plain).status == 403
    json = "Content-Type: application/json"
    assert post(served, f'{{"_csrf": "{token}"}}'.encode(), f"Cookie: {cookie}", json).status == 403
    assert served.app.done == []


def test_a_token_in_the_address_is_no_token(served: Served) -> None:
    cookie, token = visit(served)

    answer = post(served, b"what=call", f"Cookie: {cookie}", path=f"/do?_csrf={token}")
    assert (answer.status, served.app.done) == (403, [])


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_every_method_that_changes_needs_the_token(served: Served, method: str) -> None:
    cookie, token = visit(served)

    assert post(served, b"what=x", f"Cookie: {cookie}", method=method).status == 403
    allowed = [f"Cookie: {cookie}", f"X-CSRF-Token: {token}"]
    assert post(served, b"what=x", *allowed, method=method).status == 200
    assert served.app.done == [f"{method} x"]


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "OPTIONS", "PROPFIND", "get", "POSTS"])
def test_other_methods_are_refused(served: Served, method: str) -> None:
    answer = raw(served.port, head(method, "/do", served.host))

    assert answer.status == 405
    assert "POST" in answer.header("allow")


def test_a_get_that_claims_to_be_another_method_changes_nothing(served: Served) -> None:
    cookie, token = visit(served)
    for path in ["/do", "/do?_method=POST", f"/do?_method=DELETE&_csrf={token}&what=x"]:
        answer = get(
            served.port,
            path,
            f"Cookie: {cookie}",
            "X-HTTP-Method-Override: POST",
            "X-Method-Override: DELETE",
        )
        assert answer.status == 405
    assert post(served, b"_method=GET&what=x", f"Cookie: {cookie}").status == 403
    assert served.app.done == []


def test_a_head_shows_nothing_and_changes_nothing(served: Served) -> None:
    answer = raw(served.port, head("HEAD", "/", served.host, "Connection: close"))

    assert (answer.status, answer.body) == (200, b"")
    assert raw(served.port, head("HEAD", "/do", served.host, "Connection: close")).status == 405
    assert served.app.done == []


def test_a_form_of_another_origin_does_nothing_even_with_the_token(served: Served) -> None:
    cookie, token = visit(served)
    body = f"what=call&_csrf={token}".encode()
    port = served.port
    for origin in [
        "null",
        "https://evil.example",
        f"http://127.0.0.1:{port + 1}",
        f"http://localhost:{port}",
        f"https://127.0.0.1:{port}",
        f"http://127.0.0.1:{port}.evil.example",
        f"http://127.0.0.1:{port}@evil.example",
        "http://127.0.0.1",
        "",
    ]:
        assert post(served, body, f"Cookie: {cookie}", f"Origin: {origin}").status == 403, origin
    for site in ["cross-site", "same-site", "sideways", ""]:
        answer = post(served, body, f"Cookie: {cookie}", f"Sec-Fetch-Site: {site}")
        assert answer.status == 403, site
    twice = [f"Origin: http://{served.host}", "Origin: https://evil.example"]
    assert post(served, body, f"Cookie: {cookie}", *twice).status == 400
    assert served.app.done == []


def test_another_website_may_link_to_a_page_and_do_nothing_else(served: Served) -> None:
    def asked(mode: str, dest: str, site: str = "cross-site") -> int:
        headers = [f"Sec-Fetch-Site: {site}", f"Sec-Fetch-Mode: {mode}", f"Sec-Fetch-Dest: {dest}"]
        return get(served.port, "/", *headers).status

    assert asked("navigate", "document") == 200
    assert asked("navigate", "document", site="none") == 200
    assert asked("no-cors", "image", site="same-origin") == 200
    assert asked("no-cors", "image", site="same-site") == 403
    assert [asked(*way) for way in [("no-cors", "script"), ("cors", "empty")]] == [403, 403]
    assert [asked("navigate", dest) for dest in ["iframe", "object", "embed"]] == [403] * 3


def test_an_upload_is_taken_by_its_first_field_or_a_header(served: Served) -> None:
    cookie, token = visit(served)
    cookie = f"Cookie: {cookie}"
    body = multipart((field("_csrf"), token), (FILE, "a,b\r\n1,2"))

    assert post(served, body, cookie, MULTIPART, path="/upload").status == 200
    assert served.app.taken == len(body), "what was read to judge it is not lost"
    headed = multipart((FILE, "a,b"))
    by_header = [cookie, MULTIPART, f"X-CSRF-Token: {token}"]
    assert post(served, headed, *by_header, path="/upload").status == 200
    assert served.app.done == ["upload", "upload"]


def test_an_upload_without_the_token_in_front_is_not_read(served: Served) -> None:
    cookie, token = visit(served)
    right = (field("_csrf"), token)
    wrong = [
        multipart((FILE, "a,b"), right),
        multipart((field("_csrf"), "x" * 64), right),
        multipart((field("_csrf") + '; filename="x"', token), (FILE, "a,b")),
        multipart((field("_csrf2"), token), (FILE, "a,b")),
        multipart((field("_csrf") + "\r\nX: y", token), (FILE, "a,b")),
        multipart(right, boundary="another"),
        b"preamble\r\n" + multipart(right),
        multipart(right).partition(b"\r\n")[2],
        f"--{'----boundary'}\r\n{field('_csrf')}\r\n\r\n{token}".encode(),
        b"------boundary--\r\n",
        b"",
    ]
    for body in wrong:
        answer = post(served, body, f"Cookie: {cookie}", MULTIPART, path="/upload")
        assert answer.status == 403, body
    for kind in [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/mixed; boundary=a",
    ]:
        answer = post(
            served, multipart(right), f"Cookie: {cookie}", f"Content-Type: {kind}", path="/upload"
        )
        assert answer.status == 403, kind
    assert (served.app.done, served.app.taken) == ([], 0)


def test_a_token_that_comes_in_bits_is_read(served: Served) -> None:
    cookie, token = visit(served)
    body = multipart((field("_csrf"), token), (FILE, "a,b"))
    lines = [f"Cookie: {cookie}", MULTIPART, f"Content-Length: {len(body)}"]
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sendall(head("POST", "/upload", served.host, *lines))
        for at in range(len(body)):
            client.sendall(body[at : at + 1])
        assert read_answer(client).status == 200
    assert served.app.taken == len(body)


def test_a_refused_upload_is_answered_before_it_is_sent(served: Served) -> None:
    begun = multipart((field("_csrf"), "x" * 64), (FILE, "a,b"))[:-20]
    lines = [MULTIPART, f"Content-Length: {50 * 1024 * 1024}"]
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as client:
        client.sendall(head("POST", "/upload", served.host, *lines) + begun)
        answer = read_answer(client)
    assert (answer.status, answer.header("connection")) == (403, "close")
    assert served.app.taken == 0


def test_a_page_from_before_a_restart_is_told_so() -> None:
    with guarded() as before:
        cookie, token = visit(before)
    name, _, value = cookie.partition("=")
    with guarded() as after:
        cookie = f"Cookie: {name.rpartition('-')[0]}-{after.port}={value}"
        answer = post(after, f"what=call&_csrf={token}".encode(), cookie)
        assert answer.status == 403
        assert b"load the page again" in answer.body
        assert after.app.done == []
