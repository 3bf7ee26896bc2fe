"""What workers ask again and again does not grow with the calls behind a run and before it."""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import pytest

from benchmarks import backlog
from benchmarks.plans import Work, watched
from poku_batch.ledger import history, statements
from poku_batch.ledger.connection import transaction
from poku_batch.ledger.places import place_of
from poku_batch.ledger.postgresql import admission, happenings, sweeping, workers
from poku_batch.ledger.postgresql.bounds import Money
from poku_batch.ledger.postgresql.connection import PostgresConnection
from poku_batch.ledger.postgresql.place import PostgresSchema
from poku_batch.models import AdmissionRules, ApiNews, Go, SharedRun
from tests.postgresql import Server

pytestmark = pytest.mark.anyio

#: Tables that grow with contacts and calls.
GROWING = {"contacts", "attempts", "answers", "attempt_events"}
BOUNDS = AdmissionRules(slots=10, slot=backlog.SLOT, limit=100_000)
MONEY = Money(room=lambda minutes, open_: 10**6 - minutes - open_, longest=timedelta(minutes=2))

Ledger = tuple[str, SharedRun]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def alone(postgresql_server: Server) -> Ledger:
    url = postgresql_server.new_ledger()
    return url, await backlog.make(url, due=500, later=0, others=0)


@pytest.fixture(scope="module")
async def beside(postgresql_server: Server) -> Ledger:
    url = postgresql_server.new_ledger()
    return url, await backlog.make(url, due=500, later=20_000, others=10_000)


def admit(connection: PostgresConnection, run: SharedRun) -> None:
    admitted = admission.admit(
        connection, run.id, BOUNDS, judge=lambda _: Go(), money=MONEY, news=ApiNews(), tick=False
    )
    assert admitted == BOUNDS.slots
    connection.execute(
        "UPDATE contacts SET state = 'skipped', reason = 'tried', reason_kind = 'tried', "
        "reserved_by = NULL WHERE reserved_by IS NOT NULL"
    )


def look(connection: PostgresConnection, run: SharedRun) -> None:
    found = admission.room(connection, run.id, BOUNDS, money=MONEY)
    assert found is not None
    assert found.over is None
    latest = happenings.latest(connection)
    assert happenings.since(connection, run=run.id, after=latest, limit=1_000) == ([], latest)
    workers.alive(connection)
    connection.execute(statements.FIND_NEXT_DUE, {"campaign": run.number}).fetchall()


def sweep(connection: PostgresConnection, run: SharedRun) -> None:
    assert not sweeping.sweep(connection, stalled=timedelta(seconds=30)).any
    assert sweeping.hand_over_earlier(connection, run.id) == 0


def read(connection: PostgresConnection, run: SharedRun) -> None:
    page = {"campaign": run.number, "after": 100, "limit": 20}
    for statement in (statements.READ_RECORDS, statements.READ_PLAIN):
        assert len(connection.execute(statement, page).fetchall()) == 20
    chosen = {"campaign": run.number, "positions": "[3, 450]"}
    assert len(connection.execute(statements.READ_CHOSEN, chosen).fetchall()) == 2
    history.entries(connection, run.number, key=None, after=0, limit=20)


def work_of(ledger: Ledger, act: Callable[[PostgresConnection, SharedRun], None]) -> Work:
    """What the database does for it, once it has done so before."""
    url, run = ledger
    with closing(PostgresSchema(url).connect()) as connection:
        with transaction(connection, writing=True):
            act(connection, run)
        with transaction(connection, writing=True), watched(connection) as work:
            act(connection, run)
    assert work.plans
    return work


#: An index of 20,000 is a step deeper than one of 500; and only of these is there a call to read.
@pytest.mark.parametrize(("act", "deeper"), [(admit, 60), (look, 60), (sweep, 60), (read, 300)])
async def test_no_more_is_read_for_many_calls_behind_and_before_a_run(
    alone: Ledger, beside: Ledger, act: Callable[[PostgresConnection, SharedRun], None], deeper: int
) -> None:
    least, work = work_of(alone, act), work_of(beside, act)
    assert not work.scanned & GROWING
    assert work.pages <= 1.6 * least.pages + deeper


async def test_contacts_are_vacuumed_before_many_calls_stand_before_who_is_next(
    postgresql_server: Server,
) -> None:
    url = postgresql_server.new_ledger()
    place_of(url).prepare()
    with closing(place_of(url).connect()) as connection:
        found = connection.execute(
            "SELECT reloptions FROM pg_class WHERE oid = CAST('contacts' AS regclass)"
        ).fetchone()
    assert found[0] == ["autovacuum_vacuum_scale_factor=0.02"]
