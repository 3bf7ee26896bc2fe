"""What goes wrong at the desk, in the words of the commands; but not to type what pages offer."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from poku_batch.dashboard.desk import DeskError
from poku_batch.errors import PokuBatchError

#: What a command would have a person type, and what a page has instead.
_INSTEAD = (
    (r"; begin with: poku-batch run [^\n]*", "; check it and start it first"),
    (r"To call a contact again: poku-batch retry", "To call a contact again, put it back"),
    (r"To rehearse without a key [^\n]*", "To rehearse, no key is needed."),
)


@contextmanager
def telling(folder: Path) -> Iterator[None]:
    """Raise as ``DeskError`` what the program says a person should know."""
    try:
        yield
    except PokuBatchError as error:
        raise DeskError(words(error, folder)) from error


def words(error: PokuBatchError, folder: Path) -> str:
    """The text of an error, with paths as they are in the folder."""
    text = str(error).replace(f"{folder}/", "")
    for command, instead in _INSTEAD:
        text = re.sub(command, instead, text)
    return text
