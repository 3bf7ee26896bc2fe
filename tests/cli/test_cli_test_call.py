"""``test-call``: one call to one's own phone, which changes nothing of the campaign."""

import hashlib
import re
import signal
import socket
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests.program import Folder, Process, Program
from tests.standin import Act, Answer, Hang, Raw, StandIn, numbers, recording, said, summary

#: The phone of whoever tries the campaign out: in no sheet here.
_OWN = "+14155559999"


def start(folder: Folder, program: Program, *args: str) -> Process:
    return program.start(
        "test-call", "campaign.yaml", "--to", _OWN, *args, cwd=folder.path, env=folder.env
    )


def spawn(folder: Folder, program: Program, *args: str) -> "pexpect.spawn[str]":
    return program.spawn(
        "test-call",
        "campaign.yaml",
        *args,
        cwd=folder.path,
        env=folder.env,
        size=(40, 200),
    )


def left(terminal: "pexpect.spawn[str]") -> tuple[int | None, str]:
    """What a command at a terminal ends with, and what it says until then."""
    terminal.expect(pexpect.EOF)
    terminal.close()
    return terminal.exitstatus, str(terminal.before)


def stamps(path: Path) -> dict[str, tuple[int, str]]:
    """Every file with its time and a digest of what is in it."""
    return {
        str(file.relative_to(path)): (
            file.stat().st_mtime_ns,
            hashlib.sha256(file.read_bytes()).hexdigest(),
        )
        for file in path.rglob("*")
        if file.is_file()
    }


def test_a_row_is_spoken_to_ones_own_phone_once(served: Folder, standin: StandIn) -> None:
    served.write(
        prompt={"text": "Hello {{ name }}, {{ contact.to }}."},
        call={"from": "+14155550100", "language": "de-DE"},
        outcomes={"glad": ["glad to hear"]},
    )
    served.people(numbers(3))
    result = served.do("test-call", "--to", _OWN, "--row", "3", "--yes")
    assert result.code == 0, result
    (call,) = standin.requests
    assert call.json == {
        "to": _OWN,
        "from": "+14155550100",
        "language": "de-DE",
        "prompt": f"Hello Person 2, {numbers(2)[1]}.",
    }
    lines = result.out.splitlines()
    assert lines[:5] == [
        "the call ended: glad",
        "by         glad to hear",
        f"summary    {summary(_OWN)}",
        f"recording  {recording(_OWN)}",
        "ID         call-1-14155559999",
    ]
    assert re.fullmatch(r"length     \d s, about 0\.12 USD", lines[5])
    for words in (
        f"demo: a test call with the prompt of row 3, key {numbers(2)[1]}",
        f"to     {_OWN}, (415) 555-9999, US (United States)",
        f"from   +14155550100, through {standin.url}",
        "cost   about 0.25 USD, for 2 min at 0.125 a minute",
    ):
        assert words in result.err


def test_a_call_of_the_second_generation_is_followed_to_its_end(
    served: Folder, standin: StandIn
) -> None:
    standin.generation = "second"
    served.people(numbers(1))
    result = served.do("test-call", "--to", _OWN, "--yes", "--json")
    assert result.code == 0
    assert len(standin.calls) == 1
    identity = "call-1-14155559999"
    assert f"placed as {identity}" in result.err
    told = result.json
    assert 0 < told.pop("duration_s") < 20
    assert told == {
        "campaign": "demo",
        "wave": "",
        "row": 2,
        "key": numbers(1)[0],
        "to": _OWN,
        "from": "+14155550100",
        "simulated": False,
        "ending": "ended",
        "why": None,
        "outcome": "completed",
        "evidence": None,
        "opted_out": None,
        "summary": summary(_OWN),
        "recording_url": recording(_OWN),
        "interaction_id": identity,
        "cost": "0.125",
        "exit_code": 0,
    }


def failing(status: int, words: str = "no", *headers: tuple[str, str]) -> Answer:
    return Answer(status=status, body={"error": words}, headers=headers)


#: What a placement meets; the exit code, the ending, and words of what is said.
_FAILURES: tuple[tuple[str, Act, int, str, str], ...] = (
    ("429", failing(429), 3, "turned_away", "no phone rang"),
    ("429 wait", failing(429, "no", ("Retry-After", "7")), 3, "turned_away", "wait 7 s"),
    ("503 wait", failing(503, "no", ("Retry-After", "7")), 3, "turned_away", "wait 7 s"),
    ("400", failing(400, "bad prompt"), 3, "rejected", "bad prompt"),
    ("422", failing(422, "bad prompt"), 3, "rejected", "bad prompt"),
    ("401", failing(401), 4, "refused", "refuses every call"),
    ("402", failing(402), 4, "refused", "refuses every call"),
    ("403", failing(403), 4, "refused", "refuses every call"),
    ("404", failing(404), 4, "refused", "refuses every call"),
    ("closed", Raw(), 3, "unknown", "may have rung"),
    ("half", Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"), 3, "unknown", "may have rung"),
    ("408", failing(408), 3, "unknown", "may have rung"),
    ("500", failing(500), 3, "unknown", "may have rung"),
    ("502", failing(502), 3, "unknown", "may have rung"),
    ("503", failing(503), 3, "unknown", "may have rung"),
    ("504", failing(504), 3, "unknown", "may have rung"),
    ("unreadable", Answer(body=b"<html>"), 3, "unknown", "may have rung"),
    ("hangs", Hang(), 3, "unknown", "may have rung"),
    ("nobody", failing(500, "human did not respond"), 0, "ended", "the call ended: no_answer"),
    ("no number", failing(400, "invalid to number"), 3, "ended", "the call ended: invalid_number"),
    ("too long", failing(500, "timeout"), 0, "ended", "the call ended: timed_out"),
)


@pytest.mark.parametrize(
    ("act", "code", "ending", "words"),
    [failure[1:] for failure in _FAILURES],
    ids=[failure[0] for failure in _FAILURES],
)
def test_whatever_goes_wrong_the_call_is_placed_exactly_once(
    served: Folder, standin: StandIn, act: Act, code: int, ending: str, words: str
) -> None:
    served.write(api={"call_timeout": "500ms", "poll_interval": "100ms"})
    served.people(numbers(1))
    standin.act(_OWN, act)
    told = served.do("test-call", "--to", _OWN, "--yes")
    assert told.code == code
    assert words in told.out
    assert [call.json["to"] for call in standin.calls] == [_OWN]
    standin.act(_OWN, act)
    again = served.do("test-call", "--to", _OWN, "--yes", "--json")
    assert (again.code, again.json["exit_code"], again.json["ending"]) == (code, code, ending)
    assert len(standin.calls) == 2
    assert served.names() == {"campaign.yaml", "sheet.csv"}


def test_an_api_that_cannot_be_reached_rings_nobody(served: Folder) -> None:
    served.people(numbers(1))
    with socket.socket() as taken:  # bound, and not listening: connections are refused
        taken.bind(("127.0.0.1", 0))
        served.serve(f"http://127.0.0.1:{taken.getsockname()[1]}")
        result = served.do("test-call", "--to", _OWN, "--yes", "--json")
    assert (result.code, result.json["ending"]) == (4, "unreached")


def test_a_call_whose_end_is_never_told_is_unknown_with_its_id(
    served: Folder, standin: StandIn
) -> None:
    standin.generation = "second"
    standin.held = True
    served.write(api={"call_timeout": "300ms", "poll_interval": "100ms"})
    served.people(numbers(1))
    result = served.do("test-call", "--to", _OWN, "--yes", "--json")
    assert (result.code, result.json["ending"]) == (3, "unknown")
    assert result.json["interaction_id"] == "call-1-14155559999"
    assert len(standin.calls) == 1


def test_neither_the_ledger_nor_anything_else_is_changed(served: Folder, standin: StandIn) -> None:
    heard = served.path / "heard"
    served.write(
        hooks={
            "on_result": {"command": ["touch", str(heard)]},
            "on_finish": {"command": ["touch", str(heard)]},
        },
    )
    served.people(numbers(2))
    assert served.run("--limit", "1").code == 4
    heard.unlink()
    before = stamps(served.path)
    standin.act(_OWN, said("They asked us to never call again."))
    result = served.do("test-call", "--to", _OWN, "--row", "3", "--yes")
    assert result.code == 0
    assert "A test call puts nobody there" in result.err
    assert stamps(served.path) == before
    assert served.run().code == 0
    assert standin.numbers == sorted([*numbers(2), _OWN])


@pytest.mark.parametrize("kind", ["file", "folder", "heard in a call"])
@pytest.mark.parametrize("options", [("--yes",), ("--simulate",)])
def test_a_number_on_a_do_not_call_list_is_refused(
    served: Folder, standin: StandIn, program: Program, kind: str, options: tuple[str, ...]
) -> None:
    served.people(numbers(1))
    if kind == "file":
        (served.path / "dnc.txt").write_text(f"{_OWN}\n")
        served.write(do_not_call=["dnc.txt"])
    elif kind == "folder":
        added = program.run("do-not-call", "add", "campaign.yaml", _OWN, cwd=served.path)
        assert added.code == 0, added
    else:
        served.people([_OWN])
        standin.act(_OWN, said("They asked us to never call again."))
        assert served.run().code == 0
    before = len(standin.requests)
    result = served.do("test-call", "--to", _OWN, *options)
    assert result.code == 2
    assert f"{_OWN} is on the do-not-call list" in result.err
    assert len(standin.requests) == before


def test_a_number_that_was_forgotten_for_good_is_refused(
    served: Folder, standin: StandIn, program: Program
) -> None:
    served.people([_OWN])
    assert served.run().code == 0
    forget = ("forget", "campaign.yaml", "--to", _OWN, "--keep-hash")
    done = program.run(*forget, cwd=served.path)
    if done.code == 2 and "--yes" in done.err:
        done = program.run(*forget, "--yes", cwd=served.path)
    assert done.code == 0, done
    result = served.do("test-call", "--to", _OWN, "--yes")
    assert result.code == 2
    assert "forgotten" in result.err
    assert len(standin.calls) == 1


@pytest.mark.parametrize(
    ("raw", "words"),
    [("12", "too short"), ("nobody", "no number"), ("911", "too short"), ("", "no number")],
)
def test_a_number_that_is_none_is_told_before_anything_else(
    served: Folder, standin: StandIn, raw: str, words: str
) -> None:
    served.write(contacts={"file": "sheet.csv", "region": "US"})
    result = served.do("test-call", "--to", raw, "--yes")
    assert result.code == 2
    assert words in result.err
    assert "write it as +14155550100" in result.err
    assert standin.requests == []


def test_a_number_is_read_as_the_sheet_s_are(served: Folder, standin: StandIn) -> None:
    served.write(contacts={"file": "sheet.csv", "phone": "phone", "region": "US"})
    served.people(numbers(1))
    assert served.do("test-call", "--to", "(415) 555-9999", "--yes").code == 0
    assert standin.numbers == [_OWN]


def test_without_a_key_or_somebody_to_ask_no_phone_rings(served: Folder, standin: StandIn) -> None:
    served.people(numbers(1))
    no_key = served.do("test-call", "--to", _OWN, "--yes", env={"POKU_API_KEY": ""})
    assert no_key.code == 2
    assert "POKU_API_KEY is not set" in no_key.err
    nobody = served.do("test-call", "--to", _OWN)
    assert nobody.code == 2
    assert "add --yes" in nobody.err
    assert standin.requests == []


@pytest.mark.parametrize(
    ("row", "phone", "words"),
    [("2", "12", "no call can be made of row 2"), ("9", "+14155550000", "its last is row 2")],
)
def test_a_row_of_which_no_call_can_be_made_is_refused(
    served: Folder, standin: StandIn, row: str, phone: str, words: str
) -> None:
    served.people([phone])
    result = served.do("test-call", "--to", _OWN, "--row", row, "--yes")
    assert result.code == 2
    assert words in result.err
    assert standin.requests == []


def test_a_simulated_call_needs_no_key_and_rings_nobody(served: Folder, standin: StandIn) -> None:
    served.people(numbers(1))
    result = served.do("test-call", "--to", _OWN, "--simulate", "--json", env={"POKU_API_KEY": ""})
    assert result.code in {0, 3}, result
    assert result.json["simulated"] is True
    assert result.json["to"] == _OWN
    assert "simulated test call" in result.err
    assert standin.requests == []
    assert served.names() == {"campaign.yaml", "sheet.csv"}


def test_what_looks_wrong_in_the_prompt_is_said_before_the_call(served: Folder) -> None:
    served.write(prompt={"text": "Hello {name}, or {{ name }}."})
    served.people(numbers(1))
    told = served.do("test-call", "--to", _OWN, "--yes").err
    assert "warning: line 1 of the prompt: '{name}' looks like a placeholder" in told


def test_the_question_says_what_would_happen_and_no_means_no(
    served: Folder, standin: StandIn, program: Program
) -> None:
    served.people(numbers(1))
    for answer in ("n", "", "\x03"):
        terminal = spawn(served, program, "--to", _OWN)
        terminal.expect(r"Call it now\? \[y/N\]")
        asked = str(terminal.before)
        assert "the prompt of row 2" in asked
        assert _OWN in asked
        assert "about 0.25 USD" in asked
        terminal.send(answer if answer == "\x03" else f"{answer}\r")
        assert left(terminal)[0] == 4
    assert standin.requests == []
    terminal = spawn(served, program, "--to", _OWN)
    terminal.expect(r"Call it now\? \[y/N\]")
    terminal.sendline("y")
    code, told = left(terminal)
    assert code == 0
    assert "the call ended: completed" in told
    assert standin.numbers == [_OWN]


def test_a_contact_s_number_is_warned_of_and_asked_about(
    served: Folder, standin: StandIn, program: Program
) -> None:
    served.people([*numbers(2), numbers(1)[0]])
    terminal = spawn(served, program, "--to", numbers(1)[0], "--row", "3")
    terminal.expect(r"Is this your own phone, and call it now\? \[y/N\]")
    assert "rows 2, 4 have this very number" in str(terminal.before)
    terminal.sendline("n")
    assert left(terminal)[0] == 4
    assert standin.requests == []
    unasked = served.do("test-call", "--to", numbers(1)[0], "--yes")
    assert unasked.code == 0
    assert "a contact's phone would ring" in unasked.err
    assert not served.ledger.exists()


def test_seconds_go_by_at_a_terminal_until_the_call_ends(
    served: Folder, standin: StandIn, program: Program
) -> None:
    standin.hold_s = 1.2
    served.people(numbers(1))
    terminal = spawn(served, program, "--to", _OWN, "--yes")
    terminal.expect("ringing, or in call")
    terminal.expect("0:00:01")
    assert left(terminal)[0] == 0


@pytest.mark.parametrize("generation", ["first", "second"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_stops_waiting_is_told_that_the_phone_may_still_ring(
    served: Folder, standin: StandIn, program: Program, generation: Any, number: signal.Signals
) -> None:
    standin.generation = generation
    standin.held = True
    served.people(numbers(1))
    process = start(served, program, "--yes", "--json")
    process.wait_for("placed as" if generation == "second" else "calling")
    standin.wait_for(1)
    process.signal(number)
    result = process.ended().checked()
    assert result.code == 4
    assert result.json["ending"] == "interrupted"
    known = "call-1-14155559999" if generation == "second" else None
    assert result.json["interaction_id"] == known
    assert len(standin.calls) == 1


def test_ctrl_c_at_a_terminal_stops_waiting_and_says_what_is_known(
    served: Folder, standin: StandIn, program: Program
) -> None:
    standin.generation = "second"
    standin.held = True
    served.people(numbers(1))
    terminal = spawn(served, program, "--to", _OWN, "--yes")
    terminal.expect("placed as call-1-14155559999")
    terminal.sendcontrol("c")
    code, told = left(terminal)
    assert code == 4
    assert "the phone may still ring" in told
    assert "ID         call-1-14155559999" in told
    assert "It is not tried again" in told
    assert "Traceback" not in told
    assert len(standin.calls) == 1


def test_what_the_api_says_cannot_steer_the_terminal(served: Folder, standin: StandIn) -> None:
    evil = "\x1b]0;owned\x07\u202e"
    served.people(numbers(1))
    standin.act(_OWN, said(f"Said {evil}."), failing(400, evil))
    for code in (0, 3):
        result = served.do("test-call", "--to", _OWN, "--yes")
        assert result.code == code
        assert "\u202e" not in result.out + result.err
