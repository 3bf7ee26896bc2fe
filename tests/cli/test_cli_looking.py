"""``check``, ``preview``, ``status``, ``export``, ``schema``: nothing is done."""

import json
from pathlib import Path

import openpyxl
import pandas as pd

from tests.program import Folder, Program
from tests.standin import StandIn, numbers, summary

_PROJECT = Path(__file__).parents[2]


def test_check_tells_how_the_sheet_is_read_and_what_a_run_would_do_and_writes_nothing(
    served: Folder, standin: StandIn
) -> None:
    served.people([*numbers(3), "12", "+442079460001", numbers(1)[0], ""])
    before = served.names()
    check = served.do("check")
    assert check.code == 0, check
    assert check.err == ""
    for words in (
        "sheet.csv (csv, UTF-8, separated by commas)",
        "rows      7, columns: name, phone",
        "key: the number (phone)",
        "B5",
        "row 7: same number as row 2",
        "B8",
        "call 4, skip 3",
        "US 3, GB 1",
    ):
        assert words in check.out, words
    assert served.names() == before
    assert standin.requests == []
    # Without a key, too: nothing would be dialled.
    assert served.do("check", env={"POKU_API_KEY": ""}).code == 0


def test_check_names_the_line_of_a_missing_variable_and_the_nearest_column(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(2))
    (served.path / "call.j2").write_text("Hello.\nThis is for\n{{ nmae }}.\n")
    served.write(prompt="call.j2")
    before = served.names()
    for result in (served.do("check"), served.run(), served.do("preview")):
        assert result.code == 2
        assert "call.j2:3" in result.err
        assert "nmae" in result.err
        assert "name" in result.err
        assert result.out == ""
    assert served.names() == before
    assert standin.requests == []


def test_check_names_the_row_whose_prompt_cannot_be_rendered(
    served: Folder, standin: StandIn
) -> None:
    served.write_sheet(
        [("A", numbers(2)[0], "3"), ("B", numbers(2)[1], "x")], ("name", "phone", "n")
    )
    served.write(prompt={"text": "Call {{ 10 // (n | int) }}"})
    for result in (served.do("check"), served.run()):
        assert result.code == 2
        assert "row 3" in result.err
        assert "row 2" not in result.err
    assert standin.requests == []
    assert "out.csv" not in served.names()
    assert served.do("status").code == 2


def test_check_says_what_is_wrong_with_a_rows_own_language_voice_or_caller(
    served: Folder, standin: StandIn
) -> None:
    served.write_sheet(
        [("xx-YY", numbers(3)[0]), ("de-DE", numbers(3)[1]), ("DE_de", numbers(3)[2])],
        ("language", "phone"),
    )
    served.write(prompt={"text": "Hi"}, call={"language": "{{ language }}"})
    check = served.do("check")
    assert check.code == 0
    assert "row 2" in check.out
    assert "xx-YY" in check.out
    assert served.run().code == 0
    assert [call.json["language"] for call in standin.calls] == ["de-DE", "de-DE"]
    assert served.states() == ["skipped", "done", "done"]


def test_preview_shows_the_row_that_is_asked_for(served: Folder) -> None:
    columns = ("id", "name", "phone")
    served.write(
        contacts={"file": "sheet.csv", "key": "id"},
        prompt={"text": "Line one for {{ name }} [bold]!\nLine two."},
        call={"from": "+14155550100", "transfer_to": "+14155550101", "voice": "male"},
    )
    served.write_sheet(
        [("a", "Ann", "nothing"), ("b", "Bob", numbers(2)[0]), ("c", "Cid", numbers(2)[1])], columns
    )
    before = served.names()
    first = served.do("preview")
    assert "row 3, key b" in first.out
    assert "Line one for Bob [bold]!\nLine two." in first.out
    head, tail = first.out.index("{"), first.out.index("}") + 1
    assert json.loads(first.out[head:tail]) == {
        "to": numbers(1)[0],
        "from": "+14155550100",
        "transferTo": "+14155550101",
        "voice": "male",
    }
    assert "Line one for Cid" in served.do("preview", "--row", "4").out
    assert "Line one for Cid" in served.do("preview", "--key", "c").out
    assert "Line one for Bob" in served.do("preview", "--row", "3", "--key", "b").out
    unfit = served.do("preview", "--row", "2")
    assert unfit.code == 0
    assert "would not be called" in unfit.out
    for args, words in (
        (("--row", "99"), "row 99"),
        (("--key", "zz"), "'zz'"),
        (("--row", "3", "--key", "c"), "row 3"),
        (("--row", "1"), "--row"),
        (("--row", "x"), "--row"),
    ):
        missing = served.do("preview", *args)
        assert missing.code == 2, missing
        assert words in missing.err
    assert served.names() == before


def test_export_writes_the_results_again_also_after_the_sheet_is_gone(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(3))
    never = served.do("export")
    assert never.code == 2
    assert "never run" in never.err
    assert "poku-batch run" in never.err
    assert not served.ledger.exists()
    assert served.run("--limit", "2").code == 4
    expected = (served.path / "out.csv").read_bytes()
    (served.path / "out.csv").unlink()
    served.sheet.unlink()

    again = served.do("export")
    assert again.code == 0, again
    assert again.out == "results: out.csv\n"
    assert (served.path / "out.csv").read_bytes() == expected
    assert served.do("export", "-o", "deep/er/new.xlsx").code == 0
    assert served.do("export", "--output", served.path / "new.parquet").code == 0
    cells = openpyxl.load_workbook(served.path / "deep/er/new.xlsx").worksheets[0]
    frame = pd.read_parquet(served.path / "new.parquet")
    summaries = [summary(number) for number in numbers(2)]
    assert frame["call_summary"].tolist()[:2] == summaries
    assert frame["call_status"].tolist() == ["done", "done", "pending"]
    assert [row[4] for row in cells.iter_rows(values_only=True)][1:] == [*summaries, None]
    assert len(standin.calls) == 2
    for bad, words in (("x.cvs", "csv"), ("x", "ending"), (".", "folder"), ("sheet.csv", "input")):
        result = served.do("export", "-o", bad)
        assert result.code == 2, result
        assert words in result.err


def test_status_counts_by_state_and_outcome_and_says_what_was_never_run(
    served: Folder, standin: StandIn
) -> None:
    served.people([*numbers(3), "1"])
    never = served.do("status", "--json")
    assert never.code == 2
    assert never.out == ""
    assert "never run" in never.err
    served.run("--limit", "2")
    status = served.do("status")
    lines = [line.split() for line in status.out.splitlines()]
    assert lines[1:5] == [["pending", "1"], ["done", "2"], ["completed", "2"], ["skipped", "1"]]
    assert lines[5][-1] == "1"
    assert lines[6:] == [["all", "4"]]
    # Another wave of the same ledger was never run.
    served.write(wave="2")
    assert served.do("status").code == 2


def test_the_schema_that_is_printed_is_the_one_that_the_samples_name(
    program: Program, tmp_path: Path
) -> None:
    printed = program.run("schema", cwd=tmp_path)
    assert printed.code == 0
    assert printed.err == ""
    committed = (_PROJECT / "docs" / "campaign.schema.json").read_text(encoding="utf-8")
    assert json.loads(printed.out) == json.loads(committed)
