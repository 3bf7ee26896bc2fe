"""``report``, and ``output.report``: a campaign's page, from the command line."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.program import Folder, Program
from tests.standin import StandIn, numbers

#: Runs a campaign, and says at its end which modules there are.
_RUN = """
import sys
from poku_batch.cli.main import main

sys.argv = ["poku-batch", "run", "campaign.yaml", "--yes"]
try:
    main()
finally:
    print("modules:", *sys.modules, file=sys.stderr)
"""


@pytest.fixture
def clinic(served: Folder) -> Folder:
    """A campaign of three people."""
    served.people(numbers(3))
    served.write()
    return served


def wanting(folder: Folder, report: str = "page.html", **keys: Any) -> None:
    folder.write(output={"file": "out.csv", "report": report}, **keys)


def called(page: Path) -> int:
    """How many contacts a report says were called."""
    text = re.sub(r"<[^>]+>", " ", page.read_text(encoding="utf-8"))
    found = re.search(r"Called\s+([0-9,]+)", text)
    assert found is not None
    return int(found.group(1))


def test_a_report_is_beside_the_results(clinic: Folder) -> None:
    clinic.run()
    result = clinic.do("report")
    assert (result.code, result.out) == (0, "report: out.report.html\n")
    page = clinic.path / "out.report.html"
    assert called(page) == 3
    assert page.stat().st_mode & 0o777 == 0o600


def test_a_report_goes_where_it_is_told_to(clinic: Folder) -> None:
    clinic.run()
    assert clinic.do("report", "-o", "new folder/page.html").out == "report: new folder/page.html\n"
    wanting(clinic)
    assert clinic.do("report").out == "report: page.html\n"
    assert not (clinic.path / "out.report.html").exists()


def test_a_rehearsal_has_a_report_of_its_own(clinic: Folder) -> None:
    wanting(clinic)
    assert clinic.do("run", "--simulate").code in {0, 3}
    assert "report of a rehearsal" in (clinic.path / "page.simulated.html").read_text()
    assert not (clinic.path / "page.html").exists()
    never = clinic.do("report")
    assert (never.code, never.out) == (2, "")
    assert "demo was never run" in never.err
    assert clinic.do("report", "--simulate", "-o", "again.html").code == 0


def test_a_report_is_written_at_the_end_of_each_run(clinic: Folder) -> None:
    wanting(clinic)
    ended = clinic.run("--limit", "1")
    assert "report: page.html\n" in ended.out
    assert called(clinic.path / "page.html") == 1
    told = clinic.run("--json")
    assert Path(told.json["report"]).name == "page.html"
    assert told.json["report_fault"] is None
    assert called(clinic.path / "page.html") == 3


def test_a_run_that_is_interrupted_has_its_report(clinic: Folder, standin: StandIn) -> None:
    wanting(clinic, limits={"concurrency": 1})
    standin.held = True
    process = clinic.start()
    standin.wait_for(1)
    process.signal(signal.SIGINT)
    process.wait_for("No new calls")
    standin.held = False
    assert process.ended().checked().code == 4
    assert called(clinic.path / "page.html") == 1


def test_a_report_tells_how_it_stands_while_a_run_goes_on(clinic: Folder, standin: StandIn) -> None:
    standin.held = True
    process = clinic.start()
    standin.wait_for(3)
    assert clinic.do("report").code == 0
    page = (clinic.path / "out.report.html").read_text()
    standin.held = False
    assert process.ended().checked().code == 0
    assert re.search(r"To call</dt><dd>3<", page)


def test_a_report_that_cannot_be_written_hides_no_results(clinic: Folder, standin: StandIn) -> None:
    (clinic.path / "pages").mkdir()
    wanting(clinic, "pages/page.html")
    standin.held = True
    process = clinic.start()
    standin.wait_for(3)
    (clinic.path / "pages").rmdir()
    (clinic.path / "pages").write_text("a file by now")
    standin.held = False
    ended = process.ended().checked()
    assert ended.code == 0
    assert "results: out.csv" in ended.out
    assert clinic.states() == ["done"] * 3
    assert "The report was not written: " in ended.err
    assert "poku-batch report campaign.yaml" in ended.err


@pytest.mark.parametrize(
    ("report", "words"),
    [
        ("page.pdf", "does not end in .html"),
        ("campaign.html/page.html", "campaign.html is a file, not a folder"),
        ("folder.html", "is a folder; name a file in it"),
    ],
)
def test_a_place_where_no_report_can_be_is_found_before_anybody_is_called(
    clinic: Folder, standin: StandIn, report: str, words: str
) -> None:
    (clinic.path / "campaign.html").write_text("")
    (clinic.path / "folder.html").mkdir()
    wanting(clinic, report)
    result = clinic.run()
    assert result.code == 2
    assert words in result.err
    assert standin.calls == []


def test_a_report_takes_the_place_of_nothing_that_the_campaign_needs(clinic: Folder) -> None:
    clinic.run()
    (clinic.path / "prompt.html").write_text("Call {{ name }}.")
    clinic.write(prompt="prompt.html")
    result = clinic.do("report", "-o", "prompt.html")
    assert result.code == 2
    assert "prompt.html, which is not a report" in result.err
    assert (clinic.path / "prompt.html").read_text() == "Call {{ name }}."
    wrong = clinic.do("report", "-o", "page.csv")
    assert (wrong.code, "a report is written as .html" in wrong.err) == (2, True)


def test_a_run_without_a_report_never_brings_the_drawing_of_charts(
    clinic: Folder, program: Program
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _RUN],
        cwd=clinic.path,
        env=program.env(clinic.env),
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(ended.stderr.rpartition("modules:")[2].split())
    assert "poku_batch.app.job" in loaded
    assert not loaded & {"altair", "vl_convert", "poku_batch.report.page", "itables"}


def test_what_a_run_says_of_its_report_is_json(clinic: Folder) -> None:
    told = clinic.run("--json")
    assert json.loads(told.out)["report"] is None
