"""What a campaign's calls come to when they are added up, for every ledger."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poku_batch.ledger import open_ledger
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.statistics import BANDS_S
from poku_batch.models import (
    AttemptStep,
    CallResult,
    CallsWithin,
    CampaignId,
    CampaignStatistics,
    ContactState,
    Decision,
    LengthBand,
    Outcome,
    Sequel,
)
from poku_batch.policy.reached import is_reached
from poku_batch.policy.spending import started_minutes
from poku_batch.ports import Ledger, PlacedCall
from tests.ledger.ledger_clinic import CLINIC, K2, LATER, NOW, dial, row, take
from tests.ledger.ledger_raw import raw
from tests.ledger.ledger_sheets import close
from tests.postgresql import Server

pytestmark = pytest.mark.anyio

AGAIN = Sequel(state=ContactState.PENDING, due_at=NOW)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
async def ledger(ledger_url: str) -> AsyncIterator[Ledger]:
    async with open_ledger(ledger_url) as ledger:
        yield ledger


async def called(
    ledger: Ledger,
    key: str,
    outcome: str,
    *,
    at: datetime = NOW,
    lasted: timedelta = MINUTE,
    sequel: Sequel | None = None,
) -> None:
    run = await ledger.open_run(CLINIC, at=at)
    attempt = await dial(run, key, at=at)
    await run.finish(
        attempt, CallResult(outcome=outcome), sequel=sequel or Sequel(), at=at + lasted
    )
    await close(run)


async def lost(ledger: Ledger, key: str, *, at: datetime = NOW) -> None:
    run = await ledger.open_run(CLINIC, at=at)
    await run.doubt(await dial(run, key, at=at), "the line broke", at=at)
    await close(run)


async def placed(ledger: Ledger, *, batch: int = 5_000) -> list[PlacedCall]:
    batches = ledger.statistics.placed(CLINIC, batch=batch)
    return [call async for calls in batches for call in calls]


async def test_a_campaign_that_was_never_enrolled_has_no_figures(ledger: Ledger) -> None:
    assert await ledger.statistics.of(CLINIC) == CampaignStatistics()
    assert await placed(ledger) == []


async def test_a_campaign_that_nobody_was_called_for_has_no_figures(ledger: Ledger) -> None:
    await take(ledger, row(2))
    assert await ledger.statistics.of(CLINIC) == CampaignStatistics()


async def test_calls_are_counted_by_outcome_time_attempt_and_length(ledger: Ledger) -> None:
    await take(ledger, row(2), row(3), row(4))
    await called(ledger, "k2", "busy", lasted=timedelta(seconds=4), sequel=AGAIN)
    await called(ledger, "k2", "confirmed", at=LATER, lasted=timedelta(seconds=61))
    await called(ledger, "k3", "voicemail", lasted=timedelta(seconds=10))
    await lost(ledger, "k4")
    found = await ledger.statistics.of(CLINIC)
    assert (found.calls, found.called, found.reached) == (4, 3, 1)
    assert (found.minutes, found.seconds) == (1 + 2 + 1, 4 + 61 + 10)
    assert (found.first_at, found.last_at) == (NOW, LATER)
    assert found.outcomes == {"busy": 1, "confirmed": 1, "unknown": 1, "voicemail": 1}
    assert found.step == MINUTE
    assert found.over_time == (
        *(CallsWithin(at=NOW, outcome=word, calls=1) for word in ("busy", "unknown", "voicemail")),
        CallsWithin(at=LATER, outcome="confirmed", calls=1),
    )
    assert found.by_attempt == (
        AttemptStep(attempt=1, called=3, reached=0),
        AttemptStep(attempt=2, called=1, reached=1),
    )
    assert [(band.least_s, band.calls, band.reached) for band in found.by_length] == [
        (0, 1, 0), (10, 1, 0), (20, 0, 0), (30, 0, 0), (45, 0, 0), (60, 1, 1),
    ]  # fmt: skip


async def test_a_contact_is_reached_once_at_the_first_call_that_reached_them(
    ledger: Ledger,
) -> None:
    await take(ledger, row(2))
    for at in (NOW, LATER):
        await called(ledger, "k2", "completed", at=at, sequel=AGAIN)
    found = await ledger.statistics.of(CLINIC)
    assert (found.calls, found.called, found.reached) == (2, 1, 1)
    assert [step.reached for step in found.by_attempt] == [1, 0]


async def test_placements_that_rang_nowhere_and_calls_that_go_on_are_no_calls(
    ledger: Ledger,
) -> None:
    await take(ledger, row(2), row(3), row(4))
    run = await ledger.open_run(CLINIC, at=NOW)
    await run.reject(await dial(run, "k2"), "bad request", at=NOW)
    await run.turn_away(await dial(run, "k3"), "too many", due_at=LATER, at=NOW)
    await dial(run, "k4")
    assert await ledger.statistics.of(CLINIC) == CampaignStatistics()
    assert await placed(ledger) == []


async def test_a_person_s_word_counts_as_in_the_results(ledger: Ledger) -> None:
    await take(ledger, row(2), row(3))
    await lost(ledger, "k2")
    await lost(ledger, "k3")
    word = Decision(state=ContactState.DONE, outcome="confirmed", by="ann", at=LATER)
    await ledger.resolve(CLINIC, K2, word)
    found = await ledger.statistics.of(CLINIC)
    assert found.outcomes == {"confirmed": 1, "unknown": 1}
    assert (found.reached, found.minutes, found.by_length) == (1, 0, ())
    assert [call[3] for call in await placed(ledger)] == ["confirmed", "unknown"]


async def test_contacts_that_have_left_the_sheet_count(ledger: Ledger) -> None:
    await take(ledger, row(2), row(3))
    await called(ledger, "k2", "completed")
    await take(ledger, row(3))
    found = await ledger.statistics.of(CLINIC)
    assert (found.calls, found.called, found.reached) == (1, 1, 1)


async def test_other_campaigns_do_not_count(ledger: Ledger) -> None:
    other = CampaignId(name="clinic", wave="2")
    for campaign in (CLINIC, other):
        await take(ledger, row(2), row(3), campaign=campaign)
    await called(ledger, "k2", "completed")
    assert await ledger.statistics.of(other) == CampaignStatistics()
    assert (await ledger.statistics.of(CLINIC)).calls == 1


async def test_no_call_is_longer_than_the_longest(ledger: Ledger) -> None:
    await take(ledger, row(2))
    await called(ledger, "k2", "completed", lasted=timedelta(days=3))
    found = await ledger.statistics.of(CLINIC, longest=10 * MINUTE)
    assert (found.minutes, found.seconds) == (10, 600)
    assert found.by_length[-1] == LengthBand(least_s=600, most_s=None, calls=1, reached=1)


async def test_calls_are_told_in_order_with_where_the_contact_is(ledger: Ledger) -> None:
    await take(ledger, row(2), row(3))
    await called(ledger, "k3", "busy", sequel=AGAIN)
    await called(ledger, "k2", "completed", at=LATER)
    for batch in (1, 2, 100):
        assert await placed(ledger, batch=batch) == [
            (NOW, "+3", '["c3"]', "busy"),
            (LATER, "+2", '["c2"]', "completed"),
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One attempt as a test makes it up; ``length_us`` of an ended one, None for an unknown."""

    contact: int
    number: int
    at_us: int
    length_us: int | None
    outcome: str | None
    verdict: str | None

    @property
    def word(self) -> str:
        if self.outcome == "do_not_call":
            return self.outcome
        return self.verdict or self.outcome or "unknown"


_START_US = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp()) * 1_000_000
_WORDS = st.sampled_from(["confirmed", *Outcome])


@st.composite
def calls(draw: st.DrawFn) -> list[Call]:
    made = []
    span = draw(st.sampled_from([7_300 * 10**6, 40_000 * 10**6, 10**11, 10**13]))
    for contact in range(1, draw(st.integers(0, 4)) + 1):
        for number in range(1, draw(st.integers(0, 4)) + 1):
            ended = draw(st.booleans())
            edge = draw(st.sampled_from(BANDS_S)) * 1_000_000
            made.append(
                Call(
                    contact=contact,
                    number=number,
                    at_us=_START_US + draw(st.integers(0, span)),
                    length_us=edge + draw(st.integers(-1, 10**8)) if ended else None,
                    outcome=draw(_WORDS) if ended else None,
                    verdict=draw(st.none() | _WORDS),
                )
            )
    return made


def counted(made: list[Call]) -> CampaignStatistics:
    """The figures of calls, counted one by one."""
    lengths = {call: max(call.length_us, 0) for call in made if call.length_us is not None}
    charged = [call for call in lengths if call.outcome != "invalid_number"]
    first: dict[int, int] = {}
    for call in sorted(made, key=lambda call: call.number):
        if is_reached(call.word):
            first.setdefault(call.contact, call.number)
    moments = [datetime.fromtimestamp(0, UTC) + timedelta(microseconds=c.at_us) for c in made]
    step = step_for(max(moments) - min(moments)) if made else HOUR
    steps = Counter(
        (at - (at - datetime.fromtimestamp(0, UTC)) % step, call.word)
        for at, call in zip(moments, made, strict=True)
    )
    words = Counter(call.word for call in made)
    firsts, numbers = Counter(first.values()), Counter(call.number for call in made)
    return CampaignStatistics(
        calls=len(made),
        called=len({call.contact for call in made}),
        reached=len(first),
        minutes=sum(started_minutes(lengths[call] / 1_000_000) for call in charged),
        seconds=sum(lengths.values()) / 1_000_000,
        first_at=min(moments, default=None),
        last_at=max(moments, default=None),
        outcomes=dict(words),
        step=step,
        over_time=tuple(
            CallsWithin(at=at, outcome=word, calls=number)
            for (at, word), number in sorted(steps.items())
        ),
        by_attempt=tuple(
            AttemptStep(attempt=number, called=called, reached=firsts[number])
            for number, called in sorted(numbers.items())
        ),
        by_length=banded(lengths),
    )


def step_for(span: timedelta) -> timedelta:
    """Minutes, 5 or 15 of them, or hours: the shortest of which there are 120 at the most."""
    steps = (MINUTE, 5 * MINUTE, 15 * MINUTE)
    return next((step for step in steps if span < 120 * step), HOUR)


def banded(lengths: dict[Call, int]) -> tuple[LengthBand, ...]:
    def band(least: int, most: int | None) -> LengthBand:
        within = [
            call
            for call, length in lengths.items()
            if least * 10**6 <= length and (most is None or length < most * 10**6)
        ]
        reached = sum(is_reached(call.word) for call in within)
        return LengthBand(least_s=least, most_s=most, calls=len(within), reached=reached)

    bands = [band(least, most) for least, most in zip(BANDS_S, (*BANDS_S[1:], None), strict=True)]
    while bands and not bands[-1].calls:
        bands.pop()
    return tuple(bands)


def write(url: str, made: list[Call]) -> None:
    """Put calls into a ledger as they would stand there, among those of another campaign."""
    with raw(url) as connection:
        connection.begin(writing=True)
        connection.execute("INSERT INTO campaigns (id, name, wave) VALUES (1, 'clinic', '')")
        connection.execute("INSERT INTO campaigns (id, name, wave) VALUES (2, 'other', '')")
        for campaign in (2, 1):
            connection.execute(
                "INSERT INTO runs (id, campaign_id, host, pid, started_at) VALUES (?, ?, '', 1, 1)",
                (campaign, campaign),
            )
            for contact in {call.contact for call in made}:
                connection.execute(
                    "INSERT INTO contacts (id, campaign_id, key, sheet_row, cells, state)"
                    " VALUES (?, ?, ?, 1, '[]', 'done')",
                    (contact * 10 + campaign, campaign, f"k{contact}"),
                )
            for call in made:
                _write_call(connection, campaign, call)
        connection.commit()


def _write_call(connection: Connection, campaign: int, call: Call) -> None:
    added = connection.execute(
        """
        INSERT INTO attempts (contact_id, number, run_id, state, to_number, cells_digest,
            prompt_sha256, placements, began_at, placed_at, ended_at, outcome)
        VALUES (?, ?, ?, ?, '+1', '', '', 1, ?, ?, ?, ?)
        RETURNING id
        """,
        (
            call.contact * 10 + campaign,
            call.number,
            campaign,
            "unknown" if call.outcome is None else "ended",
            call.at_us,
            call.at_us,
            None if call.length_us is None else call.at_us + call.length_us,
            call.outcome,
        ),
    ).fetchall()
    if call.verdict is not None:
        connection.execute(
            "INSERT INTO verdicts (attempt_id, state, outcome, decided_by, decided_at)"
            " VALUES (?, 'done', ?, 'ann', 1)",
            (added[0][0], call.verdict),
        )


@settings(max_examples=60, deadline=None)
@given(made=calls())
def test_the_figures_are_those_of_counting_one_by_one(made: list[Call]) -> None:
    with TemporaryDirectory() as folder:
        assert anyio.run(added_up, f"{folder}/ledger.db", made) == counted(made)


@settings(max_examples=15, deadline=None)
@given(made=calls())
def test_the_figures_of_a_database_are_those_too(
    postgresql_server: Server, made: list[Call]
) -> None:
    with postgresql_server.ledger() as url:
        assert anyio.run(added_up, url, made) == counted(made)


async def added_up(url: str, made: list[Call]) -> CampaignStatistics:
    async with open_ledger(url) as ledger:
        write(url, made)
        return await ledger.statistics.of(CLINIC)
