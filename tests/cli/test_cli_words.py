"""What goes to the terminal, a pipe, a log or a program that reads JSON."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pexpect
import pytest

from tests.program import KEY, Folder, Program
from tests.standin import Answer, StandIn, numbers

_STATES = {"pending", "dialing", "done", "failed", "skipped", "unknown"}
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def test_json_is_alone_on_standard_output_and_tells_how_the_run_stands(
    served: Folder, standin: StandIn
) -> None:
    served.people([*numbers(4), "12"])
    standin.act(numbers(1)[0], Answer(status=500))
    standin.act(numbers(2)[1], Answer(status=400, body={"error": "no"}))
    run = served.run("--json")
    found = run.json
    assert run.out.startswith("{")
    assert run.out.endswith("}\n")
    assert found["campaign"] == "demo"
    assert found["simulated"] is False
    assert (found["ending"], found["exit_code"]) == ("finished", run.code) == ("finished", 3)
    assert set(found["states"]) == _STATES
    assert {s: n for s, n in found["states"].items() if n} == {
        "done": 2,
        "failed": 1,
        "skipped": 1,
        "unknown": 1,
    }
    assert found["total"] == 5
    assert found["outcomes"] == {"completed": 2}
    assert found["outputs"] == [str(served.path / "out.csv")]
    status = served.do("status", "--json").json
    shared = found.keys() & status.keys()
    assert shared > {"campaign", "wave", "states", "outcomes", "failures", "skip_reasons", "due"}
    assert {key: found[key] for key in shared} == {key: status[key] for key in shared}
    assert str(found["states"]["unknown"]) in served.do("status").out


@pytest.mark.parametrize(
    ("env", "columns"),
    [({"COLUMNS": "40"}, 40), ({"NO_COLOR": "1"}, 100), ({"TERM": "dumb"}, 100)],
    ids=["narrow and coloured", "NO_COLOR", "dumb"],
)
def test_a_run_shows_itself_at_any_terminal_in_colours_unless_told_not_to(
    served: Folder, standin: StandIn, env: dict[str, str], columns: int
) -> None:
    served.people(numbers(4))
    standin.hold_s = 0.6
    terminal = served.spawn("--yes", size=(24, columns), env=env)
    terminal.expect(pexpect.EOF)
    terminal.close()
    seen = str(terminal.before)
    assert terminal.exitstatus == 0, seen
    assert "Traceback" not in seen
    assert "results: out.csv" in seen
    assert ("in call" in seen) or "TERM" in env
    styles = {style for style in _COLOUR.findall(seen) if re.search("3[0-7]|9[0-7]", style)}
    assert bool(styles) == ("COLUMNS" in env), styles
    assert ("\x1b" in seen) == ("TERM" not in env)
    assert KEY not in seen


@pytest.mark.parametrize(
    "command",
    ["run campaign.yaml --json", "check campaign.yaml"],
)
def test_a_reader_that_leaves_early_is_no_fault(
    served: Folder, program: Program, command: str
) -> None:
    served.people(numbers(2))
    served.run()
    # The pipe's reader is gone before the first word is written.
    line = f"( sleep 0.1; exec poku-batch {command} ) | true"
    ended = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=served.path,
        env=program.env(
            {**served.env, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        ),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert "Traceback" not in ended.stderr
    assert "BrokenPipe" not in ended.stderr
    assert "fault" not in ended.stderr
    assert ended.returncode == 0


def test_an_output_that_takes_ascii_alone_gets_ascii(served: Folder, standin: StandIn) -> None:
    served.write_sheet([("Žluťoučký kůň 🐎", phone) for phone in numbers(2)], ("näme", "phone"))
    served.write(prompt={"text": "Volej {{ row['näme'] }} – hned…"})
    env = {"PYTHONIOENCODING": "ascii", "POKU_API_KEY": ""}
    for args in (["preview"], ["run", "--simulate", "--json"]):
        result = served.do(*args, env=env)
        assert result.code in {0, 3}, result
        assert result.out.isascii()
        assert result.err.isascii()
        if "--json" in args:
            json.loads(result.out)
    missing = served.do("run", env=env)
    assert missing.code == 2
    assert "POKU_API_KEY is not set" in missing.err


def test_what_others_wrote_cannot_steer_the_terminal(served: Folder, standin: StandIn) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u202e\x9b31m"
    served.write_sheet(
        [(evil, numbers(1)[0]), ("b", f"+1{evil}415"), (evil, numbers(2)[1])],
        (f"name{evil}", "phone"),
    )
    served.write(prompt={"text": "Call {{ row.values() | first }}"}, outcomes=None)
    standin.act(numbers(1)[0], Answer(body={"response": f"said {evil}"}))
    standin.act(numbers(2)[1], Answer(status=400, body={"error": f"bad {evil}"}))
    # What a program writes without a terminal is looked at by ``checked`` each time.
    for result in (
        served.do("check"),
        served.do("preview"),
        served.do("preview", "--row", "3"),
        served.run("--json"),
        served.do("status"),
        served.do("check"),
        served.do("preview", "--key", evil),
    ):
        assert "\u202e" not in result.out + result.err, result


def test_a_run_whose_terminal_is_gone_still_hears_its_open_calls_to_their_end(
    served: Folder, standin: StandIn, program: Program
) -> None:
    standin.held = True
    served.people(numbers(8))
    served.write(limits={"concurrency": 4})
    ours, its = os.openpty()
    with subprocess.Popen(
        [Path(sys.executable).with_name("poku-batch"), "run", "campaign.yaml", "--yes"],
        cwd=served.path,
        env=program.env(served.env),
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
    ) as process:
        os.close(its)
        standin.wait_for(4)
        # The terminal hangs up: nothing can be written to it any more, and SIGHUP says so.
        os.close(ours)
        process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        standin.held = False
        assert process.wait(30) == 4
    assert served.states() == ["done"] * 4 + ["pending"] * 4
    assert len(standin.calls) == 4


def test_a_run_whose_readers_are_gone_goes_on_calling(
    served: Folder, standin: StandIn, program: Program
) -> None:
    standin.hold_s = 0.3
    served.people(numbers(8))
    served.write(limits={"concurrency": 2})
    ended = subprocess.run(
        ["bash", "-o", "pipefail", "-c", "poku-batch run campaign.yaml --yes 2>&1 | head -1"],
        cwd=served.path,
        env=program.env(
            {**served.env, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        ),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 0, ended
    assert standin.numbers == numbers(8)
    assert served.states() == ["done"] * 8
