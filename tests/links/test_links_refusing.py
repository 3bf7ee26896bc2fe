"""Links that bring no sheet, or would bring harm: each is one clear message."""

import asyncio
import gzip
import ssl
import zlib
from pathlib import Path

import anyio
import pytest

from poku_batch.links import Bounds
from poku_batch.links.answers import Unpacker
from poku_batch.links.network import Scope, World
from tests.links.links_world import Hosts, on, refused
from tests.poku.poku_server import Connection, http, replying, serving

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (204, "cannot be fetched (HTTP 204) (copy the link again)"),
        (304, "cannot be fetched (HTTP 304) (copy the link again)"),
        (400, "there is no such worksheet, or the link is wrong (HTTP 400)"),
        (401, "may not be read without signing in (HTTP 401) (publish it, or share it"),
        (403, "may not be read without signing in (HTTP 403) (publish it, or share it"),
        (404, "there is nothing at this address (HTTP 404) (copy the link again)"),
        (410, "is no longer there (HTTP 410)"),
        (429, "is asked for too often (HTTP 429) (try again later"),
        (503, "cannot be fetched now (HTTP 503) (try again later, or download it"),
    ],
)
async def test_a_status_is_told_with_what_to_do(tmp_path: Path, status: int, message: str) -> None:
    async with serving(replying(http(status, b"a,b\n1,2\n" if status > 304 else b""))) as server:
        told = await refused(f"{server.url}/s.csv?token=SECRET", tmp_path)
    assert told.startswith(message)
    assert not (tmp_path / "sheet").exists()


@pytest.mark.parametrize(
    "answer",
    [
        http(200, b"a,b", "Content-Type: text/html; charset=utf-8"),
        http(200, b"\n<!DOCTYPE html><title>Sign in"),
        http(200, b"<HTML><body>"),
    ],
)
async def test_a_web_page_is_no_sheet(tmp_path: Path, answer: bytes) -> None:
    async with serving(replying(answer)) as server:
        told = await refused(f"{server.url}/s.csv", tmp_path)
    assert told == (
        "is a web page, not a sheet (name the address of the CSV file itself, or download it, and "
        "name the file)"
    )


# --- where a link may lead ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("http://sheets.test/a.csv", "leads on to sheets.test without https"),
        ("https://127.0.0.1/SECRET", "leads on to 127.0.0.1, a loopback address"),
        ("http://127.0.0.1:80/", "leads on to 127.0.0.1, a loopback address"),
        ("http://169.254.169.254/SECRET", "leads on to 169.254.169.254, a link-local address"),
        ("https://169.254.169.254/", "leads on to 169.254.169.254, a link-local address"),
        ("https://10.0.0.1/", "leads on to 10.0.0.1, a private address"),
        ("https://192.168.1.1/", "leads on to 192.168.1.1, a private address"),
        ("https://100.64.0.1/", "leads on to 100.64.0.1, a private address"),
        ("https://0.0.0.0/", "leads on to 0.0.0.0, a private address"),
        ("https://[::1]/", "leads on to ::1, a loopback address"),
        ("https://[::ffff:127.0.0.1]/", "leads on to ::ffff:127.0.0.1, a loopback address"),
        ("https://[64:ff9b::a9fe:a9fe]/", "leads on to 64:ff9b::a9fe:a9fe, a link-local address"),
        ("https://[2002:7f00:1::]/", "leads on to 2002:7f00:1::, a loopback address"),
        ("https://[::127.0.0.1]/", "leads on to ::127.0.0.1, a private address"),
        ("https://224.0.1.1/", "leads on to 224.0.1.1, a private address"),
        ("https://[ff0e::1]/", "leads on to ff0e::1, a private address"),
        ("https://[fe80::1]/", "leads on to fe80::1, a link-local address"),
        ("https://[fd00::1]/", "leads on to fd00::1, a private address"),
        ("//127.0.0.1/", "leads on to 127.0.0.1, a loopback address"),
        ("file:///etc/passwd", "leads on to something that is no address"),
        ("ftp://sheets.test/", "leads on to something that is no address"),
        ("https://[", "the host %5b cannot be found"),
        ("https://a\x80b/", "leads on to something that is no address"),
        ("https://gone.test/SECRET", "the host gone.test cannot be found"),
    ],
)
async def test_a_public_link_never_leads_inside_or_into_the_open(
    tmp_path: Path, tls: ssl.SSLContext, where: str, message: str
) -> None:
    async with serving(replying(http(302, b"", f"Location: {where}")), tls=tls) as server:
        told = await refused(on(server.url, "https://sheets.test/1?t=SECRET"), tmp_path)
        assert told.startswith(message)
        assert len(server.connections) == 1


async def test_a_redirect_without_an_address_is_told(tmp_path: Path) -> None:
    async with serving(replying(http(302))) as server:
        told = await refused(f"{server.url}/s", tmp_path, bounds=Bounds(redirects=2))
    assert told.startswith("leads on more than 2 times")  # an empty one is its own address


async def test_a_link_that_leads_round_and_round_is_given_up(tmp_path: Path) -> None:
    async with serving(replying(http(302, b"", "Location: /again"))) as server:
        told = await refused(f"{server.url}/s", tmp_path)
        assert len(server.connections) == 6
    assert told == "leads on more than 5 times (copy the link again)"


async def test_a_host_is_connected_to_by_the_address_that_was_judged(
    tmp_path: Path, tls: ssl.SSLContext
) -> None:
    hosts = Hosts()
    async with serving(replying(http(404)), tls=tls) as server:
        await refused(on(server.url, "https://sheets.test/1"), tmp_path, world=hosts.world)
    # Nothing else in the program could have found this name.
    assert hosts.asked == ["sheets.test"]


async def test_a_host_with_one_address_inside_is_inside(
    tmp_path: Path, tls: ssl.SSLContext
) -> None:
    class Twofold(Hosts):
        async def look_up(self, host: str, port: int) -> list[str]:
            found = await super().look_up(host, port)
            return [*found, "10.0.0.1"] if host == "other.test" else found

        def scope_of(self, address: object) -> object:  # type: ignore[override]
            if str(address) == "10.0.0.1":
                self.asked.append("inside")
            return super().scope_of(address)  # type: ignore[arg-type]

    where = "Location: https://other.test/2"
    async with serving(replying(http(302, b"", where)), tls=tls) as server:
        link = on(server.url, "https://sheets.test/1")
        told = await refused(link, tmp_path, world=Twofold().world)
    assert told.startswith("leads on to other.test, a private address")


# --- bounds ------------------------------------------------------------------------------------


async def _endless(connection: Connection) -> None:
    await connection.request()
    await connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while connection.sent < 50_000_000:
        await connection.send(b"a,b\n" * 10_000)


async def test_an_endless_sheet_is_given_up_at_the_bound(tmp_path: Path) -> None:
    async with serving(_endless) as server:
        told = await refused(f"{server.url}/s", tmp_path, bounds=Bounds(most_bytes=1 << 20))
        assert server.connections[0].sent < 20_000_000
    assert told == "is larger than 1 MiB (download it, and name the file)"
    assert (tmp_path / "sheet").stat().st_size <= 1 << 20


async def test_a_sheet_that_says_it_is_too_large_is_not_begun(tmp_path: Path) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 104857601\r\n\r\n"
    async with serving(replying(answer)) as server:
        told = await refused(f"{server.url}/s", tmp_path)
    assert told.startswith("is larger than 100 MiB")
    assert not (tmp_path / "sheet").exists()


async def test_a_gzip_bomb_stops_at_the_bound(tmp_path: Path) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(200)) + packer.flush()
    assert len(bomb) < 300_000
    answer = http(200, bomb, "Content-Encoding: gzip")
    async with serving(replying(answer)) as server:
        told = await refused(f"{server.url}/s", tmp_path, bounds=Bounds(most_bytes=1 << 20))
    assert told.startswith("is larger than 1 MiB")
    assert (tmp_path / "sheet").stat().st_size <= 1 << 20
    # Nor is more of it in memory at any time.
    assert max(len(part) for part in Unpacker().parts(bomb)) <= 1 << 16


async def test_what_comes_packed_is_bounded_too(tmp_path: Path) -> None:
    packed = gzip.compress(b"a,b\n1,2\n") + bytes(2 << 20)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
    async with serving(replying(head + packed)) as server:
        told = await refused(f"{server.url}/s", tmp_path, bounds=Bounds(most_bytes=1 << 20))
    assert told.startswith("is larger than 1 MiB")


async def test_contacts_do_not_travel_in_the_open_inside_either(tmp_path: Path) -> None:
    hosts = Hosts()
    told = await refused("http://10.0.0.1:9/s", tmp_path, world=hosts.world)
    assert told.startswith("leads on to 10.0.0.1 without https")


def test_an_address_of_one_cable_is_judged_without_its_name() -> None:
    assert World().narrowest(["93.184.216.34", "fe80::1%eth0"]) is Scope.LINK_LOCAL


@pytest.mark.parametrize("part", ["head", "body", "handshake"])
async def test_a_host_that_trickles_is_given_up_in_time(
    tmp_path: Path, part: str, tls: ssl.SSLContext
) -> None:
    async def act(connection: Connection) -> None:
        if part == "body":
            await connection.request()
            await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1_000):
            await connection.send(b"H")
            await asyncio.sleep(0.02)

    async with serving(act) as server:
        link = f"{server.url}/s"
        if part == "handshake":
            link = link.replace("http:", "https:")
        with anyio.fail_after(2):
            told = await refused(link, tmp_path, bounds=Bounds(within_s=0.3))
    # Bytes that are no handshake are told as what they are.
    expected = {"handshake": "no secure connection to 127.0.0.1"}
    assert told.startswith(expected.get(part, "was not there whole within 0.3 s"))


async def test_a_silent_host_is_given_up_in_time(tmp_path: Path, tls: ssl.SSLContext) -> None:
    async def act(connection: Connection) -> None:
        await connection.until_closed()

    async with serving(act) as server:
        for scheme in ("http:", "https:"):
            link = server.url.replace("http:", scheme)
            with anyio.fail_after(2):
                told = await refused(f"{link}/s", tmp_path, bounds=Bounds(within_s=0.2))
            assert told.startswith("was not there whole within 0.2 s (try again later")
            connection = await asyncio.wait_for(server.closed.get(), 1)
            assert connection is not None


# --- what breaks -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na,b\n1,2\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\na,b\n1,2\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n",
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        http(200, gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)[:-12], "Content-Encoding: gzip"),
        http(200, b"a,b\n1,2\n", "Content-Encoding: gzip"),
    ],
)
async def test_a_sheet_that_breaks_off_is_never_taken_for_whole(
    tmp_path: Path, answer: bytes
) -> None:
    async with serving(replying(answer)) as server:
        told = await refused(f"{server.url}/s.csv", tmp_path)
    assert told == "broke off before its end (try again later, or download it, and name the file)"


async def test_a_reset_connection_is_told(tmp_path: Path) -> None:
    async def act(connection: Connection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na,b\n")
        await asyncio.sleep(0.05)
        connection.reset()

    async with serving(act) as server:
        assert (await refused(f"{server.url}/s", tmp_path)).startswith("broke off")


async def test_an_encoding_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    async with serving(replying(http(200, b"x", "Content-Encoding: br"))) as server:
        told = await refused(f"{server.url}/s", tmp_path)
    assert told.startswith("came in the encoding 'br', unasked")


async def test_a_host_that_is_not_there_is_told(tmp_path: Path) -> None:
    async with serving(replying(b"")) as server:
        gone = server.url
    told = await refused(f"{gone}/s", tmp_path)
    assert told.startswith("127.0.0.1 cannot be reached: Connection refused (try again later")
    told = await refused("https://gone.test/s?SECRET", tmp_path)
    assert told.startswith("the host gone.test cannot be found (check the link")


async def test_a_certificate_that_nobody_trusts_is_told(
    tmp_path: Path, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    async with serving(replying(http(200, b"a,b\n1,2\n")), tls=tls) as server:
        told = await refused(f"{server.url}/s", tmp_path)
        assert server.requests == []
    assert told.startswith("127.0.0.1's certificate is not trusted, so nothing was sent")
