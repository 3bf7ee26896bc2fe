"""What a run is started by: ``python -m poku_batch.app.desk.started ENDED ARGUMENTS…``.

It is the command with these arguments, and writes its exit code into the new file ENDED. Whoever
has started it need not be there any more.
"""

import runpy
import sys
from pathlib import Path

from poku_batch.app.desk.private import write_whole


def main() -> None:
    """Run the command, and leave with its exit code."""
    ended, sys.argv = Path(sys.argv[1]), ["poku-batch", *sys.argv[2:]]
    code = 1
    try:
        runpy.run_module("poku_batch", run_name="__main__")
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 0 if leaving.code is None else 1
        raise
    finally:
        write_whole(ended, f"{code}\n".encode())


if __name__ == "__main__":
    main()
