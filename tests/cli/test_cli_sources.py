"""Sheets from anywhere, as a user meets them: worksheets, several files, links, standard input."""

import http.server
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.program import Folder, Program, Result
from tests.standin import StandIn, numbers, summary

COMMAND = str(Path(sys.executable).with_name("poku-batch"))


def put(folder: Folder, name: str, text: str) -> Path:
    path = folder.path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return path


def piped(
    folder: Folder, program: Program, sheet: bytes, *args: str, temporary: Path | None = None
) -> Result:
    """The installed command with a sheet on its standard input."""
    env = program.env({**folder.env, "TMPDIR": str(temporary or folder.path)})
    done = subprocess.run(
        [COMMAND, *args],
        input=sheet,
        capture_output=True,
        check=False,
        cwd=folder.path,
        env=env,
        timeout=60,
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode()).checked()


@contextmanager
def linked(answers: dict[str, tuple[int, str, bytes]]) -> Iterator[str]:
    """A server of sheets on this machine: status, content type and body by path."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, body = answers[self.path]
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 – its name
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_worksheet_below_a_title_is_called_and_comes_back(
    served: Folder, standin: StandIn
) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["not", "this"])
    sheet = book.create_sheet("Tuesday")
    for row in (["Clinic"], [], ["name", "phone"], ["Ann", numbers(1)[0]]):
        sheet.append(row)
    book.save(served.path / "week.xlsx")

    served.write(contacts={"file": "week.xlsx", "sheet": "Tuseday", "header_row": 3})
    told = served.do("check")
    assert told.code == 2
    assert 'there is no worksheet "Tuseday" (did you mean "Tuesday"?' in told.err

    served.write(contacts={"file": "week.xlsx", "sheet": 2})
    told = served.do("check")
    assert told.code == 2
    assert "row 1: looks like a title" in told.err
    assert "set contacts.header_row: 3" in told.err

    served.write(contacts={"file": "week.xlsx", "sheet": 2, "header_row": 3})
    assert served.do("check").code == 0
    assert "Call Ann." in served.do("preview", "--row", "4").out
    assert served.run().code == 0
    assert standin.numbers == numbers(1)
    assert [(row["name"], row["call_status"]) for row in served.results()] == [("Ann", "done")]


def test_a_folder_of_files_is_one_sheet_whose_results_keep_the_order(
    served: Folder, standin: StandIn
) -> None:
    one, two, three, four = numbers(4)
    put(served, "inbox/b.csv", f"phone;name\r\n{three};Cid\r\n{four};Dot;\r\n")
    put(served, "inbox/a.csv", f"sep=;\nname;phone\nAnn;{one}\n\nBob;{two}\n")
    put(served, "inbox/.hidden.csv", "x\n1\n")
    put(served, "inbox/~$a.csv", "x\n1\n")
    served.write(contacts={"file": "inbox/*.csv"}, output="inbox/out.csv")
    assert served.run().code == 0
    assert standin.numbers == numbers(4)
    rows = served.results("inbox/out.csv")
    assert [row["name"] for row in rows] == ["Ann", "Bob", "Cid", "Dot"]
    assert [row["call_summary"] for row in rows] == [summary(number) for number in numbers(4)]

    # What was written matches the pattern now, and is nobody's sheet.
    (served.path / "inbox" / "out (2).csv").write_bytes(
        (served.path / "inbox" / "out.csv").read_bytes()
    )
    assert served.run().code == 0
    assert standin.numbers == numbers(4)
    assert "Call Dot." in served.do("preview", "--row", "6").out


def test_a_folder_that_cannot_be_one_sheet_is_told_and_nobody_is_called(
    served: Folder, standin: StandIn
) -> None:
    served.write(contacts={"file": "inbox/*.csv"})
    told = served.run()
    assert told.code == 2
    assert "matches no file (there is no folder " in told.err
    put(served, "inbox/a.csv", f"name,phone\nAnn,{numbers(1)[0]}\n")
    put(served, "inbox/b.csv", f"name,mobile\nBob,{numbers(2)[1]}\n")
    told = served.run()
    assert told.code == 2
    assert "b.csv, row 1: the columns are not those of a.csv" in told.err
    assert standin.calls == []


def test_a_link_is_fetched_anew_each_time_and_its_query_is_told_to_nobody(
    served: Folder, standin: StandIn
) -> None:
    one, two = numbers(2)
    path = "/s.csv?token=SECRET"
    answers = {path: (200, "text/csv", f"name,phone\nAnn,{one}\n".encode())}
    temporary = served.path / "temporary"
    temporary.mkdir()
    env = {"TMPDIR": str(temporary)}
    with linked(answers) as url:
        served.write(contacts={"file": url + path})
        assert served.run(env=env).code == 0
        answers[path] = (200, "text/csv", f"name,phone\nAnn,{one}\nBob,{two}\n".encode())
        assert "SECRET" not in served.do("check", env=env).out
        assert served.run(env=env).code == 0
        assert standin.numbers == [one, two]
        assert [row["name"] for row in served.results()] == ["Ann", "Bob"]

        answers[path] = (200, "text/csv", b"name,phone\nAnn\n")
        malformed = served.run(env=env)
        answers[path] = (200, "text/html", b"<html>")
        page = served.do("check", env=env)
        answers[path] = (404, "text/plain", b"")
        gone = served.do("check", env=env)
        assert (malformed.code, page.code, gone.code) == (2, 2, 2)
        assert f"{url}/s.csv:2, row 2: 1 cells where" in malformed.err
        assert f"{url}/s.csv: is a web page, not a sheet" in page.err
        assert f"{url}/s.csv: there is nothing at this address (HTTP 404)" in gone.err
        assert "SECRET" not in malformed.err + page.err + gone.err
    assert list(temporary.iterdir()) == []
    told = served.do("check", env=env)
    assert told.code == 2
    assert "cannot be reached: Connection refused" in told.err


def test_a_link_to_a_workbook_is_known_by_what_it_holds(served: Folder, standin: StandIn) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["name", "phone"])
    book.worksheets[0].append(["Ann", numbers(1)[0]])
    book.save(served.path / "b.xlsx")
    body = (served.path / "b.xlsx").read_bytes()
    with linked({"/x": (200, "application/octet-stream", body)}) as url:
        served.write(contacts={"file": f"{url}/x", "sheet": 1})
        assert served.run().code == 0
    assert standin.numbers == numbers(1)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_sheet_on_standard_input_is_called(
    served: Folder, program: Program, standin: StandIn, kind: str
) -> None:
    if kind == "csv":
        sheet = f"name;phone\nAnn;{numbers(1)[0]}\n".encode()
    else:
        book = openpyxl.Workbook()
        book.worksheets[0].append(["name", "phone"])
        book.worksheets[0].append(["Ann", numbers(1)[0]])
        book.save(served.path / "b.xlsx")
        sheet = (served.path / "b.xlsx").read_bytes()
    served.write(contacts={"file": "-"})
    temporary = served.path / "temporary"
    temporary.mkdir()
    asked = piped(served, program, sheet, "run", "campaign.yaml", temporary=temporary)
    assert asked.code == 2
    assert "add --yes" in asked.err
    assert standin.calls == []
    done = piped(served, program, sheet, "run", "campaign.yaml", "--yes", temporary=temporary)
    assert done.code == 0
    assert standin.numbers == numbers(1)
    assert served.states() == ["done"]
    assert list(temporary.iterdir()) == []


def test_faults_on_standard_input_are_told_by_that_name(served: Folder, program: Program) -> None:
    served.write(contacts={"file": "-"})
    told = piped(served, program, b"name,phone\nAnn\n", "check", "campaign.yaml")
    assert told.code == 2
    assert "standard input:2, row 2: 1 cells where the header has 2" in told.err
    told = served.do("check")  # its standard input is empty
    assert told.code == 2
    assert "standard input: is empty" in told.err


def test_a_person_at_standard_input_is_told_at_once(served: Folder, program: Program) -> None:
    served.write(contacts={"file": "-"})
    terminal = program.spawn("check", "campaign.yaml", cwd=served.path)
    terminal.expect("standard input: is a terminal, not a sheet")
    terminal.expect("< sheet.csv")
    terminal.expect_exact("\r\n")
    terminal.wait()
    assert terminal.exitstatus == 2


def test_waiting_for_standard_input_ends_with_ctrl_c(served: Folder, program: Program) -> None:
    served.write(contacts={"file": "-"})
    temporary = served.path / "temporary"
    temporary.mkdir()
    env = program.env({"TMPDIR": str(temporary)})
    with subprocess.Popen(
        [COMMAND, "check", "campaign.yaml"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=served.path,
        env=env,
    ) as waiting:
        assert waiting.stdin is not None
        waiting.stdin.write(b"name,phone\nAnn")
        waiting.stdin.flush()
        give_up = time.monotonic() + 20
        while not list(temporary.glob("*/sheet")):
            assert time.monotonic() < give_up
            time.sleep(0.02)
        (kept,) = temporary.glob("*/sheet")
        assert kept.stat().st_mode & 0o777 == 0o600
        os.kill(waiting.pid, signal.SIGINT)
        out, err = waiting.communicate(timeout=10)
    assert b"Traceback" not in out + err
    assert waiting.returncode != 0
    assert list(temporary.iterdir()) == []


def test_an_output_that_is_one_of_the_files_is_left_out_of_them(
    served: Folder, standin: StandIn
) -> None:
    put(served, "inbox/a.csv", f"name,phone\nAnn,{numbers(1)[0]}\n")
    served.write(contacts={"file": "inbox/*.csv"}, output="inbox/a.csv")
    told = served.run()
    assert told.code == 2
    assert "matches no sheet (only files that the campaign writes" in told.err
    assert standin.calls == []


def test_rows_of_several_files_that_contradict_each_other_are_named_where_they_are(
    folder: Folder,
) -> None:
    for name, row in (("a.csv", "1,+14155550101"), ("b.csv", "2,+14155550102\n1,+14155550103")):
        (folder.path / name).write_text(f"id,phone\n{row}\n")
    contacts = {"file": "*.csv", "phone": "phone", "key": "id"}
    folder.write(contacts=contacts, prompt={"text": "Call {{ id }}."}, output="out/out.csv")
    refused = folder.do("check")
    assert refused.code == 2
    assert "b.csv, row 3: the same key as a.csv, row 2, with a different number" in refused.err
