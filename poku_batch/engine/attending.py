"""A run in its ledger: it looks for what people ask of it, and says that it is alive.

All of it in real time, also where the run's own time is rehearsed: people wait for an answer.
Looking only reads, so that it costs no commit; what the run says of itself is written now and then
(``policy.liveness``), by a task of its own, so that a ledger that is slow to write keeps nobody
from pausing.
"""

from collections.abc import Callable

import anyio

from poku_batch.engine.lasting import LastingRun
from poku_batch.engine.pausing import Pausing
from poku_batch.events import LaterCounted, Paused, Resumed
from poku_batch.models import Doing, Orders, Pause
from poku_batch.policy.liveness import BEAT_EVERY_S, is_to_be_said
from poku_batch.ports import Clock, EventSink

#: How often a run looks, in seconds of real time.
_LOOK_EVERY_S = 1.0


class Attending:
    """Does what people ask of one run by way of the ledger.

    ``look`` before anybody is called, then ``run`` beside the calls: whatever was asked before the
    run began is heeded before its first call.
    """

    def __init__(  # noqa: PLR0913 – who is told, and by which of two clocks
        self,
        run: LastingRun,
        *,
        ask_to_stop: Callable[[str], object],
        pausing: Pausing,
        doing: Callable[[], Doing],
        clock: Clock,
        real: Clock,
        sink: EventSink,
        beat_every_s: float = BEAT_EVERY_S,
    ) -> None:
        """Take the run, and who is told of what.

        Its own time (``clock``) is for events and for who is due, ``real`` for all else.
        ``ask_to_stop`` is told once, why.
        """
        self._run = run
        self._ask_to_stop = ask_to_stop
        self._asked_to_stop = False
        self._pausing = pausing
        self._doing = doing
        self._clock = clock
        self._real = real
        self._sink = sink
        self._beat_every_s = beat_every_s
        self._later = 0

    async def look(self) -> None:
        """Heed what people ask at this moment."""
        self._heed(await self._run.orders())

    async def run(self) -> None:
        """Look, and say what the run does, until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._say)
            while True:
                await self._real.sleep(_LOOK_EVERY_S)
                await self.look()

    async def _say(self) -> None:
        said, said_s = None, 0.0
        while True:
            doing, now_s = self._doing(), self._real.monotonic()
            if is_to_be_said(doing, said, age_s=now_s - said_s, every_s=self._beat_every_s):
                said, said_s = doing, now_s
                await self._count_later()
                await self._run.beat(doing, seen_at=self._real.now())
            await self._real.sleep(_LOOK_EVERY_S)

    async def _count_later(self) -> None:
        """Tell how many wait for a later time, if that has changed; nobody else can know."""
        at = self._clock.now()
        later = await self._run.due_later(now=at)
        if later is not None and later != self._later:
            self._later = later
            self._sink.emit(LaterCounted(at=at, contacts=later))

    def _heed(self, orders: Orders) -> None:
        before, pause = self._pausing.pause, orders.pause
        if orders.stop_by is not None and not self._asked_to_stop:
            self._asked_to_stop = True
            self._ask_to_stop(f"{orders.stop_by} asked it to stop")
        if pause == before:
            return
        # Whoever is told looks again at once: nothing of what they see is from before.
        self._pausing.put(pause)
        self._tell(pause)

    def _tell(self, pause: Pause | None) -> None:
        at = self._clock.now()
        event = Resumed(at=at) if pause is None else Paused(at=at, by=pause.by, since=pause.at)
        self._sink.emit(event)
