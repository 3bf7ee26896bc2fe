"""One contact, from its slot to its end: intent, placement, answer, outcome, each made durable.

The order is the promise: the intent is committed before the request leaves, the result before the
slot is given back. A call that is broken off while its request is open is ``unknown``; one whose
interaction ID is known is left to the next run.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import assert_never

from anyio.lowlevel import checkpoint_if_cancelled

from poku_batch.engine.caller_ids import CallerIds
from poku_batch.engine.compose import Composer, Unfit
from poku_batch.engine.ends import Ends
from poku_batch.engine.following import AccountRefused, Follower, Lost
from poku_batch.engine.gate import Gate
from poku_batch.engine.journal import Attempt, Journal
from poku_batch.engine.permits import Permits
from poku_batch.engine.placing import Placed, Retries
from poku_batch.engine.reach import GIVE_UP_S, Reach
from poku_batch.engine.reports import CallReport
from poku_batch.engine.stops import Stop
from poku_batch.errors import LedgerError, NotReservedError, PromptError
from poku_batch.models import (
    Admission,
    Answer,
    CallRequest,
    Doubtful,
    Ended,
    Go,
    InteractionId,
    OpenCall,
    Refused,
    Rejected,
    RunEnding,
    SheetRow,
    Started,
    TurnedAway,
    UnreadCall,
)
from poku_batch.ports import CallApi, Clock

#: Waits until a call may leave; gives why it may not any more, if so.
Turning = Callable[[], Awaitable[str | None]]


class _TooLateError(Exception):
    """A call that was turned away may not be placed again now; the text says why."""


class Caller:
    """Calls admitted contacts and follows open calls; one serves all slots of a run."""

    def __init__(  # noqa: PLR0913 – the parts of a call, each used for one step of it
        self,
        *,
        api: CallApi,
        clock: Clock,
        composer: Composer,
        caller_ids: CallerIds,
        permits: Permits,
        journal: Journal,
        ends: Ends,
        retries: Retries,
        follower: Follower,
        gate: Gate,
        reach: Reach,
        stop: Stop,
        lost: Callable[[], str | None] | None = None,
    ) -> None:
        """Take the parts of the run; ``lost`` says why others may have given this process up."""
        self._api = api
        self._clock = clock
        self._composer = composer
        self._caller_ids = caller_ids
        self._permits = permits
        self._journal = journal
        self._ends = ends
        self._retries = retries
        self._follower = follower
        self._gate = gate
        self._reach = reach
        self._stop = stop
        self._lost = lost
        self._open = 0

    @property
    def open_calls(self) -> int:
        """How many calls are being placed or followed now."""
        return self._open

    async def call(self, admission: Admission, turn: Turning | None = None) -> CallReport:
        """Call an admitted contact; returns when what came of it is durable.

        ``turn`` is waited for between the intent and the request.
        """
        try:
            begun = await self._begin(admission, turn)
        except NotReservedError:
            # A late answer, or a person, has decided about the contact since it was admitted.
            begun = CallReport(row=admission.row)
        if isinstance(begun, CallReport):
            self._reach.no_probe()
            return begun
        attempt, request = begun
        with self._counted():
            try:
                placed = await self._place(attempt, request, admission)
            except (NotReservedError, _TooLateError):
                # Turned away, and forbidden while it was about to be tried again: it is pending,
                # and the next asking puts it off or takes it out.
                return CallReport(row=admission.row)
            return await self._settle(attempt, placed)

    async def _begin(
        self, admission: Admission, turn: Turning | None
    ) -> tuple[Attempt, CallRequest] | CallReport:
        """Make the intent durable; what came of the contact where no request may leave."""
        nothing = CallReport(row=admission.row)
        request = self._compose(admission)
        if isinstance(request, Unfit):
            await self._journal.unfit(admission, request.reason)
            return replace(nothing, begun=True)
        request, guard = await self._caller_ids.guarded(request, admission)
        attempt = await self._journal.begin(admission, request.prompt, guard)
        if attempt is None:
            return nothing
        why = None if turn is None else await self._turn(attempt, turn)
        if why := why or self._hindrance(admission):
            await self._journal.released(attempt, why, sent=False)
            return nothing
        return attempt, request

    async def _turn(self, attempt: Attempt, turn: Turning) -> str | None:
        """Wait for the call's turn; why it was missed, if so."""
        try:
            return await turn()
        except LedgerError as error:
            return f"before the call left: {error}"
        except BaseException as error:
            await self._journal.released(attempt, _not_left(error), sent=False)
            raise

    def _hindrance(self, admission: Admission) -> str | None:
        """Why a call may not leave now: to write its intent, or to wait, may have taken long."""
        if self._lost is not None and (why := self._lost()):
            return f"before the call left: {why}"
        if self._stop.requested:
            return "the run was stopped before the call left"
        if self._gate.pausing.pause is not None:
            return "the campaign was paused before the call left"
        if self._gate.over:
            return "the time given with --until came before the call left"
        permission = self._permits.judge_admitted(admission, now=self._clock.now())
        return None if isinstance(permission, Go) else f"before the call left: {permission.why}"

    async def follow(self, call: OpenCall) -> CallReport:
        """Follow a call that an earlier run placed; returns when what came of it is durable."""
        attempt = self._journal.follow(call)
        with self._counted():
            report = await self._follow_to_end(attempt, call.interaction_id, ask_first=True)
        # Of a call that a person has decided, the record alone wants the answer.
        return CallReport(row=call.row, rang=None) if call.decided else report

    async def read(self, call: UnreadCall) -> None:
        """Read what an earlier run recorded by the rules alone."""
        await self._ends.read(call)

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
            made = self._composer.compose(
                row, to=admission.to, key=admission.key, number=admission.attempt
            )
        except PromptError as error:
            return Unfit(reason=str(error))
        return made if isinstance(made, Unfit) else made.request

    async def _place(self, attempt: Attempt, request: CallRequest, admission: Admission) -> Placed:
        held = request_open = False

        async def once() -> Answer:
            nonlocal held, request_open
            if held:
                await self._journal.begin_again(attempt)
                held = False
                if why := self._hindrance(admission):
                    raise _TooLateError(why)
            # A run that was broken off meanwhile is told so here, where no phone can ring yet.
            await checkpoint_if_cancelled()
            request_open = True
            placement = self._gate.sent()
            answer = await self._api.place(request)
            request_open = False
            if not _is_unreached(answer):
                self._reach.reached()
            self._gate.answered(placement, answer)
            return answer

        async def hold(answer: TurnedAway) -> None:
            nonlocal held
            await self._journal.hold(attempt, answer.why)
            held = True

        try:
            return await self._retries.place(
                once,
                placed_before=admission.placements,
                before_wait=hold,
                stopped=lambda: self._hindrance(admission) is not None,
            )
        except BaseException as error:
            if request_open:
                await self._journal.doubted(attempt, _broken_off(error))
            else:
                await self._journal.released(attempt, _not_left(error), sent=False)
            raise

    async def _settle(self, attempt: Attempt, placed: Placed) -> CallReport:
        answer = placed.answer
        match answer:
            case Ended():
                return await self._ends.ended(attempt, answer)
            case Started():
                await self._journal.started(attempt, answer.interaction_id)
                return await self._follow_to_end(attempt, answer.interaction_id, ask_first=False)
            case TurnedAway():
                return await self._settle_turned_away(attempt, answer, placed)
            case Rejected():
                return await self._reject(attempt, answer.why)
            case Refused():
                await self._journal.released(attempt, answer.why)
                self._stop.request(RunEnding.REFUSED, answer.why)
                return CallReport(row=attempt.row, begun=True)
            case Doubtful():
                return await self._doubt(attempt, answer.evidence)
            case _:
                assert_never(answer)

    async def _settle_turned_away(
        self, attempt: Attempt, answer: TurnedAway, placed: Placed
    ) -> CallReport:
        if answer.unreached:
            await self._settle_unreached(attempt, answer.why)
            return CallReport(row=attempt.row)
        if placed.wait_s is not None:
            await self._journal.turned_away(attempt, answer.why, wait_s=placed.wait_s)
            return CallReport(row=attempt.row)
        times = "once" if placed.placements == 1 else f"{placed.placements} times"
        return await self._reject(attempt, f"turned away {times}, last by: {answer.why}")

    async def _reject(self, attempt: Attempt, why: str) -> CallReport:
        await self._journal.rejected(attempt, why)
        return CallReport(row=attempt.row, what=f"failed: {why}", begun=True, bad=True)

    async def _doubt(self, attempt: Attempt, evidence: str) -> CallReport:
        await self._journal.doubted(attempt, evidence)
        what = f"unknown: {evidence}"
        return CallReport(row=attempt.row, what=what, begun=True, rang=None, bad=True)

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
    ) -> CallReport:
        try:
            end = await self._follower.follow(
                interaction_id, placed_at=attempt.placed_at, ask_first=ask_first
            )
        except BaseException:
            self._journal.left(attempt)
            raise
        match end:
            case Ended():
                return await self._ends.ended(attempt, end)
            case Lost():
                return await self._doubt(attempt, end.why)
            case AccountRefused():
                self._journal.left(attempt)
                self._stop.request(RunEnding.REFUSED, end.why)
                return CallReport(row=attempt.row, begun=True, rang=None)
            case _:
                assert_never(end)


def _is_unreached(answer: Answer) -> bool:
    return isinstance(answer, TurnedAway) and answer.unreached


def _broken_off(error: BaseException) -> str:
    if isinstance(error, Exception):
        return f"a fault in the program while the request was open: {type(error).__name__}"
    return "the run was broken off while the request was open; the call may have been placed"


def _not_left(error: BaseException) -> str:
    if isinstance(error, NotReservedError | _TooLateError):
        return str(error)
    return "the run was broken off before the call left"
