"""The users of ``roles.sql`` on a real PostgreSQL: each may do what it must, and no more."""

import os
import pwd
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests import postgresql
from tests.program import Folder
from tests.standin import StandIn, numbers

ROLES = Path(__file__).parents[2] / "deploy" / "postgresql" / "roles.sql"

PASSWORD = "s3cret-0wner"  # noqa: S105  # of nobody: the server trusts everybody on its socket


@pytest.fixture(scope="module")
def server() -> Iterator[postgresql.Server]:
    """A server with the roles; they are the cluster's, so it is this module's alone."""
    if postgresql.programs() is None:
        pytest.skip(postgresql.MISSING)
    with postgresql.server() as running:
        for _ in range(2):  # it may be run again
            run_roles(running)
        yield running


def run_roles(server: postgresql.Server) -> None:
    bin_ = postgresql.programs()
    assert bin_ is not None
    subprocess.run(
        [bin_ / "psql", "-X", "-q", "-h", server.folder, "-U", "postgres", "-f", "-"],
        check=True,
        input=ROLES.read_text(),
        text=True,
        env={"PATH": os.environ["PATH"], "POKU_OWNER_PASSWORD": PASSWORD},
        user="postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name,
        cwd="/",
    )


@pytest.fixture
def url(server: postgresql.Server) -> Callable[[str], str]:
    """The ledger's address for one of the users."""
    return lambda user: f"postgresql://{user}@/calls?host={server.folder}"


def refused(url: str, statement: str) -> bool:
    with psycopg.connect(url, autocommit=True) as connection:
        try:
            connection.execute(statement.encode())
        except psycopg.errors.InsufficientPrivilege:
            return True
        except psycopg.errors.ReadOnlySqlTransaction:
            return True
    return False


def test_a_campaign_is_run_by_a_worker_that_owns_no_table(
    served: Folder, standin: StandIn, url: Callable[[str], str], server: postgresql.Server
) -> None:
    people = numbers(12)
    served.write_sheet([(f"k{n}", phone) for n, phone in enumerate(people)], ("id", "phone"))
    served.write(contacts={"file": "sheet.csv", "key": "id"}, prompt={"text": "Hello."})
    worker = {"POKU_BATCH_LEDGER": url("poku_worker")}
    too_early = served.run(env=worker)
    assert (too_early.code, standin.calls) == (2, [])
    assert "this user may not do that" in too_early.err

    made = served.command("ledger", "migrate", env={"POKU_BATCH_LEDGER": url("poku_owner")})
    assert (made.code, made.out.strip().rsplit(" ", 1)[0]) == (
        0,
        f"postgresql://poku_owner@[{server.folder}]/calls: version",
    )
    run_roles(server)
    with psycopg.connect(url("poku_worker")) as connection:  # what workers are handed calls by
        assert connection.execute("SELECT COUNT(*) FROM procrastinate_jobs").fetchone() == (0,)

    assert served.run(env=worker).code == 0
    assert standin.numbers == sorted(people)
    served.write_sheet([("k0", people[0]), ("k99", "+14155559999")], ("id", "phone"))
    assert served.run(env=worker).code == 0
    assert len(standin.calls) == 13
    for command in (
        ("do-not-call", "add", served.campaign, people[3]),
        ("retry", served.campaign, "--key", "k0", "--yes"),
        ("pause", served.campaign),
        ("resume", served.campaign),
        ("history", served.campaign),
        ("ledger", "check", served.campaign),
        ("ledger", "migrate", served.campaign),
    ):
        result = served.command(*command, env=worker)
        assert result.code == 0, (command, result)

    for statement in (
        "CREATE TABLE poku.mine (id INT)",
        "CREATE TABLE public.mine (id INT)",
        "CREATE SCHEMA mine",
        "ALTER TABLE poku.contacts ADD COLUMN mine INT",
        "DROP TABLE poku.contacts",
        "TRUNCATE poku.attempt_events",
        "CREATE INDEX mine ON poku.contacts (id)",
        "CREATE ROLE mine",
        "COPY poku.contacts TO PROGRAM 'cat'",
        "SET ROLE poku_owner",
    ):
        assert refused(url("poku_worker"), statement), statement


def test_a_viewer_looks_and_changes_nothing(served: Folder, url: Callable[[str], str]) -> None:
    owner = {"POKU_BATCH_LEDGER": url("poku_owner")}
    viewer = {"POKU_BATCH_LEDGER": url("poku_viewer")}
    served.people(numbers(2))
    assert served.command("ledger", "migrate", env=owner).code == 0
    assert served.run(env={"POKU_BATCH_LEDGER": url("poku_worker")}).code == 0
    for command in ("status", "export", "history", "check", "report"):
        result = served.command(command, served.campaign, env=viewer)
        assert result.code == 0, (command, result)
    assert served.command("pause", served.campaign, env=viewer).code == 2
    assert refused(url("poku_viewer"), "UPDATE poku.contacts SET state = 'pending'")
    assert refused(
        url("poku_viewer"),
        "SET default_transaction_read_only = off; UPDATE poku.contacts SET state = 'pending'",
    )
    erased = served.command("forget", served.campaign, "--to", numbers(1)[0], env=owner)
    assert erased.code == 0, erased


def test_only_the_three_users_may_connect_and_passwords_are_hashed(
    server: postgresql.Server,
) -> None:
    server.ask("CREATE ROLE stranger LOGIN")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(f"postgresql://stranger@/calls?host={server.folder}")
    kept = "SELECT rolname, rolpassword FROM pg_authid WHERE rolname LIKE 'poku%' ORDER BY 1"
    owner, viewer, worker = (password for _, password in server.ask(kept))
    assert str(owner).startswith("SCRAM-SHA-256$")
    assert (viewer, worker) == (None, None)
    assert PASSWORD not in (server.folder / "log").read_text()
