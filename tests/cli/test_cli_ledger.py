"""The ledger looked after, by whole commands: looked over, copied, a person erased, shared."""

import re
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.program import Folder, Program
from tests.standin import StandIn, numbers, twice


@pytest.fixture
def called(served: Folder) -> Folder:
    """A campaign whose three people were called."""
    served.people(numbers(3))
    assert served.run().code == 0
    return served


def ledger(folder: Folder, program: Program, *args: str, code: int = 0, **env: str) -> str:
    """A ``poku-batch ledger`` command in the folder; everything that it says."""
    result = program.run("ledger", *args, cwd=folder.path, env={**folder.env, **env})
    assert result.code == code, result
    return result.out + result.err


def test_a_sound_ledger_is_found_by_campaign_by_folder_and_by_standing_there(
    called: Folder, program: Program
) -> None:
    expected = (
        ".poku-batch/ledger.db, version 6: 3 contacts, 3 attempts\nnothing is wrong with it\n"
    )
    assert ledger(called, program, "check", "campaign.yaml") == expected
    assert ledger(called, program, "check", "--folder", str(called.path)) == expected
    assert ledger(called, program, "check") == expected
    elsewhere = called.path / "elsewhere.db"
    called.ledger.rename(elsewhere)
    found = ledger(called, program, "check", POKU_BATCH_LEDGER=str(elsewhere))
    assert found == expected.replace(".poku-batch/ledger.db", "elsewhere.db")


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["check", "--simulate"], "nothing was rehearsed there"),
        (["check", "--folder", "nowhere"], "there is no ledger at"),
        (["check", "campaign.yaml", "--folder", "."], "not both"),
        (["backup", "campaign.yaml", "copy.db", "--simulate"], "nothing was rehearsed there"),
        (["backup", "campaign.yaml", "nowhere/copy.db"], "cannot be written"),
    ],
)
def test_a_ledger_that_is_not_there_is_bad_usage(
    called: Folder, program: Program, args: list[str], expected: str
) -> None:
    assert expected in ledger(called, program, *args, code=2)


def test_a_problem_ends_in_3_and_says_what_to_do(called: Folder, program: Program) -> None:
    with closing(sqlite3.connect(called.ledger, isolation_level=None)) as connection:
        connection.execute("UPDATE contacts SET state = 'unknown' WHERE sheet_row = 3")
    told = ledger(called, program, "check", code=3)
    assert "problem: demo, row 3: the contact is unknown, and its last attempt says" in told
    assert "poku-batch ledger backup" in told
    called.ledger.write_bytes(b"\0" * 10_000)
    assert "problem: this is not a ledger" in ledger(called, program, "check", code=3)


def test_a_copy_made_in_the_middle_of_a_run_can_take_the_ledgers_place(
    served: Folder, standin: StandIn, program: Program
) -> None:
    served.people(numbers(6))
    served.write(limits={"concurrency": 2})
    standin.held = True
    running = served.start()
    standin.wait_for(2)
    told = ledger(served, program, "backup", "campaign.yaml", "copy.db")
    assert told == "copy.db: the ledger with 6 contacts and 2 attempts; looked over, and sound\n"
    assert "is being run, by process" in ledger(served, program, "check")
    assert "exists already" in ledger(served, program, "backup", "campaign.yaml", "copy.db", code=2)
    standin.held = False
    assert running.ended().code == 0
    for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
        (served.ledger.parent / name).unlink(missing_ok=True)
    (served.path / "copy.db").rename(served.ledger)
    # The copy knows that two calls were open, and nothing of what came of them.
    served.run()
    assert sorted(served.states()) == ["done"] * 4 + ["unknown"] * 2
    assert not twice(standin.numbers[:2])


# --- forget ---


def contents(folder: Folder) -> bytes:
    return b"".join(path.read_bytes() for path in folder.ledger.parent.iterdir())


def forget(folder: Folder, program: Program, *args: str, code: int = 0) -> tuple[str, str]:
    result = program.run("forget", *args, cwd=folder.path, env=folder.env)
    assert result.code == code, result
    return result.out, result.err


def test_a_person_is_erased_from_the_calls_and_from_the_rehearsals(
    called: Folder, program: Program
) -> None:
    assert called.do("run", "--simulate", "--speed", "1000").code == 0
    digits, name = numbers(3)[1].lstrip("+").encode(), b"Person 2"
    assert digits in contents(called)
    out, err = forget(called, program, "--to", numbers(3)[1])
    assert out == "".join(
        f".poku-batch/{name}.db: erased 1 contact and what was kept of 1 attempt\n"
        for name in ("ledger", "simulated")
    )
    assert "The sheet, the result files and any backup still hold the person" in err
    assert "From now on the number is unknown here" in err
    assert digits not in contents(called)
    assert name not in contents(called)
    states = called.do("status", "--json").json
    assert states["states"]["done"] == 3
    assert states["outcomes"] == {"completed": 3}
    assert called.do("export", "-o", "after.csv").code == 0
    rows = called.results("after.csv")
    assert [row["name"] for row in rows] == ["Person 1", "", "Person 3"]
    assert [row["call_status"] for row in rows] == ["done"] * 3


def test_a_kept_hash_skips_the_number_in_the_same_sheet(
    called: Folder, standin: StandIn, program: Program
) -> None:
    called.write(contacts={"file": "sheet.csv", "region": "US"})
    _, err = forget(called, program, "campaign.yaml", "--to", "(415) 555-0001", "--keep-hash")
    assert "salted hash" in err
    assert called.run().code == 0
    row = called.results()[1]
    assert (row["name"], row["call_status"]) == ("Person 2", "skipped")
    assert row["call_error"] == "forgotten; not to be called"
    assert not twice(standin.numbers)


def test_without_a_hash_the_number_is_called_like_any_other(
    called: Folder, standin: StandIn, program: Program
) -> None:
    forget(called, program, "--to", numbers(3)[1])
    assert called.run().code == 0
    assert twice(standin.numbers) == [numbers(3)[1]]


def test_nobody_is_erased_during_a_run(served: Folder, standin: StandIn, program: Program) -> None:
    served.people(numbers(2))
    standin.held = True
    running = served.start()
    standin.wait_for(2)
    _, err = forget(served, program, "--to", numbers(1)[0], code=2)
    assert "the campaign demo is being run" in err
    standin.held = False
    assert running.ended().code == 0
    assert numbers(1)[0].encode() in contents(served)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["--to", "12"], "--to:"),
        (["--to", "4155550001"], "write it as +14155550100"),
        (["--to", "+14155550001", "campaign.yaml", "--folder", "x"], "not both"),
        (["--to", "+14155550001", "--folder", "nowhere"], "there is no ledger"),
        ([], "--to"),
    ],
)
def test_what_cannot_be_forgotten_is_bad_usage(
    called: Folder, program: Program, args: list[str], expected: str
) -> None:
    assert expected in forget(called, program, *args, code=2)[1]


# --- one ledger, several runs; rights ---


def test_two_campaigns_of_one_folder_run_at_once_and_share_the_ledger(
    served: Folder, standin: StandIn, program: Program
) -> None:
    phones = numbers(200)
    standin.hold_s = 0.05
    names = ("one", "two")
    for name, part in zip(names, (phones[:100], phones[100:]), strict=True):
        served.people(part)
        served.sheet.rename(served.path / f"{name}.csv")
        served.write(name=name, contacts={"file": f"{name}.csv"}, output=f"{name}-out.csv")
        served.campaign.rename(served.path / f"{name}.yaml")
    running = [
        program.start("run", f"{name}.yaml", "--yes", cwd=served.path, env=served.env)
        for name in names
    ]
    standin.wait_for(20)
    second = program.run("run", "one.yaml", "--yes", cwd=served.path, env=served.env)
    assert second.code == 2
    assert "being run already, by process" in second.err
    assert all(process.running for process in running)
    assert [process.ended().checked().code for process in running] == [0, 0]
    assert standin.numbers == phones
    for name, part in zip(names, (phones[:100], phones[100:]), strict=True):
        rows = served.results(f"{name}-out.csv")
        assert [row["call_to"] for row in rows] == part
        assert {row["call_status"] for row in rows} == {"done"}
        assert all(row["call_to"] in row["call_summary"] for row in rows)
    assert "200 contacts, 200 attempts" in ledger(served, program, "check")


def test_whatever_the_umask_ledger_and_results_are_their_owners_alone(
    served: Folder, standin: StandIn, program: Program
) -> None:
    served.people(numbers(2))
    served.write(output=["results/out.csv", "results/out.xlsx", "results/out.parquet"])
    command = str(Path(sys.executable).with_name("poku-batch"))
    for args in (["run", "campaign.yaml", "--yes"], ["ledger", "backup", "campaign.yaml", "c.db"]):
        ended = subprocess.run(
            [command, *args],
            cwd=served.path,
            env=program.env(served.env),
            umask=0,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
    modes = {
        str(path.relative_to(served.path)): stat.S_IMODE(path.stat().st_mode)
        for folder in (served.ledger.parent, served.path / "results")
        for path in folder.iterdir()
    }
    assert len(modes) >= 5
    assert set(modes.values()) == {0o600}, modes
    assert stat.S_IMODE((served.path / "c.db").stat().st_mode) == 0o600
    assert stat.S_IMODE(served.ledger.parent.stat().st_mode) == 0o700


def test_help_names_every_command(called: Folder, program: Program) -> None:
    told = program.run("--help", cwd=called.path).out
    for command in ("retry", "resolve", "history", "ledger", "forget"):
        assert re.search(rf"^  {command} ", told, re.MULTILINE)
