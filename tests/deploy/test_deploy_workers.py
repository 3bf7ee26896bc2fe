"""The files that start workers: by the linters of what reads them, and by each other."""

import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from yamllint import linter
from yamllint.config import YamlLintConfig

from poku_batch.campaign import Api

HOME = Path(__file__).parents[2]
DEPLOY = HOME / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
UNIT = DEPLOY / "systemd" / "poku-batch-worker@.service"

#: A call may take so long, and whoever ends a worker waits for it.
CALL = Api().call_timeout

_LINT = """
extends: default
rules:
  line-length: {max: 120}
  document-start: disable
"""


def command(name: str) -> str:
    """A program of the tests' own environment."""
    return str(Path(sys.executable).with_name(name))


def run(*arguments: str | Path) -> str:
    """Run a linter that must find nothing; gives what it said."""
    done = subprocess.run(arguments, check=False, capture_output=True, text=True, timeout=60)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


@pytest.mark.parametrize("path", [COMPOSE, *MANIFESTS], ids=lambda path: path.name)
def test_yaml_is_written_in_one_way(path: Path) -> None:
    assert [str(each) for each in linter.run(path.read_text(), YamlLintConfig(_LINT))] == []


# --- compose -----------------------------------------------------------------------------------


def test_the_compose_file_fits_its_schema() -> None:
    run(command("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", COMPOSE)


def test_every_service_is_watched_and_none_is_root_of_more_than_it_needs() -> None:
    services = loaded(COMPOSE)["services"]
    assert set(services) == {"postgres", "migrate", "worker", "dashboard"}
    for name in ("migrate", "worker", "dashboard"):
        service = services[name]
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True
        assert service["security_opt"] == ["no-new-privileges:true"]
    assert all("healthcheck" in services[name] for name in set(services) - {"migrate"})
    assert services["worker"]["depends_on"]["migrate"] == {
        "condition": "service_completed_successfully"
    }
    published = [port for one in services.values() for port in one.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_secrets_come_from_files_that_are_not_here() -> None:
    assert "deploy/env/*.env" in (HOME / ".gitignore").read_text().splitlines()
    services = loaded(COMPOSE)["services"]
    for service in services.values():
        example = DEPLOY / f"{service['env_file']}.example"
        assert example.is_file()
        assert not re.search(r"PASSWORD|KEY|TOKEN", yaml.safe_dump(service.get("environment", {})))
    for example in [*DEPLOY.glob("env/*.example"), *DEPLOY.glob("systemd/*.example")]:
        for name, value in re.findall(r"^(\w+)=(.*)$", example.read_text(), re.MULTILINE):
            assert not value or not re.search(r"PASSWORD|KEY|TOKEN", name), example
            assert not re.search(r"://\w+:", value), example


# --- kubernetes --------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.29", "1.33", kubernetes_validate.latest_version()])
@pytest.mark.parametrize(
    "path", [path for path in MANIFESTS if path.name != "kustomization.yaml"], ids=lambda p: p.name
)
def test_manifests_fit_the_schemas_of_kubernetes(path: Path, version: str) -> None:
    kubernetes_validate.validate(loaded(path), version, strict=True)


def test_kustomize_puts_them_together() -> None:
    listed = loaded(DEPLOY / "kubernetes" / "kustomization.yaml")["resources"]
    assert {*listed, "kustomization.yaml", "secret.example.yaml"} == {p.name for p in MANIFESTS}


def test_pods_are_what_the_restricted_standard_asks_for() -> None:
    pod = loaded(DEPLOY / "kubernetes" / "deployment.yaml")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    assert f"USER {pod['securityContext']['runAsUser']}:" in (DEPLOY / "Dockerfile").read_text()


def test_labels_ports_and_secrets_of_the_manifests_are_each_others() -> None:
    folder = DEPLOY / "kubernetes"
    deployment = loaded(folder / "deployment.yaml")["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    (container,) = deployment["template"]["spec"]["containers"]
    for name in ("poddisruptionbudget", "networkpolicy"):
        spec = loaded(folder / f"{name}.yaml")["spec"]
        assert spec.get("selector", spec.get("podSelector"))["matchLabels"] == labels
    secret = loaded(folder / "secret.example.yaml")
    assert container["envFrom"] == [{"secretRef": {"name": secret["metadata"]["name"]}}]
    environment = {each["name"]: each["value"] for each in container["env"]}
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    assert environment["POKU_BATCH_HEALTH"] == f"0.0.0.0:{ports['health']}"
    assert environment["POKU_BATCH_METRICS"] == f"0.0.0.0:{ports['metrics']}"
    assert "sslmode=verify-full" in environment["POKU_BATCH_LEDGER"]


# --- systemd -----------------------------------------------------------------------------------


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, with a program and a user that are on this machine."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed (Debian: apt-get install systemd)")
    text = UNIT.read_text()
    for ours, theirs in (
        ("/opt/poku-batch/bin/poku-batch", "/bin/true"),
        ("=poku-batch\n", "=root\n"),
    ):
        assert ours in text
        text = text.replace(ours, theirs)
    path = tmp_path / UNIT.name.replace("@", "@1")
    path.write_text(text)
    return path


def test_the_unit_is_understood_by_systemd(unit: Path) -> None:
    assert run("systemd-analyze", "verify", "--man=no", unit) == ""


def test_the_unit_is_hardened(unit: Path) -> None:
    run("systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", unit)


def test_systemd_kills_no_worker_sooner_than_kubernetes() -> None:
    (container,) = loaded(DEPLOY / "kubernetes" / "deployment.yaml")["spec"]["template"]["spec"][
        "containers"
    ]
    probe = container["livenessProbe"]
    (watched,) = re.findall(r"^WatchdogSec=(\d+)min$", UNIT.read_text(), re.MULTILINE)
    assert "\nType=notify\n" in UNIT.read_text()
    assert int(watched) * 60 == probe["periodSeconds"] * probe["failureThreshold"] >= 60


# --- all ---------------------------------------------------------------------------------------


def test_whoever_ends_a_worker_waits_as_long_as_a_call_takes() -> None:
    compose = loaded(COMPOSE)["services"]["worker"]["stop_grace_period"]
    pod = loaded(DEPLOY / "kubernetes" / "deployment.yaml")["spec"]["template"]["spec"]
    (unit,) = re.findall(r"^TimeoutStopSec=(\d+)min$", UNIT.read_text(), re.MULTILINE)
    waits = (
        timedelta(minutes=int(compose.removesuffix("m"))),
        timedelta(seconds=pod["terminationGracePeriodSeconds"]),
        timedelta(minutes=int(unit)),
    )
    assert [wait - CALL for wait in waits] == [timedelta(minutes=1)] * 3


def test_every_variable_is_one_that_the_readme_tells_of() -> None:
    readme = (HOME / "README.md").read_text()
    files = [path for path in DEPLOY.rglob("*") if path.is_file()]
    used = {
        name
        for path in files
        for name in re.findall(r"POKU_(?:BATCH_\w+|API_KEY)", path.read_text())
    }
    assert {"POKU_BATCH_LEDGER", "POKU_BATCH_HEALTH", "POKU_BATCH_LOG"} <= used
    assert {name for name in used if f"`{name}`" not in readme} == set()


def test_every_command_is_one_that_there_is() -> None:
    if "  worker " not in run(command("poku-batch"), "--help"):
        pytest.skip("this poku-batch has no workers")
    started = [
        *(one["command"] for one in loaded(COMPOSE)["services"].values()),
        *[
            c["args"]
            for c in loaded(DEPLOY / "kubernetes" / "deployment.yaml")["spec"]["template"]["spec"][
                "containers"
            ]
        ],
        UNIT.read_text().split("ExecStart=")[1].splitlines()[0].split()[1:],
    ]
    commands = [each for each in started if each[0] != "postgres"]
    assert len(commands) == 5
    for words in commands:
        named = [word for word in words if re.fullmatch(r"[a-z-]+", word) and word[0] != "-"]
        given = [word for word in words if word.startswith("--")]
        told = run(command("poku-batch"), *named, "--help")
        assert all(option in told for option in given), words


def commands_of_the_page() -> list[str]:
    """What docs/deploying.md has somebody type, without its comments."""
    page = (HOME / "docs" / "deploying.md").read_text()
    return [line.split("   #")[0] for line in re.findall(r"^\$ (.+)$", page, re.MULTILINE)]


def test_the_page_makes_environment_files_that_only_their_owner_reads(tmp_path: Path) -> None:
    (copying,) = [line for line in commands_of_the_page() if "deploy/env" in line]
    shutil.copytree(DEPLOY / "env", tmp_path / "deploy" / "env")
    subprocess.run(["/bin/sh", "-c", copying], check=True, cwd=tmp_path)
    made = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.rglob("*.env")}
    wanted = {Path(one["env_file"]).name for one in loaded(COMPOSE)["services"].values()}
    assert made == dict.fromkeys(wanted, 0o600)


def test_the_page_names_files_that_there_are() -> None:
    named = {
        name.rstrip("/")
        for line in commands_of_the_page()
        for name in re.findall(r"deploy/[\w@./-]+", line)
    }
    assert len(named) > 3
    assert all((HOME / name).exists() for name in named)
    assert "deploy/kubernetes" in named


def test_kustomize_builds_what_the_page_applies() -> None:
    if (kubectl := shutil.which("kubectl")) is None:
        pytest.skip("kubectl is not installed")
    built = list(yaml.safe_load_all(run(kubectl, "kustomize", DEPLOY / "kubernetes")))
    kinds = sorted(each["kind"] for each in built)
    assert kinds == [
        "Deployment",
        "Namespace",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "ServiceAccount",
    ]
    assert {each["metadata"].get("namespace", "poku-batch") for each in built} == {"poku-batch"}
