"""Do-not-call files on their way to workers: what is put into the ledger, and taken out again."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from poku_batch.app.listing import Listing
from poku_batch.app.lists import DoNotCallLists
from poku_batch.contacts.do_not_call import DoNotCallFiles
from poku_batch.errors import LedgerError
from poku_batch.models import RunId
from poku_batch.phone import possible_number
from poku_batch.ports import Distribution

pytestmark = pytest.mark.anyio

RUN = RunId(7)


class Ledger:
    """Keeps numbers; ``broken`` writes fail before one works."""

    def __init__(self, *numbers: str) -> None:
        self.numbers = dict.fromkeys(numbers, "")
        self.written: list[tuple[str, ...]] = []
        self.asked = self.broken = 0

    async def listed(self, run: RunId) -> set[str]:
        assert run == RUN
        self.asked += 1
        return set(self.numbers)

    async def list_numbers(self, run: RunId, numbers: Sequence[tuple[str, str]]) -> None:
        assert run == RUN
        if self.broken:
            self.broken -= 1
            raise LedgerError("the database is gone")
        self.numbers |= dict(numbers)
        self.written.append(tuple(sorted(number for number, _ in numbers)))

    async def unlist_numbers(self, run: RunId, numbers: Sequence[str]) -> None:
        assert run == RUN
        for number in numbers:
            del self.numbers[number]


class World:
    """A list in a file, and a ledger that has what another put in before."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "stop.txt"
        self.write("+14155550001", "+14155550002")
        files = DoNotCallFiles([self.file], partial(possible_number, region="US"))
        files.load()
        self.lists = DoNotCallLists(files, frozenset())
        self.ledger = Ledger("+14155550002", "+14155550009")
        self.listing = Listing(self.lists, cast("Distribution", self.ledger))
        self.told: list[str] = []

    def write(self, *numbers: str) -> None:
        self.file.write_text("\n".join(numbers))

    async def edit(self, *numbers: str) -> None:
        self.write(*numbers)
        await self.lists.look(self.told.append)
        await self.listing.put(RUN)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_only_what_has_changed_is_written_and_what_another_put_in_stays(
    world: World,
) -> None:
    await world.listing.put(RUN)
    assert world.ledger.written == [("+14155550001",)]
    assert world.ledger.numbers["+14155550001"] == "stop.txt"
    await world.edit("+14155550001", "+14155550003")
    assert world.ledger.written[1:] == [("+14155550003",)]
    assert set(world.ledger.numbers) == {"+14155550001", "+14155550003", "+14155550009"}
    await world.listing.put(RUN)
    assert (len(world.ledger.written), world.ledger.asked) == (2, 1)


async def test_a_list_that_cannot_be_read_any_more_leaves_what_was_read_before(
    world: World,
) -> None:
    await world.listing.put(RUN)
    await world.edit("nobody's number")
    assert "stop.txt" in world.told[0]
    assert set(world.ledger.numbers) == {"+14155550001", "+14155550002", "+14155550009"}


async def test_what_could_not_be_written_is_put_in_the_next_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.listing.put(RUN)
    monkeypatch.setattr("poku_batch.app.listing._AT_ONCE", 2)
    many = [f"+1415555{n:04d}" for n in range(100, 105)]
    world.ledger.broken = 1
    with pytest.raises(LedgerError):
        await world.edit(*many)
    assert "+14155550001" in world.ledger.numbers
    await world.listing.put(RUN)
    assert [len(some) for some in world.ledger.written[1:]] == [2, 2, 1]
    assert set(world.ledger.numbers) == {*many, "+14155550009"}
