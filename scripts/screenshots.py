"""Pictures of the terminal for README: ``python -m scripts.screenshots [NAME...]``.

Each is a real run at a real pseudo-terminal of 100 columns, written as an SVG file to docs/images.
The pictures name fonts that machines have, and fetch none.
"""

import io
import os
import pty
import re
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from scripts.stage import ROOT, Stage, act, set_size

_FOLDER = ROOT / "docs" / "images"
_COLUMNS = 100
_LINES = 60
_FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_LONGEST_S = 60.0
_SAMPLE = "campaigns/appointment_confirmations.yaml"
_STEP = re.compile(r"\x1b\[\??([0-9;]*)([A-Za-z])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A picture: of what command, when it is taken, and which of its lines are shown."""

    command: str
    #: The picture is taken when the screen matches; without it, at the end.
    when: str = ""
    first: str = ""
    lines: int = _LINES


#: Every picture, by its name.
SHOTS = {
    "check": Shot(command="check appointment-confirmations.yaml"),
    "preview": Shot(command="preview appointment-confirmations.yaml --row 4", lines=42),
    "run": Shot(command=f"run {_SAMPLE} --simulate --speed 12", when=r"\b1[2-6]/24\b"),
    "summary": Shot(command=f"run {_SAMPLE} --simulate", first="appointment-confirmations, reh"),
}


class Screen:
    """The lines of a terminal, with their colours, as the program has left them.

    It knows the steps that rich takes: a line up, a line erased, the line's beginning.
    """

    def __init__(self) -> None:
        self._lines = [""]
        self._row = 0

    @property
    def lines(self) -> list[str]:
        """What is on it, from top to bottom."""
        return self._lines

    def feed(self, text: str) -> None:
        """Do what the program has written."""
        for part in re.split(r"(\r\n|\r|\n|\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07)", text):
            step = _STEP.fullmatch(part)
            if part in {"\n", "\r\n"}:
                self._go_down()
            elif step is None:
                self._put(part)
            elif step[2] == "m":
                self._lines[self._row] += part
            elif step[2] == "A":
                self._row = max(self._row - int(step[1] or 1), 0)
            elif step[2] == "K":
                self._lines[self._row] = ""

    def _put(self, text: str) -> None:
        if text and text != "\r":
            self._lines[self._row] += text

    def _go_down(self) -> None:
        self._row += 1
        if self._row == len(self._lines):
            self._lines.append("")


def take(name: str, shot: Shot, stage: Stage) -> None:
    """Run a command and write its picture."""
    lines = _seen(shot, stage)
    if shot.first:
        start = next(number for number, line in enumerate(lines) if shot.first in line)
        lines = lines[start:]
    lines = [line.rstrip() for line in lines[: shot.lines]]
    while lines and not lines[-1].strip():
        lines.pop()
    path = _FOLDER / f"{name}.svg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_svg("\n".join(lines), name, f"poku-batch {shot.command}"), encoding="utf-8")
    sys.stdout.write(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KiB\n")


def _seen(shot: Shot, stage: Stage) -> list[str]:
    pid, terminal = pty.fork()
    if pid == 0:
        env = stage.env | {
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "PYTHONPATH": str(ROOT),
        }
        os.chdir(stage.folder)
        play = ["-m", "scripts.screenshots", "--play", *shot.command.split()]
        os.execve(sys.executable, [sys.executable, *play], env)  # noqa: S606
    set_size(terminal, lines=_LINES, columns=_COLUMNS)
    screen, give_up_at = Screen(), time.monotonic() + _LONGEST_S
    for text in _written(terminal, give_up_at):
        screen.feed(text)
        if shot.when and re.search(shot.when, Text.from_ansi("\n".join(screen.lines)).plain):
            os.kill(pid, signal.SIGKILL)
            break
    os.close(terminal)
    os.waitpid(pid, 0)
    return [stage.without_paths(line) for line in screen.lines]


def _written(terminal: int, give_up_at: float) -> Iterator[str]:
    """What is written to a terminal, in pieces that a redrawing is not cut by."""
    while time.monotonic() < give_up_at:
        part = b""
        while select.select([terminal], [], [], 0.05 if part else 1.0)[0]:
            try:
                piece = os.read(terminal, 65_536)
            except OSError:  # the program has left
                piece = b""
            if not piece:
                yield part.decode(errors="replace")
                return
            part += piece
        yield part.decode(errors="replace")


def _svg(shown: str, name: str, title: str) -> str:
    from rich._export_format import CONSOLE_SVG_FORMAT

    width = max((len(Text.from_ansi(line).plain) for line in shown.splitlines()), default=1)
    console = Console(
        record=True,
        width=min(max(width, 60) + 1, 130),
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
    )
    # The line at the end keeps rich's frame from cutting the last one's underscores.
    console.print(Text.from_ansi(f"{shown}\n"), soft_wrap=False)
    form = re.sub(r"@font-face \{\{.*?\n    \}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    form = (
        form.replace("font-family: arial", f"font-family: {_FONT}")
        .replace("Fira Code", "poku-mono")
        .replace("poku-mono, monospace", _FONT)
    )
    return console.export_svg(title=title, code_format=form, unique_id=name)


@contextmanager
def _set() -> Iterator[Stage]:
    """A folder with the samples, and a campaign that init made of the tutorial's sheet."""
    place = Path(tempfile.mkdtemp())
    folder = place / "home" / "calls"
    for name in ("campaigns", "sample_data"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns(".poku-batch", "results")
        )
    shutil.copy(ROOT / "docs" / "tutorial" / "patients.xlsx", folder)
    stage = Stage(folder)
    options = "--sheet patients.xlsx --purpose appointment --region US --yes --company"
    begun = stage.run(["init", *options.split(), "Cedar Street Clinic"])
    try:
        if begun.code:
            raise SystemExit(begun.text)
        yield stage
    finally:
        shutil.rmtree(place)


def main(arguments: list[str]) -> int:
    """Take the pictures named, or all."""
    if arguments[:1] == ["--play"]:
        return act(arguments[1:])
    for name in arguments or SHOTS:
        with _set() as stage:
            take(name, SHOTS[name], stage)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
