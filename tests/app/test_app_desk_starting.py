"""Runs that are started from the desk: what was checked and agreed to, once, by real processes."""

import http.server
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from poku_batch.app.desk.desk import FolderDesk
from poku_batch.app.desk.prints import fingerprint
from poku_batch.app.desk.starts import KILLED, Starts
from poku_batch.app.desk.tickets import LASTS_S, Ticket, Tickets
from poku_batch.app.running import run_campaign
from poku_batch.campaign import load_campaign
from poku_batch.dashboard.desk import Desk, DeskError
from poku_batch.errors import CampaignBusyError
from poku_batch.ledger import open_ledger
from poku_batch.models import CampaignId, ContactKey, RunEnding, Selection
from tests.app.desk_world import (
    DEMO,
    KEY,
    checked,
    chunks,
    ended,
    entry_of,
    left_with,
    sheet_of,
    write_campaign,
)
from tests.standin import StandIn, numbers

pytestmark = pytest.mark.anyio


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn() as api:
        yield api


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A campaign of three people, in an environment without a key."""
    for name in ("POKU_API_KEY", "POKU_BASE_URL", "POKU_BATCH_LEDGER"):
        monkeypatch.delenv(name, raising=False)
    write_campaign(tmp_path)
    (tmp_path / "sheet.csv").write_text(sheet_of(numbers(3)), encoding="utf-8")
    return tmp_path


@pytest.fixture
def served(folder: Path, standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, with a key and the stand-in for the API."""
    monkeypatch.setenv("POKU_API_KEY", KEY)
    monkeypatch.setenv("POKU_BASE_URL", standin.url)
    return folder


def desk_of(folder: Path) -> FolderDesk:
    return FolderDesk(folder, shown=folder.name)


def environment_of(pid: int) -> str:
    return Path(f"/proc/{pid}/environ").read_text(encoding="utf-8")


def assert_no_key(folder: Path) -> None:
    for path in folder.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path


async def test_an_uploaded_sheet_is_checked_and_rehearsed_and_its_results_are_there(
    served: Path, standin: StandIn
) -> None:
    # What lies in the folder is nobody's module.
    for name in ("json.py", "yaml.py", "poku_batch.py"):
        (served / name).write_text("raise SystemExit(99)", encoding="utf-8")
    people = numbers(2, first=10)
    async with desk_of(served) as desk:
        implemented: Desk = desk
        assert implemented.may_call
        entry = await entry_of(desk, simulated=True)
        upload = await desk.keep_upload(
            entry, "people\x1b[2J.csv", chunks(sheet_of(people).encode())
        )
        found = await desk.check(entry, upload=upload)
        assert "sheet     people [2J.csv, in place of sheet.csv" in found.text
        assert "A run would now call 2" in found.text
        assert "\x1b" not in found.text
        assert (found.to_call, found.later) == (2, 0)
        assert found.cost == "about 0.50 USD: 2 calls, 4 minutes"
        assert found.ticket is not None
        await desk.start(entry, found.ticket, speed=60)
        begun = (await desk.starts(entry))[0]
        assert begun.exit_code is None
        assert KEY not in environment_of(begun.pid)
        done = await ended(desk, entry)
        assert (done.exit_code, done.simulated, done.pid) == (0, True, begun.pid)
        assert "results: out.simulated.csv" in done.text
        assert "sheet            people [2J.csv, in place of sheet.csv" in done.text
        assert not await desk.starts(await entry_of(desk, simulated=False))
    rows = (served / "out.simulated.csv").read_text().splitlines()
    assert [row.split(",")[1] for row in rows[1:]] == people
    assert not standin.calls
    assert_no_key(served)


async def test_a_real_start_rings_each_once_however_often_it_is_asked_for(
    served: Path, standin: StandIn
) -> None:
    standin.held = True
    async with desk_of(served) as desk:
        entry = await entry_of(desk, simulated=False)
        ticket = await checked(desk, entry)
        other = await checked(desk, entry)
        outcomes: list[str] = []

        async def start(name: str) -> None:
            try:
                await desk.start(entry, name)
                outcomes.append("started")
            except DeskError as error:
                outcomes.append(str(error))

        async with anyio.create_task_group() as tasks:
            for name in (ticket, ticket, other):
                tasks.start_soon(start, name)
        assert max(outcomes) == "started"
        assert all("is being run already" in words for words in sorted(outcomes)[:-1])
        await anyio.to_thread.run_sync(standin.wait_for, 3)
        with pytest.raises(DeskError, match="is being run already"):
            await desk.start(entry, other)
        standin.held = False
        done = await ended(desk, entry)
        assert done.exit_code == 0
        assert len(await desk.starts(entry)) == 1
        with pytest.raises(DeskError, match="this check is used up, or older than 10 minutes"):
            await desk.start(entry, ticket)
        # The other check was of everybody; nobody is left, and nobody is called.
        await desk.start(entry, other)
        assert (await ended(desk, entry)).exit_code == 0
    assert standin.numbers == numbers(3)
    assert_no_key(served)


async def test_a_run_from_elsewhere_keeps_a_second_one_from_starting(
    served: Path, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk_of(served) as desk:
        entry = await entry_of(desk, simulated=False)
        ticket = await checked(desk, entry)
        ledger = str(served / ".poku-batch" / "ledger.db")
        async with open_ledger(ledger) as held:
            run = await held.open_run(DEMO, at=datetime.now(UTC))
            # Whatever the desk knows of it: the campaign's lock decides.
            monkeypatch.setattr(FolderDesk, "_require_idle", lambda *_: anyio.lowlevel.checkpoint())
            await desk.start(entry, ticket)
            refused = await ended(desk, entry)
            await run.close(RunEnding.STOPPED, at=datetime.now(UTC))
    assert refused.exit_code == CampaignBusyError.exit_code
    assert "is being run" in refused.text or "another run" in refused.text
    assert not standin.calls


async def test_two_dashboards_that_start_at_once_ring_each_once(
    served: Path, standin: StandIn
) -> None:
    standin.held = True
    async with desk_of(served) as one, desk_of(served) as other:
        entry = await entry_of(one, simulated=False)
        tickets = [(desk, await checked(desk, entry)) for desk in (one, other)]
        async with anyio.create_task_group() as tasks:
            for desk, ticket in tickets:
                tasks.start_soon(desk.start, entry, ticket)
        await anyio.to_thread.run_sync(standin.wait_for, 3)
        await left_with(one, entry, {None, 2})
        standin.held = False
        await left_with(other, entry, {0, 2})
    assert standin.numbers == numbers(3)


async def test_a_run_goes_on_when_the_dashboard_is_killed_and_the_next_one_tells_of_it(
    served: Path, standin: StandIn
) -> None:
    standin.held = True
    script = """
import anyio, sys, time
from pathlib import Path
from poku_batch.app.desk.desk import FolderDesk
from tests.app.desk_world import checked, entry_of
async def main():
    async with FolderDesk(Path(sys.argv[1]), shown=".") as desk:
        entry = await entry_of(desk, simulated=False)
        await desk.start(entry, await checked(desk, entry))
        print("started", flush=True)
        await anyio.sleep_forever()
anyio.run(main)
"""
    with subprocess.Popen(  # noqa: ASYNC220 – it is waited for as a person would
        [sys.executable, "-c", script, str(served)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        start_new_session=True,
    ) as dashboard:
        assert dashboard.stdout is not None
        assert dashboard.stdout.readline() == b"started\n"
        await anyio.to_thread.run_sync(standin.wait_for, 3)
        os.killpg(dashboard.pid, signal.SIGKILL)
    async with desk_of(served) as desk:
        entry = await entry_of(desk, simulated=False)
        assert (await desk.starts(entry))[0].exit_code is None
        with pytest.raises(DeskError, match="is being run already"):
            await desk.start(entry, await checked(desk, entry))
        standin.held = False
        assert (await ended(desk, entry)).exit_code == 0
    assert standin.numbers == numbers(3)


async def test_a_run_that_was_killed_is_said_to_be_and_the_next_one_calls_nobody_again(
    served: Path, standin: StandIn
) -> None:
    standin.held = True
    async with desk_of(served) as desk:
        entry = await entry_of(desk, simulated=False)
        await desk.start(entry, await checked(desk, entry))
        await anyio.to_thread.run_sync(standin.wait_for, 3)
        begun = (await desk.starts(entry))[0]
        os.kill(begun.pid, signal.SIGKILL)
        dead = await ended(desk, entry)
        assert dead.exit_code == KILLED
        assert "It left without a word: it was killed" in dead.text
        standin.held = False
        await desk.start(entry, await checked(desk, entry))
        assert (await ended(desk, entry)).exit_code == 3  # they may have been called: unknown
    assert standin.numbers == numbers(3)


async def test_without_a_key_nobody_can_be_called_for_real(folder: Path) -> None:
    async with desk_of(folder) as desk:
        assert not desk.may_call
        entry = await entry_of(desk, simulated=False)
        ticket = await checked(desk, entry)
        with pytest.raises(DeskError, match=r"POKU_API_KEY is not set.*Nobody was called"):
            await desk.start(entry, ticket)
        assert not await desk.starts(entry)
        with pytest.raises(DeskError, match="of another campaign, or of a rehearsal"):
            await desk.start(await entry_of(desk, simulated=True), ticket)
    assert not (folder / ".poku-batch" / "ledger.db").exists()


async def test_a_sheet_that_changed_since_its_check_is_not_called(
    served: Path, standin: StandIn
) -> None:
    async with desk_of(served) as desk:
        entry = await entry_of(desk, simulated=False)
        ticket = await checked(desk, entry)
        # As many people as before, but others.
        (served / "sheet.csv").write_text(sheet_of(numbers(3, first=7)), encoding="utf-8")
        with pytest.raises(DeskError, match=r"has changed since the check: check again"):
            await desk.start(entry, ticket)
        with pytest.raises(DeskError, match="used up"):
            await desk.start(entry, ticket)
        assert not await desk.starts(entry)
    assert not standin.calls


async def test_more_calls_than_were_agreed_to_are_not_begun(served: Path, standin: StandIn) -> None:
    summary = await run_campaign(served / "demo.yaml")
    assert summary.counts.total == 3
    async with desk_of(served) as desk:
        entry = await entry_of(desk, simulated=False)
        found = await desk.check(entry)
        assert (found.to_call, found.later, found.cost) == (0, 0, "")
        assert found.ticket is not None
        key = ContactKey(numbers(1)[0])
        await desk.put_back(entry, Selection(keys=(key,)), agreed=1)
        await desk.start(entry, found.ticket)
        refused = await ended(desk, entry)
    assert refused.exit_code == 2
    assert "the plan has changed: 1 would be called, 0 were agreed to" in refused.text
    assert standin.numbers == numbers(3)


async def test_a_linked_sheet_is_called_as_it_was_checked(served: Path, standin: StandIn) -> None:
    with linked(sheet_of(numbers(2)).encode()) as (url, change):
        write_campaign(served, contacts=url)
        async with desk_of(served) as desk:
            entry = await entry_of(desk, simulated=False)
            found = await desk.check(entry)
            assert f"people.csv, in place of {url}" in found.text
            assert found.ticket is not None
            change(sheet_of(numbers(2, first=5)).encode())
            await desk.start(entry, found.ticket)
            assert (await ended(desk, entry)).exit_code == 0
    assert standin.numbers == numbers(2)


async def test_a_sheet_on_standard_input_has_to_be_uploaded(folder: Path) -> None:
    write_campaign(folder, contacts="-")
    async with desk_of(folder) as desk:
        entry = await entry_of(desk, simulated=True)
        with pytest.raises(DeskError, match="from standard input; upload one"):
            await desk.check(entry)
        upload = await desk.keep_upload(entry, "a.csv", chunks(sheet_of(numbers(1)).encode()))
        assert (await desk.check(entry, upload=upload)).to_call == 1


async def test_a_check_that_finds_faults_gives_its_words_and_no_ticket(folder: Path) -> None:
    async with desk_of(folder) as desk:
        entry = await entry_of(desk, simulated=False)
        upload = await desk.keep_upload(entry, "people.csv", chunks(b"PK\x00\xff\x00not a sheet"))
        found = await desk.check(entry, upload=upload)
        assert found.ticket is None
        assert found.text.startswith("error: people.csv: ")
        write_campaign(folder, prompt={"text": "Hello {{ nobody }}."})
        found = await desk.check(await entry_of(desk, simulated=False))
        assert found.ticket is None
        assert "nobody" in found.text
        (folder / "demo.yaml").write_text("name: demo\ncontacts: sheet.csv\nprmpt: x\n")
        entry = await entry_of(desk, simulated=False)
        found = await desk.check(entry)
        assert found.ticket is None
        assert "prmpt" in found.text
        with pytest.raises(DeskError, match="prmpt"):
            await desk.start(entry, "a ticket")


async def test_a_relative_place_of_the_ledger_is_the_same_for_whoever_is_started(
    served: Path,
    standin: StandIn,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    monkeypatch.setenv("POKU_BATCH_LEDGER", "books.db")
    await run_campaign(served / "demo.yaml", limit=2)
    async with desk_of(served) as desk:
        entry = await entry_of(desk, simulated=False)
        found = await desk.check(entry)
        assert found.to_call == 1
        assert found.ticket is not None
        await desk.start(entry, found.ticket)
        assert (await ended(desk, entry)).exit_code == 0
    assert standin.numbers == numbers(3)
    assert not (served / "books.db").exists()


def test_a_ticket_is_good_for_some_minutes_once_and_for_one_campaign() -> None:
    now = 0.0
    tickets = Tickets(lambda: now)
    other = CampaignId(name="other", wave="")
    ticket = Ticket(campaign=DEMO, simulated=False, upload="u", fingerprint="f", agreed=3)
    names = [tickets.give(ticket) for _ in range(3)]
    assert len(set(names)) == 3
    assert tickets.uploads() == {"u"}
    for campaign, simulated in ((other, False), (DEMO, True)):
        with pytest.raises(DeskError, match="another campaign, or of a rehearsal"):
            tickets.take(names[0], campaign, simulated=simulated)
    assert tickets.take(names[0], DEMO, simulated=False) == ticket
    for name in (names[0], "", "guess"):
        with pytest.raises(DeskError, match="used up, or older than 10 minutes"):
            tickets.take(name, DEMO, simulated=False)
    now = LASTS_S - 1
    assert tickets.take(names[1], DEMO, simulated=False) == ticket
    now = LASTS_S
    with pytest.raises(DeskError, match="used up, or older"):
        tickets.take(names[2], DEMO, simulated=False)
    assert not tickets.uploads()


@pytest.mark.parametrize(
    "changed", ["demo.yaml", "sheet.csv", "prompt.md.j2", "greeting.md", "never.csv", "in/b.csv"]
)
def test_any_file_that_a_run_reads_is_part_of_what_was_checked(folder: Path, changed: str) -> None:
    (folder / "in").mkdir()
    for name, text in (
        ("prompt.md.j2", "{% include 'greeting.md' %} Call {{ name }}."),
        ("greeting.md", "Hello."),
        ("never.csv", "number\n+14155559999\n"),
        ("in/a.csv", sheet_of(numbers(1))),
        ("in/b.csv", sheet_of(numbers(2))),
    ):
        (folder / name).write_text(text, encoding="utf-8")
    contacts = "in/*.csv" if "in/" in changed else "sheet.csv"
    path = write_campaign(
        folder, contacts=contacts, prompt="prompt.md.j2", do_not_call=["never.csv"]
    )
    before = fingerprint(load_campaign(path))
    assert fingerprint(load_campaign(path)) == before
    with (folder / changed).open("a", encoding="utf-8") as file:
        file.write("\n")
    assert fingerprint(load_campaign(path)) != before


def test_starts_that_cannot_be_read_are_passed_over_and_old_ones_go(folder: Path) -> None:
    place = folder / ".poku-batch" / "starts"
    place.mkdir(parents=True)
    good = (
        '{"name": "demo", "wave": "", "simulated": true, "at": "2026-11-30T09:00:00+00:00", '
        '"pid": 1, "upload": %s}'
    )
    for n in range(25):
        name = f"20261130T0900{n:02}000000-00000000"
        (place / f"{name}.json").write_text(good % f'"{n:032x}"')
        (place / f"{name}.log").write_text(
            f"run {n}\n" + "\x1b[31mred\x1b[0m\x07\r\n" * 2 + "x" * 900
        )
        (place / f"{name}.ended").write_text("4\n")
    for n, text in enumerate(("", "{", "[]", '{"name": 1}', good % "{", "null")):
        (place / f"20261130T1000{n:02}000000-00000000.json").write_text(text)
    (place / "other.json").write_text(good % "null")
    starts = Starts(folder)
    told = starts.of(DEMO, simulated=True)
    assert [start.text.split("\n")[0] for start in told] == [f"run {n}" for n in range(24, 19, -1)]
    assert all(start.exit_code == 4 for start in told)
    assert told[0].text.split("\n")[1:3] == ["red", "red"]
    assert max(map(len, told[0].text.split("\n"))) == 500
    assert starts.uploads() == {f"{24:032x}"}
    assert not starts.of(DEMO, simulated=False)
    starts.prune()
    assert not (place / "20261130T090004000000-00000000.log").exists()
    assert (place / "20261130T090005000000-00000000.log").exists()
    starts.clear()
    assert not starts.of(DEMO, simulated=True)


@contextmanager
def linked(body: bytes) -> Iterator[tuple[str, Callable[[bytes], None]]]:
    """A sheet at an address of this machine, and what puts another there."""
    current = [body]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/csv")
            self.send_header("Content-Length", str(len(current[0])))
            self.end_headers()
            self.wfile.write(current[0])

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield (
                f"http://127.0.0.1:{server.server_port}/people.csv",
                lambda other: current.__setitem__(0, other),
            )
        finally:
            server.shutdown()
