"""Where words go: results to standard output, everything else to standard error."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

#: Results.
out = Console(highlight=False)
#: Progress, questions and errors.
err = Console(stderr=True, highlight=False)


def print_error(message: str) -> None:
    """Write an error, one fault a line, without markup or control characters."""
    text = "".join(c if c.isprintable() or c == "\n" else " " for c in message)
    err.print(Text(f"error: {text}" if "\n" not in text else text), soft_wrap=True)


def print_json(value: dict[str, Any]) -> None:
    """Write a JSON object and nothing else to standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def shown(path: Path) -> str:
    """A path as a person at this terminal would type it."""
    try:
        near = os.path.relpath(path)
    except ValueError:  # another drive, on Windows
        return str(path)
    return str(path) if near.startswith(f"..{os.sep}..{os.sep}..") else near
