"""A run's hold on a ledger that may not be writable for a while: full, failing or locked.

Invariants: what became of a request is written again and again until it is in; only a run that is
told to end gives that up, and then ``unwritten`` holds it. While a result waits, nobody is admitted
and no request begins. A write that was begun is finished, or given up as a whole, also where its
task is cancelled.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import anyio
from anyio.abc import TaskGroup
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential

from poku_batch.engine.race import first_of
from poku_batch.engine.stops import Stop
from poku_batch.engine.unwritten import Unwritten, UnwrittenError, said
from poku_batch.engine.writes import Writes
from poku_batch.errors import LedgerError, LedgerUnwritableError
from poku_batch.events import LedgerTrouble, LedgerWorks
from poku_batch.models import (
    Admission,
    AttemptId,
    CallResult,
    Counts,
    Doing,
    Guard,
    HookEvent,
    HookMessage,
    InteractionId,
    Later,
    MessageId,
    Never,
    OpenCall,
    Orders,
    Pause,
    RunEnding,
    Sequel,
    SharedRun,
    UnreadCall,
    Usage,
)
from poku_batch.ports import Clock, EventSink, LedgerRun

T = TypeVar("T")

#: The first wait between two tries and the longest, in seconds.
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 10.0

#: How long a run that was told to end still tries, in seconds.
_LAST_TRIES_S = 10.0

#: At the least so many seconds lie between two tellings of the same trouble.
_TELL_EVERY_S = 10.0


#: For so many seconds a run goes on that cannot read whether it is to pause.
_UNHEARD_S = 30.0
_BY_ITSELF = "the run itself: it cannot read what is asked of it"


class LastingRun:
    """A ``ports.LedgerRun`` round another one; see the module for what it promises."""

    def __init__(
        self,
        run: LedgerRun,
        *,
        clock: Clock,
        sink: EventSink,
        stop: Stop,
        took: Callable[[float], None] | None = None,
    ) -> None:
        """Take the run to write for, the time, the listener, and who says that the run ends.

        ``took`` is told how many seconds each write took, whether it worked or not.
        """
        self.campaign = run.campaign
        self.unwritten: list[Unwritten] = []
        self._run = run
        self._clock = clock
        self._sink = sink
        self._stop = stop
        self._people: dict[AttemptId, tuple[int, str]] = {}
        self._waiting = 0
        self._worked: anyio.Event | None = None
        self._writes = Writes(clock, stop, self._tell, took)
        self._told_at: float | None = None
        self._told_waiting = 0
        self._asked_to_end_at: float | None = None
        self._orders: Orders | None = None
        self._heard_s = 0.0
        self._deaf: Pause | None = None

    @property
    def number(self) -> int:
        """The run's number in the ledger."""
        return self._run.number

    def attend(self, watchers: TaskGroup | None) -> None:
        """Take the tasks among which writes are watched over; None when they end."""
        self._writes.attend(watchers)

    async def admit(self, limit: int, *, now: datetime) -> list[Admission]:
        """Reserve due contacts, once no result waits."""
        return await self._before(lambda: self._run.admit(limit, now=now))

    async def begin(
        self,
        admission: Admission,
        *,
        prompt_sha256: str,
        prompt: str | None = None,
        guard: Guard = Guard(),  # noqa: B008 – frozen
        at: datetime,
    ) -> AttemptId | Later | Never:
        """Record the intent to call, once no result waits."""
        since_s = self._clock.monotonic()
        begun = await self._before(
            lambda: self._run.begin(
                admission,
                prompt_sha256=prompt_sha256,
                prompt=prompt,
                guard=guard,
                at=self._moved(at, since_s),
            )
        )
        if not isinstance(begun, Later | Never):
            self._people[begun] = (admission.row, admission.key)
        return begun

    async def begin_again(
        self, attempt_id: AttemptId, *, placement: int | None = None, at: datetime
    ) -> None:
        """Record one more placement, once no result waits."""
        since_s = self._clock.monotonic()
        await self._before(
            lambda: self._run.begin_again(
                attempt_id, placement=placement, at=self._moved(at, since_s)
            )
        )

    async def release(self, admission: Admission) -> None:
        """Give a contact back; where that cannot be written, the next run finds it given back."""
        try:
            await self._writes.attempt(lambda: self._run.release(admission))
        except LedgerUnwritableError:
            return

    async def defer(self, waits: Sequence[tuple[Admission, Later]], *, at: datetime) -> None:
        """Record that contacts may not be called yet, once no result waits."""
        await self._before(lambda: self._run.defer(waits, at=at))

    async def skip(self, admission: Admission, why: str, *, at: datetime) -> None:
        """Record that a rule takes a contact out, once no result waits."""
        await self._before(lambda: self._run.skip(admission, why, at=at))

    async def fail(self, admission: Admission, why: str, *, at: datetime) -> None:
        """Record that a contact cannot be dialled, once no result waits."""
        await self._before(lambda: self._run.fail(admission, why, at=at))

    async def hold(
        self, attempt_id: AttemptId, why: str, *, placement: int | None = None, at: datetime
    ) -> None:
        """Record that no phone rang, however long it takes."""
        write = partial(self._about, "hold", attempt_id, at, why=why)
        await self._after(
            write, lambda: self._run.hold(attempt_id, why, placement=placement, at=at)
        )

    async def started(
        self, attempt_id: AttemptId, interaction_id: InteractionId, *, at: datetime
    ) -> None:
        """Record the interaction ID, however long it takes."""
        write = partial(self._about, "started", attempt_id, at, interaction_id=interaction_id)
        await self._after(write, lambda: self._run.started(attempt_id, interaction_id, at=at))

    async def turn_away(
        self,
        attempt_id: AttemptId,
        why: str,
        *,
        due_at: datetime,
        sent: bool = True,
        placement: int | None = None,
        at: datetime,
    ) -> None:
        """Record that no phone rang, however long it takes."""
        write = partial(self._about, "turned_away", attempt_id, at, why=why)
        await self._after(
            write,
            lambda: self._run.turn_away(
                attempt_id, why, due_at=due_at, sent=sent, placement=placement, at=at
            ),
        )
        self._people.pop(attempt_id, None)

    async def reject(
        self, attempt_id: AttemptId, why: str, *, placement: int | None = None, at: datetime
    ) -> None:
        """Record that no phone rang and none will, however long it takes."""
        write = partial(self._about, "rejected", attempt_id, at, why=why)
        await self._after(
            write, lambda: self._run.reject(attempt_id, why, placement=placement, at=at)
        )
        self._people.pop(attempt_id, None)

    async def finish(
        self,
        attempt_id: AttemptId,
        result: CallResult,
        *,
        sequel: Sequel = Sequel(),  # noqa: B008 – frozen
        to_read: bool = False,
        at: datetime,
    ) -> bool:
        """Record a call's end, however long it takes."""
        write = partial(self._about_end, attempt_id, at, result, sequel)
        new = await self._after(
            write,
            lambda: self._run.finish(attempt_id, result, sequel=sequel, to_read=to_read, at=at),
        )
        if not to_read:
            self._people.pop(attempt_id, None)
        return new

    async def reread(
        self,
        attempt_id: AttemptId,
        result: CallResult,
        *,
        sequel: Sequel = Sequel(),  # noqa: B008 – frozen
        at: datetime,
    ) -> bool:
        """Record a closer reading; left unwritten, the next run has the call read again."""
        new = await self._before(lambda: self._run.reread(attempt_id, result, sequel=sequel, at=at))
        self._people.pop(attempt_id, None)
        return new

    async def doubt(self, attempt_id: AttemptId, evidence: str, *, at: datetime) -> None:
        """Record that the call may or may not have rung, however long it takes."""
        write = partial(self._about, "unknown", attempt_id, at, evidence=evidence)
        await self._after(write, lambda: self._run.doubt(attempt_id, evidence, at=at))
        self._people.pop(attempt_id, None)

    async def open_calls(self) -> list[OpenCall]:
        """Attempts of earlier runs with a known interaction ID and no end, oldest first."""
        calls = await self._run.open_calls()
        self._people.update({call.attempt_id: (call.row, call.key) for call in calls})
        return calls

    async def unread_calls(self) -> list[UnreadCall]:
        """Calls of earlier runs that are still to be read, oldest first."""
        return await self._run.unread_calls()

    async def calls_from(self, numbers: Sequence[str], *, since: datetime) -> Mapping[str, int]:
        """How many calls were placed from each caller ID since then."""
        return await self._run.calls_from(numbers, since=since)

    async def usage(self, *, longest: timedelta | None = None) -> Usage:
        """What the campaign has used up so far."""
        return await self._run.usage(longest=longest)

    async def messages(self, limit: int, *, event: HookEvent, now: datetime) -> list[HookMessage]:
        """The first messages of the outbox that may be told now."""
        return await self._run.messages(limit, event=event, now=now)

    async def tell(self, body: Mapping[str, Any], *, at: datetime) -> None:
        """Put a message of the run's end into the outbox."""
        await self._run.tell(body, at=at)

    async def told(self, message_id: MessageId) -> None:
        """A message was taken."""
        await self._run.told(message_id)

    async def untold(self, message_id: MessageId, why: str, *, again_at: datetime) -> None:
        """A message was not taken."""
        await self._run.untold(message_id, why, again_at=again_at)

    async def waiting_messages(self, event: HookEvent | None = None) -> tuple[int, datetime | None]:
        """How many messages are in the outbox, and when the first may be told."""
        return await self._run.waiting_messages(event)

    async def next_due_at(self) -> datetime | None:
        """When the first contact that waits is due; None for nobody."""
        return await self._run.next_due_at()

    async def counts(self, *, now: datetime) -> Counts:
        """How the current sheet stands."""
        return await self._run.counts(now=now)

    async def due_later(self, *, now: datetime) -> int | None:
        """How many contacts are due later; None where that cannot be read now."""
        try:
            return await self._run.due_later(now=now)
        except LedgerError:
            return None

    async def orders(self) -> Orders:
        """What people ask of the run; what they asked before, where that cannot be read now.

        Where it cannot be read for long, the run is paused: whoever has paused it must be heeded.
        """
        try:
            self._orders = await self._run.orders()
        except LedgerError:
            if self._orders is None:
                raise
            return self._unheard(self._orders)
        self._heard_s, self._deaf = self._clock.monotonic(), None
        return self._orders

    def _unheard(self, orders: Orders) -> Orders:
        if orders.pause is None and self._clock.monotonic() - self._heard_s >= _UNHEARD_S:
            self._deaf = self._deaf or Pause(at=self._clock.now(), by=_BY_ITSELF)
            return replace(orders, pause=self._deaf)
        return orders

    async def beat(self, doing: Doing, *, seen_at: datetime) -> None:
        """Say that the run is alive; where that cannot be written, nobody hears of it."""
        try:
            await self._run.beat(doing, seen_at=seen_at)
        except LedgerError:
            return

    async def share(
        self, definition: str, *, slot: timedelta, canary: int | None = None
    ) -> SharedRun:
        """Let workers make the calls of this run."""
        return await self._run.share(definition, slot=slot, canary=canary)

    async def let_go(self) -> None:
        """Free the campaign without ending the run."""
        await self._run.let_go()

    async def close(self, ending: RunEnding, *, at: datetime) -> None:
        """End the run; where that cannot be written, the next run settles it as after a crash."""
        if self.unwritten:
            return
        try:
            await self._run.close(ending, at=at)
        except LedgerUnwritableError:
            return

    def _about(self, what: str, attempt_id: AttemptId, at: datetime, **said: object) -> Unwritten:
        row, key = self._people.get(attempt_id, (None, None))
        return Unwritten(what=what, at=at, attempt=attempt_id, row=row, key=key, said=said)

    def _about_end(
        self, attempt_id: AttemptId, at: datetime, result: CallResult, sequel: Sequel
    ) -> Unwritten:
        return self._about("ended", attempt_id, at, **said(result, sequel))

    def _moved(self, at: datetime, since_s: float) -> datetime:
        """A time that was now at ``since_s``: what waited meanwhile begins when it is written."""
        return at + timedelta(seconds=self._clock.monotonic() - since_s)

    async def _before(self, act: Callable[[], Awaitable[T]]) -> T:
        """Do what no phone has rung for yet; raises ``UnwrittenError`` if the run is to stop."""
        while self._waiting:
            if self._stop.requested:
                raise UnwrittenError
            with anyio.CancelScope(shield=True):
                await first_of(self._next_worked().wait, self._stop.wait)
        try:
            return await self._insist(act, over=lambda: self._stop.requested)
        except LedgerUnwritableError as error:
            raise UnwrittenError from error

    async def _after(self, write: Callable[[], Unwritten], act: Callable[[], Awaitable[T]]) -> T:
        """Do what a phone may have rung for; raises ``UnwrittenError`` where it was given up.

        ``write`` then says what was not written.
        """
        failed = False

        def over() -> bool:
            nonlocal failed
            self._waiting += not failed
            failed = True
            return self._is_over()

        try:
            return await self._insist(act, over=over)
        except LedgerUnwritableError as error:
            self.unwritten.append(write())
            raise UnwrittenError from error
        except BaseException:
            self.unwritten.append(write())
            raise
        finally:
            if failed:
                self._waiting -= 1
                self._wake()

    async def _insist(self, act: Callable[[], Awaitable[T]], *, over: Callable[[], bool]) -> T:
        """Try until it works, or until ``over``, asked after each failure, says so."""
        try:
            value = await self._writes.attempt(act)
        except LedgerUnwritableError as error:
            with anyio.CancelScope(shield=True):
                value = await self._try_again(act, error, over=over)
        self._wake()
        return value

    async def _try_again(
        self, act: Callable[[], Awaitable[T]], error: Exception, *, over: Callable[[], bool]
    ) -> T:
        """Go on after a first ``error``."""
        first = [error]

        async def attempt() -> T:
            if first:
                raise first.pop()
            return await self._writes.attempt(act)

        def tell(state: RetryCallState) -> None:
            if state.outcome is not None:
                self._tell(str(state.outcome.exception()))

        retrying = AsyncRetrying(
            retry=retry_if_exception_type(LedgerUnwritableError),
            wait=wait_exponential(multiplier=_FIRST_WAIT_S, max=_LONGEST_WAIT_S),
            stop=lambda _state: over(),
            before_sleep=tell,
            sleep=self._pause,
            reraise=True,
        )
        value: T = await retrying(attempt)
        return value

    async def _pause(self, seconds: float) -> None:
        """Wait, but not for longer than something stays as it is."""
        waits = [self._next_worked().wait, self._stop.wait_left]
        if self._stop.requested:
            seconds = min(seconds, 1.0)
        else:
            waits.append(self._stop.wait)
        await first_of(partial(self._clock.sleep, seconds), *waits)

    def _is_over(self) -> bool:
        """Whether a result is given up: the run is left, or was told to end a while ago."""
        if self._stop.left:
            return True
        if not self._stop.by_person:
            return False
        now = self._clock.monotonic()
        if self._asked_to_end_at is None:
            self._asked_to_end_at = now
        return now - self._asked_to_end_at >= _LAST_TRIES_S

    def _tell(self, why: str) -> None:
        now = self._clock.monotonic()
        # That results wait is news, whatever was told before.
        news = self._waiting and not self._told_waiting
        if self._told_at is None or news or now - self._told_at >= _TELL_EVERY_S:
            self._told_at, self._told_waiting = now, self._waiting
            at = self._clock.now()
            self._sink.emit(LedgerTrouble(at=at, why=why, waiting=self._waiting))

    def _next_worked(self) -> anyio.Event:
        """The event of the next write that works."""
        if self._worked is None:
            self._worked = anyio.Event()
        return self._worked

    def _wake(self) -> None:
        """Something was written: whoever waits may try again."""
        if self._worked is not None:
            self._worked.set()
            self._worked = None
        if self._told_at is not None and not self._waiting:
            self._told_at = None
            self._sink.emit(LedgerWorks(at=self._clock.now()))
