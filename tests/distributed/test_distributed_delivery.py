"""Jobs from the engine, in a process of one's own."""

from typing import Any

import anyio
import procrastinate
import psycopg
import pytest
from procrastinate.jobs import Status
from psycopg.conninfo import conninfo_to_dict

from poku_batch.distributed import Delivery
from poku_batch.distributed.delivery import _Connector, require_open
from poku_batch.ledger import open_ledger
from tests.postgresql import Server

pytestmark = pytest.mark.anyio


async def test_the_engine_notices_a_database_that_is_gone_as_soon_as_the_ledger_does(
    postgresql_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgresql_server.new_ledger()
    async with open_ledger(url) as ledger:
        assert ledger.distribution is not None
        await ledger.distribution.prepare()
    connect, asked = psycopg.AsyncConnection.connect, anyio.Event()
    addresses: list[dict[str, Any]] = []
    told: list[str] = []

    async def connect_and_tell(conninfo: str = "", **options: Any) -> Any:
        addresses.append(conninfo_to_dict(conninfo))
        connection = await connect(conninfo, **options)
        asked.set()
        return connection

    monkeypatch.setattr(psycopg.AsyncConnection, "connect", connect_and_tell)
    delivery = Delivery(
        f"{url}&keepalives_idle=7",
        concurrency=1,
        heartbeat_s=1.0,
        stalled_s=3.0,
        take=lambda job: job.done.set(),
        tell=told.append,
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(delivery.run)
        with anyio.fail_after(20):
            await asked.wait()
        delivery.stop()
    assert addresses[0]["tcp_user_timeout"] == "30000"
    assert addresses[0]["keepalives_count"] == "3"
    assert addresses[0]["keepalives_idle"] == "7"
    assert told == []


async def engine_url(server: Server) -> str:
    """A ledger that has the engine's tables."""
    url = server.new_ledger()
    async with open_ledger(url) as ledger:
        assert ledger.distribution is not None
        await ledger.distribution.prepare()
    return url


async def test_a_job_that_others_have_taken_back_is_done(postgresql_server: Server) -> None:
    lost: list[str] = []
    url = await engine_url(postgresql_server)
    app = procrastinate.App(connector=_Connector(lambda: lost.append("lost"), url, size=2))
    async with app.open_async():
        await app.job_manager.finish_job_by_id_async(
            job_id=999, status=Status.SUCCEEDED, delete_job=True
        )
        assert lost == []
        await app.connector.execute_query_async("SELECT nothing")
        assert lost == ["lost"]


async def test_stalled_jobs_are_left_alone_while_the_engine_is_made_anew(
    postgresql_server: Server,
) -> None:
    url = await engine_url(postgresql_server)
    delivery = Delivery(
        url, concurrency=1, heartbeat_s=1, stalled_s=3, take=lambda _: None, tell=lambda _: None
    )
    delivery._app = procrastinate.App(connector=_Connector(lambda: None, url, size=1))
    await delivery.clear_stalled()


async def test_a_connection_is_seen_to_be_closed_without_a_question(
    postgresql_server: Server,
) -> None:
    url = postgresql_server.new_ledger()
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await require_open(connection)
        await connection.execute("SELECT 1")
        await require_open(connection)
        with psycopg.connect(url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.info.backend_pid])
        with pytest.raises(psycopg.OperationalError, match="closed by the server"):
            await require_open(connection)
        assert connection.closed
        with pytest.raises(psycopg.OperationalError, match="closed"):
            await require_open(connection)


async def test_the_engine_goes_on_with_a_new_connection_where_one_was_closed_at_rest(
    postgresql_server: Server,
) -> None:
    url = await engine_url(postgresql_server)
    lost: list[bool] = []
    connector = _Connector(lambda: lost.append(True), url, size=2)
    async with procrastinate.App(connector=connector).open_async():
        pids = [
            (await connector.execute_query_one_async("SELECT pg_backend_pid() AS pid"))["pid"]
            for _ in range(2)
        ]
        with psycopg.connect(url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [pids[-1]])
        found = await connector.execute_query_one_async("SELECT pg_backend_pid() AS pid")
    assert found["pid"] not in pids
    assert lost == []
