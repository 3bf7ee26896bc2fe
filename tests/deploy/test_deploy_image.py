"""The image: its file is sound, and what it copies and installs is there."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]
DOCKERFILE = HOME / "deploy" / "Dockerfile"


def instructions() -> list[str]:
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE)
    return [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def test_the_dockerfile_passes_its_linter() -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if hadolint is None:
        pytest.skip("hadolint is not to be had for this machine")
    done = subprocess.run(
        [hadolint, "--failure-threshold", "style", DOCKERFILE],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_what_is_copied_is_there_and_nothing_else_can_be() -> None:
    ignore = (HOME / "deploy" / "Dockerfile.dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in ignore if line.startswith("!")}
    copied = {
        name
        for line in instructions()
        if line.startswith("COPY ") and "--from" not in line
        for name in line.split()[1:-1]
    }
    assert copied == let_in
    assert all((HOME / name).exists() for name in copied)
    assert "*" in ignore


def test_every_extra_that_a_worker_can_use_is_installed() -> None:
    project = tomllib.loads((HOME / "pyproject.toml").read_text())["project"]
    syncs = [line for line in instructions() if "uv sync" in line]
    assert len(syncs) == 2
    for line in syncs:
        assert set(re.findall(r"--extra (\w+)", line)) == set(project["optional-dependencies"])
        assert "--locked" in line


def test_it_runs_as_nobody_in_particular() -> None:
    lines = instructions()
    last = lines[max(n for n, line in enumerate(lines) if line.startswith("FROM")) :]
    assert "USER 10001:10001" in last
    assert 'ENTRYPOINT ["poku-batch"]' in last
    assert not any(re.search(r"KEY|PASSWORD|TOKEN", line) for line in lines)
