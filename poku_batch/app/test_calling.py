"""One real call to a phone of one's own, with the words of a row of the sheet.

Invariants: the request leaves once at the most, whatever becomes of it; the ledger is read before
the call and never written, so that the row's contact stays as it is; hooks hear of nothing.
"""

import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

import anyio
from anyio.abc import TaskStatus

from poku_batch.app.api import open_api
from poku_batch.app.previewing import NumberFacts, Preview, Previewer, number_facts, previewing
from poku_batch.app.rulings import skipped_because
from poku_batch.campaign import Campaign
from poku_batch.clock import SteadyClock, SystemClock
from poku_batch.engine.following import AccountRefused, Follower, FollowRules, Lost
from poku_batch.errors import PhoneError, UsageError
from poku_batch.models import (
    CallRequest,
    ContactKey,
    Doubtful,
    Ended,
    Enrolment,
    InteractionId,
    Refused,
    Rejected,
    Started,
    TurnedAway,
)
from poku_batch.poku.client import PokuClient
from poku_batch.policy.outcomes import OutcomeRules
from poku_batch.policy.spending import started_minutes

if TYPE_CHECKING:
    from poku_batch.simulator import SimulatorConfig

#: How much faster than life a rehearsed call passes.
_SPEED = 30.0
#: How many rows with the number are told.
_ROWS_TOLD = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialPlan:
    """What is about to happen, for a person to agree to.

    ``number`` is that of their phone; ``preview`` is the row's whose words are spoken.
    ``contact_rows`` are rows of the sheet that have the very number: it may be somebody else's
    phone. ``cost`` is what a call of usual length costs, in the campaign's currency.
    """

    campaign: Campaign
    preview: Preview
    request: CallRequest
    number: NumberFacts
    contact_rows: tuple[int, ...]
    base_url: str
    cost: Decimal
    simulated: bool


class TrialEnding(StrEnum):
    """What became of the call."""

    #: it was placed, and its end is known
    ENDED = "ended"
    #: no phone rang: the API could not be reached
    UNREACHED = "unreached"
    #: no phone rang: the API takes no call just now
    TURNED_AWAY = "turned_away"
    #: no phone rang: the API does not take this call
    REJECTED = "rejected"
    #: no phone rang: the API refuses the account, the key or the address
    REFUSED = "refused"
    #: the phone may have rung, and nobody knows what came of it
    UNKNOWN = "unknown"
    #: a person broke it off; the phone may ring still
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """What came of the call; ``failed`` where the number cannot be called at all.

    ``why`` says it where the call has no known end, ``opted_out`` is the text by which somebody
    asked in it not to be called. ``duration_s`` is from the placement to the end, in seconds.
    """

    ending: TrialEnding
    why: str | None = None
    outcome: str | None = None
    evidence: str | None = None
    failed: bool = False
    opted_out: str | None = None
    summary: str | None = None
    recording_url: str | None = None
    interaction_id: InteractionId | None = None
    duration_s: float | None = None
    cost: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialWishes:
    """What is wanted: whose words, to which number (as a person writes it), for real or not."""

    to: str
    row: int | None = None
    key: str | None = None
    simulate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialListener:
    """Who is asked and told: ``confirm`` before anything is sent (it blocks the event loop).

    ``placing`` is called right before the request leaves, ``placed`` when the interaction ID is
    known and the end is not.
    """

    confirm: Callable[[TrialPlan], bool] = lambda _plan: True
    placing: Callable[[], None] = lambda: None
    placed: Callable[[InteractionId], None] = lambda _interaction_id: None


async def trial_call(
    campaign: Campaign, wishes: TrialWishes, listener: TrialListener
) -> TrialResult | None:
    """Call a number once with the words of a row; None where the answer was no.

    Raises ``UsageError`` where the number is none, is on a do-not-call list, or where no request
    can be made of the row; nobody was called then.
    """
    number = _own_number(campaign, wishes.to)
    async with open_api(campaign, _simulator(simulate=wishes.simulate)) as api:
        plan = await _planned(campaign, wishes, number, base_url=api.base_url)
        if not listener.confirm(plan):
            return None
        speed = _SPEED if wishes.simulate else 1.0
        return await _Trial(plan, api, listener, speed=speed).run()


async def _planned(
    campaign: Campaign, wishes: TrialWishes, number: str, *, base_url: str
) -> TrialPlan:
    async with previewing(campaign, simulate=wishes.simulate) as previewer:
        preview = await previewer.preview(row=wishes.row, key=wishes.key)
        await _refuse_listed(previewer, preview, number)
        rows = await previewer.rows.with_number(number, most=_ROWS_TOLD)
    if preview.request is None:
        raise UsageError(
            f"no call can be made of row {preview.row.row}: {preview.verdict.why}. Name another "
            "with --row or --key. Nobody was called."
        )
    pricing = campaign.pricing
    minutes = started_minutes(pricing.typical_call.total_seconds())
    return TrialPlan(
        campaign=campaign,
        preview=preview,
        request=replace(preview.request, to=number),
        number=number_facts(number),
        contact_rows=tuple(rows),
        base_url=base_url,
        cost=pricing.per_minute * minutes,
        simulated=wishes.simulate,
    )


def _own_number(campaign: Campaign, raw: str) -> str:
    from poku_batch.phone import parse_phone

    try:
        return parse_phone(raw, campaign.contacts.region).e164
    except PhoneError as error:
        raise UsageError(f"--to: {error}; write it as +14155550100") from None


async def _refuse_listed(previewer: Previewer, preview: Preview, number: str) -> None:
    """Raise ``UsageError`` for a number that must not be called, not even for a test."""
    source = await previewer.listed(number)
    if source is not None:
        raise UsageError(
            f"--to: {number} is on the do-not-call list ({source}), and is not called for a test "
            "either. If it is yours: poku-batch do-not-call remove, or take it out of the file"
        )
    asked = Enrolment(
        row=preview.row.row,
        cells=preview.row.cells,
        key=ContactKey(f"test-call {number}"),
        to=number,
    )
    reason = skipped_because(await previewer.rows.enrolled([asked]), asked.row)
    if reason is not None:
        raise UsageError(f"--to: {number} is not called: {reason}")


def _simulator(*, simulate: bool) -> "SimulatorConfig | None":
    if not simulate:
        return None
    from poku_batch.simulator import SimulatorConfig

    return SimulatorConfig(speed=_SPEED)


class _Trial:
    """One call, from the request to its end, or until somebody breaks it off."""

    def __init__(
        self, plan: TrialPlan, api: PokuClient, listener: TrialListener, *, speed: float
    ) -> None:
        self._plan = plan
        self._api = api
        self._listener = listener
        self._speed = speed
        self._clock = SteadyClock(SystemClock())
        self._interaction_id: InteractionId | None = None
        self._result = TrialResult(ending=TrialEnding.INTERRUPTED)

    async def run(self) -> TrialResult:
        """Place the call once and follow it; a signal breaks off the waiting, not the call."""
        faults: list[Exception] = []
        async with anyio.create_task_group() as tasks:
            await tasks.start(self._heed_signals, tasks.cancel_scope)
            try:
                self._result = await self._call()
            except Exception as fault:  # raised below, out of its group
                faults.append(fault)
            tasks.cancel_scope.cancel()
        if faults:
            raise faults[0]
        if self._result.ending is TrialEnding.INTERRUPTED:
            return replace(self._result, interaction_id=self._interaction_id)
        return self._result

    @staticmethod
    async def _heed_signals(
        scope: anyio.CancelScope, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        names = ("SIGINT", "SIGTERM", "SIGHUP")
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        try:
            with anyio.open_signal_receiver(*numbers) as signals:
                task_status.started()
                async for _ in signals:
                    scope.cancel()
        except NotImplementedError:  # Windows: Ctrl-C breaks the command off instead
            task_status.started()

    async def _call(self) -> TrialResult:
        self._listener.placing()
        began_s, placed_at = self._clock.monotonic(), self._clock.now()
        answer = await self._api.place(self._plan.request)
        match answer:
            case Ended():
                return self._ended(answer, began_s)
            case Started():
                self._interaction_id = answer.interaction_id
                self._listener.placed(answer.interaction_id)
                end = await self._follower().follow(
                    answer.interaction_id, placed_at=placed_at, ask_first=False
                )
                return self._followed(end, began_s)
            case TurnedAway():
                ending = TrialEnding.UNREACHED if answer.unreached else TrialEnding.TURNED_AWAY
                return TrialResult(ending=ending, why=_when_to_try(answer))
            case Rejected():
                return TrialResult(ending=TrialEnding.REJECTED, why=answer.why)
            case Refused():
                return TrialResult(ending=TrialEnding.REFUSED, why=answer.why)
            case Doubtful():
                return TrialResult(ending=TrialEnding.UNKNOWN, why=answer.evidence)
            case _:
                assert_never(answer)

    def _follower(self) -> Follower:
        api = self._plan.campaign.api
        rules = FollowRules(
            call_timeout_s=api.call_timeout.total_seconds() / self._speed,
            poll_interval_s=api.poll_interval.total_seconds() / self._speed,
        )
        return Follower(self._api, self._clock, rules)

    def _followed(self, end: Ended | Lost | AccountRefused, began_s: float) -> TrialResult:
        if isinstance(end, Ended):
            known = end.interaction_id or self._interaction_id
            return self._ended(replace(end, interaction_id=known), began_s)
        return TrialResult(
            ending=TrialEnding.UNKNOWN, why=end.why, interaction_id=self._interaction_id
        )

    def _ended(self, end: Ended, began_s: float) -> TrialResult:
        campaign = self._plan.campaign
        duration_s = (self._clock.monotonic() - began_s) * self._speed
        reading = OutcomeRules(campaign.outcomes).read(end)
        return TrialResult(
            ending=TrialEnding.ENDED,
            outcome=reading.outcome,
            evidence=reading.evidence,
            failed=reading.failed,
            opted_out=reading.opted_out,
            summary=end.summary,
            recording_url=end.recording_url,
            interaction_id=end.interaction_id,
            duration_s=round(duration_s, 1),
            cost=campaign.pricing.per_minute * started_minutes(duration_s),
        )


def _when_to_try(answer: TurnedAway) -> str:
    if answer.retry_after_s is None:
        return answer.why
    return f"{answer.why}; it asks to wait {answer.retry_after_s:,.0f} s"
