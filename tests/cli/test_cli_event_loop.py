"""Which event loop a run uses, and that a run on either comes to the same."""

import asyncio
import gc

import pytest

from poku_batch.app import environment
from poku_batch.cli.looping import run_for_long
from poku_batch.errors import UsageError
from tests.program import Folder
from tests.standin import numbers

VARIABLE = "POKU_BATCH_EVENT_LOOP"


@pytest.mark.parametrize("wanted", ["asyncio", " Asyncio "])
def test_the_standard_loop_can_be_asked_for(monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
    monkeypatch.setenv(VARIABLE, wanted)
    assert environment.uses_uvloop() is False


@pytest.mark.parametrize("is_there", [True, False])
def test_uvloop_is_used_where_it_is_installed(
    monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(environment, "find_spec", lambda _name: object() if is_there else None)
    assert environment.uses_uvloop() is is_there


def test_an_uvloop_that_is_asked_for_and_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "uvloop")
    monkeypatch.setattr(environment, "find_spec", lambda _name: None)
    with pytest.raises(UsageError, match=r"pip install 'poku-batch\[fast\]'"):
        environment.uses_uvloop()


def test_another_loop_is_refused_before_anybody_is_called(served: Folder) -> None:
    served.people(numbers(1))
    ended = served.run(env={VARIABLE: "trio"})
    assert ended.code == 2
    assert ended.err == (
        "error: POKU_BATCH_EVENT_LOOP: 'trio' is not an event loop known here; set it to asyncio "
        "or uvloop, or unset it. Nobody was called.\n"
    )
    assert not served.ledger.exists()


@pytest.mark.parametrize(("loop", "module"), [("asyncio", "asyncio"), ("uvloop", "uvloop")])
def test_a_run_is_on_the_loop_that_is_asked_for(
    served: Folder, monkeypatch: pytest.MonkeyPatch, loop: str, module: str
) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop", reason="the extra 'fast' is not installed")

    async def used() -> str:
        return type(asyncio.get_running_loop()).__module__.partition(".")[0]

    monkeypatch.setenv(VARIABLE, loop)
    assert run_for_long(used) == module
    served.people(numbers(40))
    ended = served.run(env={VARIABLE: loop})
    assert ended.code == 0, ended.err
    assert served.states() == ["done"] * 40


def test_the_collector_is_as_before_after_a_run() -> None:
    before = gc.get_threshold()

    async def within() -> tuple[int, int, int]:
        return gc.get_threshold()

    assert run_for_long(within) != before
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
