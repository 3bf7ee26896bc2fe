"""The random sheets, calls, crashes and late answers of the model, with a ledger in PostgreSQL."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import rule, run_state_machine_as_test

from poku_batch.ledger import inspect
from tests.ledger.ledger_raw import raw
from tests.ledger.test_ledger_machine import LedgerMachine
from tests.postgresql import Server


class PostgresMachine(LedgerMachine):
    server: Server

    def __init__(self) -> None:
        self._url = ""
        super().__init__()

    @property
    def url(self) -> str:
        self._url = self._url or self.new_url()
        return self._url

    def new_url(self) -> str:
        return self.stack.enter_context(self.server.ledger())

    def nothing_is_wrong_with_the_ledger(self) -> None:
        """Left for the end: a new connection has much to learn each time."""

    def teardown(self) -> None:
        try:
            assert inspect(self.url).problems == ()
        finally:
            super().teardown()

    @rule()
    def crash(self) -> None:
        """All that a process had is gone: its connections end, whatever they were doing."""
        self.ledger._writer._connection._open = _nothing  # type: ignore[attr-defined]
        self.ledger._reader._connection._open = _nothing  # type: ignore[attr-defined]
        with raw(self.url) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            ).fetchall()
        self.ledger = self.open()
        self.open_run()


def _nothing() -> None:
    raise AssertionError("a dead process connects to nothing")


@pytest.mark.timeout(300)
def test_a_ledger_in_postgresql_is_as_the_model(postgresql_server: Server) -> None:
    PostgresMachine.server = postgresql_server
    run_state_machine_as_test(
        PostgresMachine,
        settings=settings(
            max_examples=8,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
