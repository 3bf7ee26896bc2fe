"""Where words go: results to standard output, everything else to standard error."""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

#: Results.
out = Console(highlight=False)
#: Progress, questions and errors.
err = Console(stderr=True, highlight=False)


def say(console: Console, text: str, *, style: str = "") -> None:
    """Write text as it is: no markup, no control characters, no line broken that was not."""
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
    say(err, message if "\n" in message else f"error: {message}")


def print_json(value: dict[str, Any]) -> None:
    """Write a JSON object and nothing else to standard output; ASCII, which every reader takes."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def shown(path: Path) -> str:
    """A path as a person at this terminal would type it."""
    try:
        near = os.path.relpath(path)
    except ValueError:  # another drive, on Windows
        return str(path)
    return str(path) if near.startswith(f"..{os.sep}..{os.sep}..") else near
