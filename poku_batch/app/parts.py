"""The parts of the engine, put together for a run."""

from collections.abc import Callable
from dataclasses import dataclass

from poku_batch.app import rules
from poku_batch.app.load import LoopLoad
from poku_batch.app.outside import Outside
from poku_batch.campaign import Campaign
from poku_batch.engine.caller_ids import CallerIds
from poku_batch.engine.calling import Caller
from poku_batch.engine.compose import Composer
from poku_batch.engine.ends import Ends
from poku_batch.engine.following import Follower, FollowRules
from poku_batch.engine.gate import Gate
from poku_batch.engine.journal import Journal
from poku_batch.engine.lasting import LastingRun
from poku_batch.engine.permits import Permits
from poku_batch.engine.placing import Retries, RetryRules
from poku_batch.engine.reach import Reach
from poku_batch.engine.runner import Runner, RunRules
from poku_batch.engine.stops import Stop
from poku_batch.policy.outcomes import OutcomeRules
from poku_batch.policy.polls import LEAST_POLLS_A_SECOND, MOST_POLLS_A_SECOND
from poku_batch.policy.redials import redial_rules
from poku_batch.ports import EventSink


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the runners of one run have in common; a run with a canary has two of them."""

    campaign: Campaign
    composer: Composer
    permits: Permits
    outside: Outside
    sink: EventSink
    stop: Stop
    run: LastingRun
    gate: Gate
    #: Why others may have given this process up, where there are others.
    lost: Callable[[], str | None] | None = None

    def runner(self, *, wait: bool) -> Runner:
        """Make a runner; ``wait`` for contacts that are due later."""
        clock = self.outside.clock
        reach = Reach(clock)
        journal = Journal(self.run, clock, self.sink, keep_prompts=self.campaign.keep_prompts)
        return Runner(
            run=self.run,
            caller=self._caller(journal, reach),
            journal=journal,
            permits=self.permits,
            gate=self.gate,
            reach=reach,
            clock=clock,
            sink=self.sink,
            stop=self.stop,
            rules=RunRules(concurrency=self.campaign.limits.slots, wait=wait),
        )

    def caller(self) -> tuple[Caller, Reach]:
        """Make what calls, without a runner: where others say who is next."""
        reach = Reach(self.outside.clock)
        journal = Journal(
            self.run, self.outside.clock, self.sink, keep_prompts=self.campaign.keep_prompts
        )
        return self._caller(journal, reach), reach

    def _caller(self, journal: Journal, reach: Reach) -> Caller:
        api, clock = self.outside.api, self.outside.clock
        return Caller(
            api=api,
            clock=clock,
            composer=self.composer,
            caller_ids=self._caller_ids(),
            permits=self.permits,
            journal=journal,
            ends=self._ends(journal),
            retries=Retries(self._retry_rules(), sleep=clock.sleep),
            follower=Follower(api, clock, self._follow_rules(), busy=LoopLoad().share),
            gate=self.gate,
            reach=reach,
            stop=self.stop,
            lost=self.lost,
        )

    def _caller_ids(self) -> CallerIds:
        return CallerIds(
            self.run,
            self.outside.clock,
            pool=self.campaign.call.caller_ids,
            calls_a_day=self.campaign.limits.per_caller_id,
            number_caps=rules.number_caps(self.campaign),
        )

    def _ends(self, journal: Journal) -> Ends:
        return Ends(
            journal,
            self.outside.clock,
            outcomes=OutcomeRules(self.campaign.outcomes),
            redials=redial_rules(self.campaign.redial),
            reader=self.outside.reader,
        )

    def _retry_rules(self) -> RetryRules:
        retries = self.campaign.retries
        return RetryRules(attempts=retries.attempts, max_wait_s=retries.max_wait.total_seconds())

    def _follow_rules(self) -> FollowRules:
        api = self.campaign.api
        return FollowRules(
            call_timeout_s=api.call_timeout.total_seconds(),
            poll_interval_s=api.poll_interval.total_seconds(),
            # A busy machine bears so many a second of its own time, however fast a rehearsal goes.
            polls_a_second=(LEAST_POLLS_A_SECOND / self.outside.speed, MOST_POLLS_A_SECOND),
        )
