"""Placing one call, with retries of placements that were turned away.

Only ``TurnedAway`` is tried again, since then no phone rang;
a wait longer than the slot's patience is left to the ledger, so that the slot serves others. That
the API cannot be reached is nobody's turning away: see ``reach``.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tenacity import AsyncRetrying, RetryCallState, retry_if_result

from poku_batch.models import Answer, TurnedAway
from poku_batch.policy.waits import SLOT_PATIENCE_S, wait_before_retry_s


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRules:
    """``attempts`` placements of one attempt at most; back-off waits of ``max_wait_s`` at most."""

    attempts: int = 6
    max_wait_s: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The last answer, how many placements the attempt has had, and the wait if there is one.

    ``wait_s`` is set where the call was turned away and may be placed again after so many seconds.
    """

    answer: Answer
    placements: int
    wait_s: float | None = None


class Retries:
    """Places with retries, by one campaign's rules."""

    def __init__(
        self,
        rules: RetryRules,
        *,
        sleep: Callable[[float], Awaitable[None]],
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Take the rules, and the sources of waiting and of chance (uniform in [0, 1))."""
        self._rules = rules
        self._sleep = sleep
        self._chance = chance

    async def place(
        self,
        place: Callable[[], Awaitable[Answer]],
        *,
        placed_before: int,
        before_wait: Callable[[TurnedAway], Awaitable[None]],
        stopped: Callable[[], bool],
    ) -> Placed:
        """Call ``place`` until it is not turned away, or must wait longer than a slot should.

        ``placed_before`` counts the attempt's earlier placements, of this run or of others;
        ``before_wait`` is awaited before each wait inside the slot; once ``stopped`` says so, no
        wait is begun, and a wait under way is not followed by a placement.
        """
        tries = _Tries(self._rules, place, placed_before, stopped, self._chance)
        answer = await tries.once()
        # Nearly every call: taken at once, so that what retrying costs is not paid.
        if not _is_worth_another(answer):
            return tries.placed(answer)
        tries.go_on()

        async def record(state: RetryCallState) -> None:
            answer = _answer(state)
            if isinstance(answer, TurnedAway):
                await before_wait(answer)

        retrying = AsyncRetrying(
            retry=retry_if_result(_is_worth_another),
            wait=tries.wait,
            stop=tries.stop,
            before_sleep=record,
            sleep=self._sleep,
            retry_error_callback=_answer,
        )
        return tries.placed(await retrying(tries.once))


class _Tries:
    """The placements of one attempt in one slot, and the waits between them."""

    def __init__(
        self,
        rules: RetryRules,
        place: Callable[[], Awaitable[Answer]],
        placed_before: int,
        stopped: Callable[[], bool],
        chance: Callable[[], float],
    ) -> None:
        self._rules = rules
        self._place = place
        self._placements = placed_before
        self._stopped = stopped
        self._chance = chance
        self._answer: Answer | None = None
        self._is_known = False
        self._wait_s = 0.0

    async def once(self) -> Answer:
        """Place, unless the answer is known: the run was stopped, or has placed it before."""
        if self._answer is not None and (self._is_known or self._stopped()):
            self._is_known = False
            return self._answer
        self._answer = await self._place()
        self._placements += 1
        return self._answer

    def go_on(self) -> None:
        """Let ``once`` give the answer that there is once more, as the first of those retried."""
        self._is_known = True

    def wait(self, state: RetryCallState) -> float:
        answer = _answer(state)
        self._wait_s = wait_before_retry_s(
            self._placements,
            retry_after_s=answer.retry_after_s if isinstance(answer, TurnedAway) else None,
            max_wait_s=self._rules.max_wait_s,
            chance=self._chance(),
        )
        return self._wait_s

    def stop(self, _state: RetryCallState) -> bool:
        return self._used_up or self._wait_s > SLOT_PATIENCE_S or self._stopped()

    def placed(self, answer: Answer) -> Placed:
        may_wait = _is_worth_another(answer) and not self._used_up
        return Placed(
            answer=answer,
            placements=self._placements,
            wait_s=self._wait_s if may_wait else None,
        )

    @property
    def _used_up(self) -> bool:
        return self._placements >= self._rules.attempts


def _is_worth_another(answer: Answer) -> bool:
    return isinstance(answer, TurnedAway) and not answer.unreached


def _answer(state: RetryCallState) -> Answer:
    if state.outcome is None:
        raise AssertionError("tenacity asks after a placement, never before one")
    answer: Answer = state.outcome.result()
    return answer
