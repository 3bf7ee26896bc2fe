"""Looks into a ledger in PostgreSQL, as the dashboard takes them."""

import pytest

from poku_batch.app.desk.looks import Looks
from poku_batch.ledger import open_ledger
from tests.ledger.ledger_clinic import CLINIC, NOW, enrol
from tests.postgresql import Server

pytestmark = pytest.mark.anyio


async def test_looks_are_handed_on_and_tell_when_the_ledger_has_changed(
    postgresql_server: Server,
) -> None:
    url = postgresql_server.new_ledger()
    looks = Looks(url)
    async with looks.look() as nothing:
        assert nothing is None
    assert await looks.version() == ()
    async with open_ledger(url) as ledger:
        await enrol(ledger, 3)
        async with looks.look() as first:
            assert first is not None
            assert (await first.counts(CLINIC, now=NOW)).total == 3
        before = await looks.version()
        assert await looks.version() == before
        await enrol(ledger, 4)
        assert await looks.version() != before
        async with looks.look() as second:
            assert second is first
            assert (await second.counts(CLINIC, now=NOW)).total == 4
    await looks.close()
