"""A small disk that can be full."""

import os
import subprocess
from contextlib import suppress
from pathlib import Path


class SmallDisk:
    """A mounted file system at ``path``; whoever made it unmounts it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    def fill(self) -> None:
        """Take all the room that is left."""
        with self._filler.open("ab", buffering=0) as file:
            for size in (65_536, 4_096, 1):
                with suppress(OSError):
                    while True:
                        file.write(b"x" * size)
        assert os.statvfs(self.path).f_bfree == 0

    def free(self) -> None:
        """Give the room back."""
        self._filler.unlink()

    def make_read_only(self) -> None:
        """Let nobody write here, root neither."""
        subprocess.run(["mount", "-o", "remount,ro", str(self.path)], check=True)
