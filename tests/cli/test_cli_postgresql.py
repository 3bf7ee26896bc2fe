"""Whole commands with a ledger in PostgreSQL: all that it takes is the variable."""

import signal
from collections.abc import Iterator

import pytest

from tests.ledger.ledger_raw import raw
from tests.postgresql import Server
from tests.program import Folder
from tests.standin import StandIn, numbers, summary, twice

PASSWORD = "s3cret-Pa55"  # noqa: S105  # of nobody: the server trusts everybody on its socket


@pytest.fixture
def url(postgresql_server: Server) -> Iterator[str]:
    with postgresql_server.ledger() as found:
        yield found


@pytest.fixture
def on_postgresql(served: Folder, url: str) -> Folder:
    """A served folder whose ledger is in PostgreSQL, by an address with a password."""
    served.env["POKU_BATCH_LEDGER"] = url.replace("postgres@", f"postgres:{PASSWORD}@")
    return served


def prepare(folder: Folder, people: int, **keys: object) -> list[str]:
    """Write a campaign for so many people; gives their numbers."""
    found = numbers(people)
    folder.write_sheet(
        [(f"k{n}", f"Person {n}", phone) for n, phone in enumerate(found)], ("id", "name", "phone")
    )
    folder.write(contacts={"file": "sheet.csv", "key": "id"}, **keys)
    return found


def test_a_variable_is_all_that_a_run_needs(
    on_postgresql: Folder, standin: StandIn, url: str
) -> None:
    folder = on_postgresql
    people = prepare(folder, 40)

    result = folder.run()

    assert result.code == 0, result
    assert standin.numbers == sorted(people)
    rows = folder.results()
    assert [(row["call_status"], row["call_summary"]) for row in rows] == [
        ("done", summary(phone)) for phone in people
    ]
    assert not folder.ledger.exists()
    again = folder.run()
    assert (again.code, len(standin.calls)) == (0, 40)
    said = [result, again]
    said += [
        folder.command("status", folder.campaign),
        folder.command("history", folder.campaign, "--key", "k3"),
        folder.command("export", folder.campaign, "-o", folder.path / "again.csv"),
        folder.command("ledger", "check", folder.campaign),
        folder.command("pause", folder.campaign),
        folder.command("resume", folder.campaign),
        folder.command("report", folder.campaign),
        folder.command("forget", folder.campaign, "--to", people[5]),
        folder.command("check", folder.campaign),
        folder.command("do-not-call", "add", folder.campaign, "+14155559999"),
        folder.command("do-not-call", "list", folder.campaign),
    ]
    assert {one.code for one in said} == {0}
    assert (folder.path / "again.csv").read_bytes() == (folder.path / "out.csv").read_bytes()
    refused = folder.command("ledger", "backup", folder.campaign, folder.path / "copy.db")
    assert refused.code == 2
    assert "pg_dump" in refused.err
    for one in (*said, refused):
        assert PASSWORD not in one.out + one.err
    with raw(url) as connection:
        assert connection.execute("SELECT COUNT(*) FROM attempts").fetchone() == (40,)


def test_a_rehearsal_has_its_own_file_whatever_the_variable_says(
    on_postgresql: Folder, standin: StandIn, url: str
) -> None:
    folder = on_postgresql
    prepare(folder, 3)
    assert folder.command("run", folder.campaign, "--simulate").code == 0
    assert (folder.path / ".poku-batch" / "simulated.db").is_file()
    assert standin.calls == []
    with raw(url) as connection:
        assert connection.execute("SELECT COUNT(*) FROM campaigns").fetchone() == (0,)


def test_a_run_outlasts_a_database_that_falls_over(
    on_postgresql: Folder, standin: StandIn, postgresql_server: Server
) -> None:
    standin.hold_s = 0.15
    folder = on_postgresql
    people = prepare(folder, 120, limits={"concurrency": 12})
    process = folder.start()
    for calls in (20, 60):
        standin.wait_for(calls)
        postgresql_server.restart()
    result = process.ended().checked()
    assert twice(standin.numbers) == []
    states = [row["call_status"] for row in folder.results()]
    # Every call that was answered is known: a result is written until it is in.
    assert (result.code, states.count("done"), len(standin.calls)) == (0, 120, 120), result
    assert PASSWORD not in result.out + result.err
    assert standin.numbers == sorted(people)


def test_a_killed_run_is_gone_on_with_and_only_open_calls_are_unknown(
    on_postgresql: Folder, standin: StandIn
) -> None:
    standin.hold_s = 0.1
    folder = on_postgresql
    prepare(folder, 60, limits={"concurrency": 6})
    open_calls = 0
    for calls in (15, 35):
        process = folder.start()
        standin.wait_for(calls)
        open_calls += standin.open + 6
        process.signal(signal.SIGKILL)
        process.ended()
    result = folder.run()
    assert twice(standin.numbers) == []
    states = [row["call_status"] for row in folder.results()]
    assert states.count("done") + states.count("unknown") == 60
    assert result.code == (3 if "unknown" in states else 0), result
    assert states.count("unknown") <= open_calls


def test_of_two_runs_at_once_one_is_refused(on_postgresql: Folder, standin: StandIn) -> None:
    standin.hold_s = 0.2
    folder = on_postgresql
    people = prepare(folder, 20, limits={"concurrency": 4})
    processes = [folder.start(), folder.start()]
    codes = sorted(process.ended().checked().code for process in processes)
    assert codes == [0, 2]
    assert standin.numbers == sorted(people)


def test_a_folders_ledger_moves_into_a_database_and_nobody_is_called_from_both(
    on_postgresql: Folder, standin: StandIn, url: str
) -> None:
    folder = on_postgresql
    people = prepare(folder, 12)
    there = folder.env.pop("POKU_BATCH_LEDGER")
    assert folder.run("--limit", "5").code == 4
    moved = folder.command("ledger", "copy", folder.ledger, there)
    assert moved.code == 0, moved
    assert "12 contacts, 5 attempts" in moved.out
    left_behind = folder.run("--no-wait")
    assert (left_behind.code, len(standin.calls)) == (5, 5), left_behind
    folder.env["POKU_BATCH_LEDGER"] = there
    assert folder.run().code == 0
    assert standin.numbers == sorted(people)
    again = folder.command("ledger", "copy", folder.ledger, there)
    assert again.code == 2
    assert "writes over nothing" in again.err
    for one in (moved, left_behind, again):
        assert PASSWORD not in one.out + one.err


def test_a_database_that_is_not_there_is_told_without_the_password(
    served: Folder, standin: StandIn
) -> None:
    prepare(served, 2)
    served.env["POKU_BATCH_LEDGER"] = f"postgresql://ann:{PASSWORD}@127.0.0.1:1/calls"
    result = served.run()
    assert result.code == 2
    assert "postgresql://ann@127.0.0.1:1/calls" in result.err
    assert "cannot be reached" in result.err
    assert PASSWORD not in result.out + result.err
    assert standin.calls == []
