"""What a person decides, by whole commands: unknown calls put back, resolved, remembered."""

import getpass
import hashlib
import json
import time

import pexpect
import pytest

from tests.program import KEY, Folder, Program
from tests.standin import Answer, Hang, Raw, StandIn, numbers

NEVER = "They asked not to be called again."


def keyed(folder: Folder, count: int, **keys: object) -> list[str]:
    """Write a sheet of people with keys of their own, and a campaign for it."""
    phones = numbers(count)
    folder.write_sheet(
        [(f"k{n}", f"Person {n}", phone) for n, phone in enumerate(phones, 1)],
        ("id", "name", "phone"),
    )
    folder.write(contacts={"file": "sheet.csv", "key": "id"}, **keys)
    return phones


def said(text: str) -> Answer:
    return Answer(body={"response": text})


@pytest.fixture
def mixed(served: Folder, standin: StandIn) -> Folder:
    """Six were called: done, voicemail, rejected, unknown twice, and one asked never to be."""
    phones = keyed(served, 6)
    standin.act(phones[1], said("It went to voicemail."))
    standin.act(phones[2], Answer(status=400, body={"error": f"bad number {phones[2]}"}))
    standin.act(phones[3], Raw())
    standin.act(phones[4], Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"))
    standin.act(phones[5], said(NEVER))
    assert served.run().code == 3
    assert served.states() == ["done", "done", "failed", "unknown", "unknown", "done"]
    return served


def rung(standin: StandIn) -> dict[str, int]:
    return {number: standin.numbers.count(number) for number in sorted(set(standin.numbers))}


# --- status ---


def test_status_lists_unknown_calls_masked_with_the_evidence_and_what_to_do(mixed: Folder) -> None:
    told = mixed.do("status").out
    assert "row 5, key k4, +1 •••• 03: attempt 1, placed 20" in told
    digest = hashlib.sha256(b"Call Person 4.").hexdigest()
    assert f"prompt {digest[:8]}\n  the request was sent and no answer came" in told
    assert "row 6, key k5" in told
    assert "poku-batch resolve campaign.yaml --key KEY --as done|failed" in told
    assert "poku-batch retry campaign.yaml --unknown" in told
    assert not [number for number in numbers(6) if number in told]
    found = mixed.do("status", "--json").json
    assert [call["key"] for call in found["unknown"]] == ["k4", "k5"]
    assert found["unknown"][0]["prompt_sha256"] == digest
    assert found["unknown_left_out"] == 0
    errors = [row["call_error"] for row in mixed.results()]
    assert [call["evidence"] for call in found["unknown"]] == errors[3:5]


def test_status_shows_the_first_twenty_and_how_many_more(served: Folder, standin: StandIn) -> None:
    served.people(numbers(23))
    standin.always = Raw()
    assert served.run().code == 3
    told = served.do("status").out
    assert told.count("attempt 1, placed") == 20
    assert "… and 3 more" in told
    # The key is the number here, and is masked with it.
    assert not [number for number in numbers(23) if number in told]
    assert len(served.do("status", "--json").json["unknown"]) == 23


# --- retry ---


def test_without_a_selection_nothing_is_put_back(mixed: Folder) -> None:
    result = mixed.do("retry")
    assert result.code == 2
    assert "--failed, --unknown, --outcome O or --key K" in result.err


def test_whoever_never_rang_is_put_back_without_a_question(mixed: Folder, standin: StandIn) -> None:
    result = mixed.do("retry", "--failed")
    assert (result.code, result.out) == (
        0,
        "1 contact put back to pending, 0 of them may ring twice\n",
    )
    assert mixed.run().code == 3
    assert rung(standin) == dict(zip(numbers(6), [1, 1, 2, 1, 1, 1], strict=True))
    assert mixed.results()[2]["call_attempts"] == "2"
    again = mixed.do("retry", "--failed")
    assert (again.code, again.out) == (0, "nobody is selected; nothing was changed\n")


def test_whoever_may_ring_twice_needs_a_yes(mixed: Folder, standin: StandIn) -> None:
    asked = mixed.do("retry", "--unknown", "--outcome", "voicemail")
    assert asked.code == 2
    assert "3 contacts would be called again. 3 of them rang before, or may have" in asked.err
    assert "--yes" in asked.err
    assert mixed.do("status", "--json").json["states"]["pending"] == 0
    done = mixed.do("retry", "--unknown", "--outcome", "voicemail", "--yes")
    assert "3 contacts put back to pending, 3 of them may ring twice" in done.out
    assert mixed.run().code == 3
    assert rung(standin) == dict(zip(numbers(6), [1, 2, 1, 2, 2, 1], strict=True))


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 4), ("\x03", 4)])
def test_at_a_terminal_the_person_is_asked(
    mixed: Folder, program: Program, answer: str, code: int
) -> None:
    terminal = program.spawn(
        "retry", "campaign.yaml", "--unknown", cwd=mixed.path, env=mixed.env, size=(30, 120)
    )
    terminal.expect(r"Put them back\? \[y/N\]")
    assert "2 contacts would be called again. 2 of them rang before" in str(terminal.before)
    time.sleep(0.2)
    if answer == "\x03":
        terminal.sendintr()
    else:
        terminal.sendline(answer)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == code
    assert ("nothing was changed" in str(terminal.before)) is (code == 4)
    states = mixed.do("status", "--json").json["states"]
    assert states["pending"] == (2 if code == 0 else 0)


def test_who_asked_not_to_be_called_is_called_again_only_when_taken_off_the_list(
    mixed: Folder, program: Program, standin: StandIn
) -> None:
    phone = numbers(6)[5]
    bulk = mixed.do("retry", "--outcome", "do_not_call", "--yes")
    assert bulk.code == 0
    assert "nobody is selected" in bulk.out
    assert "1 contact asked not to be called" in bulk.err
    single = mixed.do("retry", "--key", "k6", "--yes")
    assert "nobody is selected" in single.out
    assert "k6: left alone, its number is on the do-not-call list (heard in a call" in single.err
    command = f"do-not-call remove campaign.yaml {phone}"
    assert command in single.err
    mixed.run()
    assert rung(standin)[phone] == 1

    removed = program.run(*command.split(), "--yes", cwd=mixed.path, env=mixed.env)
    assert removed.code == 0
    assert mixed.do("retry", "--key", "k6").code == 2
    assert mixed.do("retry", "--key", "k6", "--yes").code == 0
    mixed.run()
    assert rung(standin)[phone] == 2


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["--outcome", "voicemial"], "did you mean voicemail?"),
        (["--outcome", "won_ovr"], "did you mean won_over?"),
        (["--key", "kk4"], "did you mean 'k4'"),
        (["--key", "zzzzzzzz"], "no contact with the key 'zzzzzzzz'"),
    ],
)
def test_a_word_or_key_that_is_none_is_refused_with_the_nearest(
    mixed: Folder, args: list[str], expected: str
) -> None:
    keyed(mixed, 6, outcomes={"won_over": "won over"})
    result = mixed.do("retry", *args)
    assert result.code == 2
    assert expected in result.err


def test_a_key_that_cannot_be_put_back_says_why(served: Folder, standin: StandIn) -> None:
    keyed(served, 1)
    served.write_sheet(
        [("k1", "A", numbers(1)[0]), ("k2", "B", "nonsense")], ("id", "name", "phone")
    )
    standin.always = Answer(status=401, body={"error": "no"})
    served.run()
    result = served.do("retry", "--key", "k1", "--key", "k2")
    assert result.code == 0
    assert "k1: left alone, it is pending already" in result.err
    assert "k2: left alone, it is skipped:" in result.err
    assert "nobody is selected" in result.out


def test_a_run_that_goes_on_takes_up_whoever_is_put_back(served: Folder, standin: StandIn) -> None:
    phones = keyed(served, 3, limits={"concurrency": 2})
    standin.act(phones[0], Answer(status=400, body={"error": "bad"}))
    standin.held = True
    running = served.start()
    standin.wait_for(3)
    deadline = time.monotonic() + 10
    while served.do("status", "--json").json["states"]["failed"] != 1:
        assert time.monotonic() < deadline
    # k2 and k3 are being called and are not touched.
    done = served.do("retry", "--failed", "--key", "k2", "--yes")
    assert "1 contact put back to pending" in done.out
    assert "k2: left alone, it is being called now" in done.err
    standin.held = False
    assert running.ended().checked().code == 0
    assert rung(standin) == {phones[0]: 2, phones[1]: 1, phones[2]: 1}


# --- resolve ---


def test_a_persons_word_is_in_the_results_and_the_history(mixed: Folder) -> None:
    keyed(mixed, 6, outcomes={"won_over": "won over"})
    args = ("--key", "k4", "--as", "done", "--summary", "Won over, she told me.")
    result = mixed.do("resolve", *args)
    me = getpass.getuser()
    assert result.out == f"k4 is done (won_over) from now on, by the word of {me}\n"
    failed = mixed.do("resolve", "--key", "k5", "--as", "failed", "--summary", "No phone rang.")
    assert failed.code == 0
    mixed.do("export")
    fourth, fifth = mixed.results()[3:5]
    assert (fourth["call_status"], fourth["call_outcome"]) == ("done", "won_over")
    assert fourth["call_summary"] == "Won over, she told me."
    assert fifth["call_status"] == "failed"
    assert fifth["call_error"] == f"decided by a person ({me}): No phone rang."
    told = mixed.do("history", "--key", "k4").out.splitlines()
    assert f"resolved · done, won_over: Won over, she told me. · by {me}" in told[-1]
    assert "unknown" not in mixed.do("status").out
    again = mixed.do("resolve", *args)
    assert again.code == 2
    assert "'k4' is not unknown but done" in again.err


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["--key", "k1", "--as", "done"], "'k1' is not unknown but done"),
        (["--key", "k3", "--as", "done"], "'k3' is not unknown but failed (HTTP 400"),
        (["--key", "k44", "--as", "done"], "did you mean 'k4'"),
        (["--key", "k4", "--as", "maybe"], "'maybe' is not one of"),
        (["--key", "k4", "--as", "done", "--outcome", "bussy"], "did you mean busy?"),
        (["--key", "k4"], "--as"),
    ],
)
def test_a_word_that_cannot_be_taken_is_refused(
    mixed: Folder, args: list[str], expected: str
) -> None:
    result = mixed.do("resolve", *args)
    assert result.code == 2
    assert expected in result.err
    assert mixed.do("status", "--json").json["states"]["unknown"] == 2


def test_a_late_answer_decides_by_itself_and_does_not_overturn_a_persons_word(
    served: Folder, standin: StandIn
) -> None:
    phones = keyed(served, 3, api={"poll_interval": "100ms", "call_timeout": "500ms"})
    standin.generation = "second"
    standin.held = True
    assert served.run().code == 3
    assert served.states() == ["unknown"] * 3
    assert served.do("resolve", "--key", "k2", "--as", "failed").code == 0
    standin.held = False
    assert served.run().code == 3
    assert served.states() == ["done", "failed", "done"]
    assert rung(standin) == dict.fromkeys(phones, 1)
    kinds = [line.split(": ", 1)[1].split(" · ")[0] for line in lines(served, "k2")]
    assert kinds == ["began", "started", "doubted", "resolved", "ended"]


# --- history ---


def lines(folder: Folder, key: str) -> list[str]:
    return folder.do("history", "--key", key).out.splitlines()


def test_the_history_says_who_was_called_when_why_and_with_what_words(mixed: Folder) -> None:
    mixed.do("retry", "--failed")
    mixed.run()
    told = mixed.do("history").out
    assert not [number for number in numbers(6) if number in told]
    assert numbers(6)[2] in mixed.do("history", "--numbers").out
    digest = hashlib.sha256(b"Call Person 3.").hexdigest()
    third = lines(mixed, "k3")
    assert f"row 4, k3 attempt 1: began · to +1 •••• 02 · prompt {digest} · run 1 on" in third[0]
    assert "rejected · HTTP 400" in third[1]
    assert "put back · was failed: HTTP 400" in third[2]
    assert f"by {getpass.getuser()}" in third[2]
    assert "attempt 2: began" in third[3]
    assert "ended · completed" in third[4]
    entries = mixed.do("history", "--json").json["history"]
    assert [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)
    assert not [number for number in numbers(6) if number in json.dumps(entries)]
    assert {entry["prompt"] for entry in entries} == {None}


def test_prompts_are_kept_where_the_campaign_says_so(served: Folder, standin: StandIn) -> None:
    phones = keyed(
        served, 2, keep_prompts=True, prompt={"text": "Call {{ name }}.\nSay {{ phone }}."}
    )
    assert served.run().code == 0
    told = lines(served, "k1")
    assert told[1:3] == ["    | Call Person 1.", "    | Say +1 •••• 00."]
    shown = served.do("history", "--json", "--numbers").json["history"]
    assert [e["prompt"] for e in shown if e["what"] == "began"] == [
        f"Call Person {n}.\nSay {phone}." for n, phone in enumerate(phones, 1)
    ]


def test_a_campaign_that_was_never_run_has_nothing_to_decide(served: Folder) -> None:
    keyed(served, 1)
    for args in (["retry", "--failed"], ["resolve", "--key", "k1", "--as", "done"], ["history"]):
        result = served.do(args[0], *args[1:])
        assert result.code == 2
        assert "was never run" in result.err
    assert not served.ledger.exists()


def test_a_rehearsal_is_decided_on_without_a_question(folder: Folder) -> None:
    keyed(folder, 6)
    speed = ("--speed", "1000", "--faults", "drop=0.9")
    assert folder.do("run", "--simulate", *speed).code == 3
    assert folder.do("retry", "--unknown", "--simulate").code == 0
    assert folder.do("run", "--simulate", "--speed", "1000").code == 0
    assert not folder.ledger.exists()
    assert KEY not in folder.do("history", "--simulate").out


def test_a_hanging_request_that_is_left_is_unknown_with_its_evidence(
    served: Folder, standin: StandIn
) -> None:
    keyed(served, 1)
    standin.always = Hang()
    running = served.start()
    standin.wait_for(1)
    running.signal()
    time.sleep(0.4)
    running.signal()
    assert running.ended().code == 4
    (call,) = served.do("status", "--json").json["unknown"]
    assert "broken off while the request was open" in call["evidence"]
