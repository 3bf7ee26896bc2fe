"""Links that are followed to a sheet, and what is asked of the host on the way."""

import gzip
import ssl
from pathlib import Path

import pytest

from poku_batch.links import fetch
from poku_batch.models import Source, SourceKind
from tests.links.links_world import fetched, on, refused
from tests.poku.poku_server import Connection, http, replying, serving

pytestmark = pytest.mark.anyio

CSV = b"name,phone\nAnn,+14155550101\n"


async def test_a_sheet_is_fetched_over_tls_with_nothing_that_tells_who_asks(
    tmp_path: Path, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "ALL_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (tmp_path / ".netrc").write_text("machine sheets.test login me password SECRET\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    async with serving(replying(http(200, CSV, "Set-Cookie: a=b")), tls=tls) as server:
        link = on(server.url, "https://sheets.test/a%20b.csv?token=SECRET&x=1#part")
        assert await fetched(link, tmp_path) == CSV
        (connection,) = server.connections
        lines = connection.received.lower().split(b"\r\n")
        assert lines[0] == b"get /a%20b.csv?token=secret&x=1 http/1.1"
        port = server.url.rpartition(":")[2]
        assert f"host: sheets.test:{port}".encode() in lines
        names = {line.split(b":")[0] for line in lines[1:] if line}
        assert names == {b"host", b"user-agent", b"accept", b"accept-encoding", b"connection"}


async def test_redirects_are_followed_without_cookies_and_relative_ones_too(
    tmp_path: Path, tls: ssl.SSLContext
) -> None:
    async def act(connection: Connection) -> None:
        request = await connection.request()
        target = request.split()[1]
        if target == b"/1":
            where = on(server.url, "Location: https://other.test/a/2?token=SECRET")
            await connection.send(http(302, b"moved", "Set-Cookie: a=b", where))
        elif target == b"/a/2?token=SECRET":
            await connection.send(http(307, b"", "location: ../3"))
        else:
            assert target == b"/3"
            assert b"cookie" not in request.lower()
            await connection.send(http(200, CSV))

    # The second host's certificate names another; that alone may fail here.
    async with serving(act, tls=tls) as server:
        told = await refused(on(server.url, "https://sheets.test/1"), tmp_path)
        assert told.startswith("other.test's certificate is not trusted, so nothing was sent")

    async def same(connection: Connection) -> None:
        request = await connection.request()
        answers = {
            b"/1": http(301, b"", "Location: /a/2?x=1"),
            b"/a/2?x=1": http(308, b"", "location: ../3"),
            b"/3": http(200, CSV),
        }
        assert b"cookie" not in request.lower()
        await connection.send(answers[request.split()[1]])

    async with serving(same, tls=tls) as server:
        assert await fetched(on(server.url, "https://sheets.test/1"), tmp_path) == CSV


async def test_a_local_sheet_needs_no_tls(tmp_path: Path) -> None:
    async with serving(replying(http(200, CSV))) as server:
        assert await fetched(f"{server.url}/s.csv", tmp_path) == CSV


async def test_gzip_that_nobody_asked_for_is_unpacked(tmp_path: Path) -> None:
    large = CSV * 10_000
    answer = http(200, gzip.compress(large), "Content-Encoding: gzip")
    async with serving(replying(answer)) as server:
        assert await fetched(f"{server.url}/s.csv", tmp_path) == large


async def test_a_body_without_a_length_is_read_to_its_end(tmp_path: Path) -> None:
    async with serving(replying(b"HTTP/1.1 200 OK\r\n\r\n" + CSV)) as server:
        assert await fetched(f"{server.url}/s", tmp_path) == CSV
    (tmp_path / "sheet").unlink()
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na,b\r\n0\r\n\r\n"
    async with serving(replying(chunked)) as server:
        assert await fetched(f"{server.url}/s", tmp_path) == b"a,b"


@pytest.mark.parametrize(
    ("path", "headers", "ending"),
    [
        ("/s", (), ".csv"),
        ("/s.tsv", (), ".tsv"),
        ("/s.tsv", ("Content-Type: text/csv",), ".csv"),
        ("/s", ("Content-Type: text/tab-separated-values; charset=utf-8",), ".tsv"),
        ("/s.xlsx?x", ("Content-Type: application/octet-stream",), ".csv"),
    ],
)
async def test_what_a_text_is_is_told_by_its_type_else_by_its_name(
    tmp_path: Path, path: str, headers: tuple[str, ...], ending: str
) -> None:
    async with serving(replying(http(200, CSV, *headers))) as server:
        source = Source(kind=SourceKind.LINK, link=f"{server.url}{path}")
        assert (await fetch(source, tmp_path / "sheet")).text_ending == ending
