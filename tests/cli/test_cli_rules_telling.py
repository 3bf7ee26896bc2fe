"""Others who are asked and told: a model that reads summaries, hooks that hear of results."""

import base64
import json
import os
import re
import socket
import sys
import time
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook

from tests.cli.receiver import receiving
from tests.program import Folder, Program
from tests.standin import StandIn, numbers, said, twice

_SECRET = "whsec_" + base64.b64encode(b"thirty-two bytes of secret, here").decode()
_FIELDS = {"new_date": "date", "guests": "integer", "happy": "boolean"}


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


# --- a model that reads summaries --------------------------------------------------------------


@pytest.fixture
def chat(program: Program, folder: Folder) -> Iterator[str]:
    """The simulator's chat endpoint, served by hand."""
    port = free_port()
    process = program.start("simulator", "--port", str(port), cwd=folder.path)
    while "simulator at" not in process.out:
        assert process.running, process.err
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}/v1"
    process.signal()
    process.ended()


def read_by(url: str, **more: Any) -> dict[str, Any]:
    labels = ["will_come", "voicemail", "will_not_come"]
    return {"model": "m", "base_url": url, "labels": labels, "fields": _FIELDS, **more}


def test_a_model_gives_outcomes_and_fields_that_are_columns_in_every_format(
    served: Folder, standin: StandIn, chat: str
) -> None:
    served.people(numbers(4))
    standin.act(numbers(4)[0], said("They will come, all of them."))
    standin.act(numbers(4)[1], said("They will not come."))
    standin.act(numbers(4)[2], said("Reached the voicemail and left a message."))
    files = ["out.csv", "out.xlsx", "out.parquet"]
    served.write(outcomes_by=read_by(chat), output=files)
    assert "read by   m, after the rules" in served.do("check").out
    ended = served.run()
    assert ended.code == 0, ended
    rows = served.results()
    assert [row["call_outcome"] for row in rows][:3] == ["will_come", "will_not_come", "voicemail"]
    names = [f"call_field_{name}" for name in _FIELDS]
    assert list(rows[0])[-3:] == names
    assert any(row[name] for row in rows for name in names)

    sheet = load_workbook(served.path / "out.xlsx").active
    assert sheet is not None
    header = next(sheet.iter_rows(values_only=True))
    assert list(header)[-3:] == names
    table = pq.read_table(served.path / "out.parquet")
    assert table.column_names[-3:] == names
    types = [str(table.schema.field(name).type) for name in names]
    assert types[1:] == ["int64", "bool"]
    assert types[0].startswith(("date", "timestamp", "string", "large_string"))
    given = table.column("call_field_guests").to_pylist()
    assert [row["call_field_guests"] for row in rows] == [
        "" if n is None else str(n) for n in given
    ]
    assert twice(standin.numbers) == []


def test_where_the_model_is_away_the_rules_stand_and_the_run_is_as_good(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(3))
    standin.act(numbers(3)[0], said("Reached the voicemail and left a message."))
    away = read_by(f"http://127.0.0.1:{free_port()}/v1", timeout="1s")
    served.write(outcomes_by=away)
    ended = served.run()
    assert ended.code == 0, ended
    assert "that of the rules stands" in ended.err
    rows = served.results()
    assert [row["call_outcome"] for row in rows] == ["voicemail", "completed", "completed"]
    assert {row["call_field_guests"] for row in rows} == {""}
    assert standin.numbers == numbers(3)


# --- hooks -------------------------------------------------------------------------------------


def hooked(folder: Folder, url: str) -> None:
    """Let an address be told of results and of the run's end."""
    told = {"url": url, "secret_env": "HOOK_SECRET", "timeout": "2s"}
    folder.write(hooks={"on_result": told, "on_finish": told})
    folder.env["HOOK_SECRET"] = _SECRET


def test_a_receiver_hears_of_each_result_and_of_the_end_and_each_is_signed(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(3))
    standin.act(numbers(3)[0], said("Reached the voicemail and left a message."))
    with receiving(_SECRET) as receiver:
        hooked(served, receiver.url)
        ended = served.run("--json")
    assert ended.code == 0, ended
    assert ended.json["messages_left"] == 0
    assert receiver.wrong == []
    results = [told["data"] for told in receiver.messages if told["type"] == "contact.result"]
    assert sorted(told["to"] for told in results) == numbers(3)
    assert sorted(told["outcome"] for told in results) == ["completed", "completed", "voicemail"]
    assert {told["columns"]["name"] for told in results} == {"Person 1", "Person 2", "Person 3"}
    (finish,) = [told["data"] for told in receiver.messages if told["type"] == "run.finish"]
    assert (finish["ending"], finish["states"]) == ("finished", {"done": 3})
    assert len({told["id"] for told in receiver.messages}) == 4
    assert "still sent" not in ended.err
    assert _SECRET not in ended.err + ended.out
    assert _SECRET.encode() not in served.ledger.read_bytes()


def test_what_a_receiver_missed_is_left_and_the_next_run_sends_it(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(2))
    port = free_port()
    hooked(served, f"http://127.0.0.1:{port}/told")
    process = served.start()
    process.wait_for("the calls are over; 3 messages are still sent to your hooks")
    asked_at = time.monotonic()
    process.signal()
    left = process.ended().checked()
    assert time.monotonic() - asked_at < 2
    assert left.code == 0, left
    assert "3 messages to your hooks were not taken yet; the next run sends" in left.err
    assert served.states() == ["done"] * 2

    with receiving(_SECRET, port=port) as receiver:
        again = served.run("--json")
    assert again.json["messages_left"] == 0
    kinds = sorted(told["type"] for told in receiver.messages)
    assert kinds == ["contact.result"] * 2 + ["run.finish"] * 2
    assert standin.numbers == numbers(2)


def test_whoever_stops_a_run_whose_receiver_is_away_need_not_wait_for_it(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(9))
    served.write(limits={"concurrency": 2})
    standin.hold_s = 0.5
    told = {"url": f"http://127.0.0.1:{free_port()}/told", "secret_env": "HOOK_SECRET"}
    served.write(limits={"concurrency": 2}, hooks={"on_result": told})
    served.env["HOOK_SECRET"] = _SECRET
    process = served.start()
    standin.wait_for(4)
    process.signal()
    asked_at = time.monotonic()
    left = process.ended().checked()
    assert time.monotonic() - asked_at < 6
    assert left.code == 4, left
    assert "not taken yet" in left.err


def test_a_command_hears_of_the_end_without_the_secrets(served: Folder, standin: StandIn) -> None:
    served.people(numbers(1))
    code = (
        "import json, os, sys; told = json.load(sys.stdin); "
        "open('told.json', 'w').write(json.dumps([told, sorted(os.environ)]))"
    )
    served.write(hooks={"on_finish": [sys.executable, "-c", code]})
    assert served.run().code == 0
    told, environment = json.loads((served.path / "told.json").read_text())
    assert told["type"] == "run.finish"
    assert told["data"]["ending"] == "finished"
    assert "POKU_API_KEY" not in environment
    assert "HOME" in environment


def test_a_rehearsal_tells_nobody(served: Folder) -> None:
    served.people(numbers(2))
    with receiving(_SECRET) as receiver:
        hooked(served, receiver.url)
        del served.env["HOOK_SECRET"]
        rehearsed = served.do("run", "--simulate", "--speed", "500", "--json")
    assert rehearsed.code in {0, 3}, rehearsed
    assert (receiver.messages, receiver.wrong) == ([], [])


# --- secrets -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        (
            {"hooks": {"on_result": {"url": "https://x.example/", "secret_env": "HOOK_SECRET"}}},
            ("hooks.on_result.secret_env", "HOOK_SECRET"),
        ),
        (
            {"hooks": {"on_finish": {"url": "https://x.example/", "secret_env": "HOOK_SECRET"}}},
            ("hooks.on_finish.secret_env", "HOOK_SECRET"),
        ),
        (
            {"outcomes_by": {"model": "m", "key_env": "CHAT_KEY"}},
            ("outcomes_by.key_env", "CHAT_KEY"),
        ),
    ],
)
def test_a_secret_that_is_missing_is_one_clear_message_and_nobody_is_called(
    served: Folder, standin: StandIn, keys: dict[str, Any], names: tuple[str, str]
) -> None:
    served.people(numbers(2))
    served.write(**keys)
    for value in (None, "", "   "):
        env = {} if value is None else {names[1]: value}
        missing = served.run(env=env)
        assert missing.code == 2, missing
        (line,) = missing.err.strip().splitlines()
        assert all(name in line for name in names)
        assert "Nobody was called" in line
    assert standin.requests == []
    assert not served.ledger.exists()
    assert not (served.path / "out.csv").exists()


def test_a_secret_that_is_too_short_is_refused_without_being_shown(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(1))
    hooked(served, "https://x.example/")
    wrong = served.run(env={"HOOK_SECRET": "hunter2"})
    assert wrong.code == 2, wrong
    assert "hunter2" not in wrong.err
    assert "secret" in wrong.err
    assert standin.requests == []
    assert not re.search(r"\n.*\n.*\n", wrong.err), wrong.err
    assert os.environ.get("HOOK_SECRET") is None
