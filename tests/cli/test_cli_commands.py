"""The commands themselves: help, version, completion, the simulator by hand, what is imported."""

import json
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.program import Folder, Program
from tests.standin import numbers

_COMMANDS = ("run", "check", "preview", "status", "export", "simulator", "schema")
_PROGRAM = """
import sys
from poku_batch.cli.main import main
sys.argv = ["poku-batch", "{}", "--help"]
try:
    main()
except SystemExit:
    pass
"""
_HEAVY = (
    "pandas pyarrow phonenumbers fastapi uvicorn httpx httpcore xlsxwriter python_calamine numpy"
)


def test_every_command_has_help_and_so_has_each_of_its_options(
    program: Program, tmp_path: Path
) -> None:
    waiting: list[tuple[str, ...]] = [()]
    seen = set()
    while waiting:
        command = waiting.pop()
        long, short = (program.run(*command, option, cwd=tmp_path) for option in ("--help", "-h"))
        assert long.code == short.code == 0
        assert long.out == short.out
        assert " ".join(("Usage: poku-batch", *command)) in long.out
        _assert_every_option_is_told(long.out)
        inner = re.split(r"\nCommands:\n", long.out)[1:]
        for name, told in re.findall(r"^  ([a-z-]+) +(.*)", "".join(inner), re.MULTILINE):
            assert len(told.split()) >= 3, (name, told)
            waiting.append((*command, name))
        seen.add(" ".join(command))
    assert seen > set(_COMMANDS)


def _assert_every_option_is_told(text: str) -> None:
    told = re.split(r"\nOptions:\n", text)[1].split("\n\n")[0]
    for option in re.split(r"\n(?=  -)", f"\n{told}")[1:]:
        words = re.sub(r"^\s*(-\w, )?--?[\w-]+(, -\w)?( [A-Z|a-z]+)?\s+", "", option)
        assert len(words.split()) >= 3, option


def test_the_program_tells_its_version_and_what_it_can_do(program: Program, tmp_path: Path) -> None:
    from importlib.metadata import version

    assert program.run("--version", cwd=tmp_path).out == f"poku-batch {version('poku-batch')}\n"
    nothing, asked = (program.run(*args, cwd=tmp_path) for args in ([], ["--help"]))
    for command in _COMMANDS:
        assert re.search(rf"^  {command}  ", asked.out, re.MULTILINE)
    assert "--simulate" in asked.out
    assert nothing.code == 2
    assert "Usage: poku-batch" in nothing.out + nothing.err
    module = subprocess.run(
        [sys.executable, "-m", "poku_batch", "--version"],
        capture_output=True,
        text=True,
        check=True,
        env=program.env({}),
    )
    assert module.stdout.startswith("poku-batch ")


def test_a_command_or_option_that_does_not_exist_is_suggested(
    program: Program, tmp_path: Path
) -> None:
    for args, words in (
        (["chekc", "x.yaml"], "check"),
        (["run", "x.yaml", "--simulat"], "--simulate"),
        (["run"], "CAMPAIGN"),
        (["run", "x.yaml", "--limit", "0"], "--limit"),
        (["run", "x.yaml", "--limit", "many"], "--limit"),
        (["run", "x.yaml", "--simulate", "--speed", "0"], "--speed"),
        (["status", "x.yaml", "y.yaml"], "y.yaml"),
    ):
        result = program.run(*args, cwd=tmp_path)
        assert result.code == 2, result
        assert words in result.err
        assert result.out == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_of_shells_is_printed_and_completes(
    program: Program, tmp_path: Path, shell: str
) -> None:
    env = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    shown = program.run("--show-completion", shell, cwd=tmp_path, env=env)
    assert shown.code == 0, shown
    assert "poku-batch" in shown.out
    assert "_POKU_BATCH_COMPLETE" in shown.out
    asked = program.run(
        cwd=tmp_path,
        env={
            "_POKU_BATCH_COMPLETE": f"complete_{shell}",
            "_TYPER_COMPLETE_ARGS": "poku-batch ch",
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
            "COMP_WORDS": "poku-batch ch",
            "COMP_CWORD": "1",
        },
    )
    assert "check" in asked.out


def _get(url: str) -> tuple[int, bytes]:
    request = urllib.request.Request(url, headers={"Authorization": "Bearer any"})  # noqa: S310 – the simulator's own
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 – as above
            return int(answer.status), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@pytest.mark.parametrize(
    ("number", "generation"), [(signal.SIGINT, "first"), (signal.SIGTERM, "second")]
)
def test_the_simulator_says_where_it_is_answers_and_stops_when_told(
    folder: Folder, program: Program, number: signal.Signals, generation: str
) -> None:
    args = ("--port", "0", "--speed", "500", "--generation", generation, "--seed", "3")
    process = program.start("simulator", *args, cwd=folder.path)
    while not (found := re.search(r"simulator at (http://127\.0\.0\.1:\d+)\n", process.out)):
        assert process.running, process.ended()
        time.sleep(0.02)
    url = found[1]
    status, page = _get(f"{url}/openapi.json")
    assert status == 200
    assert "/calls" in json.loads(page)["paths"]
    assert _get(f"{url}/interactions/nobody/status")[0] == 404
    folder.serve(url)
    folder.people(numbers(3))
    run = folder.run("--json")
    assert run.code in {0, 3}, run
    assert run.json["states"]["pending"] == 0
    assert all(row["call_interaction_id"] for row in folder.results())

    process.signal(number)
    ended = process.ended().checked()
    assert ended.code == 0
    assert ended.err == ""


def test_a_simulator_that_cannot_be_had_is_told_plainly(program: Program, tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for args, words in (
            (["--port", port], port),
            (["--port", "0", "--host", "0.0.0.0"], "127.0.0.1"),  # noqa: S104 – is refused
            (["--port", "70000"], "--port"),
            (["--generation", "third"], "first or second"),
            (["--faults", "429"], "429"),
        ):
            result = program.run("simulator", *args, cwd=tmp_path)
            assert result.code == 2, result
            assert words in result.err


@pytest.mark.parametrize(
    "code",
    ["import poku_batch, poku_batch.cli.main", _PROGRAM.format("run"), _PROGRAM.format("check")],
)
def test_asking_for_help_imports_nothing_heavy(program: Program, code: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print('heavy:', *sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        env=program.env({}),
    )
    loaded = set(ended.stdout.rpartition("heavy:")[2].split())
    assert "poku_batch.cli.main" in loaded
    assert loaded & set(_HEAVY.split()) == set()


#: What no page needs that is shown without a command.
_NOT_FOR_THE_FIRST_PAGE = (
    "typer rich pydantic anyio jinja2 poku_batch.models poku_batch.cli.commands"
)


@pytest.mark.parametrize("option", ["--help", "-h", "--version"])
def test_the_first_page_imports_next_to_nothing(program: Program, option: str) -> None:
    code = _PROGRAM.format(option).replace(', "--help"]', "]")
    ended = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print('heavy:', *sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        env=program.env({}) | {"COLUMNS": "80"},
    )
    shown, _, loaded = ended.stdout.rpartition("heavy:")
    assert "poku-batch" in shown
    assert set(loaded.split()) & {*_HEAVY.split(), *_NOT_FOR_THE_FIRST_PAGE.split()} == set()


def test_the_help_that_is_shown_at_once_is_that_of_the_commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from poku_batch.cli.commands import run_command
    from poku_batch.cli.front import front_page

    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "argv", ["poku-batch", "--help"])
    assert run_command() == 0
    assert front_page(["--help"]) == front_page(["-h"]) == capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", "60")
    assert front_page(["--help"]) is None
    assert front_page([]) is front_page(["run", "--help"]) is None
