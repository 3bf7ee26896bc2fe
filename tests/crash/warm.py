"""Forks the command off a process that has its imports behind it: a start costs milliseconds.

``python warm.py MODULES…`` reads orders from its input, a JSON object a line: ``args``, ``env``,
``cwd``, ``out``, and ``launch`` where the launcher is to be armed. Answers with the child's pid;
``{"wait": pid}`` answers with how it ended (negative: by that signal), or ``null`` while it runs.
"""

import gc
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any


def _become(order: dict[str, Any]) -> None:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    out = os.open(order["out"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    sys.argv = ["poku-batch", *order["args"]]
    if order["launch"] is not None:
        sys.path.insert(0, str(Path(__file__).parent))
        importlib.import_module("launcher").arm(order["launch"])
    from poku_batch.cli.main import main

    main()


def _say(value: int | None) -> None:
    os.write(1, json.dumps(value).encode() + b"\n")


def _main() -> None:
    for name in sys.argv[1:]:
        importlib.import_module(name)
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            pid, status = os.waitpid(order["wait"], os.WNOHANG)
            _say(os.waitstatus_to_exitcode(status) if pid else None)
            continue
        child = os.fork()
        if not child:
            _become(order)
        _say(child)


if __name__ == "__main__":
    _main()
