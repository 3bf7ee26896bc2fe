"""Starts the program with a witness beside it, and death at an exact place inside it.

The product knows nothing of this: its parts are wrapped from outside, then ``poku_batch.cli.main``
is called as ever. ``python launcher.py ORDER.json ARGUMENTS…``, or ``arm(order)`` in a process that
has the imports behind it.

The witness is a file of lines that says what the program was told: that a placement is about to be
handed to the API client, that a step of a call is durable. Each line is in the file when the
wrapped function goes on, so it outlives the process. Lines: ``[word, key, attempt, detail]``;
``attempt`` is 0 where the wrapped part does not know it.
"""

import json
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

#: Wrapped steps of a call: what the journal says once each is durable.
STEPS = (
    "begin",
    "begin_again",
    "hold",
    "started",
    "ended",
    "reread",
    "turned_away",
    "rejected",
    "doubted",
    "released",
    "skipped",
)
#: Everything that can be named in an order as the place to die at; each before and after.
PLACES = (
    *(*STEPS, "place", "standing", "read", "send", "told", "commit", "statement", "wake"),
    *("replace", "fsync", "line"),
)

_PARTS = ("engine", "ledger", "poku", "results", "app", "chat", "hooks")
_LINES_OF = tuple(f"/poku_batch/{part}/" for part in _PARTS)

Tracer = Callable[[FrameType, str, Any], Any]


class Death:
    """Kills this process at the nth passage of a place."""

    def __init__(self, order: dict[str, Any], witness: int) -> None:
        self._place = order.get("place")
        self._when = order.get("when")
        self._left = order.get("nth", 0)
        self._witness = witness

    def passes(self, place: str, when: str) -> None:
        if place != self._place or when != self._when:
            return
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def tells(self, *words: str | int) -> None:
        os.write(self._witness, json.dumps(words).encode() + b"\n")


def arm(order: dict[str, Any]) -> None:
    """Wrap the program's parts, for the witness and for one death."""
    witness = os.open(order["witness"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    death = Death(order, witness)
    _wrap_journal(death)
    _wrap_client(death)
    _wrap_others(death)
    _wrap_ledger(death)
    _wrap_files(death)
    if order.get("place") == "line":
        _count_lines(death)


def _wrap_journal(death: Death) -> None:
    from poku_batch.engine.journal import Journal

    def wrap(step: str) -> None:
        inner = getattr(Journal, step)

        async def outer(self: object, *args: Any, **named: Any) -> Any:
            death.passes(step, "before")
            value = await inner(self, *args, **named)
            death.tells(step, args[0].key, _attempt(args[0]), _detail(step, args[1:]))
            death.passes(step, "after")
            return value

        setattr(Journal, step, outer)

    for step in STEPS:
        wrap(step)


def _attempt(subject: Any) -> int:
    """The number of an attempt under way, or of the one that an admission leads to."""
    found: int = subject.number if hasattr(subject, "number") else subject.attempt
    return found


def _detail(step: str, rest: tuple[Any, ...]) -> str:
    if step == "ended":
        return rest[0].summary or ""
    return str(rest[0]) if step == "started" else ""


def _wrap_client(death: Death) -> None:
    from poku_batch.poku.client import PokuClient

    place = PokuClient.place

    async def placing(self: PokuClient, request: Any) -> Any:
        # The scenario's prompts end with the contact's key.
        death.tells("place", request.prompt.split()[-1], 0, "")
        death.passes("place", "before")
        answer = await place(self, request)
        death.passes("place", "after")
        return answer

    PokuClient.place = placing  # type: ignore[method-assign]  # what this module is for


def _wrap_others(death: Death) -> None:
    from poku_batch.chat import ChatReader
    from poku_batch.hooks import WebhookSender
    from poku_batch.ledger.run import SqlRun
    from poku_batch.poku.client import PokuClient

    def wrap(owner: Any, name: str) -> None:
        inner = getattr(owner, name)

        async def outer(*args: Any, **named: Any) -> Any:
            death.passes(name, "before")
            value = await inner(*args, **named)
            death.passes(name, "after")
            return value

        setattr(owner, name, outer)

    wrap(PokuClient, "standing")
    wrap(ChatReader, "read")
    wrap(WebhookSender, "send")
    wrap(SqlRun, "told")


def _wrap_ledger(death: Death) -> None:
    from poku_batch.ledger.writer import Writer

    class Connection(sqlite3.Connection):
        def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
            place = "commit" if statement == "COMMIT" else "statement"
            death.passes(place, "before")
            cursor = super().execute(statement, *values)
            death.passes(place, "after")
            return cursor

    connect, wake = sqlite3.connect, Writer._wake

    def connecting(*args: Any, **named: Any) -> sqlite3.Connection:
        made: sqlite3.Connection = connect(*args, **{"factory": Connection, **named})
        return made

    def waking(self: Writer, operations: Any) -> None:
        death.passes("wake", "before")
        wake(self, operations)
        death.passes("wake", "after")

    sqlite3.connect = connecting  # type: ignore[assignment]  # what this module is for
    Writer._wake = waking  # type: ignore[method-assign]  # likewise


def _wrap_files(death: Death) -> None:
    def wrap(owner: Any, name: str) -> None:
        inner = getattr(owner, name)

        def outer(*args: Any, **named: Any) -> Any:
            death.passes(name, "before")
            value = inner(*args, **named)
            death.passes(name, "after")
            return value

        setattr(owner, name, outer)

    wrap(Path, "replace")
    wrap(os, "fsync")


def _count_lines(death: Death) -> None:
    def inside(frame: FrameType, event: str, _: Any) -> Tracer:
        if event == "line":
            death.passes("line", "before")
        return inside

    def entering(frame: FrameType, _event: str, _: Any) -> Tracer | None:
        file = frame.f_code.co_filename
        return inside if any(part in file for part in _LINES_OF) else None

    threading.settrace(entering)
    sys.settrace(entering)


if __name__ == "__main__":
    arm(json.loads(Path(sys.argv[1]).read_text()))
    sys.argv = ["poku-batch", *sys.argv[2:]]
    from poku_batch.cli.main import main

    main()
