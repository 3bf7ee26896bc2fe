"""Where words go: results to standard output, everything else to standard error.

``out`` and ``err`` are made when they are first asked for: not every command has words for people.
"""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    #: Results.
    out: Console
    #: Progress, questions and errors.
    err: Console


def __getattr__(name: str) -> Any:
    if name not in {"out", "err"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rich.console import Console

    return globals().setdefault(name, Console(stderr=name == "err", highlight=False))


def _err() -> "Console":
    from poku_batch.cli.terminal import err

    return err


def say(console: "Console", text: str, *, style: str = "", level: str = "info") -> None:
    """Write text as it is: no markup, no control characters, no line broken that was not.

    On standard error as a line of JSON, where ``POKU_BATCH_LOG`` asks for that.
    """
    from rich.text import Text

    if console.stderr and _logs_json():
        _log(text, level)
        return
    console.print(Text(printable(text), style=style), soft_wrap=True)


def printable(text: str) -> str:
    """Text of anybody's, without what could steer a terminal; line feeds and tabs stay."""
    return "".join(c if c.isprintable() or c in "\n\t" else " " for c in text)


def print_error(message: str) -> None:
    """Write an error, one fault a line; paths from the working directory on, as typed."""
    with suppress(FileNotFoundError):  # the working directory may be gone
        here = f"{Path.cwd()}{os.sep}"
        if len(here) > 2:  # not the root of all paths
            message = message.replace(here, "")
    whole = "\n" in message or _logs_json()
    say(_err(), message if whole else f"error: {message}", level="error")


def _logs_json() -> bool:
    return os.environ.get("POKU_BATCH_LOG", "").strip().casefold() == "json"


def _log(text: str, level: str) -> None:
    from poku_batch.telemetry import message_line

    if text.strip():
        sys.stderr.write(message_line(text, level=level) + "\n")
        sys.stderr.flush()


def print_json(value: dict[str, Any]) -> None:
    """Write a JSON object and nothing else to standard output; ASCII, which every reader takes."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def shown(path: Path | str) -> str:
    """A path as a person at this terminal would type it; what is no path, as it is."""
    if isinstance(path, str):
        return path
    try:
        near = os.path.relpath(path)
    except ValueError:  # another drive, on Windows
        return str(path)
    return str(path) if near.startswith(f"..{os.sep}..{os.sep}..") else near
