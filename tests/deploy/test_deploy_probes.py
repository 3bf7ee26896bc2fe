"""What asks a worker whether it is alive and ready, against the program's own health endpoint."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
import yaml

from poku_batch.app.environment import wanted_monitoring
from poku_batch.telemetry import HealthServer, WorkerStanding

pytestmark = pytest.mark.anyio

DEPLOY = Path(__file__).parents[2] / "deploy"

STANDING = WorkerStanding(
    name="host:1:abc",
    calls=1,
    slots=20,
    jobs=1,
    campaigns=(),
    draining=False,
    silent_s=1.0,
    lasts_s=20.0,
)
DRAINING = replace(STANDING, draining=True)


def container() -> Any:
    text = (DEPLOY / "kubernetes" / "deployment.yaml").read_text()
    (one,) = yaml.safe_load(text)["spec"]["template"]["spec"]["containers"]
    return one


def worker_of_compose() -> Any:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["worker"]


def server_of(standing: WorkerStanding) -> HealthServer:
    async def ask() -> dict[str, Any]:
        return standing.facts()

    return HealthServer(ask)


async def status(server: HealthServer, path: str) -> int:
    """What the kubelet would be answered."""
    host, port = server.address.rsplit(":", 1)
    async with await anyio.connect_tcp(host, int(port)) as stream:
        head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: kube-probe/1.33\r\n\r\n"
        await stream.send(head.encode())
        return int((await stream.receive()).split()[1])


@pytest.mark.parametrize("standing", [STANDING, DRAINING], ids=["ready", "draining"])
async def test_kubernetes_leaves_a_worker_alone_that_drains_and_sends_it_nothing(
    standing: WorkerStanding,
) -> None:
    one, server = container(), server_of(standing)
    async with server.listening():
        for probe in ("startupProbe", "livenessProbe"):
            assert await status(server, one[probe]["httpGet"]["path"]) == 200
        wanted = 200 if standing.ready else 503
        assert await status(server, one["readinessProbe"]["httpGet"]["path"]) == wanted


def test_probes_and_scrapes_ask_where_the_program_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    one = container()
    for each in one["env"]:
        monkeypatch.setenv(each["name"], each["value"])
    wanted = wanted_monitoring()
    assert wanted.health is not None
    assert wanted.metrics is not None
    ports = {port["name"]: port["containerPort"] for port in one["ports"]}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert ports[one[probe]["httpGet"]["port"]] == wanted.health.port
    text = (DEPLOY / "kubernetes" / "deployment.yaml").read_text()
    annotations = yaml.safe_load(text)["spec"]["template"]["metadata"]["annotations"]
    assert int(annotations["prometheus.io/port"]) == wanted.metrics.port
    policy = yaml.safe_load((DEPLOY / "kubernetes" / "networkpolicy.yaml").read_text())
    (let_in,) = policy["spec"]["ingress"]
    assert [each["port"] for each in let_in["ports"]] == [wanted.metrics.port]


@pytest.mark.parametrize("standing", [STANDING, DRAINING], ids=["ready", "draining"])
async def test_the_health_check_of_compose_is_passed_by_whatever_is_alive(
    standing: WorkerStanding,
) -> None:
    service, server = worker_of_compose(), server_of(standing)
    _, _, *words = service["healthcheck"]["test"]
    address = service["environment"]["POKU_BATCH_HEALTH"]
    assert f"http://{address}/" in words[1]

    async def check() -> int:
        program = words[1].replace(address, server.address)
        command = [sys.executable, words[0], program]
        done = await anyio.to_thread.run_sync(
            lambda: subprocess.run(command, check=False, capture_output=True)
        )
        return done.returncode

    async with server.listening():
        assert await check() == 0
    assert await check() != 0
