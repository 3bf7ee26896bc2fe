"""``worker``: make the calls of runs that are begun with ``run --distributed``."""

import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from poku_batch.cli.looping import run_for_long
from poku_batch.events import (
    Event,
    LedgerTrouble,
    LedgerWorks,
    ResultsRescued,
)

if TYPE_CHECKING:
    from poku_batch.app.working import WorkerSettings

Concurrency = Annotated[
    int,
    typer.Option(min=1, max=10_000, metavar="N", help="How many calls this worker makes at once."),
]

#: The same trouble is told once in so many seconds.
_TELL_EVERY_S = 10.0


class _Troubles:
    """Prints what somebody who looks after a worker should know; calls are told by the run."""

    def __init__(self) -> None:
        self._told_s = -_TELL_EVERY_S

    def emit(self, event: Event) -> None:
        """Take an event."""
        from poku_batch.cli.terminal import err, say
        from poku_batch.progress.notes import turn_text

        if isinstance(event, LedgerTrouble):
            if time.monotonic() - self._told_s < _TELL_EVERY_S:
                return
            self._told_s = time.monotonic()
        told = LedgerTrouble | LedgerWorks | ResultsRescued
        if isinstance(event, told) and (text := turn_text(event)):
            say(err, text)


def worker(*, concurrency: Concurrency = 50) -> None:
    """Make the calls of distributed runs; any number of workers, on any machine.

    POKU_BATCH_LEDGER names the database that they share, and POKU_API_KEY is needed here alone.
    Ctrl-C, or SIGTERM, lets it begin no call and leave when its last has ended; a second one
    leaves at once.
    """
    from poku_batch.app import environment
    from poku_batch.app.working import WorkerSettings

    settings = WorkerSettings(concurrency=concurrency, heartbeat_s=environment.heartbeat_s())
    if environment.logs_json():
        _work_in_json(settings)
    else:
        _work_in_words(settings)


def _work_in_words(settings: "WorkerSettings") -> None:
    from poku_batch.app.working import work
    from poku_batch.cli.terminal import err, say

    troubles = _Troubles()
    run_for_long(partial(work, settings, listen=lambda _: troubles, say=partial(say, err)))


def _work_in_json(settings: "WorkerSettings") -> None:
    """Tell every event, and all else, as a line of JSON that names the worker."""
    from poku_batch.app.working import work
    from poku_batch.telemetry import Identity, JsonDisplay

    whose = Identity(worker=settings.name)
    with JsonDisplay(sys.stderr, whose) as display:
        run_for_long(partial(work, settings, listen=display.listener, say=display.say))
