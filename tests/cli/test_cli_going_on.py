"""Going on with a sheet that the ledger has: what a run does before its first call."""

import subprocess
import sys

import pytest

from tests.program import Folder, Program
from tests.standin import StandIn, numbers

#: Runs a campaign, and says at the first placement which modules there are.
_RUN = """
import sys
from poku_batch.cli.main import main
from poku_batch.poku.client import PokuClient

place = PokuClient.place

async def place_and_tell(*args, **named):
    print("modules:", *sys.modules, file=sys.stderr)
    return await place(*args, **named)

PokuClient.place = place_and_tell
sys.argv = ["poku-batch", "run", "campaign.yaml", "--yes"]
main()
"""
#: What reads sheets, writes results, speaks or rehearses.
_LATER = frozenset(
    "pandas numpy pyarrow xlsxwriter openpyxl python_calamine babel fastapi uvicorn holidays "
    "poku_batch.contacts.text poku_batch.results.plain poku_batch.results.tables".split()
)


@pytest.fixture
def called(served: Folder, program: Program) -> Folder:
    """A campaign of three people, one of whom was called; results in every format."""
    served.people(numbers(3))
    (served.path / "never.csv").write_text("phone\n+14155559999\n", encoding="utf-8")
    served.write(output=["out.csv", "out.xlsx", "out.parquet"], do_not_call=["never.csv"])
    assert served.run("--limit", "1").code == 4
    return served


def _modules_at_the_first_call(folder: Folder, program: Program) -> set[str]:
    ended = subprocess.run(
        [sys.executable, "-c", _RUN],
        cwd=folder.path,
        env=program.env(folder.env),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    first = next(line for line in ended.stderr.splitlines() if line.startswith("modules:"))
    return set(first.split())


def test_a_run_that_goes_on_calls_before_it_imports_what_reads_sheets_and_writes_results(
    called: Folder, program: Program, standin: StandIn
) -> None:
    loaded = _modules_at_the_first_call(called, program)
    assert "poku_batch.app.job" in loaded
    assert loaded & _LATER == set()
    assert called.states() == ["done"] * 3
    assert sorted(standin.numbers) == sorted(numbers(3))


def test_a_sheet_that_has_changed_is_read_first(
    called: Folder, program: Program, standin: StandIn
) -> None:
    with called.sheet.open("a", encoding="utf-8") as sheet:
        sheet.write(f"Somebody New,{numbers(4)[3]}\n")
    assert "poku_batch.contacts.text" in _modules_at_the_first_call(called, program)
    assert sorted(standin.numbers) == sorted(numbers(4))
