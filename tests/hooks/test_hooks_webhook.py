"""An address is told by signed POSTs, over real sockets."""

import base64
import hashlib
import hmac
import json
import os
import shutil
import ssl
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
import standardwebhooks

from poku_batch.errors import UsageError
from poku_batch.hooks import WebhookSender
from poku_batch.hooks.webhook import signing_key
from poku_batch.models import HookEvent, HookMessage, MessageId
from tests.hooks.hooks_message import AT, NAME, message
from tests.poku.poku_server import Act, Connection, http, replying, serving

pytestmark = pytest.mark.anyio

KEY = b"thirty-two bytes of secret, here"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
PLAIN = "sixteen-bytes-ok"


async def sent(
    act: Act, what: HookMessage | None = None, **named: Any
) -> tuple[str | None, bytes, dict[str, str]]:
    """What the sender said of an act, the body that came and its headers."""
    secret = named.pop("secret", SECRET)
    async with serving(act) as server:
        url = server.url + "/hook?token=in-the-address"
        async with WebhookSender(url, secret, **({"timeout_s": 5} | named)) as sender:
            why = await sender.send(what or message(row=2))
            head, _, body = server.connections[0].received.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")[1:]
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return why, body, headers


async def test_a_message_is_posted_as_one_json_object() -> None:
    why, body, headers = await sent(replying(http(200)), message(row=2, summary="Ja, ü.\n"))
    assert why is None
    assert json.loads(body) == {
        "id": NAME,
        "type": "contact.result",
        "timestamp": "2026-11-22T10:00:00+00:00",
        "data": {"row": 2, "summary": "Ja, ü.\n"},
    }
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == NAME
    assert headers["user-agent"].startswith("poku-batch/")


async def test_the_end_of_a_run_has_a_type_of_its_own() -> None:
    end = HookMessage(id=MessageId(1), event=HookEvent.FINISH, at=AT, tries=3, body={})
    _, body, _ = await sent(replying(http(200)), end)
    assert json.loads(body)["type"] == "run.finish"


@pytest.mark.parametrize(("secret", "theirs"), [(SECRET, SECRET), (PLAIN, PLAIN.encode())])
async def test_the_signature_is_that_of_the_specification(secret: str, theirs: str | bytes) -> None:
    _, body, headers = await sent(replying(http(204)), message(name="Ünal"), secret=secret)
    verified = standardwebhooks.Webhook(theirs).verify(body, headers)
    assert verified["data"] == {"name": "Ünal"}
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(theirs).verify(body + b" ", headers)


async def test_the_signature_is_an_hmac_of_id_time_and_body() -> None:
    now = datetime(2026, 11, 22, 10, 0, 1, 999_999, tzinfo=UTC)
    _, body, headers = await sent(replying(http(200)), now=lambda: now)
    assert headers["webhook-timestamp"] == "1795341601"
    digest = hmac.new(KEY, f"{NAME}.1795341601.".encode() + body, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


async def test_telling_again_keeps_the_id_and_signs_anew() -> None:
    times = iter([AT, AT + timedelta(hours=1)])
    async with serving(replying(http(200))) as server:
        sender = WebhookSender(server.url, SECRET, timeout_s=5, now=lambda: next(times))
        async with sender:
            await sender.send(message(row=2))
            await sender.send(message(row=2))
        first, second = (connection.received.decode() for connection in server.connections)
    assert first.count(NAME) == second.count(NAME) == 2
    assert first.split("webhook-signature")[1] != second.split("webhook-signature")[1]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_every_success_says_that_it_was_taken(status: int) -> None:
    why, *_ = await sent(replying(http(status, b"" if status == 204 else b"thanks")))
    assert why is None


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (http(400, b"no such\r\n\x1b[31mthing\x00"), "HTTP 400: no such [31mthing"),
        (http(410), "HTTP 410"),
        (http(500, b"\xff\xfe"), "HTTP 500: ��"),
        (http(503, b"call +1 (415) 555-0100 or 14155550100 back"), "HTTP 503: call •••• or •••• "),
        (http(304), "HTTP 304"),
    ],
)
async def test_everything_else_says_why_not_in_one_printable_line_without_numbers(
    answer: bytes, why: str
) -> None:
    said, *_ = await sent(replying(answer))
    assert said is not None
    assert said.startswith(why)
    assert said.isprintable()


async def test_no_redirect_is_followed() -> None:
    async with serving(replying(http(200))) as elsewhere:
        why, *_ = await sent(replying(http(307, b"", f"Location: {elsewhere.url}")))
        assert elsewhere.connections == []
    assert why == "HTTP 307"


async def test_no_cookie_is_kept() -> None:
    async with serving(replying(http(200, b"", "Set-Cookie: a=b; Path=/"))) as server:
        async with WebhookSender(server.url, SECRET, timeout_s=5) as sender:
            assert await sender.send(message()) is None
            assert await sender.send(message()) is None
        assert b"ookie" not in server.connections[1].received


async def test_no_proxy_and_no_password_of_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login user password netrc-password\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    async with serving(replying(http(200))) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        why, _, headers = await sent(replying(http(200)))
        assert proxy.connections == []
    assert why is None
    assert "authorization" not in headers


async def test_a_body_without_end_is_read_to_64_kib_at_most() -> None:
    count = 0

    async def flood(connection: Connection) -> None:
        nonlocal count
        await connection.request()
        await connection.send(b"HTTP/1.1 500 No\r\nContent-Length: 999999999\r\n\r\n")
        while True:
            await connection.send(b"x" * 65_536)
            count = connection.sent

    began = time.monotonic()
    why, *_ = await sent(flood)
    assert why is not None
    assert why.startswith("HTTP 500: xxx")
    assert len(why) < 400
    assert time.monotonic() - began < 1
    # What the sockets of both sides hold, and nothing like what was to come.
    assert count < 20_000_000


async def test_a_body_that_trickles_or_breaks_off_does_not_undo_the_status(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("poku_batch.hooks.webhook._BODY_WAIT_S", 0.1)

    async def trickle(connection: Connection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 Fine\r\nContent-Length: 100\r\n\r\nthan")
        await connection.until_closed()

    async def cut(connection: Connection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\nbroke")

    assert (await sent(trickle))[0] is None
    assert (await sent(cut))[0] == "HTTP 500: broke"


async def test_an_answer_that_does_not_come_is_given_up_in_time() -> None:
    async def silent(connection: Connection) -> None:
        await connection.request()
        await connection.until_closed()

    async def drip(connection: Connection) -> None:
        await connection.request()
        for byte in b"HTTP/1.1 200 Fine, but much too late for anybody":
            await connection.send(bytes([byte]))
            await anyio.sleep(0.05)

    for act in (silent, drip):
        began = time.monotonic()
        why, *_ = await sent(act, timeout_s=0.2)
        assert why == "no answer within 0.2 s"
        assert time.monotonic() - began < 1


async def test_a_receiver_that_is_not_there_is_said_without_its_address() -> None:
    async with WebhookSender("http://127.0.0.1:9/hook/SECRET-PATH", SECRET, timeout_s=5) as sender:
        why = await sender.send(message())
    assert why is not None
    assert "ConnectError" in why
    assert "SECRET-PATH" not in why


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 two hundred\r\n\r\n", b"SSH-2.0-x\r\n"])
async def test_what_is_no_http_is_no_answer(data: bytes) -> None:
    why, *_ = await sent(replying(data))
    assert why is not None
    assert why.startswith("RemoteProtocolError")


async def test_a_message_that_no_utf_8_can_hold_is_told_all_the_same() -> None:
    why, body, headers = await sent(replying(http(200)), message(summary="half \ud800"))
    assert why is None
    told = standardwebhooks.Webhook(SECRET).verify(body, headers)
    assert told["data"] == {"summary": "half ?"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, and its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl command: install the package openssl")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = (
        f"{openssl} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        f"-subj /CN=test -addext subjectAltName=IP:127.0.0.1 -keyout {path} -out {path}.crt"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


@pytest.mark.parametrize("trusted", [True, False])
async def test_only_an_address_whose_certificate_is_trusted_is_told(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, *, trusted: bool
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with serving(replying(http(200)), tls=context) as server:
        async with WebhookSender(server.url, SECRET, timeout_s=5) as sender:
            why = await sender.send(message(row=2))
        assert len(server.requests) == trusted
    assert why is None if trusted else "CERTIFICATE_VERIFY_FAILED" in str(why)


async def test_a_handshake_that_does_not_end_is_given_up_in_time() -> None:
    async def silent(connection: Connection) -> None:
        await connection.until_closed()

    async with serving(silent) as server:
        url = server.url.replace("http://", "https://")
        async with WebhookSender(url, SECRET, timeout_s=0.6) as sender:
            assert await sender.send(message()) == "no answer within 0.6 s"


def test_certificates_that_cannot_be_read_are_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/at/all.pem")
    with pytest.raises(UsageError, match="SSL_CERT_FILE"):
        WebhookSender("https://127.0.0.1:9", SECRET, timeout_s=5)


@pytest.mark.parametrize("url", ["ftp://example.com", "example.com", "", "http://", "http://[:::1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        WebhookSender(url, SECRET, timeout_s=5)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "fifteen-bytes!!",
        "   fifteen-bytes!!   ",
        "whsec_dGlueQ==",
        "whsec_no base64!!!!!!!!!!!",
        "whsec_dGlueSBidXQgbG9uZyBlbm91Z2gK=x",
    ],
)
def test_a_secret_that_cannot_be_used_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(UsageError) as refused:
        signing_key(secret)
    shown = str(refused.value) + repr(refused.value.__cause__)
    assert not secret or secret.strip().removeprefix("whsec_") not in shown


def test_a_secret_is_read_with_and_without_padding_and_around_spaces() -> None:
    assert signing_key(SECRET) == signing_key(SECRET.rstrip("=")) == signing_key(f" {SECRET}\n")
    assert signing_key(SECRET) == KEY
    assert signing_key(PLAIN) == PLAIN.encode()


async def test_the_secret_is_in_nothing_that_leaves_or_is_shown() -> None:
    async with serving(replying(http(500, b"no"))) as server:
        sender = WebhookSender(server.url, SECRET, timeout_s=5)
        async with sender:
            why = await sender.send(message(row=2))
        received = server.connections[0].received
    for secret in (SECRET, SECRET.removeprefix("whsec_"), KEY.decode()):
        assert secret.encode() not in received
        assert secret not in f"{why}{sender!r}{os.environ}"
