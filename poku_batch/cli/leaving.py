"""Leaving when it is asked for from outside: as with Ctrl-C, so that nothing private stays behind.

What a command has fetched of a sheet, or reads from standard input, lies in a temporary folder
that only an orderly end takes away. A run and a test call heed signals in their own way.
"""

import signal
from types import FrameType

#: What typer gives for Ctrl-C, as a shell would.
INTERRUPTED = 130


def leave_in_order() -> None:
    """Let SIGTERM and SIGHUP do as SIGINT does, but where they are ignored, as under nohup."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    if callable(signal.getsignal(signal.SIGINT)):
        signal.raise_signal(signal.SIGINT)
    else:  # it is ignored, as shells have it for what they start in the background
        raise KeyboardInterrupt
