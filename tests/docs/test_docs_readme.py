"""What the documentation shows is run, and what it names exists."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from poku_batch.campaign import campaign_schema
from poku_batch.cli.exits import ExitCode
from poku_batch.models import ContactState, Outcome
from poku_batch.simulator import SimulatorConfig, start_simulator

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMAND = str(Path(sys.executable).with_name("poku-batch"))


def blocks(language: str) -> list[str]:
    """The fenced blocks of README in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with what a fresh clone has."""
    for name in ("campaigns", "sample_data", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns(".poku-batch"))
    return tmp_path


@pytest.fixture
def simulated_api() -> Iterator[str]:
    """The address of a simulator, in place of the API."""
    simulator = start_simulator(SimulatorConfig(speed=1_000))
    yield simulator.url
    simulator.stop()


def poku_batch(*arguments: str, at: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("POKU_")}
    return subprocess.run(
        [COMMAND, *arguments],
        cwd=at,
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_first_command_prints_what_the_readme_shows_and_writes_the_sheet(clone: Path) -> None:
    shown = re.search(r"\$ uv run poku-batch (.+)\n", blocks("console")[0])
    assert shown is not None
    done = poku_batch(*shown.group(1).split(), at=clone)
    lines = [line.rstrip() for line in done.stdout.strip().splitlines()]
    assert lines == blocks("text")[0].splitlines()
    assert done.returncode == 0, done.stderr
    written = (clone / "results" / "appointments.simulated.csv").read_text(encoding="utf-8")
    assert len(written.splitlines()) == 25


def test_the_rehearsal_of_every_rule_is_given_alike_where_it_is_given() -> None:
    (command,) = re.findall(r"^    (poku-batch run .*--start.*)$", README, re.MULTILINE)
    sample = (ROOT / "campaigns" / "arrival_calls.yaml").read_text(encoding="utf-8")
    assert f"uv run {command}\n" in sample
    tested = (ROOT / "tests" / "cli" / "test_cli_rules_sample.py").read_text(encoding="utf-8")
    for part in command.split()[2:]:
        assert part in tested


def test_both_variants_of_the_commands_run_the_same(clone: Path) -> None:
    uv_run, uv_test, pip = blocks("console")
    assert uv_test == "$ uv run pytest -n auto\n"
    run = uv_run.removeprefix("$ uv run ").strip()
    assert f".venv/bin/{run}\n" in pip
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert run in gate
    assert uv_test.removeprefix("$ ") in gate
    for command in pip.splitlines():
        assert all(part in gate for part in ("-m venv .venv", ".venv/bin/pytest")), command


def test_the_campaign_and_template_that_the_readme_shows_work(
    clone: Path, simulated_api: str
) -> None:
    # Real calls are not made at night; the tests are run then too.
    text = blocks("yaml")[0] + "calling_hours: always\n"
    (clone / "campaign.yaml").write_text(text, encoding="utf-8")
    (clone / "appointment.md.j2").write_text(blocks("jinja")[0], encoding="utf-8")
    shutil.copy(clone / "sample_data" / "appointments.csv", clone)
    commands = [
        line.split("`")[1].split()[1:]
        for line in README.splitlines()
        if "` | " in line and line.startswith("| `poku-batch ")
    ]
    assert [command[0] for command in commands] == [
        "init",
        "check",
        "check",
        "preview",
        "run",
        "test-call",
        "run",
        "status",
        "pause",
        "resume",
        "stop",
        "retry",
        "do-not-call",
        "history",
        "export",
        "report",
        "dashboard",
        "recordings",
        "ledger",
        "ledger",
        "ledger",
        "ledger",
        "worker",
        "forget",
    ]
    for command in commands:
        if command[0] in ("dashboard", "worker"):
            # They go on until they are stopped: tests/cli/test_cli_dashboard.py, tests/distributed.
            continue
        arguments = ["campaign.yaml" if part == "CAMPAIGN" else part for part in command]
        if arguments == ["run", "campaign.yaml"] or command[0] == "test-call":
            arguments.append("--yes")
        if command[0] == "init":
            arguments = ["init", "new", "--purpose", "reminder", "--company", "Cedar Street"]
        done = poku_batch(*arguments, at=clone, POKU_API_KEY="key", POKU_BASE_URL=simulated_api)
        assert done.returncode == 0, (arguments, done.stderr)
        assert done.stdout
    assert (clone / "results.xlsx").exists()


def test_the_python_that_the_readme_shows_runs(clone: Path, simulated_api: str) -> None:
    code = blocks("python")[0]
    there = code.replace('["POKU_API_KEY"])', f'["POKU_API_KEY"], base_url="{simulated_api}")')
    assert there != code
    with (clone / "campaigns" / "appointment_confirmations.yaml").open("a") as campaign:
        campaign.write("calling_hours: always\n")
    done = subprocess.run(
        [sys.executable, "-c", there],
        cwd=clone,
        env=os.environ | {"POKU_API_KEY": "key", "POKU_BASE_URL": simulated_api},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "confirmed" in done.stdout


def test_every_key_of_a_campaign_file_is_in_the_readme() -> None:
    table = README[README.index("### All keys") : README.index("### What comes back")]
    schema = campaign_schema()
    names = set(schema["properties"])
    for definition in schema["$defs"].values():
        names |= set(definition.get("properties", {}))
    names -= {"text"}  # shown in the row of prompt
    assert {name for name in names if not re.search(rf"[`.]{name}[`.]", table)} == set()


def test_every_exit_code_state_and_outcome_is_documented() -> None:
    for code in ExitCode:
        assert f"| {code.value} |" in README
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    for word in (*ContactState, *Outcome):
        assert f"| `{word}` |" in glossary


@pytest.mark.parametrize(
    "page",
    sorted(
        path.relative_to(ROOT).as_posix()
        for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("sample_data/*.md")]
    ),
)
def test_links_to_files_lead_somewhere(page: str) -> None:
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", sorted((ROOT / "campaigns").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_sample_names_its_schema_for_editors(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    schema = first.removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / schema).exists()
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["name"]
