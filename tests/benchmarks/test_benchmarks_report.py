"""What a measurement leaves behind, and how README.md takes it."""

import json
from pathlib import Path

import pytest

from benchmarks import figures, report
from benchmarks.report import Cell, Found, Target, publish

WELL = Target(number="9a", what="time ÷ ideal", value=1.004, bound=1.01)
BADLY = Target(number="9b", what="times faster", value=8.0, bound=10.0, least=True)


class Picture:
    """A chart that is easily drawn."""

    def save(self, path: Path) -> None:
        path.write_text("<svg/>")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of ``benchmarks/``."""
    monkeypatch.setattr(report, "HERE", tmp_path)
    monkeypatch.setattr(figures, "HERE", tmp_path)
    monkeypatch.delenv("BENCH_DRY", raising=False)
    return tmp_path


def found(*targets: Target) -> Found:
    rows: list[dict[str, Cell]] = [
        {"client": "a|b", "ms": 1.5, "calls": 12_000},
        {"client": "c", "calls": None},
    ]
    return Found(name="tried", title="As tried", rows=rows, targets=targets, notes=["One run."])


def test_a_bound_is_kept_from_its_own_side() -> None:
    assert WELL.holds
    assert not BADLY.holds
    assert Target(number="9", what="", value=10.0, bound=10.0, least=True).holds


def test_the_exit_code_says_whether_every_target_holds(here: Path) -> None:
    assert publish(found(WELL)) == 0
    assert publish(found(WELL, BADLY)) == 1


def test_the_result_has_rows_targets_and_the_machine_and_the_picture_lies_beside_it(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(found(WELL, BADLY), Picture())
    result = json.loads((here / "results" / "tried.json").read_text())
    assert result["rows"][0] == {"client": "a|b", "ms": 1.5, "calls": 12_000}
    assert [target["holds"] for target in result["targets"]] == [True, False]
    assert result["machine"]["python"]
    assert (here / "pictures" / "tried.svg").read_text() == "<svg/>"
    out = capsys.readouterr().out
    assert "12,000" in out
    assert "DOES NOT HOLD" in out


def test_a_dry_run_leaves_the_files_alone(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_DRY", "1")
    publish(found(WELL), Picture())
    assert list(here.iterdir()) == []


def test_figures_take_the_place_of_what_stands_between_their_marks(here: Path) -> None:
    publish(found(WELL, BADLY), Picture())
    text = "Before.\n<!-- figures:tried -->\nOutdated.\n<!-- /figures -->\nAfter.\n"
    new = figures.filled(text, here / "results")
    assert new.startswith("Before.\n<!-- figures:tried -->\n| client | ms | calls |\n")
    assert "| a\\|b | 1.500 | 12,000 |" in new
    assert "| 9b | times faster | 8.000 | ≥ 10.000 | **does not hold** |" in new
    assert "![As tried](pictures/tried.svg)" in new
    assert new.endswith("<!-- /figures -->\nAfter.\n")
    assert "Outdated" not in new
    assert figures.filled(new, here / "results") == new


def test_all_targets_stand_in_one_table_and_what_has_no_result_says_so(here: Path) -> None:
    publish(found(BADLY, WELL))
    text = "<!-- figures:targets -->\n<!-- /figures -->\n<!-- figures:other -->\n<!-- /figures -->"
    new = figures.filled(text, here / "results")
    assert new.index("| 9a |") < new.index("| 9b |")
    assert "<!-- figures:other -->\nNot measured yet.\n<!-- /figures -->" in new


def test_the_readme_has_the_figures_of_the_results() -> None:
    assert figures.main(["--check"]) == 0, "run: python -m benchmarks.figures"


def test_the_readme_has_a_place_for_every_result() -> None:
    text = (report.HERE / "README.md").read_text(encoding="utf-8")
    for path in (report.HERE / "results").glob("*.json"):
        assert f"<!-- figures:{path.stem} -->" in text
