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
        answers: list[Answer] = []
        waits: list[float] = []

        def placements() -> int:
            return placed_before + len(answers)

        async def once() -> Answer:
            if not answers or not stopped():
                answers.append(await place())
            return answers[-1]

        def wait(state: RetryCallState) -> float:
            waits.append(self._wait_s(_answer(state), placements()))
            return waits[-1]

        def stop(_state: RetryCallState) -> bool:
            used_up = placements() >= self._rules.attempts
            return used_up or waits[-1] > SLOT_PATIENCE_S or stopped()

        async def record(state: RetryCallState) -> None:
            answer = _answer(state)
            if isinstance(answer, TurnedAway):
                await before_wait(answer)

        retrying = AsyncRetrying(
            retry=retry_if_result(_is_worth_another),
            wait=wait,
            stop=stop,
            before_sleep=record,
            sleep=self._sleep,
            retry_error_callback=_answer,
        )
        answer: Answer = await retrying(once)
        may_wait = _is_worth_another(answer) and placements() < self._rules.attempts
        return Placed(
            answer=answer, placements=placements(), wait_s=waits[-1] if may_wait else None
        )

    def _wait_s(self, answer: Answer, placements: int) -> float:
        asked = answer.retry_after_s if isinstance(answer, TurnedAway) else None
        return wait_before_retry_s(
            placements,
            retry_after_s=asked,
            max_wait_s=self._rules.max_wait_s,
            chance=self._chance(),
        )


def _is_worth_another(answer: Answer) -> bool:
    return isinstance(answer, TurnedAway) and not answer.unreached


def _answer(state: RetryCallState) -> Answer:
    if state.outcome is None:
        raise AssertionError("tenacity asks after a placement, never before one")
    answer: Answer = state.outcome.result()
    return answer
