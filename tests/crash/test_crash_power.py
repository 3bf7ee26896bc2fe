"""The short form of the power cuts, and of the proof that the harness can fail."""

import random
from pathlib import Path

import pytest

from tests.crash.breaks import BREAKS, show
from tests.crash.disk import Disk
from tests.crash.harness import Plan, campaign
from tests.crash.processes import ROOT, Warm, can_trace
from tests.crash.scenario import Completion, Scenario
from tests.crash.trace import Call, Moment

needs_strace = pytest.mark.skipif(
    not can_trace(),
    reason="power cuts are simulated with strace: it is not there, or may not trace",
)


@needs_strace
@pytest.mark.parametrize(("completion", "redials"), [("wait", False), ("poll", True)])
def test_whatever_a_power_cut_leaves_nobody_is_called_twice(
    completion: Completion, redials: bool, tmp_path: Path
) -> None:
    scenario = Scenario(
        generation="second", completion=completion, seed=5, contacts=60, redials=redials
    )
    with Warm() as warm:
        figures = campaign(scenario, Plan(kills=2, cuts=True, progress=20, looks=5), tmp_path, warm)
    assert not figures.faults, "\n".join(figures.faults)
    assert figures.cuts
    assert figures.syncs > 10


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("the intent is recorded after the request", "called again"),
        pytest.param("synchronous = NORMAL", "called again", marks=needs_strace),
        ("an opt-out is not put onto the do-not-call list", "asked not to be called"),
    ],
)
def test_the_harness_finds_a_broken_program(what: str, says: str, tmp_path: Path) -> None:
    broken = next(broken for broken in BREAKS if broken.what == what)
    figures = show(broken, ROOT, tmp_path, seed=1)
    assert any(says in fault for fault in figures.faults), figures


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.what)
def test_every_break_still_has_its_place_in_the_program(broken: object) -> None:
    found = next(known for known in BREAKS if known is broken)
    assert (ROOT / "poku_batch" / found.file).read_text().count(found.old) == 1


def test_a_cut_keeps_what_was_synced_and_may_lose_the_rest(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    (folder / "file").write_bytes(b"old.")
    disk = Disk(folder)
    shown = "".join(f"\\x{byte:02x}" for byte in str(folder / "file").encode())
    for name, arguments in (
        ("pwrite64", f'3<{shown}>, "\\x6e\\x65\\x77", 3, 0'),
        ("fsync", f"3<{shown}>"),
        ("pwrite64", f'3<{shown}>, "\\x21", 1, 3'),
    ):
        call = Call(name, arguments, 0)
        disk.happen(Moment(call, ends=False))
        disk.happen(Moment(call, ends=True))
    left = set()
    for seed in range(20):
        chance = random.Random(seed)  # noqa: S311  # a seeded test, no secret
        disk.cut(chance, tmp_path / "cut")
        left.add((tmp_path / "cut" / "file").read_bytes())
    assert left == {b"new.", b"new!"}
