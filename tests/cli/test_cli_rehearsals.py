"""``run --simulate``: a rehearsal is not the real thing, and never touches it."""

import csv
import shutil
from pathlib import Path

import pytest

from tests.program import CALL_COLUMNS, KEY, Folder, Program
from tests.standin import StandIn, numbers

_PROJECT = Path(__file__).parents[2]
_FAST = ("--simulate", "--speed", "500")


def test_a_rehearsal_has_its_own_ledger_and_output_and_a_real_run_still_calls_everyone(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(6))
    rehearsed = served.do("run", *_FAST)
    assert rehearsed.code in {0, 3}, rehearsed
    assert "rehearsal" in rehearsed.out
    assert "no phone rings" in rehearsed.err
    # The environment names the stand-in and a key: neither is used.
    assert standin.requests == []
    assert not served.ledger.exists()
    assert (served.path / ".poku-batch" / "simulated.db").exists()
    assert not (served.path / "out.csv").exists()
    assert "pending" not in served.states("out.simulated.csv")

    never = served.do("status")
    assert never.code == 2
    assert "never run" in never.err
    assert served.do("status", "--simulate", "--json").json["total"] == 6
    assert served.do("check", "--simulate").code == 0
    assert "call 6" in served.do("check").out

    assert served.run().code == 0
    assert standin.numbers == numbers(6)
    assert all(KEY in call.header("authorization")[0] for call in standin.calls)
    assert served.do("export", "--simulate").code == 0
    assert served.states("out.csv") == ["done"] * 6


def test_a_rehearsal_needs_no_key_goes_on_where_it_stopped_and_begins_anew_with_fresh(
    folder: Folder, standin: StandIn
) -> None:
    folder.people(numbers(6))
    env = {"POKU_BASE_URL": standin.url, "POKU_BATCH_LEDGER": str(folder.path / "real.db")}
    first = folder.do("run", *_FAST, "--limit", "2", "--json", env=env)
    assert first.json["states"]["pending"] == 4
    second = folder.do("run", *_FAST, "--json", env=env)
    assert second.json["states"]["pending"] == 0
    before = folder.results("out.simulated.csv")
    assert folder.do("run", *_FAST, env=env).code == second.code
    assert folder.results("out.simulated.csv") == before
    third = folder.do("run", *_FAST, "--fresh", "--seed", "7", "--json", env=env)
    assert third.json["states"]["pending"] == 0
    after = folder.results("out.simulated.csv")
    assert [row["call_started_at"] for row in after] != [row["call_started_at"] for row in before]
    assert standin.requests == []
    assert not (folder.path / "real.db").exists()


@pytest.mark.parametrize(
    "options", [("--speed", "60"), ("--seed", "1"), ("--faults", "429=0.1"), ("--fresh",)]
)
def test_the_options_of_rehearsals_are_refused_in_a_real_run(
    served: Folder, standin: StandIn, options: tuple[str, ...]
) -> None:
    served.people(numbers(1))
    result = served.run(*options)
    assert result.code == 2
    assert options[0] in result.err
    assert "--simulate" in result.err
    assert standin.requests == []
    assert not served.ledger.exists()


def test_faults_are_played_and_misspelt_ones_are_suggested(folder: Folder) -> None:
    folder.people(numbers(12))
    bad = folder.do("run", *_FAST, "--faults", "drob=0.5")
    assert bad.code == 2
    assert "drop" in bad.err
    assert not (folder.path / ".poku-batch").exists()
    for faults in ("429=2", "429", "429=x", "429=0.6,drop=0.6"):
        assert folder.do("run", *_FAST, "--faults", faults).code == 2
    plain = folder.do("run", *_FAST, "--json").json
    assert plain["states"]["unknown"] == 0
    played = folder.do("run", *_FAST, "--fresh", "--faults", "drop=0.9", "--json")
    assert played.code == 3
    assert played.json["states"]["unknown"] > 5


@pytest.mark.parametrize(
    ("campaign", "sheet", "result"),
    [
        ("appointment_confirmations", "appointments.csv", "appointments.simulated.csv"),
        ("spreadsheet_outreach", "outreach.xlsx", "outreach.simulated.csv"),
        ("rerun_failed_rows", "failed_rows.csv", "rerun.simulated.csv"),
    ],
)
def test_the_samples_are_rehearsed_from_beginning_to_end(
    program: Program, tmp_path: Path, campaign: str, sheet: str, result: str
) -> None:
    for name in ("campaigns", "sample_data"):
        shutil.copytree(
            _PROJECT / name, tmp_path / name, ignore=shutil.ignore_patterns(".poku-batch")
        )
    ended = program.run("run", f"campaigns/{campaign}.yaml", *_FAST, cwd=tmp_path)
    assert ended.code in {0, 3}, ended
    assert f"results: results/{result}" in ended.out
    with (tmp_path / "results" / result).open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header[-len(CALL_COLUMNS) :] == CALL_COLUMNS
    states = {row[-len(CALL_COLUMNS)] for row in rows}
    assert "done" in states
    assert states <= {"done", "skipped", "failed"}
    assert (tmp_path / "sample_data" / sheet).read_bytes() == (
        _PROJECT / "sample_data" / sheet
    ).read_bytes()
