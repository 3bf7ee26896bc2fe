"""The simulator as a server: its life, its limits, its memory, and its OpenAPI document."""

import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import anyio
import httpx
import pytest

from poku_batch.errors import UsageError
from poku_batch.simulator import (
    Scenarios,
    SimulatorConfig,
    run_forever,
    running_simulator,
    start_simulator,
)

KEY = {"Authorization": "Bearer any"}
CONFIRMED = Scenarios.parse("confirmed=1")


async def place(client: httpx.AsyncClient, to: str) -> httpx.Response:
    return await client.post("/calls", json={"prompt": "Hello, speak to Ana.", "to": to})


@pytest.mark.anyio
async def test_a_rehearsal_run_again_has_the_same_outcomes_in_any_order() -> None:
    numbers = [f"+1415555{n:04}" for n in range(40)]

    async def outcomes(order: list[str]) -> dict[tuple[str, int], tuple[str, str]]:
        config = SimulatorConfig(speed=20_000, seed=5)
        async with running_simulator(config) as simulator:
            async with (
                httpx.AsyncClient(base_url=simulator.url, headers=KEY, timeout=10) as client,
                anyio.create_task_group() as group,
            ):
                for to in order:
                    group.start_soon(place, client, to)
            return {
                (call.to, call.attempt): (call.outcome, str(call.body["prompt"]))
                for call in simulator.log().calls
            }

    first = await outcomes(numbers * 2)
    assert len(first) == 80
    assert await outcomes(numbers[::-1] * 2) == first
    assert len({outcome for outcome, _ in first.values()}) > 4


@pytest.mark.anyio
async def test_it_counts_the_calls_open_at_once() -> None:
    config = SimulatorConfig(speed=100, call_seconds=(20, 20), scenarios=CONFIRMED)
    async with running_simulator(config) as simulator:
        async with httpx.AsyncClient(base_url=simulator.url, headers=KEY, timeout=10) as client:
            for _ in range(2):
                async with anyio.create_task_group() as group:
                    for n in range(7):
                        group.start_soon(place, client, f"+1415555{n:04}")
        log = simulator.log()
    assert (log.max_open, log.open, len(log.calls)) == (7, 0, 14)
    assert [call.arrived_at for call in log.calls] == sorted(call.arrived_at for call in log.calls)
    lengths = [(c.ended_at - c.arrived_at).total_seconds() for c in log.calls if c.ended_at]
    assert min(lengths) > 0.19


@pytest.mark.anyio
async def test_answers_on_one_connection_are_not_held_back() -> None:
    async with (
        running_simulator(SimulatorConfig()) as simulator,
        httpx.AsyncClient(base_url=simulator.url) as client,
    ):
        took = []
        for _ in range(21):
            start = time.perf_counter()
            await client.get("/recordings/none.wav")
            took.append(time.perf_counter() - start)
    assert statistics.median(took) < 0.035


@pytest.mark.anyio
async def test_a_call_goes_on_when_its_client_hangs_up() -> None:
    config = SimulatorConfig(speed=100, call_seconds=(20, 20), scenarios=CONFIRMED)
    async with running_simulator(config) as simulator:
        async with httpx.AsyncClient(base_url=simulator.url, headers=KEY) as client:
            with anyio.move_on_after(0.1):
                await place(client, "+14155550100")
        (call,) = simulator.log().calls
        assert call.ended_at is None
        await anyio.sleep(0.25)
        (call,) = simulator.log().calls
        assert call.ended_at is not None


@pytest.mark.anyio
async def test_it_stops_at_once_though_requests_are_held() -> None:
    broken: list[str] = []

    async def held(client: httpx.AsyncClient, to: str) -> None:
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await place(client, to)
        broken.append(to)

    async with running_simulator(SimulatorConfig(scenarios=CONFIRMED)) as simulator:
        client = httpx.AsyncClient(base_url=simulator.url, headers=KEY, timeout=20)
        async with client:
            async with anyio.create_task_group() as group:
                for n in range(50):
                    group.start_soon(held, client, f"+1415555{n:04}")
                with anyio.fail_after(5):
                    while simulator.log().open < 50:  # noqa: ASYNC110  # another thread's log
                        await anyio.sleep(0.01)
                start = time.perf_counter()
                await anyio.to_thread.run_sync(simulator.stop)
            assert time.perf_counter() - start < 1.5
    assert len(broken) == 50
    assert simulator.log().open == 50
    assert not simulator.alive
    simulator.stop()


@pytest.mark.anyio
async def test_it_stops_when_the_block_is_cancelled() -> None:
    with anyio.move_on_after(0.05):
        async with running_simulator(SimulatorConfig()) as simulator:
            await anyio.sleep_forever()
    assert not simulator.alive


@pytest.mark.anyio
async def test_hundreds_of_calls_are_held_by_a_handful_of_threads() -> None:
    config = SimulatorConfig(speed=10, call_seconds=(20, 20), scenarios=CONFIRMED)
    body = b'{"prompt": "Hello", "to": "+1415%07d"}'
    head = b"POST /calls HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nConnection: close\r\n"
    async with running_simulator(config) as simulator:
        port = int(simulator.url.rpartition(":")[2])
        answered = 0

        async def call(n: int) -> None:
            nonlocal answered
            async with await anyio.connect_tcp("127.0.0.1", port) as stream:
                sent = body % n
                await stream.send(head + b"Content-Length: %d\r\n\r\n" % len(sent) + sent)
                received = await stream.receive()
                answered += received.startswith(b"HTTP/1.1 200")

        before = threading.active_count()
        async with anyio.create_task_group() as group:
            for n in range(600):
                group.start_soon(call, n)
            await anyio.sleep(1)
            assert threading.active_count() <= before + 1
        assert answered == 600
        assert simulator.log().max_open > 500


@pytest.mark.anyio
async def test_the_oldest_ended_calls_are_forgotten() -> None:
    config = SimulatorConfig(speed=20_000, remember=3, scenarios=CONFIRMED)
    async with (
        running_simulator(config) as simulator,
        httpx.AsyncClient(base_url=simulator.url, headers=KEY) as client,
    ):
        ids = [(await place(client, f"+1415555{n:04}")).json()["interactionId"] for n in range(5)]
        log = simulator.log()
        assert [call.interaction_id for call in log.calls] == ids[2:]
        assert log.forgotten == 2
        for interaction_id, status in zip(ids, (404, 404, 200, 200, 200), strict=True):
            answer = await client.get(f"/interactions/{interaction_id}/status")
            assert answer.status_code == status


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104  # must be refused
def test_an_address_that_others_reach_is_refused_unless_asked_for(host: str) -> None:
    with pytest.raises(UsageError, match="other machines"):
        start_simulator(SimulatorConfig(), host=host)


def test_an_address_that_others_reach_is_taken_when_asked_for() -> None:
    simulator = start_simulator(SimulatorConfig(), host="0.0.0.0", allow_remote=True)  # noqa: S104  # on purpose
    try:
        url = simulator.url.replace("0.0.0.0", "127.0.0.1")  # noqa: S104  # not bound to
        assert httpx.get(url).status_code == 200
    finally:
        simulator.stop()


def test_a_name_of_this_machine_is_taken() -> None:
    simulator = start_simulator(SimulatorConfig(), host="localhost")
    try:
        assert httpx.get(simulator.url).status_code == 200
    finally:
        simulator.stop()


def test_a_port_in_use_is_told_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"{port}.*choose another port"):
            start_simulator(SimulatorConfig(), port=port)


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("no such host", 0), ("", -1)])
def test_an_address_that_is_none_is_told(host: str, port: int) -> None:
    with pytest.raises(UsageError):
        start_simulator(SimulatorConfig(), host=host, port=port)


def test_signal_handlers_stay_as_they_were() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    simulator = start_simulator(SimulatorConfig())
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    simulator.stop()
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
    run_forever(SimulatorConfig(), on_ready=lambda _: None)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.skipif(os.name != "posix", reason="signals are sent the POSIX way")
def test_ctrl_c_ends_it_cleanly_though_a_request_is_held() -> None:
    script = (
        "from poku_batch.simulator import SimulatorConfig, run_forever;"
        "run_forever(SimulatorConfig(), on_ready=lambda url: print(url, flush=True));"
        "print('bye')"
    )
    with (
        subprocess.Popen(  # this interpreter and a fixed script
            [sys.executable, "-c", script],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
        socket.socket() as held,
    ):
        assert process.stdout is not None
        port = int(process.stdout.readline().rpartition(":")[2])
        held.connect(("127.0.0.1", port))
        body = b'{"prompt": "Hello", "to": "+14155550100"}'
        head = b"POST /calls HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nContent-Length: %d"
        held.sendall(head % len(body) + b"\r\n\r\n" + body)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (out, err, process.returncode) == ("bye\n", "", 0)


def test_schemathesis_finds_nothing_that_the_contract_does_not_say(tmp_path: Path) -> None:
    config = SimulatorConfig(speed=100_000, api_key="the-key", scenarios=CONFIRMED)
    simulator = start_simulator(config)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{simulator.url}/openapi.json"),
        *("--header", "Authorization: Bearer the-key", "--checks", "all", "--seed", "1"),
        *("--max-examples", "4", "--workers", "2", "--no-color"),
    ]
    try:
        told = subprocess.run(  # this interpreter and fixed arguments
            command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100
        )
    finally:
        simulator.stop()
    assert told.returncode == 0, told.stdout + told.stderr
    assert "4 selected / 4 total" in told.stdout
    assert len(simulator.log().calls) > 0
