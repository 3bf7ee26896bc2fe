"""Each fault as a client meets it over a real socket, and what the log says of it."""

import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import pytest

from poku_batch.simulator import (
    Faults,
    RunningSimulator,
    Scenarios,
    SimulatorConfig,
    running_simulator,
)

pytestmark = pytest.mark.anyio

NUMBERS = [f"+1415555{n:04}" for n in range(24)]
#: Plain HTTP alone; the default reads every certificate of the system for each client.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
CONFIRMED = Scenarios.parse("confirmed=1")


@asynccontextmanager
async def faulty(
    faults: str, speed: float = 20_000
) -> AsyncIterator[tuple[RunningSimulator, httpx.AsyncClient]]:
    config = SimulatorConfig(speed=speed, faults=Faults.parse(faults), scenarios=CONFIRMED)
    async with (
        running_simulator(config) as simulator,
        httpx.AsyncClient(
            base_url=simulator.url,
            headers={"Authorization": "Bearer any"},
            timeout=5,
            verify=NO_TLS,
        ) as client,
    ):
        yield simulator, client


async def place(client: httpx.AsyncClient, to: str, *, wait: bool = True) -> httpx.Response:
    body = {"prompt": "Say hello to Ana.", "to": to, "waitForCallEnd": wait}
    return await client.post("/calls", json=body)


async def rang(simulator: RunningSimulator) -> set[str]:
    return {call.to for call in simulator.log().calls}


@pytest.mark.parametrize("kind", ["500", "502", "503", "504"])
@pytest.mark.parametrize("wait", [True, False])
async def test_a_server_error_may_or_may_not_have_rung(kind: str, wait: bool) -> None:
    async with faulty(f"{kind}=1") as (simulator, client):
        for to in NUMBERS:
            answer = await place(client, to, wait=wait)
            assert answer.status_code == int(kind)
            assert "retry-after" not in answer.headers
            assert "interactionId" not in answer.text
        assert set() < await rang(simulator) < set(NUMBERS)
        assert simulator.log().faults == {kind: len(NUMBERS)}
        assert {call.fault for call in simulator.log().calls} == {kind}


async def test_too_many_requests_says_when_in_seconds_and_as_a_date() -> None:
    async with faulty("429=1") as (simulator, client):
        values = [(await place(client, to)).headers["retry-after"] for to in NUMBERS[:6]]
        assert values[::2] == ["1"] * 3
        for value in values[1::2]:
            assert value.endswith("GMT")
            ahead = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
            assert 0 < ahead <= 2
        assert await rang(simulator) == set()


@pytest.mark.parametrize(
    ("kind", "status", "told"), [("429-bare", 429, False), ("503-retry", 503, True)]
)
async def test_being_turned_away_rings_nothing(kind: str, status: int, told: bool) -> None:
    async with faulty(f"{kind}=1") as (simulator, client):
        for to in NUMBERS[:6]:
            answer = await place(client, to)
            assert answer.status_code == status
            assert ("retry-after" in answer.headers) is told
        assert await rang(simulator) == set()


@pytest.mark.parametrize("wait", [True, False])
async def test_a_dropped_connection_had_taken_the_call(wait: bool) -> None:
    async with faulty("drop=1") as (simulator, client):
        for to in NUMBERS[:6]:
            with pytest.raises(httpx.RemoteProtocolError):
                await place(client, to, wait=wait)
        assert await rang(simulator) == set(NUMBERS[:6])


async def test_a_connection_dropped_before_had_not() -> None:
    async with faulty("drop-before=1") as (simulator, client):
        for to in NUMBERS[:6]:
            with pytest.raises(httpx.RemoteProtocolError):
                await place(client, to)
        assert await rang(simulator) == set()
        assert simulator.log().requests == 6


@pytest.mark.parametrize("wait", [True, False])
async def test_half_an_answer_breaks_off_in_the_body(wait: bool) -> None:
    async with faulty("half=1") as (simulator, client):
        for to in NUMBERS:
            with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
                await place(client, to, wait=wait)
        assert set() < await rang(simulator) < set(NUMBERS)


async def test_a_hanging_request_is_never_answered() -> None:
    async with faulty("hang=1") as (simulator, client):
        for to in NUMBERS[:12]:
            body = {"prompt": "Hello", "to": to}
            with pytest.raises(httpx.ReadTimeout):
                await client.post("/calls", json=body, timeout=httpx.Timeout(5, read=0.05))
        assert set() < await rang(simulator) < set(NUMBERS[:12])
        start = time.perf_counter()
    assert time.perf_counter() - start < 2


async def test_a_slow_answer_is_true_and_late() -> None:
    async with faulty("slow=1", speed=300) as (simulator, client):
        start = time.perf_counter()
        answer = await place(client, NUMBERS[0])
        took = time.perf_counter() - start
        (call,) = simulator.log().calls
        assert call.ended_at is not None
        assert took > (call.ended_at - call.arrived_at).total_seconds() + 0.19
        assert "Ana" in answer.json()["response"]


async def test_garbage_is_a_success_that_cannot_be_read() -> None:
    async with faulty("garbage=1") as (simulator, client):
        for to in NUMBERS:
            answer = await place(client, to)
            assert answer.status_code == 200
            with pytest.raises(ValueError, match="invalid"):
                answer.json()
        assert set() < await rang(simulator) < set(NUMBERS)


async def test_a_huge_answer_is_sent_in_pieces_and_can_be_left_in_the_middle() -> None:
    async with faulty("huge=1") as (simulator, client):
        body = {"prompt": "Hello", "to": NUMBERS[0]}
        read = 0
        async with client.stream("POST", "/calls", json=body) as answer:
            assert answer.status_code == 200
            async for piece in answer.aiter_raw():
                read += len(piece)
                if read > 1_000_000:
                    break
        assert await rang(simulator) == {NUMBERS[0]}
        answer = await place(client, NUMBERS[1])
        assert len(answer.content) > 64 * 1_048_576
        assert {"response", "call", "interactionId"} == set(answer.json())


async def test_the_same_seed_gives_the_same_faults_in_any_order() -> None:
    async def faults_met(numbers: list[str]) -> dict[str, int]:
        async with faulty("429=0.3,500=0.3") as (_, client):
            return {to: (await place(client, to)).status_code for to in numbers}

    forwards = await faults_met(NUMBERS)
    assert await faults_met(NUMBERS[::-1]) == forwards
    assert set(forwards.values()) == {200, 429, 500}


async def test_a_placement_turned_away_is_not_turned_away_for_ever() -> None:
    async with faulty("429=0.5") as (_, client):
        for to in NUMBERS[:6]:
            codes = [(await place(client, to)).status_code for _ in range(12)]
            assert set(codes) == {200, 429}


@pytest.mark.parametrize("code", [404, 429, 500, 502, 503])
async def test_a_status_request_fails_as_asked(code: int) -> None:
    async with faulty(f"status-{code}=0.5") as (simulator, client):
        started = await place(client, NUMBERS[0], wait=False)
        path = f"/interactions/{started.json()['interactionId']}/status"
        answers = [await client.get(path) for _ in range(20)]
        assert {answer.status_code for answer in answers} == {200, code}
        failed = [answer for answer in answers if answer.status_code == code]
        assert all(("retry-after" in answer.headers) is (code == 429) for answer in failed)
        assert simulator.log().faults == {f"status-{code}": len(failed)}
        assert simulator.log().status_requests == 20


async def test_a_status_request_is_dropped_hung_garbled_or_late() -> None:
    async with faulty("status-drop=1") as (_, client):
        path = f"/interactions/{(await place(client, NUMBERS[0])).json()['interactionId']}/status"
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(path)
    async with faulty("status-hang=1") as (_, client):
        path = f"/interactions/{(await place(client, NUMBERS[0])).json()['interactionId']}/status"
        with pytest.raises(httpx.ReadTimeout):
            await client.get(path, timeout=0.05)
    async with faulty("status-garbage=1") as (_, client):
        path = f"/interactions/{(await place(client, NUMBERS[0])).json()['interactionId']}/status"
        with pytest.raises(ValueError, match="invalid"):
            (await client.get(path)).json()
    async with faulty("status-slow=1", speed=600) as (_, client):
        path = f"/interactions/{(await place(client, NUMBERS[0])).json()['interactionId']}/status"
        start = time.perf_counter()
        assert (await client.get(path)).json()["status"] == "ended"
        assert time.perf_counter() - start > 0.09
