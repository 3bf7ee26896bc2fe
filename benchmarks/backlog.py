"""A distributed run with calls behind it and redials before it, written as if they had been made.

What workers would have left after a day: contacts that were called once, whom nobody answered, and
who are called again tomorrow; for each an attempt, its answer and its history.
"""

import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

from poku_batch.ledger import open_ledger
from poku_batch.ledger.places import place_of
from poku_batch.models import CampaignId, ContactKey, DuplicateRule, Enrolment, SharedRun

DUE = CampaignId(name="due")
OTHER = CampaignId(name="other")
SLOT = timedelta(minutes=1)

_HOUR = 3_600_000_000
_DAY = 24 * _HOUR

#: A million rows more take their time to be looked up one by one, and are right by construction.
_UNCHECKED = "SET session_replication_role = replica"

_CALLED = (
    """
    INSERT INTO contacts (campaign_id, key, position, sheet_row, to_number, country, cells, state,
        due_at, wait_kind, wait_why, base_due_at, base_kind, base_why, attempts)
    SELECT :campaign, 'R' || g, :first + g, :first + g + 2,
        '+1' || (2000000000 + :campaign * 100000000 + g), 'US',
        '["Person ' || g || '","Boston","2026-12-01 08:30","Dr. Lee","en-US"]', 'pending',
        :due + g * 1000, 'redial', 'nobody answered', :due + g * 1000, 'redial',
        'nobody answered', 1
    FROM generate_series(1, :count) g
    """,
    """
    INSERT INTO attempts (contact_id, number, run_id, state, to_number, cells_digest,
        prompt_sha256, placements, interaction_id, began_at, placed_at, ended_at, outcome,
        worker_id)
    SELECT id, 1, :run, 'ended', to_number, 'd', 'p', 1, 'int-' || id, :at + id, :at + id,
        :at + id + 30000000, 'no_answer', 1
    FROM contacts WHERE campaign_id = :campaign AND attempts = 1 ORDER BY id
    """,
    """
    INSERT INTO answers (attempt_id, summary)
    SELECT id, 'Nobody answered.' FROM attempts WHERE run_id = :run
    """,
    """
    INSERT INTO attempt_events (contact_id, attempt_id, run_id, at, what)
    SELECT a.contact_id, a.id, a.run_id, a.placed_at, w.what
    FROM attempts a, (SELECT 'began' AS what UNION ALL SELECT 'ended') AS w
    WHERE a.run_id = :run
    ORDER BY a.id
    """,
    # As those who admitted them have counted.
    """
    UPDATE runs SET called = :count, called_from = 0, minutes = :count,
        called_to = (SELECT MAX(id) FROM attempts),
        minutes_to = (SELECT MAX(id) FROM attempt_events)
    WHERE id = :run
    """,
)


async def make(url: str, *, due: int, later: int, others: int) -> SharedRun:
    """Fill a ledger: ``due`` contacts to be called now, ``later`` of the same campaign tomorrow.

    ``others`` are another campaign's. Gives the run of those who are due.
    """
    async with open_ledger(url) as ledger:
        distribution = ledger.distribution
        assert distribution is not None
        await distribution.prepare()
        await distribution.register("bench", concurrency=50)
        for campaign, number in ((OTHER, 1), (DUE, due)):
            async with ledger.enrolment(campaign, ["n", "words"], DuplicateRule.FIRST) as session:
                await session.add([_row(campaign, at) for at in range(number)])
                await session.commit(now=datetime.now(UTC))
            held = await ledger.open_run(campaign, at=datetime.now(UTC))
            run = await held.share("{}", slot=SLOT)
            await held.let_go()
            called = others if campaign == OTHER else later
            if called:
                _add_called(url, run, first=number, count=called)
    with closing(place_of(url).connect()) as connection:
        connection.execute("VACUUM ANALYZE")
    return run


def _row(campaign: CampaignId, at: int) -> Enrolment:
    number = (3 if campaign == DUE else 4) * 1_000_000_000 + at
    return Enrolment(
        row=at + 2,
        cells=(str(at), "words of a sheet " * 6),
        key=ContactKey(f"k{at}"),
        to=f"+1{number}",
        country="US",
    )


def _add_called(url: str, run: SharedRun, *, first: int, count: int) -> None:
    now = int(time.time() * 1_000_000)
    values = {
        "campaign": run.number,
        "run": run.id,
        "first": first,
        "count": count,
        "at": now - 8 * _HOUR,
        "due": now + _DAY,
    }
    with closing(place_of(url).connect()) as connection:
        connection.execute(_UNCHECKED)
        for statement in _CALLED:
            connection.execute(statement, values)
