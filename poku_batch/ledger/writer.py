"""The one thread that writes a ledger, and commits in groups.

Invariants:

- Operations are closures over the writing connection, run in the order they were handed in; only
  those of one ``Kind`` that follow each other are done together. The thread takes all that wait,
  runs them in one transaction, commits, and only then wakes the tasks.
- If one of a group raises, the group is rolled back and each runs again in a transaction of its
  own; so an operation must have no effect but on the connection.
- A task that is cancelled while it waits does not stop its operation: it happens as a whole or
  fails as a whole, and the task does not learn which.
- Every operation that was handed in is answered; after the thread has ended, handing in raises.
"""

import math
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, Generic, TypeVar

import anyio
import anyio.to_thread
from anyio.lowlevel import current_token

from poku_batch.errors import LedgerError
from poku_batch.ledger.connection import Connection, transaction
from poku_batch.ledger.failures import DATABASE_ERRORS, is_busy, is_lost, translated
from poku_batch.ledger.places import Place

T = TypeVar("T")
Item = TypeVar("Item")

#: How often the write lock is waited for, and for how long each time: a million rows enrolled by
#: another process must not make a finished call's result fail. The rounds are short, so that a
#: ledger that is being closed does not wait for somebody else.
_LOCK_ROUNDS = 60
_LOCK_ROUND_S = 2.0

#: How often a database that cannot be reached is looked for, before a person is told.
_REACH_ROUNDS = 3

#: A commit writes every page that was changed, and syncs. While there are more than so many a
#: second, each waits a moment for others to join it (the place says how long), as PostgreSQL's
#: ``commit_delay`` does: of a call, which waits for minutes, nobody notices; with few calls open
#: nothing waits.
_BUSY_COMMITS = 40.0

#: Whoever waited for others that did not come waits less often: of the last waits more than this
#: share must have been joined. What is added for each that was left out has it tried again.
_JOINED = 0.3
_TRY_AGAIN = 0.005

#: Over how long the commits of a second are counted, in seconds.
_COUNTED_S = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Kind(Generic[Item, T]):
    """Operations that are done together, in few statements.

    ``act`` takes their items and gives a value for each, in the same order. Of several kinds that
    were handed in side by side, that of the lowest ``rank`` is done first. Where it raises, each of
    the group is done again alone.
    """

    act: Callable[[Connection, Sequence[Item]], Sequence[T]]
    rank: int


@dataclass(slots=True, eq=False)
class _Operation(Generic[T]):
    act: Callable[[Connection], T]
    settled: anyio.Event | None = None
    kind: Kind[Any, T] | None = None
    item: object = None
    value: T | None = None
    error: Exception | None = None


class Writer:
    """The writing connection and its thread; of the event loop in which it is made."""

    def __init__(self, connection: Connection, place: Place) -> None:
        connection.wait_for_locks(_LOCK_ROUND_S)
        self._connection = connection
        self._place = place
        # asyncio's event loop, or trio's token.
        native: Any = current_token().native_token
        self._soon = getattr(native, "call_soon_threadsafe", None) or native.run_sync_soon
        self._queue: queue.SimpleQueue[_Operation[object] | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._over: str | None = None
        self._group: list[_Operation[object]] = []
        self._commits = 0.0
        self._committed_at = time.monotonic()
        self._joined = 1.0
        # A daemon: a program that leaves at once must not wait for what nobody was promised.
        self._thread = threading.Thread(target=self._work, name="ledger writer", daemon=True)
        self._thread.start()

    async def run(
        self,
        act: Callable[[Connection], T],
        *,
        undo: Callable[[Connection, T], None] | None = None,
    ) -> T:
        """Do ``act`` in a transaction; when this returns it is committed and synced.

        ``undo`` is done afterwards, in its own turn, if the waiting task is cancelled and ``act``
        succeeded. Raises what ``act`` raises, and ``LedgerError`` where the database fails.
        """
        return await self._settle(_Operation(act), undo)

    async def run_together(
        self,
        kind: Kind[Item, T],
        item: Item,
        *,
        undo: Callable[[Connection, T], None] | None = None,
    ) -> T:
        """As ``run``: do one more of a kind, in the statements of those that wait beside it."""
        operation = _Operation(lambda c: kind.act(c, [item])[0], kind=kind, item=item)
        return await self._settle(operation, undo)

    async def _settle(
        self, operation: _Operation[T], undo: Callable[[Connection, T], None] | None
    ) -> T:
        settled = operation.settled = anyio.Event()
        self._hand_in(operation)
        try:
            await settled.wait()
        except anyio.get_cancelled_exc_class():
            if undo is not None:
                self._withdraw(operation, undo)
            raise
        if isinstance(operation.error, DATABASE_ERRORS):
            raise translated(operation.error, self._place) from operation.error
        if operation.error is not None:
            raise operation.error
        return operation.value  # type: ignore[return-value]  # set, since there is no error

    async def close(self) -> None:
        """Commit everything handed in, then end the thread and close the connection."""
        with self._gate:
            if self._over is None:
                self._over = f"{self._place}: the ledger is closed"
                self._queue.put(None)
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._thread.join)

    def _hand_in(self, operation: _Operation[T]) -> None:
        with self._gate:
            if self._over is not None:
                raise LedgerError(self._over)
            self._queue.put(operation)  # type: ignore[arg-type]  # the queue is blind to T

    def _withdraw(self, operation: _Operation[T], undo: Callable[[Connection, T], None]) -> None:
        def act(connection: Connection) -> None:
            if operation.error is None:
                undo(connection, operation.value)  # type: ignore[arg-type]  # set: its turn is over

        try:
            self._hand_in(_Operation(act))
        except LedgerError:
            # Closed or dead: the next run settles what was left.
            return

    def _work(self) -> None:
        try:
            while self._take():
                self._commit()
                self._wake(self._group)
                self._group = []
        except BaseException as error:  # whatever ends the thread, nobody may hang
            self._die(error)
        finally:
            self._connection.close()

    def _take(self) -> bool:
        operation = self._queue.get()
        if operation is not None and self._commits > _BUSY_COMMITS * _COUNTED_S:
            self._gather()
        while operation is not None:
            self._group.append(operation)
            try:
                operation = self._queue.get_nowait()
            except queue.Empty:
                return True
        if self._group:
            # The end comes after what was handed in before it.
            self._queue.put(None)
        return bool(self._group)

    def _gather(self) -> None:
        """Let others join, if they usually do: one slot's intents come one after the other."""
        if self._joined > _JOINED:
            time.sleep(self._place.gather_s)
            self._joined += 0.2 * ((not self._queue.empty()) - self._joined)
        else:
            self._joined += _TRY_AGAIN

    def _commit(self) -> None:
        failure = self._transact(self._group)
        if failure is None:
            return
        if len(self._group) == 1 or is_busy(failure) or is_lost(failure):
            # Nobody got in; waiting as long again for each of them would help nobody.
            for operation in self._group:
                operation.error = failure
            return
        for operation in self._group:
            operation.error = self._transact([operation])

    def _transact(self, operations: Sequence[_Operation[object]]) -> Exception | None:
        for left in reversed(range(_LOCK_ROUNDS)):
            try:
                with transaction(self._connection, writing=True):
                    self._perform(operations)
                self._count_commit()
            except Exception as error:  # handed to the task that waits
                failure = error
                if not self._tries_again(failure, left):
                    break
            else:
                return None
        return failure

    def _tries_again(self, failure: Exception, left: int) -> bool:
        """Whether to go on: nothing has happened, and ``left`` rounds are."""
        if self._over is not None:
            return False
        # Each of these rounds has looked for the database for a while.
        return is_busy(failure) or (is_lost(failure) and left >= _LOCK_ROUNDS - _REACH_ROUNDS)

    def _perform(self, operations: Iterable[_Operation[object]]) -> None:
        for together, stretch in groupby(operations, lambda operation: operation.kind is not None):
            if together:
                self._perform_kinds(list(stretch))
                continue
            for operation in stretch:
                operation.value = operation.act(self._connection)

    def _perform_kinds(self, operations: list[_Operation[object]]) -> None:
        operations.sort(key=_rank)  # stable: those of a kind stay in order
        for kind, same in groupby(operations, attrgetter("kind")):
            alike = list(same)
            values = kind.act(self._connection, [operation.item for operation in alike])
            for operation, value in zip(alike, values, strict=True):
                operation.value = value

    def _count_commit(self) -> None:
        """Count commits, those of half a second ago for a third."""
        now = time.monotonic()
        self._commits = self._commits * math.exp((self._committed_at - now) / _COUNTED_S) + 1
        self._committed_at = now

    def _wake(self, operations: Sequence[_Operation[object]]) -> None:
        """Tell who waits, and go on at once: their event loop may be busy."""
        events = [each.settled for each in operations if each.settled is not None]
        # The event loop may have ended: nobody waits there any more.
        with suppress(RuntimeError):
            self._soon(_set_all, events)

    def _die(self, error: BaseException) -> None:
        text = (
            f"{self._place}: the ledger's writer stopped ({type(error).__name__}: {error}); "
            "what was confirmed is safe; run again"
        )
        with self._gate:
            self._over = text
        left = self._group
        while not self._queue.empty():
            operation = self._queue.get()
            if operation is not None:
                left.append(operation)
        for operation in left:
            operation.error = LedgerError(text)
        self._wake(left)


def _rank(operation: _Operation[object]) -> int:
    return 0 if operation.kind is None else operation.kind.rank


def _set_all(events: Sequence[anyio.Event]) -> None:
    for event in events:
        event.set()
