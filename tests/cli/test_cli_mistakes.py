"""The likeliest mistakes: each is told on standard error, plainly, before anybody is called."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.program import Folder, Program
from tests.standin import StandIn, numbers


def _campaign(old: str, new: str) -> Callable[[Folder], None]:
    """Change the text of a good campaign."""

    def spoil(folder: Folder) -> None:
        text = folder.campaign.read_text()
        assert old in text
        folder.campaign.write_text(text.replace(old, new, 1))

    return spoil


def _text(name: str, data: bytes) -> Callable[[Folder], None]:
    def spoil(folder: Folder) -> None:
        (folder.path / name).write_bytes(data)

    return spoil


def _keys(**keys: object) -> Callable[[Folder], None]:
    return lambda folder: folder.write(**keys)


def _file(name: str, data: bytes, **keys: object) -> Callable[[Folder], None]:
    def spoil(folder: Folder) -> None:
        (folder.path / name).write_bytes(data)
        folder.write(**keys)

    return spoil


#: What is done to a good folder, and words that the message must hold.
_MISTAKES: dict[str, tuple[Callable[[Folder], None], tuple[str, ...]]] = {
    "a key misspelt": (_campaign('"limits"', '"limit"'), ("campaign.yaml:", "limit", "limits")),
    "a nested key misspelt": (_campaign('"concurrency"', '"concurency"'), ("concurrency",)),
    "no name": (_keys(name=None), ("name",)),
    "a name with spaces": (_keys(name="My Campaign"), ("name", "my-campaign")),
    "YAML that is none": (_campaign("{", "{{{ nope: ["), ("campaign.yaml:",)),
    "a tab in the YAML": (
        _text("campaign.yaml", b"name: x\ncontacts:\n\tfile: a\n"),
        ("campaign.yaml:3", "tab"),
    ),
    "an empty campaign": (_text("campaign.yaml", b""), ("empty",)),
    "a number for text": (_keys(limits={"concurrency": "ten"}), ("limits.concurrency",)),
    "no slots": (_keys(limits={"concurrency": 0}), ("limits.concurrency",)),
    "a duration without a unit": (_keys(api={"call_timeout": "15"}), ("api.call_timeout",)),
    "an unknown language": (_keys(call={"language": "en_us"}), ("call.language", "en-US")),
    "a caller ID without a plus": (_keys(call={"from": "415 555 0100"}), ("call.from",)),
    "the API over http": (_keys(api={"base_url": "http://api.pokulabs.com"}), ("https",)),
    "a key in the campaign": (_keys(api={"api_key": "abc123def456"}), ("POKU_API_KEY",)),
    "no sheet": (lambda folder: folder.sheet.unlink(), ("sheet.csv",)),
    "a sheet misspelt": (_keys(contacts="shet.csv"), ("shet.csv", "sheet.csv")),
    "an empty sheet": (_text("sheet.csv", b""), ("sheet.csv", "empty")),
    "a header alone": (_text("sheet.csv", b"name,phone\n"), ("sheet.csv",)),
    "a column twice": (_text("sheet.csv", b"name,phone,phone\na,1,2\n"), ("phone",)),
    "a row too long": (_text("sheet.csv", b"name,phone\na,+14155550100,x\n"), ("row 2",)),
    "an old Excel file": (_file("old.xls", b"\xd0\xcf\x11\xe0", contacts="old.xls"), ("old.xls",)),
    "an Excel file that is none": (_file("x.xlsx", b"hello", contacts="x.xlsx"), ("x.xlsx",)),
    "a number column misspelt": (
        _keys(contacts={"file": "sheet.csv", "phone": "phon"}),
        ("contacts.phone", "phon", "phone"),
    ),
    "a key column misspelt": (
        _keys(contacts={"file": "sheet.csv", "key": "nam"}),
        ("contacts.key", "name"),
    ),
    "no number column": (_text("sheet.csv", b"name,fon\na,1\n"), ("contacts", "name, fon")),
    "one key in two rows": (
        _file(
            "sheet.csv",
            b"name,phone\nA,+14155550100\nA,+14155550101\n",
            contacts={"file": "sheet.csv", "key": "name"},
        ),
        ("row",),
    ),
    "no template": (_keys(prompt="nope.j2"), ("nope.j2",)),
    "a template with a fault": (
        _file("p.j2", b"Hi\n{% if name %}\n", prompt="p.j2"),
        ("p.j2", "if"),
    ),
    "a filter misspelt": (_keys(prompt={"text": "{{ name | uper }}"}), ("campaign.yaml:", "uper")),
    "a column misspelt in a call value": (_keys(call={"language": "{{ langage }}"}), ("langage",)),
    "an output of no known kind": (_keys(output="out.doc"), ("output", ".csv")),
    "an output over the sheet": (_keys(output="./sheet.csv"), ("sheet.csv",)),
    "an output that is a folder": (
        lambda folder: (folder.path / "out.csv").mkdir(),
        ("out.csv", "folder"),
    ),
}


@pytest.mark.parametrize("mistake", _MISTAKES)
def test_a_mistake_is_told_with_its_place_and_nobody_is_called(
    served: Folder, standin: StandIn, mistake: str
) -> None:
    spoil, words = _MISTAKES[mistake]
    served.people(numbers(2))
    spoil(served)
    before = served.names()
    result = served.run()
    assert result.code == 2, result
    assert result.out == ""
    for word in words:
        assert word in result.err, result.err
    assert len(result.err) < 1500
    assert "abc123def456" not in result.err
    # A fault of the rows alone is found with a ledger open; nobody is in it then.
    written = served.names() - before
    assert all(name.startswith(".poku-batch") for name in written), written
    assert standin.requests == []


def test_a_command_without_a_campaign_names_those_that_are_there(
    served: Folder, program: Program
) -> None:
    result = program.run("run", "--simulate", cwd=served.path)
    assert result.code == 2
    assert "missing argument 'CAMPAIGN' (here: campaign.yaml; poku-batch run --help" in result.err
    served.campaign.unlink()
    alone = program.run("check", cwd=served.path)
    assert "missing argument 'CAMPAIGN' (poku-batch check --help" in alone.err


def test_a_suggested_campaign_can_be_typed_as_it_stands(served: Folder, program: Program) -> None:
    for typed, meant in (("campain.yaml", "campaign.yaml"), ("../{}/campain.yaml", None)):
        name = typed.format(served.path.name)
        near = meant or name.replace("campain", "campaign")
        result = program.run("check", name, cwd=served.path)
        assert f"(did you mean {near}?)" in result.err
        assert (served.path / near).is_file()


def test_check_tells_the_same_as_a_run(served: Folder) -> None:
    served.people(numbers(1))
    for mistake in ("a nested key misspelt", "a number column misspelt", "a filter misspelt"):
        served.write()
        _MISTAKES[mistake][0](served)
        assert served.do("check") == served.run()


@pytest.mark.parametrize(
    ("command", "name", "words"),
    [
        ("run", "campain.yaml", "did you mean"),
        ("check", "campain.yaml", "campaign.yaml"),
        ("status", ".", "campaign.yaml"),
        ("export", "nowhere/x.yaml", "nowhere"),
        ("preview", "sheet.csv", "sheet.csv"),
        ("run", "", "folder"),
    ],
)
def test_a_campaign_that_is_not_there_is_suggested(
    served: Folder, program: Program, command: str, name: str, words: str
) -> None:
    served.people(numbers(1))
    result = program.run(command, name, cwd=served.path)
    assert result.code == 2, result
    assert words in result.err


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("mysql://me:hunter2@host/db", ("mysql", "sqlite:///")),
        ("postgresql://me:hunter2@127.0.0.1:1/db", ("me@127.0.0.1:1/db", "cannot be reached")),
        ("sqlite:///", ("empty",)),
        ("no/such/folder/ledger.db", ("no/such",)),
        (".", ("folder",)),
        ("sheet.csv", ("sheet.csv",)),
    ],
)
def test_a_ledger_that_cannot_be_used_is_told_and_nobody_is_called(
    served: Folder, standin: StandIn, value: str, words: tuple[str, ...]
) -> None:
    served.people(numbers(1))
    sheet = served.sheet.read_bytes()
    for result in (
        served.run(env={"POKU_BATCH_LEDGER": value}),
        served.do("status", env={"POKU_BATCH_LEDGER": value}),
    ):
        assert result.code == 2, result
        assert "hunter2" not in result.err
    run = served.run(env={"POKU_BATCH_LEDGER": value})
    for word in words:
        assert word in run.err, run.err
    assert served.sheet.read_bytes() == sheet
    assert standin.requests == []


def test_the_ledger_may_be_kept_elsewhere(served: Folder, standin: StandIn, tmp_path: Path) -> None:
    served.people(numbers(2))
    elsewhere = tmp_path / "my ledgers" / "l%20.db"
    elsewhere.parent.mkdir()
    env = {"POKU_BATCH_LEDGER": str(elsewhere)}
    assert served.run(env=env).code == 0
    assert elsewhere.exists()
    assert not served.ledger.exists()
    url = {"POKU_BATCH_LEDGER": f"sqlite:///{tmp_path}/my%20ledgers/l%2520.db"}
    assert served.run(env=url).code == 0
    assert served.do("status", "--json", env=url).json["states"]["done"] == 2
    assert standin.numbers == numbers(2)
    assert served.do("status").code == 2


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("http://api.pokulabs.com", "https"),
        ("ftp://localhost", "https"),
        ("api.pokulabs.com", "https"),
        ("https://user:hunter2@host", "POKU_BASE_URL"),
        ("https://host/?key=hunter2", "?"),
        ("http://127.0.0.1:99999", "address"),
    ],
)
def test_an_address_that_no_key_may_be_sent_to_is_told(
    served: Folder, standin: StandIn, value: str, words: str
) -> None:
    served.people(numbers(1))
    result = served.run(env={"POKU_BASE_URL": value})
    assert result.code == 2, result
    assert "POKU_BASE_URL" in result.err
    assert words in result.err
    assert "hunter2" not in result.err
    assert not served.ledger.exists()


def test_an_address_with_a_path_and_a_slash_is_called_under_it(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(1))
    assert served.run(env={"POKU_BASE_URL": f"  {standin.url}/v2/ "}).code == 0
    assert standin.calls[0].path == "/v2/calls"
    # The campaign's own address serves where the environment names none.
    served.write(name="own", api={"base_url": f"{standin.url}/v3"})
    assert served.run(env={"POKU_BASE_URL": ""}).code == 0
    assert standin.calls[1].path == "/v3/calls"


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = Path(sys.executable).with_name("poku-batch")
    script = f'cd "{gone}" && rmdir "{gone}" && "{command}" check campaign.yaml'
    ended = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    words = "the folder that this is started in is gone; change into another one"
    assert ended.stderr == f"error: {words}\n"


def test_a_ledger_in_nobodys_home_is_a_path_like_others(served: Folder) -> None:
    served.people(numbers(1))
    result = served.do("status", env={"POKU_BATCH_LEDGER": "~nobody-here/ledger.db"})
    assert result.code == 2
    assert "Traceback" not in result.err
    assert "was never run" in result.err
