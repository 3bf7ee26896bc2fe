"""``recordings`` and ``output.recordings``: whole commands, from the call to the local copy."""

import hashlib
import signal
import stat
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.recording_host import Host, hosting
from tests.program import KEY, Folder, Process
from tests.recordings.recordings_world import wav
from tests.standin import StandIn, numbers


@pytest.fixture
def host() -> Iterator[Host]:
    with hosting() as host:
        yield host


@pytest.fixture
def recorded(
    served: Folder, standin: StandIn, host: Host, monkeypatch: pytest.MonkeyPatch
) -> Folder:
    """Three people to call, whose recordings are at the host under signed addresses."""
    link(monkeypatch, host)
    served.write_sheet([(f"A-{n}", to) for n, to in enumerate(numbers(3), 1)], ("id", "phone"))
    served.write(
        contacts={"file": "sheet.csv", "key": "id"}, prompt={"text": "Call."}, output="out.csv"
    )
    return served


def link(monkeypatch: pytest.MonkeyPatch, host: Host, sign: str = "SECRET") -> None:
    """Let the stand-in say where a number's recording is."""
    monkeypatch.setattr(
        "tests.standin.recording", lambda to: f"{host.url}/{to.lstrip('+')}.wav?sign={sign}"
    )


def keeps(folder: Folder) -> Folder:
    """Let the campaign keep its recordings."""
    folder.write(
        contacts={"file": "sheet.csv", "key": "id"},
        prompt={"text": "Call."},
        output={"file": "out.csv", "recordings": "copies"},
    )
    return folder


def copies(folder: Folder, name: str = "copies") -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in (folder.path / name).iterdir()
        if not path.name.startswith(".")
    }


ALL = ["A-1-1.wav", "A-2-1.wav", "A-3-1.wav"]


# --- the command -------------------------------------------------------------------------------


def test_recordings_are_fetched_once_and_said_to_be_there(recorded: Folder, host: Host) -> None:
    assert recorded.run().code == 0
    assert host.requests == []
    first = recorded.do("recordings", "copies")
    assert (first.code, first.out) == (0, "recordings: copies: 3 kept, 3 of them fetched now\n")
    assert copies(recorded) == dict.fromkeys(ALL, host.default)
    assert stat.S_IMODE((recorded.path / "copies" / ALL[0]).stat().st_mode) == 0o600
    for path, headers in host.requests:
        assert path.endswith(".wav?sign=SECRET")
        assert "authorization" not in headers
        assert KEY not in str(headers)
    again = recorded.do("recordings", "copies", "--verify")
    assert (again.code, again.out) == (0, "recordings: copies: 3 kept\n")
    assert len(host.requests) == 3
    assert recorded.command("ledger", "check", "campaign.yaml").code == 0


def test_json_tells_of_each_where_it_is_or_why_not(recorded: Folder, host: Host) -> None:
    recorded.run()
    number = numbers(3)[1].lstrip("+")
    host.statuses[f"/{number}.wav"] = 403
    told = recorded.do("recordings", "copies", "--json")
    assert told.code == 3
    found = told.json
    assert (found["kept"], found["fetched"], found["missing"]) == (2, 2, 1)
    assert found["folder"] == str(recorded.path / "copies")
    whole = host.default or b""
    assert found["recordings"] == [
        {
            "key": f"A-{n}",
            "row": n + 1,
            "attempt": 1,
            "file": None if n == 2 else str(recorded.path / "copies" / f"A-{n}-1.wav"),
            "size": None if n == 2 else len(whole),
            "sha256": None if n == 2 else hashlib.sha256(whole).hexdigest(),
            "why": "the link has expired, or may not be read (HTTP 403)" if n == 2 else None,
        }
        for n in (1, 2, 3)
    ]
    assert "SECRET" not in told.out + told.err


def test_missing_ones_are_named_by_their_rows_the_first_ten(recorded: Folder, host: Host) -> None:
    recorded.write_sheet([(f"A-{n}", to) for n, to in enumerate(numbers(12), 1)], ("id", "phone"))
    recorded.run()
    host.default = b"<html>no"
    told = recorded.do("recordings", "copies")
    assert told.code == 3
    assert told.out == "recordings: copies: 0 kept\n"
    lines = told.err.splitlines()
    assert lines[0] == "12 missing:"
    assert lines[1] == ("  row 2, attempt 1: what is at its address is a web page, not a recording")
    assert lines[-2] == "  and 2 more; --json lists all"
    assert lines[-1] == "To try again: poku-batch recordings campaign.yaml copies"
    assert len(lines) == 13
    host.default = wav(500)
    assert recorded.do("recordings", "copies").code == 0


def test_an_address_in_a_private_network_is_not_followed(
    recorded: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.standin.recording", lambda _: "http://169.254.169.254/SECRET")
    recorded.run()
    told = recorded.do("recordings", "copies")
    assert told.code == 3
    assert "leads to 169.254.169.254, a link-local address, and is not followed" in told.err
    assert "SECRET" not in told.err


def test_a_link_that_has_expired_is_asked_for_anew(
    recorded: Folder, host: Host, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin.generation = "second"
    recorded.run()
    for to in numbers(3):
        host.statuses[f"/{to.lstrip('+')}.wav"] = 410
    monkeypatch.setattr("tests.standin.recording", lambda to: f"{host.url}/fresh/{to[-1]}.wav")
    without_key = recorded.do("recordings", "copies", env={"POKU_API_KEY": ""})
    assert without_key.code == 3
    assert "the recording is there no longer (HTTP 410)" in without_key.err
    assert recorded.do("recordings", "copies").code == 0
    assert len([path for path in host.paths if path.startswith("/fresh/")]) == 3
    assert sorted(copies(recorded)) == ALL


def test_what_is_gone_or_moved_is_seen_to(recorded: Folder, host: Host) -> None:
    recorded.run()
    recorded.do("recordings", "copies")
    (recorded.path / "copies").rename(recorded.path / "moved")
    (recorded.path / "moved" / "A-2-1.wav").unlink()
    (recorded.path / "moved" / "A-3-1.wav").write_bytes(b"cut")
    told = recorded.do("recordings", "moved")
    assert told.out == "recordings: moved: 3 kept, 2 of them fetched now\n"
    # What is not the copy may be anybody's, and is not written over.
    assert copies(recorded, "moved") == {
        "A-1-1.wav": host.default,
        "A-2-1.wav": host.default,
        "A-3-1.wav": b"cut",
        "A-3-1 (2).wav": host.default,
    }
    elsewhere = recorded.do("recordings", "another")
    assert elsewhere.out == (
        "recordings: another: 3 kept\n3 of them are where they were kept before: moved\n"
    )


def test_a_person_is_forgotten_with_their_recordings(recorded: Folder, host: Host) -> None:
    recorded.run()
    recorded.do("recordings", "copies")
    told = recorded.command("forget", "campaign.yaml", "--to", numbers(3)[0])
    assert told.code == 0
    assert "1 recording deleted\n" in told.out
    assert sorted(copies(recorded)) == ALL[1:]
    (recorded.path / "copies").rename(recorded.path / "moved")
    told = recorded.command("forget", "campaign.yaml", "--to", numbers(3)[1])
    assert "1 recording not where they had been kept" in told.err
    assert sorted(copies(recorded, "moved")) == ALL[1:]
    assert recorded.do("recordings", "moved").out == "recordings: moved: 1 kept\n"


def test_without_a_folder_or_a_run_there_is_nothing_to_do(recorded: Folder) -> None:
    told = recorded.do("recordings")
    assert told.code == 2
    assert told.err == (
        "error: there is no folder for the recordings: name one after the campaign, or write it "
        "into the campaign as output.recordings\n"
    )
    told = recorded.do("recordings", "copies")
    assert told.code == 2
    assert "was never run" in told.err
    assert not (recorded.path / "copies").exists()
    told = recorded.do("recordings", "sheet.csv")
    assert told.code == 2
    assert "sheet.csv is a file, not a folder; name another folder" in told.err


def test_a_campaign_without_recordings_says_so(
    recorded: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.standin.recording", lambda _: None)
    recorded.run()
    told = recorded.do("recordings", "copies")
    assert (told.code, told.out) == (0, "demo: no call was recorded\n")


# --- whoever stops it --------------------------------------------------------------------------

LONG = wav(4 << 20)
#: What is sure on the disk of what has come: whole blocks.
CAME = (3 << 20) + 12_345


def started(folder: Folder, host: Host) -> Process:
    """A command that has got most of a long recording, and waits for the rest."""
    folder.write_sheet([("A-1", numbers(1)[0])], ("id", "phone"))
    folder.run()
    host.default, host.stops_after = LONG, CAME
    process = folder._program.start(
        "recordings", "campaign.yaml", "copies", cwd=folder.path, env=folder.env
    )
    assert host.stopped.wait(20)
    return process


def wait_for_part(folder: Folder, size: int) -> None:
    import time

    part = folder.path / "copies" / "A-1-1.wav.part"
    give_up = time.monotonic() + 10
    while not part.exists() or part.stat().st_size < size:
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_killed_in_the_middle_it_is_gone_on_with(recorded: Folder, host: Host) -> None:
    process = started(recorded, host)
    wait_for_part(recorded, 2 << 20)
    process.signal(signal.SIGKILL)
    process.ended()
    assert sorted(copies(recorded)) == ["A-1-1.wav.part", "A-1-1.wav.part.json"]
    host.stops_after = None
    again = recorded.do("recordings", "copies", "--json")
    assert again.code == 0
    assert copies(recorded) == {"A-1-1.wav": LONG}
    assert again.json["recordings"][0]["sha256"] == hashlib.sha256(LONG).hexdigest()
    first, second = host.ranges
    assert first is None
    assert second is not None
    assert int(second.removeprefix("bytes=").removesuffix("-")) >= 1 << 20


def test_ctrl_c_leaves_at_once_and_nothing_is_lost(recorded: Folder, host: Host) -> None:
    process = started(recorded, host)
    wait_for_part(recorded, 2 << 20)
    process.signal()
    left = process.ended().checked()
    assert left.code == 4
    assert left.err.endswith(
        "stopped; what was fetched is kept. To go on: poku-batch recordings campaign.yaml copies\n"
    )
    host.stops_after = None
    assert recorded.do("recordings", "copies").code == 0
    assert copies(recorded) == {"A-1-1.wav": LONG}
    first, second = host.ranges
    assert first is None
    assert second is not None
    assert 2 << 20 < int(second.removeprefix("bytes=").removesuffix("-")) <= CAME


def test_two_at_once_do_not_meet(recorded: Folder, host: Host) -> None:
    process = started(recorded, host)
    other = recorded.do("recordings", "copies")
    assert other.code == 2
    assert "another program puts recordings there just now" in other.err
    host.stops_after = None
    assert process.ended().code == 0


def test_a_person_forgotten_meanwhile_leaves_nothing(recorded: Folder, host: Host) -> None:
    process = started(recorded, host)
    wait_for_part(recorded, 2 << 20)
    told = recorded.command("forget", "campaign.yaml", "--to", numbers(1)[0])
    assert "1 recording deleted" in told.out
    host.stops_after = None
    assert process.ended().checked().code == 3
    assert copies(recorded) == {}


# --- beside a run ------------------------------------------------------------------------------


def test_a_run_keeps_what_its_calls_said(recorded: Folder, host: Host) -> None:
    ended = keeps(recorded).run("--json")
    assert ended.code == 0, ended
    assert ended.json["recordings"] == {"kept": 3, "missing": 0}
    assert copies(recorded) == dict.fromkeys(ALL, host.default)
    assert recorded.do("recordings").out == "recordings: copies: 3 kept\n"
    assert [row["call_recording_url"] for row in recorded.results()] == [
        f"{host.url}/{to.lstrip('+')}.wav?sign=SECRET" for to in numbers(3)
    ]


def test_a_run_whose_host_is_silent_says_what_is_missing(
    recorded: Folder, host: Host, standin: StandIn
) -> None:
    host.stops_after = 100
    process = keeps(recorded).start()
    process.wait_for("the calls are over; recordings are still fetched, for 30 s at the most")
    assert recorded.states() == ["done"] * 3
    process.signal()
    left = process.ended().checked()
    assert left.code == 0, left
    assert "3 recordings are missing; links expire, so try again soon" in left.err
    assert "poku-batch recordings campaign.yaml" in left.err
    host.stops_after = None
    assert recorded.do("recordings").code == 0
    assert sorted(copies(recorded)) == ALL
    assert standin.numbers == numbers(3)


def test_recordings_that_cannot_be_had_change_nothing_about_the_calls(
    recorded: Folder, host: Host, standin: StandIn
) -> None:
    host.default = None
    ended = keeps(recorded).run()
    assert ended.code == 0
    assert "a recording is missing (row " in ended.err
    assert "the recording is not there (HTTP 404)); calls go on" in ended.err
    assert recorded.states() == ["done"] * 3
    assert standin.numbers == numbers(3)
    assert copies(recorded) == {}


def test_a_folder_that_cannot_be_is_told_before_anybody_is_called(
    recorded: Folder, standin: StandIn
) -> None:
    (recorded.path / "copies").write_text("a file")
    for told in (keeps(recorded).run(), recorded.do("check")):
        assert told.code == 2
        assert "copies is a file, not a folder; name another folder for the recordings" in told.err
    assert standin.calls == []


def test_a_folder_alone_leaves_the_results_where_they_are_by_default(recorded: Folder) -> None:
    recorded.write(
        contacts={"file": "sheet.csv", "key": "id"},
        prompt={"text": "Call."},
        output={"recordings": "copies"},
    )
    assert recorded.run().code == 0
    assert len(recorded.results("results/demo.csv")) == 3
    assert sorted(copies(recorded)) == ALL


# --- rehearsals --------------------------------------------------------------------------------


def test_a_rehearsal_keeps_recordings_of_its_own(folder: Folder) -> None:
    folder.people(numbers(6))
    folder.write(output={"file": "out.csv", "recordings": "copies"})
    ended = folder.command("run", "campaign.yaml", "--simulate", "--speed", "300", "--json")
    assert ended.code in {0, 3}
    kept = ended.json["recordings"]["kept"]
    assert kept > 0
    assert ended.json["recordings"]["missing"] == 0
    assert not (folder.path / "copies").exists()
    found = copies(folder, "copies.simulated")
    assert len(found) == kept
    for name in found:
        with wave.open(str(folder.path / "copies.simulated" / name)) as sound:
            assert sound.getnframes() > 0


def test_a_rehearsals_recordings_can_be_fetched_after_it(folder: Folder) -> None:
    folder.people(numbers(6))
    folder.write(output={"file": "out.csv", "recordings": "copies"})
    folder.command("run", "campaign.yaml", "--simulate", "--speed", "300")
    before = copies(folder, "copies.simulated")
    first = next(iter(before))
    (folder.path / "copies.simulated" / first).unlink()
    told = folder.do("recordings", "--simulate")
    assert told.code == 0, told
    assert told.out == (
        f"recordings: copies.simulated: {len(before)} kept, 1 of them fetched now\n"
    )
    assert copies(folder, "copies.simulated") == before


def test_a_fresh_rehearsal_takes_the_recordings_of_earlier_ones_away(folder: Folder) -> None:
    folder.people(numbers(6))
    folder.write(output={"file": "out.csv", "recordings": "copies"})
    args = ("run", "campaign.yaml", "--simulate", "--speed", "300")
    folder.command(*args)
    before = copies(folder, "copies.simulated")
    (folder.path / "copies.simulated" / "mine.wav").write_bytes(b"mine")
    folder.command(*args, "--fresh")
    after = copies(folder, "copies.simulated")
    assert after.pop("mine.wav") == b"mine"
    assert sorted(after) == sorted(before)
    assert after != before


@pytest.mark.parametrize("option", ["--concurrency=0", "--concurrency=65"])
def test_too_many_or_none_at_once_is_refused(recorded: Folder, option: str) -> None:
    assert recorded.do("recordings", "copies", option).code == 2


def test_a_terminal_shows_a_bar(recorded: Folder, host: Host) -> None:
    recorded.run()
    shown = recorded._program.spawn(
        "recordings", "campaign.yaml", "copies", cwd=recorded.path, env=recorded.env
    )
    shown.expect("recordings: copies: 3 kept, 3 of them fetched now")
    shown.wait()
    assert shown.exitstatus == 0
    assert Path(recorded.path / "copies" / ALL[2]).exists()
