"""A commit to PostgreSQL that a crash of the server cuts off: what is said of it afterwards."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from poku_batch.ledger.connection import Connection, transaction
from poku_batch.ledger.failures import PostgresError
from poku_batch.ledger.places import place_of
from tests.postgresql import MISSING, Server, programs, server

pytestmark = pytest.mark.skipif(programs() is None, reason=MISSING)

ADD = "INSERT INTO salts (id, salt) VALUES (1, 'ours')"
OTHERS = "INSERT INTO do_not_call (number, source, added_at) VALUES (:number, 'a test', 0)"
ID = "SELECT pg_current_xact_id()::text"


@pytest.fixture
def own_server() -> Iterator[Server]:
    with server() as made:
        yield made


def test_a_commit_that_a_crash_has_undone_is_not_taken_for_that_of_another(
    own_server: Server,
) -> None:
    place = place_of(own_server.new_ledger())
    place.prepare()
    ours = place.connect()
    ours.begin(writing=True)
    ours.execute(ADD)
    lost = ours.execute(ID).fetchone()[0]
    own_server.restart()
    with closing(place.connect()) as other:
        assert reuse(other, lost), "the server did not give the ID anew"
        with pytest.raises(PostgresError, match="nobody knows"):
            ours.commit()
        assert other.execute("SELECT COUNT(*) FROM salts").fetchone()[0] == 0
    ours.close()


def reuse(connection: Connection, lost: str) -> bool:
    """Whether another transaction came to have the ID."""
    for number in range(1_000):
        with transaction(connection, writing=True):
            connection.execute(OTHERS, {"number": f"+1415555{number:04d}"})
            found = connection.execute(ID).fetchone()[0]
        if int(found) >= int(lost):
            return bool(found == lost)
    return False
