"""The documentation's pages: what they show is what the program does, and their files work."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
import yaml

from poku_batch.campaign import load_campaign
from scripts import campaign_page, command_pages, screenshots, transcripts, tutorial_sheet
from scripts.stage import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
RECIPES = DOCS / "recipes"
_BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.DOTALL | re.MULTILINE)


def blocks(page: Path, language: str) -> list[tuple[str, str]]:
    """The fenced blocks of a page in one language: title and text."""
    found = _BLOCK.findall(page.read_text(encoding="utf-8"))
    return [(title, text) for name, title, text in found if name == language]


def block(page: Path, title: str) -> str:
    """The text of the block with this title."""
    (text,) = {
        text for _, name, text in _BLOCK.findall(page.read_text(encoding="utf-8")) if name == title
    }
    return str(text)


def nav_pages(part: Any) -> list[str]:
    """Every page below a part of ``nav``."""
    match part:
        case str():
            return [part]
        case dict():
            return [page for value in part.values() for page in nav_pages(value)]
        case _:
            return [page for value in part for page in nav_pages(value)]


def made(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"scripts.{module}", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def test_the_command_pages_are_what_the_program_is() -> None:
    done = made("command_pages")
    assert (done.returncode, done.stdout) == (0, ""), (
        f"to make them anew: uv run python -m scripts.docs --update\n{done.stdout}{done.stderr}"
    )


def test_the_page_of_keys_is_what_the_schema_is() -> None:
    assert (DOCS / "campaign.md").read_text(encoding="utf-8") == campaign_page.page()


@pytest.mark.parametrize("group", ["tutorial.md", "recipes"])
def test_what_a_page_shows_is_what_the_program_shows(group: str) -> None:
    pages = [page for page in transcripts.staged_pages() if (DOCS / group) in [page, page.parent]]
    assert pages
    done = made("transcripts", *map(str, pages))
    assert (done.returncode, done.stdout) == (0, ""), (
        f"to make them anew: uv run python -m scripts.docs --update\n{done.stdout}{done.stderr}"
    )


def test_every_console_block_is_run_or_says_why_not() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        staged = "<!-- stage: " in text
        for found in re.finditer(r"(<!-- not run: .+ -->\n)?```console\n((?:.+\n)*)", text):
            ours = "$ poku-batch" in found[2] or "$ uv run poku-batch" in found[2]
            assert found[1] or staged or not ours, page


def test_every_command_and_page_is_in_the_navigation() -> None:
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    listed = nav_pages(config["nav"])
    assert sorted(listed) == sorted(page.relative_to(DOCS).as_posix() for page in PAGES)
    for name in command_pages.commands():
        assert f"commands/{name}.md" in listed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_every_campaign_that_a_page_shows_loads(page: Path, tmp_path: Path) -> None:
    for _, text in blocks(page, "yaml"):
        part = yaml.safe_load(text) or {}
        whole = {"name": "shown", "contacts": "sheet.csv", "prompt": {"text": "Say hello."}} | part
        if isinstance(whole["contacts"], dict):
            whole["contacts"] = {"file": "sheet.csv"} | whole["contacts"]
        (tmp_path / "campaign.yaml").write_text(
            text if set(part) >= {"name", "contacts", "prompt"} else yaml.safe_dump(whole),
            encoding="utf-8",
        )
        load_campaign(tmp_path / "campaign.yaml")


def test_every_answer_on_law_has_a_source_and_the_page_says_what_it_is_not() -> None:
    text = (DOCS / "law.md").read_text(encoding="utf-8")
    assert "no legal advice" in text
    body = text[text.index("## United States") :]
    for answer in re.split(r"^#{2,3} ", body, flags=re.MULTILINE)[1:]:
        title, _, words = answer.partition("\n")
        if words.strip():
            assert "](https://" in words, title


def test_every_key_that_the_law_page_names_is_one() -> None:
    keys = (DOCS / "campaign.md").read_text(encoding="utf-8")
    named = set(
        re.findall(r"`((?:contacts|limits|redial|call)\.\w+)`", (DOCS / "law.md").read_text())
    )
    assert {"contacts.consent", "limits.per_number", "call.from"} <= named
    assert {key for key in named if f"`{key}`" not in keys} == set()


def test_the_script_of_every_day_gives_on_the_exit_code(tmp_path: Path) -> None:
    (tmp_path / "call.sh").write_text(block(RECIPES / "daily.md", "call.sh"), encoding="utf-8")
    (tmp_path / "key.sh").write_text("export POKU_API_KEY=abc\n", encoding="utf-8")
    program = tmp_path / "bin" / "poku-batch"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$PWD $POKU_API_KEY $*"\nexit 5\n', encoding="utf-8")
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(["sh", tmp_path / "call.sh"], env={"PATH": path}, check=False)
    assert done.returncode == 5
    logged = (tmp_path / "calls.log").read_text(encoding="utf-8")
    assert logged == f"{tmp_path} abc run confirmations.yaml --no-wait --yes\n"


def test_the_options_that_schedules_give_are_options_of_run() -> None:
    (run,) = [one for name, one in command_pages.commands().items() if name == "run"]
    known = {option for parameter in run.params for option in parameter.opts}
    text = (RECIPES / "daily.md").read_text(encoding="utf-8")
    given = re.findall(r"poku-batch run confirmations\.yaml (--.*?)(?: ?>>|\n|$)", text)
    assert len(given) >= 4
    for options in given:
        assert {word for word in options.split() if word.startswith("--")} <= known


def test_the_line_for_cron_is_every_hour_of_the_working_day() -> None:
    line = block(RECIPES / "daily.md", "crontab")
    assert re.fullmatch(r"0 9-17 \* \* 1-5 /\S+/call\.sh\n", line)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_the_units_for_systemd_are_taken_by_systemd(tmp_path: Path) -> None:
    for name in ("poku-batch.service", "poku-batch.timer"):
        text = block(RECIPES / "daily.md", name)
        text = text.replace("/home/clinic/.local/bin/poku-batch", shutil.which("true") or "")
        text = text.replace("User=clinic\n", "User=root\n")
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / "poku-batch.timer"],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "poku-batch" in line]
    assert ours == []
    when = subprocess.run(
        ["systemd-analyze", "calendar", "Mon..Fri 09..17:00"], capture_output=True, check=False
    )
    assert when.returncode == 0


def test_the_task_for_windows_names_its_script_and_its_hours() -> None:
    (_, command), *_ = [
        one for one in blocks(RECIPES / "daily.md", "bat") if one[1].startswith("schtasks")
    ]
    options = dict(re.findall(r'/(TN|TR|SC|D|ST|RI|DU) ("[^"]+"|\S+)', command))
    assert options["TR"].endswith('call.cmd"')
    assert (options["SC"], options["ST"], options["RI"], options["DU"]) == (
        "WEEKLY",
        "09:00",
        "60",
        "09:00",
    )


def test_the_hook_into_a_crm_counts_a_message_once(tmp_path: Path) -> None:
    script = tmp_path / "into_crm.py"
    script.write_text(block(RECIPES / "crm.md", "into_crm.py"), encoding="utf-8")
    (_, message), *_ = blocks(DOCS / "hooks.md", "json")
    for _ in range(2):
        subprocess.run([sys.executable, script], cwd=tmp_path, input=message, text=True, check=True)
    with sqlite3.connect(tmp_path / "crm.db") as crm:
        rows = crm.execute("SELECT key, outcome FROM calls").fetchall()
    crm.close()
    data = json.loads(message)["data"]
    assert rows == [(data["key"], data["outcome"])]


def test_the_sheet_of_the_tutorial_is_the_one_that_its_script_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tutorial_sheet, "SHEET", tmp_path / "patients.xlsx")
    tutorial_sheet.write()
    new, kept = (
        [list(row) for row in openpyxl.load_workbook(path).worksheets[0].values]
        for path in (tmp_path / "patients.xlsx", DOCS / "tutorial" / "patients.xlsx")
    )
    assert new == kept


@pytest.mark.parametrize(
    "path", sorted((DOCS / "images").glob("*.svg")), ids=lambda path: path.name
)
def test_the_pictures_are_light_and_fetch_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ElementTree.fromstring(text).tag.endswith("}svg")  # noqa: S314  # our own file
    assert len(text) < 40_000
    for outside in ("@font-face", "@import", "url(http", "<image", "<script", "href="):
        assert outside not in text


def test_every_picture_that_is_taken_is_there() -> None:
    taken = {f"{name}.svg" for name in screenshots.SHOTS}
    assert {path.name for path in (DOCS / "images").glob("*.svg")} == taken
