"""One contact, from its slot to its end: intent, placement, answer, outcome, each made durable.

The order is the promise: the intent is committed before the request leaves, the result before the
slot is given back. A call that is broken off while its request is open is ``unknown``; one whose
interaction ID is known is left to the next run.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import assert_never

from anyio.lowlevel import checkpoint_if_cancelled

from poku_batch.engine.compose import Composer, Unfit
from poku_batch.engine.following import AccountRefused, Follower, Lost
from poku_batch.engine.journal import Attempt, Journal
from poku_batch.engine.placing import Placed, Retries
from poku_batch.engine.reach import GIVE_UP_S, Reach
from poku_batch.engine.stops import Stop
from poku_batch.errors import NotReservedError, PromptError
from poku_batch.models import (
    Admission,
    Answer,
    CallRequest,
    Doubtful,
    Ended,
    InteractionId,
    OpenCall,
    Refused,
    Rejected,
    RunEnding,
    SheetRow,
    Started,
    TurnedAway,
)
from poku_batch.ports import CallApi


class Caller:
    """Calls admitted contacts and follows open calls; one serves all slots of a run."""

    def __init__(
        self,
        *,
        api: CallApi,
        composer: Composer,
        journal: Journal,
        retries: Retries,
        follower: Follower,
        reach: Reach,
        stop: Stop,
    ) -> None:
        """Take the parts of the run."""
        self._api = api
        self._composer = composer
        self._journal = journal
        self._retries = retries
        self._follower = follower
        self._reach = reach
        self._stop = stop
        self._open = 0

    @property
    def open_calls(self) -> int:
        """How many calls are being placed or followed now."""
        return self._open

    async def call(self, admission: Admission) -> bool:
        """Call an admitted contact; returns when what came of it is durable.

        False where no phone can have rung and the contact is pending again.
        """
        request = self._compose(admission)
        if isinstance(request, Unfit):
            await self._journal.unfit(admission, request.reason)
            return True
        try:
            attempt = await self._journal.begin(admission, request.prompt)
        except NotReservedError:
            # A late answer, or a person, has decided about the contact since it was admitted.
            return False
        if self._stop.requested:
            # The stop came while the intent was being written: the request has not left.
            await self._journal.released(
                attempt, "the run was stopped before the call left", sent=False
            )
            return False
        with self._counted():
            placed = await self._place(attempt, request, placed_before=admission.placements)
            await self._settle(attempt, placed)
        return placed.wait_s is None and not _is_unreached(placed.answer)

    async def follow(self, call: OpenCall) -> None:
        """Follow a call that an earlier run placed; returns when what came of it is durable."""
        attempt = self._journal.follow(call)
        with self._counted():
            await self._follow_to_end(attempt, call.interaction_id, ask_first=True)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1

    def _compose(self, admission: Admission) -> CallRequest | Unfit:
        row = SheetRow(row=admission.row, cells=admission.cells)
        try:
            return self._composer.compose(
                row, to=admission.to, key=admission.key, number=admission.attempt
            )
        except PromptError as error:
            return Unfit(reason=str(error))

    async def _place(self, attempt: Attempt, request: CallRequest, *, placed_before: int) -> Placed:
        held = request_open = False

        async def once() -> Answer:
            nonlocal held, request_open
            if held:
                await self._journal.begin_again(attempt)
                held = False
            # A run that was broken off meanwhile is told so here, where no phone can ring yet.
            await checkpoint_if_cancelled()
            request_open = True
            answer = await self._api.place(request)
            request_open = False
            if not _is_unreached(answer):
                self._reach.reached()
            return answer

        async def hold(answer: TurnedAway) -> None:
            nonlocal held
            await self._journal.hold(attempt, answer.why)
            held = True

        try:
            return await self._retries.place(
                once,
                placed_before=placed_before,
                before_wait=hold,
                stopped=lambda: self._stop.requested,
            )
        except BaseException as error:
            if request_open:
                await self._journal.doubted(attempt, _broken_off(error))
            else:
                await self._journal.released(
                    attempt, "the run was broken off before the call left", sent=False
                )
            raise

    async def _settle(self, attempt: Attempt, placed: Placed) -> None:
        answer = placed.answer
        match answer:
            case Ended():
                await self._journal.ended(attempt, answer)
            case Started():
                await self._journal.started(attempt, answer.interaction_id)
                await self._follow_to_end(attempt, answer.interaction_id, ask_first=False)
            case TurnedAway():
                await self._settle_turned_away(attempt, answer, placed)
            case Rejected():
                await self._journal.rejected(attempt, answer.why)
            case Refused():
                await self._journal.released(attempt, answer.why)
                self._stop.request(RunEnding.REFUSED, answer.why)
            case Doubtful():
                await self._journal.doubted(attempt, answer.evidence)
            case _:
                assert_never(answer)

    async def _settle_turned_away(
        self, attempt: Attempt, answer: TurnedAway, placed: Placed
    ) -> None:
        if answer.unreached:
            await self._settle_unreached(attempt, answer.why)
            return
        if placed.wait_s is not None:
            await self._journal.turned_away(attempt, answer.why, wait_s=placed.wait_s)
            return
        times = "once" if placed.placements == 1 else f"{placed.placements} times"
        await self._journal.rejected(attempt, f"turned away {times}, last by: {answer.why}")

    async def _settle_unreached(self, attempt: Attempt, why: str) -> None:
        wait_s = self._reach.missed()
        await self._journal.unreached(attempt, why, wait_s=wait_s)
        if self._reach.lost:
            minutes = round(GIVE_UP_S / 60)
            self._stop.request(
                RunEnding.REFUSED, f"the API could not be reached for {minutes} minutes: {why}"
            )

    async def _follow_to_end(
        self, attempt: Attempt, interaction_id: InteractionId, *, ask_first: bool
    ) -> None:
        try:
            end = await self._follower.follow(
                interaction_id, placed_at=attempt.placed_at, ask_first=ask_first
            )
        except BaseException:
            self._journal.left(attempt)
            raise
        match end:
            case Ended():
                await self._journal.ended(attempt, end)
            case Lost():
                await self._journal.doubted(attempt, end.why)
            case AccountRefused():
                self._journal.left(attempt)
                self._stop.request(RunEnding.REFUSED, end.why)
            case _:
                assert_never(end)


def _is_unreached(answer: Answer) -> bool:
    return isinstance(answer, TurnedAway) and answer.unreached


def _broken_off(error: BaseException) -> str:
    if isinstance(error, Exception):
        return f"a fault in the program while the request was open: {type(error).__name__}"
    return "the run was broken off while the request was open; the call may have been placed"
