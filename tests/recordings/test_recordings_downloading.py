"""Downloading from servers that do what they should, and from those that do not."""

import gzip
import hashlib
import ssl
import stat
import zlib
from pathlib import Path

import anyio
import pytest

from poku_batch.links.network import World as Network
from poku_batch.models import MissingRecording
from poku_batch.recordings import Bounds, Downloader, Settled
from poku_batch.recordings.downloading import Copying
from poku_batch.recordings.faults import DownloadError
from tests.links.links_world import on
from tests.poku.poku_server import Connection, http, replying, serving
from tests.recordings.recordings_world import World, audio, file_server, header_of, recorded, wav

pytestmark = pytest.mark.anyio

BODY = wav()


async def missed(world: World, *, tries: int = 1) -> str:
    """Fetch what cannot be had: it is recorded, nothing is left, no secret is told."""
    settled = await world.fetch()
    assert settled.kept is None
    assert settled.why is not None
    assert "SECRET" not in settled.why
    assert world.files() == {}
    known = await world.ledger.recordings.of_attempt(settled.wanted.attempt_id)
    assert isinstance(known, MissingRecording)
    assert (known.why, known.tries) == (settled.why, tries)
    return settled.why


def assert_kept(world: World, settled: Settled, body: bytes, name: str = "k2_1.wav") -> None:
    assert settled.why is None
    assert settled.kept is not None
    assert settled.kept.file == world.folder.path / name
    assert settled.kept.size == len(body)
    assert settled.kept.sha256 == hashlib.sha256(body).hexdigest()
    assert world.files() == {name: body}
    assert stat.S_IMODE(settled.kept.file.stat().st_mode) == 0o600


async def test_a_recording_is_kept_whole_private_and_known(tmp_path: Path) -> None:
    async with (
        serving(replying(audio(BODY))) as server,
        recorded(tmp_path, f"{server.url}/r.wav?token=SECRET") as world,
    ):
        assert_kept(world, await world.fetch(), BODY)
        assert await world.wanted() == []
        request = server.connections[0].received.decode()
    assert request.startswith("GET /r.wav?token=SECRET HTTP/1.1\r\n")
    lowered = request.lower()
    for header in ("authorization", "cookie", "referer", "range"):
        assert f"\r\n{header}:" not in lowered
    assert "accept-encoding: identity" in lowered
    assert stat.S_IMODE((tmp_path / "copies").stat().st_mode) == 0o700


async def test_the_ending_is_that_of_the_bytes(tmp_path: Path) -> None:
    body = b"ID3\x04" + b"\0" * 500
    async with (
        serving(replying(audio(body, kind="audio/wav"))) as server,
        recorded(tmp_path, f"{server.url}/r.wav") as world,
    ):
        assert_kept(world, await world.fetch(), body, "k2_1.mp3")


async def test_a_body_in_tiny_pieces_without_a_length_is_taken(tmp_path: Path) -> None:
    async def act(connection: Connection) -> None:
        await connection.request()
        await connection.send(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: audio/wav\r\n\r\n"
        )
        for at in range(0, 100, 7):
            piece = BODY[at : at + 7]
            await connection.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        rest = BODY[105:]
        await connection.send(f"{len(rest):x}\r\n".encode() + rest + b"\r\n0\r\n\r\n")

    async with serving(act) as server, recorded(tmp_path, f"{server.url}/r.wav") as world:
        assert_kept(world, await world.fetch(), BODY)


async def test_a_packed_body_is_unpacked(tmp_path: Path) -> None:
    packed = gzip.compress(BODY)
    async with (
        serving(replying(audio(packed, "Content-Encoding: gzip", 'ETag: "x"'))) as server,
        recorded(tmp_path, f"{server.url}/r.wav") as world,
    ):
        assert_kept(world, await world.fetch(), BODY)


async def test_a_packed_body_that_breaks_off_is_not_kept(tmp_path: Path) -> None:
    packed = gzip.compress(b"ID3\x04" + BODY)[:-20]
    async with (
        serving(replying(audio(packed, "Content-Encoding: gzip"))) as server,
        recorded(tmp_path, f"{server.url}/r.wav") as world,
    ):
        assert await missed(world) == "it broke off before its end"


# --- what is no recording ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            audio(b"<html>Sign in", kind="text/html; charset=utf-8"),
            "what is at its address is a web page, not a recording",
        ),
        (audio(b"<Error><Code>AccessDenied</Code>"), "what is at its address is a web page"),
        (
            audio(b'{"error": "SECRET"}', kind="application/json"),
            "what is at its address is JSON, not a recording",
        ),
        (audio(b""), "what is at its address is empty"),
        (audio(b"nothing of the kind"), "does not begin as a recording does"),
        (audio(BODY, "Content-Encoding: br"), "it came in an encoding that was not asked for"),
        (http(403, b"<Error>SECRET"), "the link has expired, or may not be read (HTTP 403)"),
        (http(404), "the recording is not there (HTTP 404)"),
        (http(410), "the recording is there no longer (HTTP 410)"),
        (http(206, BODY, f"Content-Range: bytes 0-{len(BODY) - 1}/{len(BODY)}"), "HTTP 206"),
        (http(302, b"", "Location: ftp://r.test/SECRET"), "its address is none, or leads on"),
        (http(302, b"", "Location: /again?SECRET"), "its address leads on more than 5 times"),
    ],
)
async def test_what_is_no_recording_is_missing_with_the_reason(
    tmp_path: Path, answer: bytes, why: str
) -> None:
    async with (
        serving(replying(answer)) as server,
        recorded(tmp_path, f"{server.url}/r.wav?token=SECRET") as world,
    ):
        told = await missed(world)
        assert why in told
        assert world.clock.slept == [], "nobody waits to try again what cannot pass"


def small(world: World) -> None:
    world.bounds = Bounds(most_bytes=3 << 20, within_s=20, silent_s=2)


async def test_a_recording_that_says_that_it_is_too_large_is_not_begun(tmp_path: Path) -> None:
    async def act(connection: Connection) -> None:
        await connection.request()
        await connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nContent-Length: 9000000000\r\n\r\n"
        )
        await connection.send(BODY)
        await connection.until_closed()

    async with (
        serving(act) as server,
        recorded(tmp_path, f"{server.url}/r.wav", change=small) as world,
    ):
        assert await missed(world) == "it is larger than 3 MiB"


async def test_a_recording_that_gets_too_large_is_broken_off(tmp_path: Path) -> None:
    async def act(connection: Connection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\n\r\n" + BODY)
        for _ in range(640):
            await connection.send(b"x" * 65_536)

    async with (
        serving(act) as server,
        recorded(tmp_path, f"{server.url}/r.wav", change=small) as world,
    ):
        assert await missed(world) == "it is larger than 3 MiB"
        await server.closed.get()
        assert server.connections[0].sent < 40 << 20


async def test_a_packed_bomb_fills_neither_disk_nor_memory(tmp_path: Path) -> None:
    packer = zlib.compressobj(9, wbits=31)
    zeros = bytes(1 << 20)
    bomb = packer.compress(BODY) + b"".join(packer.compress(zeros) for _ in range(128))
    bomb += packer.flush()

    async with (
        serving(replying(audio(bomb, "Content-Encoding: gzip"))) as server,
        recorded(tmp_path, f"{server.url}/r.wav", change=small) as world,
    ):
        assert await missed(world) == "it is larger than 3 MiB"


# --- where an address may lead -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "host", "scope"),
    [
        ("http://169.254.169.254/SECRET", "169.254.169.254", "link-local"),
        ("https://10.0.0.8/r.wav", "10.0.0.8", "private"),
        ("https://192.168.1.1/r.wav", "192.168.1.1", "private"),
        ("https://[fd00::1]/r.wav", "fd00::1", "private"),
        ("https://[::ffff:10.0.0.1]/r.wav", "::ffff:10.0.0.1", "private"),
    ],
)
@pytest.mark.parametrize("redirected", [False, True])
async def test_no_address_leads_into_a_private_network(
    tmp_path: Path, where: str, host: str, scope: str, redirected: bool
) -> None:
    async with serving(replying(http(302, b"", f"Location: {where}"))) as server:
        first = f"{server.url}/r.wav" if redirected else where
        async with recorded(tmp_path, first) as world:
            told = await missed(world)
    assert told == f"its address leads to {host}, a {scope} address, and is not followed"


async def test_this_machine_is_asked_only_where_the_api_is_on_it(tmp_path: Path) -> None:
    def real(world: World) -> None:
        world.loopback = False

    async with (
        serving(replying(audio(BODY))) as server,
        recorded(tmp_path, f"{server.url}/r.wav", change=real) as world,
    ):
        told = await missed(world)
        assert server.connections == []
    assert told == "its address leads to 127.0.0.1, a loopback address, and is not followed"


async def test_a_public_address_leads_neither_here_nor_without_https(
    tmp_path: Path, tls: ssl.SSLContext
) -> None:
    async def act(connection: Connection) -> None:
        request = await connection.request()
        leads_to = "http://127.0.0.1:1/x" if b"/here" in request else "http://other.test/r.wav"
        await connection.send(http(302, b"", f"Location: {leads_to}"))

    def change(world: World) -> None:
        world.hosts.known = ("sheets.test", "other.test")

    async with serving(act, tls=tls) as server:
        urls = {
            "k2": on(server.url, "https://sheets.test/here"),
            "k3": on(server.url, "https://sheets.test/open"),
        }
        async with recorded(tmp_path, urls, change=change) as world:
            fetcher = world.fetcher()
            told = [(await fetcher.fetch(each)).why for each in await world.wanted()]
    assert told == [
        "its address leads to 127.0.0.1, a loopback address, and is not followed",
        "its address leads to other.test without https, and is not followed",
    ]


async def test_a_host_that_cannot_prove_who_it_is_gets_no_second_try(
    tmp_path: Path, certificate: Path
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    async with (
        serving(replying(audio(BODY)), tls=context) as server,
        recorded(tmp_path, f"{server.url}/r.wav") as world,
    ):
        settled = await world.fetch()
        assert "certificate" in (settled.why or "")
        assert world.clock.slept == []


async def test_a_host_is_judged_by_all_of_its_addresses(tmp_path: Path) -> None:
    async def look_up(host: str, port: int) -> list[str]:
        return ["93.184.216.34", "10.0.0.1"]

    async def claim(*_: object) -> Path:
        raise AssertionError("nothing may come")

    downloader = Downloader(loopback=True, world=Network(look_up=look_up))
    with pytest.raises(DownloadError, match="a private address"):
        await downloader.download("https://r.test/r.wav", Copying(None, claim))


# --- what breaks off is gone on with -----------------------------------------------------------


async def test_what_broke_off_is_gone_on_with(tmp_path: Path) -> None:
    body = wav(2_500_000)
    async with (
        serving(file_server(body, breaks=[1_200_000, 700_000])) as server,
        recorded(tmp_path, f"{server.url}/r.wav") as world,
    ):
        assert_kept(world, await world.fetch(), body)
        ranges = [header_of(each.received, "Range") for each in server.connections]
        named = [header_of(each.received, "If-Range") for each in server.connections]
    assert ranges == [None, "bytes=1200000-", "bytes=1900000-"]
    assert named == [None, '"one"', '"one"']
    assert len(world.clock.slept) == 2


async def test_what_broke_off_is_gone_on_with_by_another_program(tmp_path: Path) -> None:
    body = wav(1_500_000)
    async with (
        serving(file_server(body, breaks=[900_000, 100_000, 100_000, 100_000])) as server,
        recorded(tmp_path, f"{server.url}/r.wav") as world,
    ):
        first = await world.fetch()
        assert first.why == "it broke off before its end"
        assert sorted(world.files()) == ["k2_1.wav.part", "k2_1.wav.part.json"]
        assert_kept(world, await world.fetch(), body)
        assert header_of(server.connections[-1].received, "Range") == "bytes=1200000-"


OTHER = wav(25_044)[:44] + b"other" * 5_000


@pytest.mark.parametrize(
    "second",
    [
        audio(OTHER, 'ETag: "two"'),
        audio(b"", status=416),
        audio(OTHER[30_000:], "Content-Range: bytes 0-9/40000", 'ETag: "one"', status=206),
        audio(OTHER[20_000:], "Content-Range: bytes 20000-1/nine", 'ETag: "one"', status=206),
        audio(b"x" * 20_000, "Content-Range: bytes 20000-39999/50000", status=206),
        audio(b"x" * 20_000, "Content-Range: bytes 20000-39999/40000", 'ETag: "two"', status=206),
        audio(b"x" * 20_000, status=206),
    ],
    ids=["whole", "416", "begins elsewhere", "nonsense", "other length", "other tag", "no range"],
)
async def test_other_bytes_are_never_put_behind_what_is_there(
    tmp_path: Path, second: bytes
) -> None:
    answers = [second, audio(OTHER, 'ETag: "two"')]

    async def later(connection: Connection) -> None:
        request = await connection.request()
        await connection.send(answers[0] if header_of(request, "Range") else answers[1])

    first = file_server(BODY, breaks=[20_000])
    seen: list[int] = []

    async def act(connection: Connection) -> None:
        seen.append(1)
        await (first if len(seen) == 1 else later)(connection)

    async with serving(act) as server, recorded(tmp_path, f"{server.url}/r.wav") as world:
        assert_kept(world, await world.fetch(), OTHER)


@pytest.mark.parametrize("etag", [None, 'W/"one"', '"' + "x" * 300 + '"'])
async def test_bytes_without_a_name_begin_anew(tmp_path: Path, etag: str | None) -> None:
    async with (
        serving(file_server(BODY, etag=etag, breaks=[20_000])) as server,
        recorded(tmp_path, f"{server.url}/r.wav") as world,
    ):
        assert_kept(world, await world.fetch(), BODY)
        ranges = [header_of(each.received, "Range") for each in server.connections]
    assert ranges == [None, None]


async def test_a_short_body_is_not_kept(tmp_path: Path) -> None:
    async def act(connection: Connection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\n\r\n" + BODY[:-9])

    async with serving(act) as server, recorded(tmp_path, f"{server.url}/r.wav") as world:
        assert await missed(world) == "it broke off before its end"
        assert len(server.connections) == 4


async def test_a_server_that_says_nothing_more_is_left(tmp_path: Path) -> None:
    async def act(connection: Connection) -> None:
        await connection.request()
        await connection.send(audio(BODY)[:20_000])
        await connection.until_closed()

    def hasty(world: World) -> None:
        world.bounds = Bounds(silent_s=0.05)

    async with (
        serving(act) as server,
        recorded(tmp_path, f"{server.url}/r.wav", change=hasty) as world,
    ):
        assert await missed(world) == "it broke off before its end"


async def test_a_server_that_trickles_is_left(tmp_path: Path) -> None:
    async def act(connection: Connection) -> None:
        await connection.request()
        await connection.send(audio(BODY)[:20_000])
        while True:
            await connection.send(b"x")
            await anyio.sleep(0.01)

    def hasty(world: World) -> None:
        world.bounds = Bounds(within_s=0.15, silent_s=5)

    async with (
        serving(act) as server,
        recorded(tmp_path, f"{server.url}/r.wav", change=hasty) as world,
    ):
        assert await missed(world) == "it was not there whole within 0.15 s"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520])
async def test_what_may_pass_is_tried_again(tmp_path: Path, status: int) -> None:
    answers = [http(status), http(status), audio(BODY)]

    async def act(connection: Connection) -> None:
        await connection.request()
        await connection.send(answers.pop(0))

    async with serving(act) as server, recorded(tmp_path, f"{server.url}/r.wav") as world:
        assert_kept(world, await world.fetch(), BODY)
        assert len(world.clock.slept) == 2


async def test_a_server_is_given_the_time_that_it_asks_for(tmp_path: Path) -> None:
    answers = [http(503, b"", "Retry-After: 20"), audio(BODY)]

    async def act(connection: Connection) -> None:
        await connection.request()
        await connection.send(answers.pop(0))

    async with serving(act) as server, recorded(tmp_path, f"{server.url}/r.wav") as world:
        assert_kept(world, await world.fetch(), BODY)
        (slept,) = world.clock.slept
        assert 20 <= slept <= 22


async def test_nobody_waits_for_an_hour(tmp_path: Path) -> None:
    async with (
        serving(replying(http(429, b"", "Retry-After: 3600"))) as server,
        recorded(tmp_path, f"{server.url}/r.wav") as world,
    ):
        assert await missed(world) == "it is asked for too often (HTTP 429)"
        assert world.clock.slept == []


async def test_a_host_that_is_not_there_is_tried_again_and_told(tmp_path: Path) -> None:
    async with recorded(tmp_path, "http://127.0.0.1:1/r.wav") as world:
        assert await missed(world) == "127.0.0.1 cannot be reached: Connection refused"
        assert len(world.clock.slept) == 3
        assert await missed(world, tries=2)
