"""The API's contract, both generations, over a real socket."""

import ssl
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import httpx
import pytest

from poku_batch.languages import LANGUAGES
from poku_batch.simulator import Scenarios, SimulatorConfig, running_simulator, start_simulator
from poku_batch.simulator.checks import MAX_BODY_BYTES

pytestmark = pytest.mark.anyio

GOOD: dict[str, Any] = {"prompt": "You are calling Maria Lopez.", "to": "+14155550100"}
KEY = {"Authorization": "Bearer any"}
#: Plain HTTP alone; the default reads every certificate of the system for each client.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
CONFIRMED = Scenarios.parse("confirmed=1")


async def client_of(config: SimulatorConfig) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        running_simulator(config) as simulator,
        httpx.AsyncClient(base_url=simulator.url, headers=KEY, verify=NO_TLS) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def shared_url() -> Iterator[str]:
    simulator = start_simulator(SimulatorConfig(speed=10_000, scenarios=CONFIRMED))
    yield simulator.url
    simulator.stop()


@pytest.fixture
async def quick(shared_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=shared_url, headers=KEY, verify=NO_TLS) as client:
        yield client


async def ended(client: httpx.AsyncClient, interaction_id: str) -> dict[str, Any]:
    with anyio.fail_after(5):
        while True:
            answer = await client.get(f"/interactions/{interaction_id}/status")
            assert answer.status_code == 200
            status: dict[str, Any] = answer.json()
            if status["status"] == "ended":
                return status
            await anyio.sleep(0.01)


async def test_the_first_generation_holds_until_the_end(quick: httpx.AsyncClient) -> None:
    answer = await quick.post("/calls", json=GOOD)
    assert answer.status_code == 200
    assert set(answer.json()) == {"response", "call", "interactionId"}
    assert "Maria Lopez" in answer.json()["response"]


async def test_not_waiting_gets_the_interaction_id_alone(quick: httpx.AsyncClient) -> None:
    answer = await quick.post("/calls", json={**GOOD, "waitForCallEnd": False})
    assert set(answer.json()) == {"interactionId"}
    status = await ended(quick, answer.json()["interactionId"])
    event = status["completionEvent"]
    assert event["eventType"] == "call.conversation.ended"
    assert event["payload"]["to"] == GOOD["to"]
    assert event["payload"]["from"] == "+14155550199"
    assert "Maria Lopez" in event["payload"]["summary"]


async def test_the_second_generation_answers_at_once_unless_asked_to_wait() -> None:
    config = SimulatorConfig(speed=10_000, scenarios=CONFIRMED, generation="second")
    async for client in client_of(config):
        assert set((await client.post("/calls", json=GOOD)).json()) == {"interactionId"}
        held = await client.post("/calls", json={**GOOD, "waitForCallEnd": True})
        assert "response" in held.json()


async def test_a_call_is_pending_until_it_ends() -> None:
    config = SimulatorConfig(speed=100, scenarios=CONFIRMED, call_seconds=(30, 30))
    async for client in client_of(config):
        answer = await client.post("/calls", json={**GOOD, "waitForCallEnd": False})
        path = f"/interactions/{answer.json()['interactionId']}/status"
        status = (await client.get(path)).json()
        assert set(status) == {"interactionId", "status", "createdAt"}
        assert status["status"] == "pending"
        assert status["createdAt"].endswith("Z")
        assert "completionEvent" in await ended(client, answer.json()["interactionId"])


async def test_the_recording_stands_in_either_place_of_the_payload(
    quick: httpx.AsyncClient,
) -> None:
    places = set()
    for _ in range(14):
        answer = await quick.post("/calls", json={**GOOD, "waitForCallEnd": False})
        payload = (await ended(quick, answer.json()["interactionId"]))["completionEvent"]["payload"]
        url = payload.get("recordingUrl") or payload["call"]["recordingUrl"]
        assert (await quick.head(url)).status_code == 200
        places |= {"recordingUrl", "call"} & set(payload)
    assert places == {"recordingUrl", "call"}


@pytest.mark.parametrize(
    ("scenario", "status", "error"),
    [("no_answer", 408, "human did not respond"), ("timed_out", 500, "timeout")],
)
async def test_an_end_without_a_conversation_is_told_by_its_string_or_by_no_event(
    scenario: str, status: int, error: str
) -> None:
    config = SimulatorConfig(speed=10_000, scenarios=Scenarios.parse(f"{scenario}=1"))
    async for client in client_of(config):
        held = await client.post("/calls", json=GOOD)
        assert (held.status_code, held.json()["error"]) == (status, error)
        started = await client.post("/calls", json={**GOOD, "waitForCallEnd": False})
        assert "completionEvent" not in await ended(client, started.json()["interactionId"])


async def test_a_number_that_cannot_be_routed_rings_nothing() -> None:
    config = SimulatorConfig(scenarios=Scenarios.parse("unroutable=1"))
    async with running_simulator(config) as simulator:
        async with httpx.AsyncClient(base_url=simulator.url, headers=KEY) as client:
            answer = await client.post("/calls", json=GOOD)
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid to number"})
        assert simulator.log().calls == ()


async def test_a_busy_line_has_no_recording() -> None:
    config = SimulatorConfig(speed=10_000, scenarios=Scenarios.parse("busy=1"))
    async for client in client_of(config):
        answer = (await client.post("/calls", json=GOOD)).json()
        assert "line was busy" in answer["response"]
        assert "call" not in answer


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"to": None}, "to"),
        ({"to": "4155550100"}, "to"),
        ({"to": "+04155550100"}, "to"),
        ({"to": "+1415555010012345"}, "to"),
        ({"to": "+1 415 555 0100"}, "to"),
        ({"to": "+14155550100\n"}, "to"),
        ({"to": "+1415555010٣"}, "to"),
        ({"to": 14155550100}, "to"),
        ({"from": "x"}, "from"),
        ({"transferTo": ""}, "transferTo"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": 5}, "prompt"),
        ({"language": "en"}, "language"),
        ({"language": "xx-XX"}, "language"),
        ({"voice": "robot"}, "voice"),
        ({"waitForCallEnd": "true"}, "waitForCallEnd"),
        ({"waitForCallEnd": 1}, "waitForCallEnd"),
    ],
)
async def test_a_wrong_field_is_named_and_not_repeated(
    quick: httpx.AsyncClient, change: dict[str, Any], named: str
) -> None:
    answer = await quick.post("/calls", json={**GOOD, **change})
    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}
    assert answer.json()["error"].startswith(f"{named} must be")
    assert "xx-XX" not in answer.text


@pytest.mark.parametrize("missing", ["prompt", "to"])
async def test_a_missing_field_is_named(quick: httpx.AsyncClient, missing: str) -> None:
    body = {key: value for key, value in GOOD.items() if key != missing}
    answer = await quick.post("/calls", json=body)
    assert (answer.status_code, answer.json()) == (400, {"error": f"{missing} is required"})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[]", "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b'{"x":' * 50_000, "not valid JSON"),
    ],
)
async def test_a_body_that_is_no_object_is_refused(
    quick: httpx.AsyncClient, content: bytes, said: str
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await quick.post("/calls", content=content, headers=headers)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


async def test_python_names_of_fields_are_not_taken(quick: httpx.AsyncClient) -> None:
    wrong = {"from_": "x", "transfer_to": "x", "wait_for_call_end": "x"}
    assert (await quick.post("/calls", json={**GOOD, **wrong})).status_code == 200


async def test_another_content_type_is_refused(quick: httpx.AsyncClient) -> None:
    answer = await quick.post("/calls", data=GOOD)
    assert answer.status_code == 400
    assert "Content-Type" in answer.json()["error"]


async def test_a_body_too_large_is_refused_with_and_without_its_length(
    quick: httpx.AsyncClient,
) -> None:
    large = b'{"prompt": "' + b"x" * MAX_BODY_BYTES + b'", "to": "+14155550100"}'
    headers = {"Content-Type": "application/json"}

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 100_000):
            yield large[start : start + 100_000]

    for content in (large, pieces()):
        answer = await quick.post("/calls", content=content, headers=headers)
        assert answer.status_code == 413


async def test_every_language_is_taken(quick: httpx.AsyncClient) -> None:
    for language in LANGUAGES:
        body = {**GOOD, "language": language, "waitForCallEnd": False}
        assert (await quick.post("/calls", json=body)).status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer", "bearer", "Basic YTpi", "any"])
async def test_without_a_bearer_key_nothing_is_done(quick: httpx.AsyncClient, header: str) -> None:
    for request in (
        quick.build_request("POST", "/calls", json=GOOD),
        quick.build_request("GET", "/interactions/x/status"),
    ):
        request.headers["Authorization"] = header
        answer = await quick.send(request)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert set(answer.json()) == {"error"}


async def test_only_the_key_that_was_set_is_accepted() -> None:
    config = SimulatorConfig(speed=10_000, api_key="the-key", scenarios=CONFIRMED)
    async for client in client_of(config):
        for key, status in [("the-key", 200), ("the-ke", 401), ("THE-KEY", 401), ("k€y", 401)]:
            headers = {b"Authorization": f"Bearer {key}".encode()}
            answer = await client.post("/calls", json=GOOD, headers=headers)
            assert answer.status_code == status


@pytest.mark.parametrize(
    ("account", "calls", "status"),
    [("bad_key", 401, 401), ("no_credit", 402, 404), ("forbidden", 403, 403)],
)
async def test_an_account_that_is_refused(account: Any, calls: int, status: int) -> None:
    async with running_simulator(SimulatorConfig(account=account)) as simulator:
        async with httpx.AsyncClient(base_url=simulator.url, headers=KEY) as client:
            assert (await client.post("/calls", json=GOOD)).status_code == calls
            assert (await client.get("/interactions/x/status")).status_code == status
        assert simulator.log().calls == ()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("POST", "/calls/", 404),
        ("GET", "/docs", 404),
        ("GET", "/calls", 405),
        ("DELETE", "/calls", 405),
        ("POST", "/interactions/x/status", 405),
        ("GET", "/interactions/x/status", 404),
        ("GET", "/interactions//status", 404),
    ],
)
async def test_wrong_paths_and_methods_are_told(
    quick: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await quick.request(method, path)
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}


async def test_the_front_page_says_that_no_phone_rings(quick: httpx.AsyncClient) -> None:
    assert "No phone rings" in (await quick.get("/")).text


async def test_the_log_tells_what_was_placed() -> None:
    body = {**GOOD, "language": "de-DE", "extra": [1, {"deep": None}]}
    async for client in client_of(SimulatorConfig(speed=10_000, scenarios=CONFIRMED)):
        placed = (await client.post("/calls", json=body)).json()
        await client.post("/calls", json={"to": "x"})
        log = (await client.get("/log")).json()
    assert "not part of Poku's API" in log["note"]
    assert (log["requests"], log["max_open"], log["open"], log["forgotten"]) == (2, 1, 0, 0)
    (call,) = log["calls"]
    assert call["body"] == body
    assert call["interaction_id"] == placed["interactionId"]
    assert (call["to"], call["outcome"], call["fault"]) == (GOOD["to"], "confirmed", None)
    assert call["arrived_at"] < call["ended_at"]


async def test_own_pages_are_not_in_the_contract(quick: httpx.AsyncClient) -> None:
    paths = (await quick.get("/openapi.json")).json()["paths"]
    assert set(paths) == {
        "/calls",
        "/interactions/{interactionId}/status",
        "/recordings/{interactionId}.wav",
    }
    assert all("422" not in told["responses"] for ways in paths.values() for told in ways.values())
