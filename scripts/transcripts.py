"""What the documentation shows is run: ``python -m scripts.transcripts [--update] [PAGE...]``.

A page names what it needs and what is to be done in comments, which a reader does not see; each
stands right before the block that it is about:

- ``<!-- stage: sample_data, docs/tutorial/clinic.xlsx as clinic.xlsx; api -->`` gives the page a
  folder with copies of these files, and with ``api`` a simulator in the place of the API;
- ``<!-- answers: one | two -->`` is typed when the next command asks;
- ``<!-- exit: 5 -->`` is the code that the last command of the block leaves with, if not 0;
- ``<!-- lines: 12 -->`` shows the first 12 lines of each command, ``<!-- lines: -3 -->`` the last
  three, and ``…`` for the rest;
- ``<!-- shows: campaign.yaml -->`` fills the block with that file;
- ``<!-- append: campaign.yaml -->`` puts the block at the end of that file;
- ``<!-- hidden: … -->`` runs a shell command that is not shown;
- ``<!-- not run: why -->`` leaves a block alone.

A block with a ``title`` is written to the file of that name. In a ``console`` block every line that
begins with ``$`` is run, and what it showed is put below it. Without ``--update`` nothing is
changed, and pages that would be are told, with what differs.
"""

import difflib
import json
import os
import re
import shlex
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scripts.stage import ROOT, Shown, Stage, load_program

_COMMENT = re.compile(r"<!-- (stage|answers|exit|lines|shows|append|hidden|not run): (.*?) -->")
_FENCE = re.compile(r"```([a-z0-9]*)(.*)")
#: What differs from one making to the next: how far a run was at some second, times, IDs, lengths.
_PROGRESS = re.compile(r"^(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d  .*\n", re.MULTILINE)
_CHANGING = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|length +\d+ s.*"
)
#: Calls that are listed as they end.
_ENDED = re.compile(r"(^  row \d+: .*\n)+", re.MULTILINE)
#: What makes a command one for the shell; such a one sees the time as it is.
_SHELL = {"|", "&&", ">", ">/dev/null", "2>&1"}
_AT_ONCE = 3
_TITLE = re.compile(r'title="([^"]+)"')


class StoryError(Exception):
    """A page that cannot be played: a command that left with another code, a missing file."""


def staged_pages() -> list[Path]:
    """Every page of the documentation that has a stage."""
    pages = sorted((ROOT / "docs").rglob("*.md"))
    return [page for page in pages if "<!-- stage: " in page.read_text(encoding="utf-8")]


def play(text: str) -> str:
    """A page as it is when everything on it has been run."""
    with _stage() as stage:
        player = _Player(stage)
        return "".join(player.played(text.splitlines(keepends=True)))


def play_all(texts: Sequence[str]) -> list[str]:
    """Several pages, each played by a process of its own, two at a time: most of it is waiting.

    Raises ``StoryError`` with what went wrong with the first that cannot be played.
    """
    load_program()
    with tempfile.TemporaryDirectory() as place:
        for number, text in enumerate(texts):
            if number >= _AT_ONCE:
                os.wait()
            if os.fork() == 0:
                _play_apart(text, Path(place) / str(number))
        for _ in range(min(_AT_ONCE, len(texts))):
            os.wait()
        told = [json.loads((Path(place) / str(number)).read_text()) for number in range(len(texts))]
    for one in told:
        if one["error"]:
            raise StoryError(one["error"])
    return [one["text"] for one in told]


def _play_apart(text: str, answer: Path) -> None:
    told = {"text": "", "error": "fell over"}
    try:
        told = {"text": play(text), "error": ""}
    except StoryError as error:
        told["error"] = str(error)
    except BaseException:
        told["error"] = traceback.format_exc()
    finally:
        answer.write_text(json.dumps(told))
        os._exit(0)


@contextmanager
def _stage() -> Iterator[Stage]:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "home" / "calls"
        folder.mkdir(parents=True)
        stage = Stage(folder)
        try:
            yield stage
        finally:
            stage.close()


class _Player:
    """Goes through a page's lines from top to bottom."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._notes: dict[str, str] = {}

    def played(self, lines: list[str]) -> Iterator[str]:
        """The lines, with what blocks show put in."""
        rest = iter(lines)
        for line in rest:
            yield line
            if note := _COMMENT.fullmatch(line.strip()):
                self._note(*note.groups())
            elif fence := _FENCE.fullmatch(line.rstrip("\n")):
                body = list(_until_fence(rest))
                yield from self._block(fence[1], fence[2], body)
                yield "```\n"
                self._notes = {}

    def _note(self, name: str, value: str) -> None:
        match name:
            case "stage":
                self._set(value)
            case "hidden":
                self._expect(self._run(value), value, 0)
            case _:
                self._notes[name] = value

    def _set(self, value: str) -> None:
        for part in filter(None, re.split(r"[,;]\s*", value)):
            if part == "api":
                self._stage.serve_api()
            elif part != "nothing":
                source, _, target = part.partition(" as ")
                _copy(ROOT / source, self._stage.folder / (target or source))

    def _block(self, language: str, attributes: str, body: list[str]) -> Iterator[str]:
        if "not run" in self._notes:
            yield from body
        elif "shows" in self._notes:
            text = (self._stage.folder / self._notes["shows"]).read_text(encoding="utf-8")
            yield text if text.endswith("\n") else f"{text}\n"
        elif language == "console":
            yield from self._console([line for line in body if line.startswith(("$ ", "> "))])
        else:
            self._write(attributes, body)
            yield from body

    def _write(self, attributes: str, body: list[str]) -> None:
        if title := _TITLE.search(attributes):
            path = self._stage.folder / title[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(body), encoding="utf-8")
        elif target := self._notes.get("append"):
            with (self._stage.folder / target).open("a", encoding="utf-8") as file:
                file.writelines(body)

    def _console(self, lines: list[str]) -> Iterator[str]:
        commands = _commands(lines)
        for number, typed in enumerate(commands, 1):
            yield from typed
            command = " ".join(line[2:].strip().removesuffix("\\") for line in typed)
            shown = self._run(command)
            last = number == len(commands)
            self._expect(shown, command, int(self._notes.get("exit", "0")) if last else 0)
            yield from self._lines(shown.text)

    def _run(self, command: str) -> Shown:
        words = shlex.split(command)
        if words[:2] == ["uv", "run"]:
            words = words[2:]
        if words[0] == "export":
            name, _, value = words[1].partition("=")
            self._stage.env.setdefault(name, value)
            return Shown(text="", code=0)
        if words[0] != "poku-batch" or _SHELL & set(words):
            return self._stage.shell(command)
        answers = self._notes.pop("answers", None)
        return self._stage.run(
            words[1:], [] if answers is None else [part.strip() for part in answers.split("|")]
        )

    def _lines(self, text: str) -> list[str]:
        lines = [f"{line.rstrip()}\n" for line in text.strip("\n").splitlines()]
        most = int(self._notes.get("lines", "0"))
        if most == 0 or len(lines) <= abs(most):
            return lines
        return [*lines[:most], "…\n"] if most > 0 else ["…\n", *lines[most:]]

    def _expect(self, shown: Shown, command: str, code: int) -> None:
        if shown.code != code:
            raise StoryError(f"{command}: left with {shown.code}, not {code}:\n{shown.text}")


def _until_fence(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line.rstrip() == "```":
            return
        yield line


def _commands(lines: list[str]) -> list[list[str]]:
    """Each command with the lines that carry it on."""
    commands: list[list[str]] = []
    for line in lines:
        if line.startswith("$ "):
            commands.append([line])
        elif commands and commands[-1][-1].rstrip().endswith("\\"):
            commands[-1].append(line)
    return commands


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        ignored = shutil.ignore_patterns(".poku-batch", "results")
        shutil.copytree(source, target, ignore=ignored, dirs_exist_ok=True)
    else:
        shutil.copy(source, target)


def settle(path: Path, new: str, *, update: bool) -> str:
    """Write a page, or say how the one that is there differs; nothing where it does not."""
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    if _steady(old) == _steady(new):
        return ""
    name = str(path.relative_to(ROOT))
    if update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(new, encoding="utf-8")
        return f"{name}: written\n"
    lines = difflib.unified_diff(
        old.splitlines(keepends=True),
        new.splitlines(keepends=True),
        name,
        f"{name}, as it would be",
    )
    return "".join(lines)


def _steady(page: str) -> str:
    """A page without what differs although nothing has changed."""
    page = _CHANGING.sub("…", _PROGRESS.sub("", page))
    return _ENDED.sub(lambda found: "".join(sorted(found[0].splitlines(keepends=True))), page)


def main(arguments: list[str]) -> int:
    """Play pages; 1 where one is not as it would be."""
    update = "--update" in arguments
    named = [Path(argument).resolve() for argument in arguments if argument != "--update"]
    pages = named or staged_pages()
    try:
        played = play_all([page.read_text(encoding="utf-8") for page in pages])
    except StoryError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    told = [settle(page, text, update=update) for page, text in zip(pages, played, strict=True)]
    sys.stdout.write("".join(told))
    return int(any(told) and not update)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
