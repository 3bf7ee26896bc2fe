"""The standard streams, made to outlive whoever reads them.

A run must not break off, with phones ringing, because ``head`` has seen enough, a terminal was
closed, or a character has no place in the reader's encoding.
"""

import errno
import io
import os
import sys
from pathlib import Path
from typing import Any, TextIO, cast

from poku_batch.cli.exits import ExitCode
from poku_batch.errors import PokuBatchError

#: The reader has left: a closed pipe, a closed terminal.
_GONE = frozenset({errno.EPIPE, errno.EIO, errno.ENXIO})


def keep_streams() -> None:
    """Put lasting streams in the place of standard output and standard error."""
    sys.stdout = _lasting(sys.stdout, forgiving=False)
    sys.stderr = _lasting(sys.stderr, forgiving=True)


def _lasting(stream: TextIO | None, *, forgiving: bool) -> TextIO:
    if stream is None:  # the shell closed it: `>&-`
        return io.StringIO()
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return cast("TextIO", _Lasting(stream, forgiving=forgiving))


class StandardOutputError(PokuBatchError):
    """What was to be told on standard output is lost; what was done is not."""

    exit_code = ExitCode.STOPPED


class _Lasting:
    """A stream that drops what nobody can read any more.

    A ``forgiving`` one drops what cannot be written for any other reason too, as on a full disk.
    """

    def __init__(self, stream: TextIO, *, forgiving: bool) -> None:
        self._stream = stream
        self._forgiving = forgiving

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write text, or drop it."""
        try:
            self._stream.write(text)
        except OSError as error:
            self._forget(error)
        return len(text)

    def flush(self) -> None:
        """Write what is buffered, or drop it."""
        try:
            self._stream.flush()
        except OSError as error:
            self._forget(error)

    def _forget(self, error: OSError) -> None:
        if not self._forgiving and error.errno not in _GONE:
            self._to_nowhere()
            raise StandardOutputError(
                f"standard output cannot be written: {error.strerror}"
            ) from error
        self._to_nowhere()

    def _to_nowhere(self) -> None:
        # What is buffered would be tried again at the very end, and fail again.
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), self._stream.fileno())
