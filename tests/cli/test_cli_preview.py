"""``preview``: one row's request, prompt, every decision about it, and what looks wrong."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.program import Folder, Program, Result
from tests.standin import Answer, StandIn, numbers, said

_PROMPT = (
    "You are Robin, an AI assistant of Cedar Street Clinic. Dear {{ name }}, ask {{ name }} about "
    "{{ visit }}.\nOn a voicemail, leave no message."
)
_COLUMNS = ("id", "name", "phone", "visit")
_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")

_WHOLE = """\
row 3, key b
would be called now
+14155550000, (415) 555-0000, US (United States), mobile or landline

cells that the templates use
  B3  name   Bob
  D3  visit  (empty)

decisions
  yes    number         +14155550000, from C3
  yes    key            'b' (id)
  yes    ledger         not known to it: never called
  yes    duplicates     no other row has its number
  yes    do not call    not on the folder's own list
  yes    consent        not asked for (contacts.consent)
  yes    row's time     the row sets no bounds
         time zone      America/Los_Angeles, from the number
  yes    calling hours  at any time: calling hours are switched off
  yes    caps           none for a number (limits.per_number)
         caller ID      +14155550100
         priority       0 of 0 to 100, highest first
         language       en-US, the API's own
         voice          male
         redial         no_answer: up to 3 calls, after 30m, 4h

request  POST https://api.pokulabs.com/calls, as it would be sent; its prompt is below
{
  "to": "+14155550000",
  "from": "+14155550100",
  "voice": "male",
  "waitForCallEnd": false
}

prompt  114 characters, about 29 tokens
You are Robin, an AI assistant of Cedar Street Clinic. Dear Bob, ask Bob about .
On a voicemail, leave no message.

to look at
  warning  D3 is empty (visit), and the prompt has its value: give it one, or let the template \
say what to do without
  warning  line 1 of the prompt: a hole, as an empty value leaves it: “…Dear Bob, ask Bob about .”
"""


def clinic(folder: Folder, **keys: Any) -> None:
    """A campaign whose keys are the column ``id``."""
    contacts = {"file": "sheet.csv", "key": "id", **keys.pop("contacts", {})}
    folder.write(contacts=contacts, prompt={"text": _PROMPT}, **keys)


def three(folder: Folder) -> None:
    first, second = numbers(2)
    rows = [("a", "Ann", "nothing", "x"), ("b", "Bob", first, ""), ("c", "Cid", second, "z")]
    folder.write_sheet(rows, _COLUMNS)


def ruling(result: Result, about: str) -> dict[str, Any]:
    (found,) = [each for each in result.json["decisions"] if each["about"] == about]
    return dict(found)


def stamps(path: Path) -> Mapping[Path, tuple[int, int, bytes]]:
    """Every file with its time, its size and what is in it."""
    return {
        file: (file.stat().st_mtime_ns, file.stat().st_size, file.read_bytes())
        for file in sorted(path.rglob("*"))
        if file.is_file()
    }


def test_a_row_is_shown_whole_and_plainly_where_there_is_no_terminal(folder: Folder) -> None:
    clinic(
        folder,
        call={"from": "+14155550100", "voice": "male"},
        redial={"outcomes": ["no_answer"]},
        api={"completion": "poll"},
    )
    three(folder)
    assert folder.do("preview").out == _WHOLE


def test_colours_say_nothing_that_words_do_not(folder: Folder, program: Program) -> None:
    clinic(folder)
    three(folder)
    plain = folder.do("preview").out
    env = {"FORCE_COLOR": "1", "COLUMNS": "60"}
    coloured = program.start("preview", "campaign.yaml", cwd=folder.path, env=env).ended()
    assert coloured.code == 0
    assert _ESCAPE.sub("", coloured.out) == plain
    for styled in (
        "\x1b[1;32mwould be called now\x1b[0m",
        "\x1b[32m  yes    \x1b[0m",
        '\x1b[36m"to"\x1b[0m: \x1b[32m"+14155550000"\x1b[0m,',
        "\x1b[33m(empty)\x1b[0m",
        "\x1b[33m  warning  \x1b[0m",
    ):
        assert styled in coloured.out


@pytest.mark.parametrize(
    ("about", "keys", "row", "words"),
    [
        ("consent", {"contacts": {"consent": "ok"}}, {"ok": "no"}, "no consent: 'no' in column"),
        ("row's time", {}, {"not_after": "2020-01-01"}, "not_after 2020-01-01 is past"),
        ("row's time", {}, {"not_before": "soon"}, "'soon' is not understood"),
        ("do not call", {"do_not_call": ["dnc.txt"]}, {}, "dnc.txt"),
        ("number", {}, {"phone": "12"}, "no country code in '12'"),
        ("key", {}, {"id": ""}, "id empty in this row"),
        ("request", {"call": {"language": "xx"}}, {}, "'xx' is not a language of the API"),
        (
            "calling hours",
            {"calling_hours": {"default_timezone": "UTC"}},
            {"timezone": "Mars/Base"},
            "never open",
        ),
    ],
)
def test_what_keeps_a_row_from_being_called_is_named(
    folder: Folder, about: str, keys: dict[str, Any], row: dict[str, str], words: str
) -> None:
    phone = numbers(1)[0]
    (folder.path / "dnc.txt").write_text(f"{phone}\n")
    if about == "request":
        keys = {"call": {"language": "{{ name }}"}}
        words = "'Bob' is not a language of the API"
    clinic(folder, **keys)
    cells = {"id": "b", "name": "Bob", "phone": phone, "visit": "x", **row}
    folder.write_sheet([tuple(cells.values())], tuple(cells))
    shown = folder.do("preview", "--row", "2", "--json")
    found = ruling(shown, about)
    assert found["says"] == "no"
    assert words in found["why"]
    assert shown.json["would_be_called"] == "never"
    can_be_made = about not in {"number", "request"}
    assert (shown.json["request"] is not None) == can_be_made
    plain = folder.do("preview", "--row", "2").out
    assert "would not be called: " in plain
    assert ("but not sent" in plain) == can_be_made
    assert re.search(rf"^  no     {about} +", plain, re.MULTILINE)
    assert folder.do("run", "--simulate").code in {0, 3}
    assert folder.states("out.simulated.csv") == ["skipped"]


def test_who_may_be_called_later_is_told_from_when(folder: Folder) -> None:
    clinic(folder, calling_hours=None)
    phone = numbers(1)[0]
    columns = (*_COLUMNS, "not_before", "timezone")
    folder.write_sheet([("b", "Bob", phone, "x", "2099-01-01", "Asia/Tokyo")], columns)
    shown = folder.do("preview", "--json")
    assert shown.json["would_be_called"] == "later"
    assert shown.json["until"].startswith("2098-12-31T23:00:00")
    assert ruling(shown, "row's time")["says"] == "later"
    assert ruling(shown, "time zone")["why"] == "Asia/Tokyo, from F2"
    assert "would be called from 2098-12-3" in folder.do("preview").out


@pytest.mark.parametrize(
    ("hours", "phone", "zone"),
    [
        ({"timezone": "Europe/Paris"}, "+14155550100", "Europe/Paris, by calling_hours.timezone"),
        ({}, "+442079460001", "Europe/London, from the number"),
        ({"default_timezone": "UTC"}, "+80012345678", "UTC, by calling_hours.default_timezone"),
    ],
)
def test_the_time_zone_says_where_it_comes_from_and_the_hours_when_they_open(
    folder: Folder, hours: dict[str, str], phone: str, zone: str
) -> None:
    clinic(folder, calling_hours={**hours, "between": ["00:00", "12:00"]})
    folder.write_sheet([("b", "Bob", phone, "x")], _COLUMNS)
    shown = folder.do("preview", "--json")
    assert ruling(shown, "time zone")["why"] == zone
    found = ruling(shown, "calling hours")
    assert found["says"] == {"now": "yes", "later": "later"}[shown.json["would_be_called"]]
    there = r"(open until \w{3} \d\d \w{3} 12:00|closed now, opens \w{3} \d\d \w{3} 00:00) in "
    assert re.match(there + zone.split(",", maxsplit=1)[0], found["why"])


def test_of_rows_with_one_number_the_one_that_is_called_is_told(
    folder: Folder, standin: StandIn
) -> None:
    clinic(folder)
    phone = numbers(1)[0]
    folder.serve(standin.url)
    folder.write_sheet([("b", "Bob", phone, "x")], _COLUMNS)
    assert folder.run().code == 0
    # The first row is new; the second is who was called.
    folder.write_sheet([("z", "Zoe", "(415) 555-0000", "x"), ("b", "Bob", phone, "x")], _COLUMNS)
    clinic(folder, contacts={"region": "US"})
    first, second = (folder.do("preview", "--row", row, "--json") for row in ("2", "3"))
    assert ruling(first, "duplicates")["says"] == "no"
    assert "same number as row 3" in ruling(first, "duplicates")["why"]
    assert "row 2 has the same number; this one counts" in ruling(second, "duplicates")["why"]
    assert [shown.json["would_be_called"] for shown in (first, second)] == ["never", "never"]
    assert first.json["why"] == "same number as row 3"
    assert second.json["why"] == "done already (completed)"
    clinic(folder, contacts={"region": "US", "duplicates": "all"})
    assert folder.do("preview", "--row", "2", "--json").json["would_be_called"] == "now"


def test_the_row_that_counts_is_the_first_that_may_be_called_or_was(
    served: Folder, standin: StandIn
) -> None:
    clinic(served, contacts={"consent": "ok"})
    phone, other = numbers(2)
    columns = (*_COLUMNS, "ok")
    rows = [
        ("a", "Ann", phone, "x", "no"),
        ("b", "Bob", phone, "x", "yes"),
        ("c", "Cid", phone, "x", "yes"),
    ]
    served.write_sheet(rows, columns)
    shown = [served.do("preview", "--row", row, "--json").json for row in ("2", "3", "4")]
    assert [each["would_be_called"] for each in shown] == ["never", "now", "never"]
    assert shown[2]["why"] == "same number as row 3"
    served.write_sheet([rows[2]], columns)
    assert served.run().code == 0
    served.write_sheet([*rows, ("d", "Dan", other, "x", "yes")], columns)
    second = served.do("preview", "--row", "3", "--json").json
    assert second["why"] == "same number as row 4"
    # Bob alone would be called; with Cid, who was called, he is passed over.
    assert served.do("preview", "--json").json["row"] == 5
    assert served.run().code == 0
    assert standin.numbers == [phone, other]


@pytest.mark.parametrize(
    ("duplicates", "ids", "words"),
    [
        ("error", ("a", "b"), "the same number as row 2, and duplicates: error refuses that"),
        ("all", ("a", "a"), "the same key as row 2"),
    ],
)
def test_a_sheet_that_is_refused_for_a_row_says_so_there(
    folder: Folder, duplicates: str, ids: tuple[str, str], words: str
) -> None:
    clinic(folder, contacts={"duplicates": duplicates})
    rows = [(identity, "Ann", numbers(1)[0], "x") for identity in ids]
    folder.write_sheet(rows, _COLUMNS)
    shown = folder.do("preview", "--row", "3", "--json")
    assert words in ruling(shown, "duplicates")["why"]
    assert shown.json["would_be_called"] == "never"
    assert shown.json["request"] is not None
    assert folder.do("check").code == 2


def test_one_key_with_two_numbers_is_found_from_either_row(folder: Folder) -> None:
    clinic(folder)
    rows = [("a", "Ann", phone, "x") for phone in numbers(2)]
    folder.write_sheet(rows, _COLUMNS)
    for row in ("2", "3"):
        shown = folder.do("preview", "--row", row, "--json")
        assert "with a different number" in ruling(shown, "duplicates")["why"]


def test_what_the_ledger_knows_is_told_and_a_rehearsal_has_its_own(served: Folder) -> None:
    clinic(served)
    three(served)
    assert served.run().code == 0
    done = served.do("preview", "--key", "b", "--json")
    told = ruling(done, "ledger")
    assert told["says"] == "no"
    last = r"done: completed after 1 attempt, the last at 20\d\d-.*; not called again by itself"
    assert re.fullmatch(last, told["why"])
    assert done.json["would_be_called"] == "never"
    assert done.json["request"]["to"] == numbers(1)[0]
    rehearsed = served.do("preview", "--key", "b", "--simulate", "--json")
    assert ruling(rehearsed, "ledger")["why"] == "not known to it: never called"
    assert rehearsed.json["would_be_called"] == "now"


def test_a_redial_is_told_with_its_time_and_counts_the_attempts(
    served: Folder, standin: StandIn
) -> None:
    served.write(
        prompt={"text": "Attempt {{ contact.number }}."},
        redial={"outcomes": ["no_answer"], "after": ["4h"]},
    )
    served.people(numbers(1))
    standin.act(numbers(1)[0], Answer(status=500, body={"error": "human did not respond"}))
    assert served.run("--no-wait").code == 5
    shown = served.do("preview", "--json")
    assert shown.json["would_be_called"] == "later"
    assert shown.json["request"]["prompt"] == "Attempt 2."
    assert "due again at" in ruling(shown, "ledger")["why"]


def test_a_cap_on_the_number_is_told(served: Folder) -> None:
    served.people(numbers(1))
    assert served.run().code == 0
    served.write(wave="2", limits={"per_number": {"1d": 1}})
    shown = served.do("preview", "--json")
    assert ruling(shown, "caps")["says"] == "later"
    assert ruling(shown, "caps")["why"].startswith("its number was called as often as ")
    assert shown.json["would_be_called"] == "later"


def test_somebody_who_asked_not_to_be_called_is_on_the_list(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(1))
    standin.act(numbers(1)[0], said("They asked us to never call again."))
    assert served.run().code == 0
    served.write(wave="2")
    for options in ((), ("--simulate",)):
        shown = served.do("preview", "--json", *options)
        assert ruling(shown, "do not call")["says"] == "no"
        assert shown.json["would_be_called"] == "never"


def test_the_caller_id_of_a_pool_is_the_one_that_the_call_is_placed_from(
    served: Folder, standin: StandIn
) -> None:
    pool = [f"+1415555{n:04}" for n in range(100, 110)]
    served.write(call={"from": pool})
    served.people(numbers(4))
    shown = [served.do("preview", "--row", str(row), "--json").json for row in range(2, 6)]
    assert served.run().code == 0
    placed = {call.json["to"]: call.json["from"] for call in standin.calls}
    assert placed == {each["request"]["to"]: each["request"]["from"] for each in shown}
    told = next(each for each in shown[0]["decisions"] if each["about"] == "caller ID")
    assert told["why"] == f"{shown[0]['request']['from']}, by its key, of 10 numbers"


def test_whoever_was_called_before_is_shown_the_caller_id_of_that_call(
    served: Folder, standin: StandIn
) -> None:
    redial = {"outcomes": ["busy"], "after": ["1h"]}
    served.people(numbers(4))
    served.write(call={"from": "+14155550103"}, redial=redial)
    for number in numbers(4):
        standin.act(number, said("The line was busy."))
    assert served.run("--no-wait").code == 5
    pool = [f"+1415555{n:04}" for n in range(100, 110)]
    served.write(call={"from": pool}, redial=redial)
    for row in range(2, 6):
        shown = served.do("preview", "--row", str(row), "--json")
        assert shown.json["request"]["from"] == "+14155550103"
        told = ruling(shown, "caller ID")["why"]
        assert told == "+14155550103, which its last call came from, of 10 numbers"
    # A number that left the pool is nobody's any more.
    served.write(call={"from": pool[:3]}, redial=redial)
    shown = served.do("preview", "--row", "2", "--json")
    assert shown.json["request"]["from"] in pool[:3]
    assert "by its key, of 3" in ruling(shown, "caller ID")["why"]


def test_what_is_previewed_is_what_a_run_does(served: Folder, standin: StandIn) -> None:
    clinic(served, contacts={"consent": "ok"}, do_not_call=["dnc.txt"])
    one, two, three_, four, five = numbers(5)
    (served.path / "dnc.txt").write_text(f"{two}\n")
    rows = [
        ("a", "Ann", one, "x", "yes", ""),
        ("b", "Bob", two, "x", "yes", ""),
        ("c", "Cid", three_, "x", "no", ""),
        ("d", "Dan", three_, "x", "yes", ""),
        ("e", "Eve", one, "x", "yes", ""),
        ("", "Fay", four, "x", "yes", ""),
        ("g", "Gus", "12", "x", "yes", ""),
        ("h", "Hal", five, "x", "yes", "2099-01-01"),
    ]
    served.write_sheet(rows, (*_COLUMNS, "ok", "not_before"))
    shown = [served.do("preview", "--row", str(row), "--json").json for row in range(2, 10)]
    before = served.names()
    assert served.run("--no-wait").code == 5
    now = [each for each in shown if each["would_be_called"] == "now"]
    sent = {call.json["to"]: call.json for call in standin.calls}
    assert sent == {each["request"]["to"]: each["request"] for each in now}
    states = {"now": "done", "later": "pending", "never": "skipped"}
    assert served.states() == [states[each["would_be_called"]] for each in shown]
    errors = [row["call_error"] for row in served.results()]
    assert [each["why"] for each in shown if each["would_be_called"] == "never"] == [
        error for error, state in zip(errors, served.states(), strict=True) if state == "skipped"
    ]
    assert ".poku-batch" not in before


def test_nothing_is_written_with_a_ledger_or_without(served: Folder) -> None:
    clinic(served)
    three(served)
    for prepare in (lambda: None, served.run, lambda: served.do("run", "--simulate")):
        prepare()
        before = stamps(served.path)
        for options in ((), ("--row", "3"), ("--key", "c"), ("--simulate",), ("--row", "99")):
            served.do("preview", *options)
        assert stamps(served.path) == before


def test_the_first_that_would_be_called_is_shown_and_at_the_end_the_first_of_all(
    served: Folder,
) -> None:
    clinic(served)
    three(served)
    assert served.do("preview", "--json").json["row"] == 3
    assert served.run("--limit", "1").code == 4
    assert served.do("preview", "--json").json["row"] == 4
    assert served.run().code == 0
    last = served.do("preview").out
    assert last.startswith(
        "No row of the sheet would be called, now or later. This is the first:\nrow 2, key a\n"
    )


def test_the_first_to_be_called_is_found_behind_hundreds_that_are_done(served: Folder) -> None:
    served.write(limits={"concurrency": 100})
    served.people(numbers(600))
    assert served.run("--limit", "598").code == 4
    called = set(served.states()[:598])
    assert called == {"done"}
    assert served.do("preview", "--json").json["row"] == 600


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--row", "1"), "--row 1 has the column names of"),
        (("--row", "3"), "--row 3 is blank in"),
        (("--row", "99"), "has no such row; its last is row 5"),
        (("--row", "0"), "--row 0 is above the column names"),
        (("--row", "x"), "--row"),
        (("--key", "A-101"), "did you mean 'A-1001'"),
        (("--key", "a-1002"), "'A-1002'"),
        (("--key", "nothing like it"), "has no row with the key 'nothing like it' (a key is id)"),
        (("--row", "2", "--key", "A-1002"), "row 2 has the key 'A-1001', not 'A-1002'"),
    ],
)
def test_a_row_that_is_not_there_says_which_are(
    folder: Folder, options: tuple[str, ...], words: str
) -> None:
    clinic(folder)
    one, two, other = numbers(3)
    rows = [
        ("A-1001", "Ann", one, ""),
        ("", "", "", ""),
        ("A-1002", "Bob", two, ""),
        ("B-77", "Cid", other, ""),
    ]
    folder.write_sheet(rows, _COLUMNS)
    result = folder.do("preview", *options)
    assert result.code == 2
    assert words in result.err
    assert result.out == ""


def test_a_number_that_is_the_key_may_be_written_in_any_way(folder: Folder) -> None:
    folder.write(contacts={"file": "sheet.csv", "phone": "phone", "region": "US"})
    folder.people(["415-555-0000", "415-555-0001"])
    for key in ("+14155550001", "(415) 555 0001", "4155550001"):
        assert folder.do("preview", "--key", key, "--json").json["row"] == 3
    assert "did you mean '+14155550001'" in folder.do("preview", "--key", "4155550011").err


def test_a_key_of_several_columns_is_found_with_bars_in_its_cells(folder: Folder) -> None:
    folder.write(contacts={"file": "sheet.csv", "key": ["phone", "name"]})
    folder.write_sheet([("A|b", numbers(1)[0]), ("Cid", numbers(2)[1])])
    shown = folder.do("preview", "--json").json
    assert shown["key"] == f"{numbers(1)[0]} | A||b"
    assert folder.do("preview", "--key", shown["key"], "--json").json == shown


def test_an_empty_value_is_told_only_where_the_template_does_not_look(folder: Folder) -> None:
    folder.write(
        prompt={
            "text": "{{ name or 'you' }} {% if visit %}on {{ visit }}{% endif %} "
            "{{ row['Home Town'] }} {{ note | default('x', true) }} {{ town }}"
        },
        call={"language": "{{ tongue }}"},
    )
    columns = ("name", "phone", "visit", "Home Town", "note", "town", "tongue", "unused")
    folder.write_sheet([("", numbers(1)[0], "", "", "", "", "", "")], columns)
    shown = folder.do("preview", "--json").json
    assert [cell["place"] for cell in shown["cells"]] == ["A2", "C2", "D2", "E2", "F2", "G2"]
    empty = [each["message"] for each in shown["remarks"] if "is empty" in each["message"]]
    assert [message.split(",")[0] for message in empty] == [
        "D2 is empty (Home Town)",
        "F2 is empty (town)",
    ]


def test_a_row_that_cannot_be_rendered_is_told_as_a_run_tells_it(folder: Folder) -> None:
    folder.write(prompt={"text": "{{ name / 2 }}"})
    folder.people(numbers(2))
    result = folder.do("preview", "--row", "3")
    assert result.code == 2
    assert "row 3" in result.err
    assert "the template fails for this row" in result.err


def test_what_the_sheet_holds_cannot_steer_the_terminal_nor_break_json(folder: Folder) -> None:
    evil = '\x1b]0;owned\x07\u202e{"a"}'
    clinic(folder)
    folder.write_sheet([(evil, evil, numbers(1)[0], evil)], _COLUMNS)
    assert "\u202e" not in folder.do("preview").out
    shown = folder.do("preview", "--json")
    assert shown.json["key"] == evil
    assert json.loads(shown.out) == shown.json
