"""Asking for a placed call until it ends."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from poku_batch.engine.polling import PolledCall, Polls
from poku_batch.models import Ended, InteractionId, NotTold, StillInCall
from poku_batch.policy.polls import (
    LEAST_POLLS_A_SECOND,
    MISSING_LIMIT,
    MOST_POLLS_A_SECOND,
    PollRate,
)
from poku_batch.ports import CallApi, Clock

#: However long ago a call was placed, an answer that did not come is asked for this often.
_LEAST_ASKS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowRules:
    """How long after its placement a call is given up, and the time between two polls.

    ``polls_a_second`` are the least and the most of all calls together; see ``policy.polls``.
    """

    call_timeout_s: float = 900.0
    poll_interval_s: float = 5.0
    polls_a_second: tuple[float, float] = (LEAST_POLLS_A_SECOND, MOST_POLLS_A_SECOND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The call's end could not be learned; ``why`` is the evidence."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRefused:
    """The API will not talk to this account; the call may be asked for by a later run."""

    why: str


class Follower:
    """Follows placed calls, by one campaign's rules."""

    def __init__(
        self,
        api: CallApi,
        clock: Clock,
        rules: FollowRules,
        *,
        chance: Callable[[], float] = random.random,
        busy: Callable[[], float | None] = lambda: 0.0,
    ) -> None:
        """Take the API, the clock, the rules and a source of chance (uniform in [0, 1)).

        ``busy`` tells the share of a core that the run uses; see ``Polls``.
        """
        self._api = api
        self._clock = clock
        self._rules = rules
        least, most = rules.polls_a_second
        self._polls = Polls(
            clock,
            interval_s=rules.poll_interval_s,
            rate=PollRate(least=least, most=most),
            chance=chance,
            busy=busy,
        )

    async def follow(
        self, interaction_id: InteractionId, *, placed_at: datetime, ask_first: bool
    ) -> Ended | Lost | AccountRefused:
        """Ask until the call ends; it was placed at ``placed_at``, aware UTC.

        ``ask_first`` asks as soon as it is its turn (a call of an earlier run), otherwise after one
        wait. A ``Retry-After`` longer than ``call_timeout_s`` counts as that, so that it cannot
        hold a slot for good.
        """
        age_s = max((self._clock.now() - placed_at).total_seconds(), 0.0)
        call = self._polls.opened(age_s=age_s)
        try:
            return await self._ask(call, interaction_id, ask_first=ask_first)
        finally:
            self._polls.closed(call)

    async def _ask(
        self, call: PolledCall, interaction_id: InteractionId, *, ask_first: bool
    ) -> Ended | Lost | AccountRefused:
        deadline = call.placed_s + self._rules.call_timeout_s
        asks = missing = 0
        retry_after_s: float | None = None
        while True:
            if asks or not ask_first:
                await self._wait(call, deadline, retry_after_s)
            else:
                await self._polls.turn()
            standing = await self._api.standing(interaction_id)
            self._polls.told(call, standing)
            asks += 1
            match standing:
                case Ended():
                    return standing
                case StillInCall():
                    why, retry_after_s, missing = "it had not ended", None, 0
                    enough = True
                case NotTold():
                    if standing.refused:
                        return AccountRefused(why=standing.why)
                    why, retry_after_s = standing.why, standing.retry_after_s
                    missing += standing.missing
                    enough = asks >= _LEAST_ASKS
            if missing >= MISSING_LIMIT or (enough and self._clock.monotonic() >= deadline):
                return Lost(why=f"placed as {interaction_id}, but its end was not told: {why}")

    async def _wait(self, call: PolledCall, deadline: float, retry_after_s: float | None) -> None:
        """Wait for the next poll; one that had to wait for long is not kept beyond its deadline."""
        if retry_after_s is not None:
            retry_after_s = min(retry_after_s, self._rules.call_timeout_s)
        left_s = max(deadline - self._clock.monotonic(), self._rules.poll_interval_s)
        wait_s = min(self._polls.wait_s(call), left_s)
        await self._polls.sleep(wait_s, retry_after_s=retry_after_s)
