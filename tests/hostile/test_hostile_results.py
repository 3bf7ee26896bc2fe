"""Results that cannot go where they should, and a sheet that is gone: nothing is lost."""

import shutil
import stat
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from poku_batch.models import ContactRecord
from poku_batch.results import rescue, write_results
from tests.hostile.small_disk import SmallDisk
from tests.program import Folder
from tests.standin import StandIn, numbers, summary

_PEOPLE = 6


@pytest.fixture
def held(served: Folder, standin: StandIn) -> Folder:
    standin.held = True
    served.people(numbers(_PEOPLE))
    served.write(limits={"concurrency": 3}, output="results/out.csv")
    return served


def _assert_complete(folder: Folder, name: str) -> None:
    rows = folder.results(name)
    assert [row["call_status"] for row in rows] == ["done"] * len(rows)
    assert [row["call_summary"] for row in rows] == [summary(n) for n in numbers(_PEOPLE)]


def test_a_results_folder_that_is_taken_away_during_the_run_is_made_again(
    held: Folder, standin: StandIn
) -> None:
    (held.path / "results").mkdir()
    process = held.start()
    standin.wait_for(3)
    (held.path / "results").rmdir()
    standin.held = False
    assert process.ended().checked().code == 0
    _assert_complete(held, "results/out.csv")


def test_a_folder_that_appears_in_the_place_of_the_results_gets_them_beside_it(
    held: Folder, standin: StandIn
) -> None:
    process = held.start()
    standin.wait_for(3)
    (held.path / "results" / "out.csv").mkdir(parents=True)
    standin.held = False
    result = process.ended().checked()
    assert result.code == 0, result
    assert "out.csv could not be replaced" in result.err
    assert "out (2).csv" in result.err
    assert "results: results/out (2).csv" in result.out
    _assert_complete(held, "results/out (2).csv")
    assert not list(held.path.glob("results/.*"))


@pytest.fixture
def protected(tmp_path: Path) -> Iterator[Path]:
    """A file that nobody may replace, as one that is open in a spreadsheet program on Windows."""
    path = tmp_path / "protected.csv"
    path.write_text("old")
    chattr = shutil.which("chattr")
    if chattr is None or subprocess.run([chattr, "+i", path], check=False).returncode:
        pytest.skip("this file system has no files that nobody may replace")
    yield path
    subprocess.run([chattr, "-i", path], check=True)


def test_a_results_file_that_cannot_be_replaced_stays_and_the_new_ones_are_beside_it(
    held: Folder, standin: StandIn, protected: Path
) -> None:
    standin.held = False
    held.write(output=str(protected))
    for name in ("protected (2).csv", "protected (3).csv"):
        result = held.run()
        assert result.code == 0, result
        assert name in result.err
        rows = held.results(str(protected.with_name(name)))
        assert [row["call_status"] for row in rows] == ["done"] * _PEOPLE
    exported = held.do("export")
    assert "protected (4).csv" in exported.out
    assert "could not be replaced" in exported.err
    assert protected.read_text() == "old"


@pytest.mark.anyio
async def test_windows_refusal_to_replace_an_open_file_gives_the_results_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "r.csv"
    replace = Path.replace

    def locked(path: Path, other: Path) -> Path:
        if other == target:
            raise PermissionError(13, "The process cannot access the file", str(other))
        return replace(path, other)

    async def nothing() -> AsyncIterator[list[ContactRecord]]:
        yield []

    monkeypatch.setattr(Path, "replace", locked)
    [place] = await write_results([target], ["a"], nothing())
    assert place == tmp_path / "r (2).csv"
    assert place.read_text().startswith("a,call_status")


def test_a_full_disk_for_the_results_is_told_and_export_makes_them_again(
    held: Folder, standin: StandIn, disk: SmallDisk
) -> None:
    held.write(output=str(disk.path / "out.csv"))
    process = held.start()
    standin.wait_for(1)
    disk.fill()
    standin.held = False
    result = process.ended().checked()
    assert result.code == 4, result
    assert "the disk is full; free some space and export again" in result.err
    assert standin.numbers == numbers(_PEOPLE)
    assert [path.name for path in disk.path.iterdir()] == ["filler"]

    disk.free()
    assert held.do("export").code == 0
    _assert_complete(held, str(disk.path / "out.csv"))
    assert len(standin.calls) == _PEOPLE


def test_a_results_folder_on_a_read_only_disk_is_refused_before_anybody_is_called(
    held: Folder, standin: StandIn, disk: SmallDisk
) -> None:
    held.write(output=str(disk.path / "out.csv"))
    disk.make_read_only()
    result = held.run()
    assert result.code == 2, result
    assert str(disk.path) in result.err
    assert standin.calls == []


@pytest.mark.parametrize("change", ["deleted", "changed", "a folder"])
def test_a_sheet_that_is_deleted_or_changed_during_the_run_changes_nothing_of_it(
    held: Folder, standin: StandIn, change: str
) -> None:
    process = held.start()
    standin.wait_for(3)
    held.sheet.unlink()
    if change == "changed":
        held.people(numbers(_PEOPLE, first=100))
    elif change == "a folder":
        held.sheet.mkdir()
    standin.held = False
    result = process.ended().checked()
    assert result.code == 0, result
    assert standin.numbers == numbers(_PEOPLE)
    _assert_complete(held, "results/out.csv")
    assert [row["phone"] for row in held.results("results/out.csv")] == numbers(_PEOPLE)


def test_rescued_lines_go_beside_the_results_and_only_their_owner_may_read_them(
    tmp_path: Path,
) -> None:
    place = rescue(["{}", "[1]"], bare_lines=[], beside=[tmp_path / "new" / "out.csv"])
    assert place is not None
    assert place.parent == tmp_path / "new"
    assert place.read_text() == "{}\n[1]\n"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


def test_rescued_lines_go_to_the_temporary_folder_where_there_is_no_room_beside_the_results(
    tmp_path: Path, disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.fill()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    place = rescue(["{}"], bare_lines=[], beside=[disk.path / "out.csv"])
    assert place is not None
    assert place.parent == tmp_path
    assert [path.name for path in disk.path.iterdir()] == ["filler"]


def test_rescued_lines_go_to_standard_error_where_there_is_room_nowhere(
    disk: SmallDisk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    disk.fill()
    monkeypatch.setattr("tempfile.tempdir", str(disk.path))
    place = rescue(["full"], bare_lines=["bare"], beside=[disk.path / "out.csv"])
    assert place is None
    assert capsys.readouterr().err == "bare\n"
