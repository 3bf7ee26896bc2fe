"""A campaign without contacts takes a sheet by a shorter way, which decides the same."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from tempfile import TemporaryDirectory

import anyio
from hypothesis import example, given, settings
from hypothesis import strategies as st

from poku_batch.errors import ContactsError
from poku_batch.ledger import open_ledger
from poku_batch.models import (
    Cap,
    ContactKey,
    ContactRecord,
    ContactState,
    DoNotCallEntry,
    DuplicateRule,
    Enrolment,
    EnrolmentReport,
    Later,
    WaitKind,
)
from tests.ledger.ledger_sheets import CLINIC, NOW, records, row
from tests.postgresql import Server

NUMBERS = ("+1", "+2", "+3", "+4")
CAPS = (Cap(calls=1, within=timedelta(hours=1)),)

WAITING = st.lists(
    st.builds(
        Enrolment,
        row=st.just(0),
        cells=st.tuples(st.sampled_from(["x", 'é "q" \\', "\ud800\n"])),
        key=st.sampled_from([*map(ContactKey, "abcde"), None]),
        to=st.sampled_from([*NUMBERS, None]),
        country=st.sampled_from(["US", "CH", None]),
        skip_reason=st.sampled_from([None, None, None, "no consent: 'never'"]),
        later=st.none()
        | st.builds(
            Later,
            until=st.integers(-2, 90).map(lambda hours: NOW + timedelta(hours=hours)),
            kind=st.sampled_from([WaitKind.CALLING_HOURS, WaitKind.NOT_BEFORE]),
            why=st.just("not yet"),
        ),
        priority=st.integers(0, 1),
        group=st.integers(0, 2),
    ),
    max_size=9,
).map(lambda rows: [one._replace(row=number) for number, one in enumerate(rows, 2)])
ROWS = WAITING | WAITING.map(lambda rows: [one._replace(later=None) for one in rows])

GIVEN = {
    "rows": ROWS,
    "rule": st.sampled_from(DuplicateRule),
    "caps": st.sampled_from([(), CAPS]),
    "listed": st.sampled_from(NUMBERS),
}


async def enrolled(
    url: str,
    rows: Sequence[Enrolment],
    rule: DuplicateRule,
    caps: Sequence[Cap],
    listed: str,
    *,
    known: bool,
) -> tuple[EnrolmentReport, list[ContactRecord]] | str:
    """What a sheet makes of a campaign, which may know somebody who is in it no longer."""
    async with open_ledger(url) as ledger:
        await ledger.add_do_not_call([DoNotCallEntry(number=listed, source="a person", at=NOW)])
        if known:
            async with ledger.enrolment(CLINIC, ["a"], rule) as session:
                await session.add([row(2, "gone", "+9")])
                await session.commit(now=NOW)
        async with ledger.enrolment(CLINIC, ["a"], rule, number_caps=caps) as session:
            await session.add(rows[:4])
            await session.add(rows[4:])
            try:
                preview = await session.preview(now=NOW)
                report = await session.commit(now=NOW)
            except ContactsError as error:
                return str(error)
        assert preview == report
        assert await ledger.counts(CLINIC, now=NOW) == report.counts
        assert report.gone == known
        found = await records(ledger)
        for record, one in zip(found, rows, strict=True):
            if record.state is ContactState.PENDING:
                assert record.due_at == (one.later.until if one.later is not None else None)
        return replace(report, gone=0), found


@settings(max_examples=60, deadline=None)
@given(**GIVEN)
@example(rows=[], rule=DuplicateRule.FIRST, caps=(), listed="+1")
def test_a_new_campaign_and_one_that_knows_a_stranger_make_the_same_of_a_sheet(
    rows: list[Enrolment], rule: DuplicateRule, caps: Sequence[Cap], listed: str
) -> None:
    with TemporaryDirectory() as name:
        new, old = (
            anyio.run(
                partial(enrolled, f"{name}/{known}.db", rows, rule, caps, listed, known=known)
            )
            for known in (False, True)
        )
    assert new == old


@settings(max_examples=15, deadline=None)
@given(**GIVEN)
@example(rows=[], rule=DuplicateRule.FIRST, caps=(), listed="+1")
def test_a_database_makes_the_same_of_it(
    postgresql_server: Server,
    rows: list[Enrolment],
    rule: DuplicateRule,
    caps: Sequence[Cap],
    listed: str,
) -> None:
    made = []
    for known in (False, True):
        with postgresql_server.ledger() as url:
            made.append(anyio.run(partial(enrolled, url, rows, rule, caps, listed, known=known)))
    with TemporaryDirectory() as name:
        made.append(
            anyio.run(partial(enrolled, f"{name}/l.db", rows, rule, caps, listed, known=False))
        )
    assert made[0] == made[1] == made[2]
