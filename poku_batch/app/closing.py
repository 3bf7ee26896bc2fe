"""The end of a run: who is told of it, and what the ledger has not taken is kept."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio.to_thread

from poku_batch.app.outside import Outside
from poku_batch.engine.lasting import LastingRun
from poku_batch.engine.telling import Teller, finish_body
from poku_batch.engine.unwritten import Unwritten
from poku_batch.errors import LedgerError
from poku_batch.events import HooksAwaited, RecordingsAwaited, ResultsRescued
from poku_batch.models import Counts, HookEvent, RunEnding
from poku_batch.ports import Clock, EventSink

if TYPE_CHECKING:
    from poku_batch.recordings import Keeper

#: How long the end of a run waits for programs that are to be told, and for recordings, in seconds.
_TELL_AT_END_S = 30.0
#: Likewise where a person has stopped the run.
_TELL_IN_A_HURRY_S = 3.0
#: Before this, in seconds, nobody wonders what the run still waits for.
_UNSAID_S = 1.0


async def put_finish(
    run: LastingRun,
    outside: Outside,
    counts: Counts,
    *,
    how: tuple[RunEnding, str | None],
    started_at: datetime,
) -> None:
    """Put the message of a run's end into the outbox, if somebody is to hear of it.

    A ledger that cannot be written keeps nobody from leaving: then nobody hears of this end.
    """
    if HookEvent.FINISH not in outside.senders:
        return
    ending, why = how
    now = outside.clock.now()
    body = finish_body(run.campaign, ending, counts, why=why, started_at=started_at, ended_at=now)
    with suppress(LedgerError):
        await run.tell(body, at=now)


async def tell_what_is_left(
    teller: Teller, outside: Outside, sink: EventSink, *, hurry: bool
) -> None:
    """Tell whoever is to be told, for a while; what is left is told by the next run."""
    if not outside.senders:
        return
    within_s = _TELL_IN_A_HURRY_S if hurry else _TELL_AT_END_S
    waiting = await teller.drain(within_s=_UNSAID_S)
    if waiting:
        sink.emit(HooksAwaited(at=outside.clock.now(), waiting=waiting, within_s=within_s))
        await teller.drain(within_s=within_s)


async def fetch_what_is_left(
    keeper: "Keeper", outside: Outside, sink: EventSink, *, hurry: bool
) -> None:
    """Fetch recordings that are wanted, for a while; what is left is fetched by the command."""
    within_s = _TELL_IN_A_HURRY_S if hurry else _TELL_AT_END_S
    if await keeper.drain(within_s=_UNSAID_S):
        sink.emit(RecordingsAwaited(at=outside.clock.now(), within_s=within_s))
        await keeper.drain(within_s=within_s)


async def keep_unwritten(
    unwritten: Sequence[Unwritten], outputs: Sequence[Path], clock: Clock, sink: EventSink
) -> None:
    """Keep what the ledger has not taken beside the ``outputs``, and say where."""
    if not unwritten:
        return
    from poku_batch.results import rescue

    place = await anyio.to_thread.run_sync(
        partial(
            rescue,
            [write.as_json() for write in unwritten],
            bare_lines=[write.as_json(key=False) for write in unwritten],
            beside=outputs,
        )
    )
    sink.emit(
        ResultsRescued(
            at=clock.now(),
            results=len(unwritten),
            place=None if place is None else str(place),
        )
    )
