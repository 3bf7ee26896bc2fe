"""A campaign's calls, added up by the database: memory does not grow with their number."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from poku_batch.ledger import instants, statements
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.happenings import do
from poku_batch.models import (
    AttemptStep,
    CallsWithin,
    CampaignId,
    CampaignStatistics,
    LengthBand,
)
from poku_batch.policy.reached import NOT_REACHED, is_reached

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poku_batch.ledger.reading import Reader
    from poku_batch.ports.statistics import PlacedCall

#: Where bands of lengths begin, in seconds: narrow where most calls are.
BANDS_S = (0, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600)

#: How long steps of time are, by how much time all calls were placed in: 120 steps, or hours.
_STEPS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
_LONGEST_STEP = timedelta(hours=1)
_MOST_STEPS = 120

#: What a call came to, as ``statements._RECORDS`` says it; ``unknown`` where nobody said.
_WORD = """
    CASE WHEN a.outcome = 'do_not_call' THEN a.outcome
        ELSE COALESCE(v.outcome, a.outcome, 'unknown') END
"""

#: The two ways to a campaign's calls: from its contacts to their attempts, or from all attempts of
#: the ledger, in their order, to the contacts. The second looks at other campaigns' calls too, and
#: at each in a fraction of the time. SQLite cannot know which is shorter.
_BY_CONTACTS = "contacts c CROSS JOIN attempts a ON a.contact_id = c.id"
_BY_ATTEMPTS = "attempts a CROSS JOIN contacts c ON c.id = a.contact_id"
_TIMES_AS_FAST = 5

_COUNT_WAYS = """
    SELECT (SELECT COUNT(*) FROM contacts WHERE campaign_id = :campaign),
        (SELECT COALESCE(MAX(id), 0) FROM attempts)
"""

_CALLS = """
    FROM {way} LEFT JOIN verdicts v ON v.attempt_id = a.id
    WHERE c.campaign_id = :campaign AND a.state IN ('ended', 'unknown')
"""

#: The position in ``BANDS_S`` of a length; NULL for none.
_BAND = "CASE {} END".format(
    " ".join(
        f"WHEN length >= {least * 1_000_000} THEN {place}"
        for place, least in reversed(list(enumerate(BANDS_S)))
    )
)

_FIND_SPAN = f"SELECT MIN(a.placed_at), MAX(a.placed_at) {_CALLS}"

#: By step, outcome, band and number. A started minute counts as in ``statements.COUNT_USAGE``.
_COUNT_CALLS = f"""
    SELECT placed_at / :step, word, number, {_BAND}, COUNT(*), SUM(COALESCE(length, 0)),
        SUM(CASE WHEN outcome IS NULL OR outcome = 'invalid_number' THEN 0
            ELSE MAX(1, (length + 59999999) / 60000000) END)
    FROM (
        SELECT a.placed_at, a.number, a.outcome, {_WORD} AS word,
            CASE WHEN a.ended_at IS NOT NULL THEN
                MAX(0, MIN(a.ended_at - a.placed_at, COALESCE(:longest, a.ended_at - a.placed_at)))
            END AS length
        {_CALLS}
    ) AS calls
    GROUP BY 1, 2, 3, 4
"""  # noqa: S608  # put together from the parts above alone

#: How many contacts were called, by the number of the first call that reached them.
_COUNT_CONTACTS = f"""
    SELECT first, COUNT(*)
    FROM (
        SELECT MIN(CASE
            WHEN {_WORD} NOT IN (SELECT value FROM json_each(:not_reached)) THEN a.number
        END) AS first
        {_CALLS}
        GROUP BY a.contact_id
    ) AS contacts
    GROUP BY first
"""  # noqa: S608  # put together from the parts above alone

_READ_CALLS = f"""
    SELECT a.id, a.placed_at, a.to_number, c.cells, {_WORD} {_CALLS.format(way=_BY_ATTEMPTS)}
        AND a.id > :after
    ORDER BY a.id
    LIMIT :limit
"""


class SqlStatistics:
    """The implementation of ``ports.Statistics``; part of ``SqlLedger``."""

    def __init__(self, reader: "Reader") -> None:
        self._reader = reader

    async def of(
        self, campaign: CampaignId, *, longest: timedelta | None = None
    ) -> CampaignStatistics:
        """The campaign's figures in one consistent view."""

        def ask(connection: Connection) -> CampaignStatistics:
            with _one_view(connection):
                number = _number(connection, campaign)
                if number is None:
                    return CampaignStatistics()
                return _added_up(connection, number, longest)

        return await self._reader.run(ask)

    async def placed(
        self, campaign: CampaignId, *, batch: int = 5_000
    ) -> "AsyncIterator[list[PlacedCall]]":
        """Every call that ended or is unknown, in order of attempts, in batches."""
        number = await self._reader.run(lambda connection: _number(connection, campaign))
        if number is None:
            return
        values = {"campaign": number, "after": 0, "limit": max(batch, 1)}
        while rows := await self._reader.run(
            lambda connection: do(connection, _READ_CALLS, values).fetchall()
        ):
            yield [
                (instants.from_stored(placed_at), to, cells, word)
                for _, placed_at, to, cells, word in rows
            ]
            values["after"] = rows[-1][0]


@dataclass(slots=True)
class _Sums:
    """The counts of calls, row by row of ``_COUNT_CALLS``."""

    calls: int = 0
    minutes: int = 0
    microseconds: int = 0
    steps: Counter[tuple[int, str]] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    numbers: Counter[int] = field(default_factory=Counter)
    bands: Counter[int] = field(default_factory=Counter)
    bands_reached: Counter[int] = field(default_factory=Counter)

    def add(self, row: tuple[Any, ...]) -> None:
        step, word, number, band, calls, length, minutes = row
        self.calls += calls
        self.minutes += minutes
        self.microseconds += length
        self.steps[step, word] += calls
        self.words[word] += calls
        self.numbers[number] += calls
        if band is not None:
            self.bands[band] += calls
            self.bands_reached[band] += calls if is_reached(word) else 0


def _added_up(
    connection: Connection, campaign: int, longest: timedelta | None
) -> CampaignStatistics:
    way = _way(connection, campaign)
    first, last = do(connection, _FIND_SPAN.format(way=way), {"campaign": campaign}).fetchone()
    if first is None:
        return CampaignStatistics()
    step = _step(last - first)
    values = {
        "campaign": campaign,
        "longest": None if longest is None else instants.length(longest),
        "not_reached": json.dumps(sorted(NOT_REACHED)),
        "step": step,
    }
    sums = _Sums()
    for row in do(connection, _COUNT_CALLS.format(way=way), values):
        sums.add(row)
    # By the number of the call that reached them first; None for those whom none did.
    contacts: dict[int | None, int] = dict(
        do(connection, _COUNT_CONTACTS.format(way=way), values).fetchall()
    )
    called = sum(contacts.values())
    return CampaignStatistics(
        calls=sums.calls,
        called=called,
        reached=called - contacts.get(None, 0),
        minutes=sums.minutes,
        seconds=sums.microseconds / 1_000_000,
        first_at=instants.from_stored(first),
        last_at=instants.from_stored(last),
        outcomes=dict(sorted(sums.words.items(), key=lambda found: (-found[1], found[0]))),
        step=timedelta(microseconds=step),
        over_time=tuple(
            CallsWithin(at=instants.from_stored(number * step), outcome=word, calls=calls)
            for (number, word), calls in sorted(sums.steps.items())
        ),
        by_attempt=_attempts(sums.numbers, contacts),
        by_length=_bands(sums),
    )


def _way(connection: Connection, campaign: int) -> str:
    contacts, attempts = do(connection, _COUNT_WAYS, {"campaign": campaign}).fetchone()
    return _BY_CONTACTS if contacts * _TIMES_AS_FAST < attempts else _BY_ATTEMPTS


def _step(span: int) -> int:
    """The length of a step in microseconds for calls that were placed within ``span``."""
    for step in map(instants.length, _STEPS):
        if span < step * _MOST_STEPS:
            return step
    return instants.length(_LONGEST_STEP)


def _attempts(
    numbers: Mapping[int, int], contacts: Mapping[int | None, int]
) -> tuple[AttemptStep, ...]:
    """A step a number, in order; a contact has one call of each at the most."""
    return tuple(
        AttemptStep(attempt=number, called=called, reached=contacts.get(number, 0))
        for number, called in sorted(numbers.items())
    )


def _bands(sums: _Sums) -> tuple[LengthBand, ...]:
    """The bands from 0 to the last in which there is a call, empty ones between them too."""
    ends = (*BANDS_S[1:], None)
    return tuple(
        LengthBand(
            least_s=BANDS_S[place],
            most_s=ends[place],
            calls=sums.bands[place],
            reached=sums.bands_reached[place],
        )
        for place in range(max(sums.bands, default=-1) + 1)
    )


@contextmanager
def _one_view(connection: Connection) -> "Iterator[None]":
    """Let several questions see the ledger as it is at the first of them."""
    connection.begin(writing=False)
    try:
        yield
    finally:
        connection.rollback()


def _number(connection: Connection, campaign: CampaignId) -> int | None:
    values = {"name": campaign.name, "wave": campaign.wave}
    found = do(connection, statements.FIND_CAMPAIGN, values).fetchone()
    return None if found is None else found[0]
