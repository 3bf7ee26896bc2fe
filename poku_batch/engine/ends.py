"""What came of a call that ended: judged by the rules, recorded, and then read more closely.

The order is the promise: what the rules say is durable first, and only then is somebody else asked
to read the summary. A run that dies in between leaves the call to be read by the next one.
"""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from poku_batch.engine.journal import Attempt, Journal
from poku_batch.engine.reports import CallReport
from poku_batch.models import CallResult, ContactState, Ended, Outcome, Sequel, UnreadCall
from poku_batch.policy.outcomes import OutcomeRules, Reading
from poku_batch.policy.redials import RedialRules, sequel_of
from poku_batch.ports import Clock, NotRead, SummaryReader, SummaryReading


class Ends:
    """Judges and records the ends of a campaign's calls; one serves all slots."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        *,
        outcomes: OutcomeRules,
        redials: RedialRules,
        reader: SummaryReader | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Take who writes, the time, the rules, who else reads summaries, and chance in [0, 1)."""
        self._journal = journal
        self._clock = clock
        self._outcomes = outcomes
        self._redials = redials
        self._reader = reader
        self._chance = chance

    async def ended(self, attempt: Attempt, ended: Ended) -> CallReport:
        """Record a call's end, and have its summary read if somebody is there to do so."""
        reading = self._outcomes.read(ended)
        at = self._clock.now()
        sequel = self._sequel(reading, attempt.number, at)
        to_read = self._reader is not None and bool(ended.summary and ended.summary.strip())
        new = await self._journal.ended(
            attempt, result_of(reading, ended), sequel, to_read=to_read, at=at
        )
        if to_read and new:
            reading = await self._read_again(attempt, ended, reading, at)
        failed = reading.failed
        return CallReport(
            row=attempt.row,
            what=f"failed: {reading.evidence or reading.outcome}" if failed else reading.outcome,
            begun=True,
            rang=reading.outcome != Outcome.INVALID_NUMBER,
            bad=failed,
            duration_s=max((at - attempt.placed_at).total_seconds(), 0.0),
        )

    async def read(self, call: UnreadCall) -> None:
        """Read a call that an earlier run has recorded by the rules alone."""
        ended = Ended(
            summary=call.summary,
            recording_url=call.recording_url,
            interaction_id=call.interaction_id,
        )
        attempt = Attempt(
            id=call.attempt_id,
            row=call.row,
            key=call.key,
            number=call.attempt,
            placed_at=call.placed_at,
            told=not call.decided,
        )
        await self._read_again(attempt, ended, self._outcomes.read(ended), call.ended_at)

    async def _read_again(
        self, attempt: Attempt, ended: Ended, rules: Reading, ended_at: datetime
    ) -> Reading:
        """Ask the reader, and record its word; where it has none, that of the rules stands."""
        found = None if self._reader is None else await _read(self._reader, ended, ended_at)
        reading, result = rules, result_of(rules, ended)
        if isinstance(found, NotRead):
            self._journal.unread(attempt, found.why)
        elif found is not None:
            opted_out = rules.opted_out
            if found.outcome == Outcome.DO_NOT_CALL:
                opted_out = opted_out or found.evidence or "the summary, as read by outcomes_by"
            reading = Reading(outcome=found.outcome, evidence=found.evidence, opted_out=opted_out)
            if rules.outcome == Outcome.DO_NOT_CALL:
                # Never taken back, whoever reads it.
                reading = replace(rules, opted_out=opted_out)
            result = replace(result_of(reading, ended), fields=found.fields)
        by_rules = self._sequel(rules, attempt.number, ended_at)
        await self._journal.reread(
            attempt,
            result,
            by_rules if reading is rules else self._sequel(reading, attempt.number, ended_at),
            before=rules.outcome,
            was_failed=by_rules.state is ContactState.FAILED,
        )
        return reading

    def _sequel(self, reading: Reading, attempt: int, at: datetime) -> Sequel:
        return sequel_of(
            reading, attempt=attempt, at=at, rules=self._redials, chance=self._chance()
        )


async def _read(
    reader: SummaryReader, ended: Ended, ended_at: datetime
) -> SummaryReading | NotRead:
    try:
        return await reader.read(ended, ended_at=ended_at)
    except Exception as fault:  # a reader's defect is no reason to stop calling
        return NotRead(why=f"reading it broke off: {type(fault).__name__}")


def result_of(reading: Reading, ended: Ended) -> CallResult:
    """What is recorded of a call that ended so."""
    return CallResult(
        outcome=reading.outcome,
        summary=ended.summary,
        recording_url=ended.recording_url,
        interaction_id=ended.interaction_id,
        evidence=reading.evidence,
        opted_out=reading.opted_out,
    )
