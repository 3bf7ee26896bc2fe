"""The program ``poku-batch``: its streams kept, its first page shown at once, its commands run.

What the commands need is imported when one is asked for.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poku_batch.cli.exits import ExitCode
from poku_batch.cli.front import front_page
from poku_batch.cli.leaving import leave_in_order
from poku_batch.cli.streams import keep_streams

if TYPE_CHECKING:
    from poku_batch.cli.commands import app

__all__ = ["app", "main"]


def main() -> None:
    """Run the program and leave with its exit code."""
    keep_streams()
    leave_in_order()
    sys.exit(_run())


def _run() -> int:
    page = front_page(sys.argv[1:])
    if page is not None and _is_anywhere():
        sys.stdout.write(page)
        return _flushed()
    from poku_batch.cli.commands import run_command
    from poku_batch.cli.terminal import print_error

    if not _is_anywhere():
        print_error("the folder that this is started in is gone; change into another one")
        return ExitCode.USAGE
    return run_command()


def _is_anywhere() -> bool:
    """Whether the working directory is there."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True


def _flushed() -> int:
    from poku_batch.errors import PokuBatchError

    try:
        sys.stdout.flush()
    except PokuBatchError as error:
        from poku_batch.cli.terminal import print_error

        print_error(str(error))
        return error.exit_code
    return ExitCode.OK


def __getattr__(name: str) -> Any:
    if name == "app":
        from poku_batch.cli.commands import app

        return app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
