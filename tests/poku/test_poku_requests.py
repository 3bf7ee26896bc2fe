"""What the client sends, to the byte, and to whom; many at once, and cancelled in the middle."""

import gc
import json
from collections import Counter
from importlib.metadata import version

import anyio
import pytest

from poku_batch.models import CallRequest, Ended, Refused, StillInCall
from poku_batch.models import InteractionId as Id
from poku_batch.poku.client import Completion, PokuClient
from tests.poku.poku_server import Connection, http, replying, serving

pytestmark = pytest.mark.anyio

_KEY = "poku_5ecret"
_REQUEST = CallRequest(to="+14155550100", prompt="Say hello.")
_FULL = CallRequest(
    to="+14155550100",
    prompt='Sag „Grüß Gott“,\n電話 🐎 "\\ \u2028 </script>\t\x00',
    from_="+14155550101",
    transfer_to="+442079460000",
    language="de-DE",
    voice="female",
)
_ENDED = http(200, b'{"response": "Confirmed."}')
_SAID = Ended(summary="Confirmed.")


async def _sent(
    request: CallRequest, completion: Completion = "auto", path: str = ""
) -> tuple[str, list[tuple[str, str]], bytes]:
    """The one request that ``place`` sends: its first line, its headers, its body."""
    async with serving(replying(_ENDED)) as server:
        url = server.url
        async with PokuClient(_KEY, base_url=url + path, completion=completion) as client:
            assert await client.place(request) == _SAID
        assert len(server.connections) == 1
        head, _, body = server.connections[0].received.partition(b"\r\n\r\n")
    first, *lines = head.decode("ascii").split("\r\n")
    headers = [(name, value.strip()) for name, _, value in (each.partition(":") for each in lines)]
    host = url.removeprefix("http://")
    return first, [(name, value.replace(host, "HOST")) for name, value in headers], body


async def test_a_placement_is_this_request_and_no_other() -> None:
    first, headers, body = await _sent(_REQUEST)
    assert first == "POST /calls HTTP/1.1"
    assert sorted(headers) == [
        ("Accept", "application/json"),
        ("Accept-Encoding", "identity"),
        ("Authorization", f"Bearer {_KEY}"),
        ("Connection", "close"),
        ("Content-Length", str(len(body))),
        ("Content-Type", "application/json"),
        ("Host", "HOST"),
        ("User-Agent", f"poku-batch/{version('poku-batch')}"),
    ]
    assert body == b'{"prompt":"Say hello.","to":"+14155550100"}'


@pytest.mark.parametrize(
    ("completion", "more"),
    [("auto", {}), ("wait", {"waitForCallEnd": True}), ("poll", {"waitForCallEnd": False})],
)
async def test_the_body_holds_what_was_given_and_nothing_else(
    completion: Completion, more: dict[str, bool]
) -> None:
    _, _, body = await _sent(_REQUEST, completion)
    assert json.loads(body) == {"prompt": "Say hello.", "to": "+14155550100", **more}
    _, _, body = await _sent(_FULL, completion)
    assert json.loads(body.decode("utf-8")) == {
        "prompt": _FULL.prompt,
        "to": "+14155550100",
        "from": "+14155550101",
        "transferTo": "+442079460000",
        "language": "de-DE",
        "voice": "female",
        **more,
    }


@pytest.mark.parametrize("path", ["", "/", "/api", "/api/v1/", "/%C3%A4"])
async def test_the_address_may_have_a_path(path: str) -> None:
    first, _, _ = await _sent(_REQUEST, path=path)
    assert first == f"POST {path.rstrip('/')}/calls HTTP/1.1"


async def test_a_large_prompt_arrives_whole() -> None:
    _, headers, body = await _sent(CallRequest(to=_REQUEST.to, prompt="ü" * 500_000))
    assert json.loads(body)["prompt"] == "ü" * 500_000
    assert dict(headers)["Content-Length"] == str(len(body))


@pytest.mark.parametrize(
    ("interaction_id", "path"),
    [
        ("one", "one"),
        ("6f1c2a52-7c5b-4e57-9c46-1b1f7f0f6f11", "6f1c2a52-7c5b-4e57-9c46-1b1f7f0f6f11"),
        ("a/b?c#d%e f", "a%2Fb%3Fc%23d%25e%20f"),
        ("../../calls", "..%2F..%2Fcalls"),
        ("ä", "%C3%A4"),
    ],
)
async def test_a_standing_is_asked_for_by_this_request_and_no_other(
    interaction_id: str, path: str
) -> None:
    async with serving(replying(http(200, b'{"status": "pending"}'))) as server:
        async with PokuClient(_KEY, base_url=server.url + "/v1") as client:
            assert await client.standing(Id(interaction_id)) == StillInCall()
        received = server.connections[0].received
    head, _, body = received.partition(b"\r\n\r\n")
    first, *headers = head.decode("ascii").split("\r\n")
    assert first == f"GET /v1/interactions/{path}/status HTTP/1.1"
    names = Counter(each.partition(":")[0].lower() for each in headers)
    assert "content-type" not in names
    assert max(names.values()) == 1
    assert f"Authorization: Bearer {_KEY}" in headers
    assert body == b""


@pytest.mark.parametrize(
    "request_",
    [
        CallRequest(to="4155550100", prompt="SECRET"),
        CallRequest(to="+14155550100", prompt=""),
        CallRequest(to="+14155550100\n", prompt="SECRET"),
        CallRequest(to="+14155550100", prompt="SECRET", language="xx-XX"),
        CallRequest(to="+14155550100", prompt="SECRET", voice="SECRET"),
        CallRequest(to="+14155550100", prompt="SECRET", from_="SECRET"),
        CallRequest(to="+14155550100", prompt="SECRET \ud800"),
    ],
)
async def test_a_request_that_the_api_does_not_take_is_not_sent_and_not_shown(
    request_: CallRequest,
) -> None:
    async with serving(replying(_ENDED)) as server, PokuClient(_KEY, base_url=server.url) as client:
        with pytest.raises(ValueError, match="takes no such request") as caught:
            await client.place(request_)
        assert server.connections == []
    assert "SECRET" not in str(caught.value)
    assert "4155550100" not in str(caught.value)


# --- to whom -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed_and_its_host_gets_nothing(status: int) -> None:
    async with serving(replying(_ENDED)) as elsewhere:
        moved = replying(http(status, b"", f"Location: {elsewhere.url}/calls"))
        async with serving(moved) as server, PokuClient(_KEY, base_url=server.url) as client:
            answer = await client.place(_REQUEST)
            await client.standing(Id("one"))
            assert [line.split()[0] for line in server.requests] == [b"POST", b"GET"]
        assert elsewhere.connections == []
    assert isinstance(answer, Refused)
    assert elsewhere.url in answer.why


async def test_proxies_and_passwords_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    netrc = tmp_path_factory.mktemp("home") / ".netrc"
    netrc.write_text("machine 127.0.0.1 login me password it\ndefault login me password it\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    async with serving(replying(_ENDED)) as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.setenv(name, proxy.url)
        _, headers, _ = await _sent(_REQUEST)
        async with PokuClient(_KEY, base_url="https://nobody.invalid") as client:
            await client.place(_REQUEST)
        assert proxy.connections == []
    assert dict(headers)["Authorization"] == f"Bearer {_KEY}"


async def test_cookies_are_not_kept() -> None:
    act = replying(http(429, b"", "Set-Cookie: session=1; Path=/", "Set-Cookie: b=2"))
    async with serving(act) as server, PokuClient(_KEY, base_url=server.url) as client:
        await client.place(_REQUEST)
        await client.place(_REQUEST)
        first, second = (each.received for each in server.connections)
    assert first == second
    assert b"cookie" not in first.lower()


# --- many at once, and cancelled ---------------------------------------------------------------


async def test_two_hundred_calls_are_held_open_at_once_each_on_its_own_connection() -> None:
    count = 200
    everybody = anyio.Event()
    arrived: list[str] = []

    async def wait_for_the_others(connection: Connection) -> None:
        body = (await connection.request()).partition(b"\r\n\r\n")[2]
        arrived.append(json.loads(body)["to"])
        to = arrived[-1]
        if len(arrived) == count:
            everybody.set()
        await everybody.wait()
        await connection.send(http(200, json.dumps({"response": to}).encode()))

    answers: dict[str, object] = {}
    async with serving(wait_for_the_others) as server:
        async with (
            PokuClient(_KEY, base_url=server.url) as client,
            anyio.create_task_group() as all_,
        ):

            async def place(to: str) -> None:
                answers[to] = await client.place(CallRequest(to=to, prompt="Say hello."))

            with anyio.fail_after(20):
                for n in range(count):
                    all_.start_soon(place, f"+1415555{n:04}")
                await everybody.wait()
        for _ in range(count):
            with anyio.fail_after(5):
                await server.closed.get()
        assert len(server.connections) == len(server.requests) == count
    assert answers == {to: Ended(summary=to) for to in answers}
    assert len(answers) == count


async def _cancel(client: PokuClient, ready: anyio.Event) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.place, _REQUEST)
        with anyio.fail_after(5):
            await ready.wait()
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\n", _ENDED[:-5]])
async def test_a_cancelled_placement_closes_its_connection(start: bytes) -> None:
    reading = anyio.Event()

    async def act(connection: Connection) -> None:
        await connection.request()
        await connection.send(start)
        await anyio.sleep(0.05)
        reading.set()
        await connection.until_closed()

    gc.disable()  # a connection that only the collector closes was left open
    try:
        async with serving(act) as server, PokuClient(_KEY, base_url=server.url) as client:
            await _cancel(client, reading)
            with anyio.fail_after(5):
                await server.closed.get()
            assert len(server.requests) == 1
    finally:
        gc.enable()
    gc.collect()


async def test_a_client_goes_on_after_a_cancelled_placement() -> None:
    taken: list[anyio.Event] = []

    async def act(connection: Connection) -> None:
        await connection.request()
        if taken[-1].is_set():
            await connection.send(_ENDED)
            return
        taken[-1].set()
        await connection.until_closed()

    async with serving(act) as server, PokuClient(_KEY, base_url=server.url) as client:
        for _ in range(3):
            taken.append(anyio.Event())
            await _cancel(client, taken[-1])
        assert await client.place(_REQUEST) == _SAID
        assert len(server.connections) == 4
