"""What ``check`` says of each sheet that is wrong: the exact words, kept in ``__snapshots__``.

``uv run pytest tests/corpus --snapshot-update`` writes them anew; read what changed.
"""

import json
import re

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from tests.corpus.sheets import CASES, Case
from tests.program import Folder


class Expected(SingleFileSnapshotExtension):
    """One readable file a sheet."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


@pytest.fixture
def expected(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(Expected)


def slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")


@pytest.fixture
def sheet(folder: Folder, request: pytest.FixtureRequest) -> Case:
    """The case's sheet and campaign, in the folder."""
    found: Case = request.param
    found.write(folder.path / found.file)
    contacts = {"file": found.file, **found.contacts}
    folder.write(
        contacts={key: value for key, value in contacts.items() if value is not None},
        prompt={"text": found.prompt},
        **found.keys,
    )
    return found


def cases(*, of: list[Case] = CASES) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "sheet", of, indirect=True, ids=[slug(found.name) for found in of]
    )


@cases()
def test_check_says_what_is_wrong_with_a_sheet(
    folder: Folder, sheet: Case, expected: SnapshotAssertion
) -> None:
    result = folder.do("check")
    said = f"{sheet.name}\n\nexit code {result.code}\n{result.out}{result.err}"
    assert "Traceback" not in said
    said = re.sub(r"would end [0-9: -]+", "would end …", said)
    assert said.replace(str(folder.path), ".") == expected
    assert not (folder.path / ".poku-batch").exists()


@cases()
def test_what_check_says_as_json_agrees_with_its_words(folder: Folder, sheet: Case) -> None:
    words, told = folder.do("check"), folder.do("check", "--json")
    assert told.code == words.code
    assert isinstance(json.loads(told.out), dict)


@cases()
def test_a_rehearsal_of_a_sheet_ends_as_check_said(folder: Folder, sheet: Case) -> None:
    checked = folder.do("check").code
    ran = folder.do("run", "--simulate", "--speed", "1000").code
    assert (ran == 2) == (checked == 2)


@cases()
def test_a_repaired_copy_has_nothing_left_to_repair(folder: Folder, sheet: Case) -> None:
    before = (folder.path / sheet.file).read_bytes() if (folder.path / sheet.file).exists() else b""
    result = folder.do("check", "--fix", "fixed.csv")
    if not (folder.path / "fixed.csv").exists():
        assert result.code == 2
        return
    assert (folder.path / sheet.file).read_bytes() == before
    folder.write(
        contacts={
            **{key: value for key, value in sheet.contacts.items() if value is not None},
            "file": "fixed.csv",
            "header_row": 1,
            **({"sheet": None} if "sheet" in sheet.contacts else {}),
        },
        prompt={"text": sheet.prompt},
        **sheet.keys,
    )
    again = folder.do("check", "--fix", "fixed-again.csv")
    assert again.code in (0, 2)
    twice = folder.path / "fixed-again.csv"
    assert not twice.exists() or twice.read_bytes() == (folder.path / "fixed.csv").read_bytes()
