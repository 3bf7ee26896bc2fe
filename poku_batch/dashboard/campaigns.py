"""A campaign's page: how it stands, its calls as they come, and its contacts by the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from poku_batch.dashboard.asking import SIZES, Asked, asked
from poku_batch.dashboard.board import Board, entry_of
from poku_batch.dashboard.desk import Entry
from poku_batch.dashboard.overview import Overview, overview, per_minute
from poku_batch.models import (
    CallNow,
    CallThen,
    CampaignStatistics,
    ContactOrder,
    ContactQuery,
    ContactRecord,
    ContactsPage,
    ContactState,
)
from poku_batch.ports import Ledger

if TYPE_CHECKING:
    from poku_batch.pages.charts import Chart

_CALLS_NOW = 12
_CALLS_THEN = 12
_TROUBLES = 5

#: To put more than so many in the order of their calls takes too long for a page.
_SORTED = 20_000

_TROUBLED = (ContactState.UNKNOWN, ContactState.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the page shows of the ledger."""

    over: Overview
    columns: tuple[str, ...]
    asked: Asked
    contacts: ContactsPage
    outcomes: Mapping[str, int]
    open: Sequence[CallNow]
    open_count: int
    latest: Sequence[CallThen]
    troubles: Sequence[ContactRecord]
    per_minute: int | None

    @property
    def pages(self) -> int:
        """How many pages of contacts there are."""
        return max(1, -(-self.contacts.total // self.asked.size))


async def campaign_page(board: Board, request: Request) -> Response:
    """The page; of a campaign that was never enrolled, how to begin."""
    entry = await entry_of(board, request)
    with board.pace.measured():
        shown = await _shown(board, entry, asked(request.query_params))
    starts = await board.desk.starts(entry)
    if shown is None:
        return board.pages.page(request, "fresh.html.j2", live=True, entry=entry, starts=starts)
    which = (entry.id, entry.simulated)
    stamp = await board.desk.version(simulated=entry.simulated)
    figures = await board.figures.of(which, partial(_added_up, board, entry), stamp=stamp)
    chart = None
    if figures is not None:
        # Drawn from these figures, which may be of a moment ago.
        chart = await board.charts.of(which, partial(_drawn, figures), stamp=figures)
        if chart is not None and chart.svg is None and figures.calls:
            chart = None
    with board.pace.measured():
        return board.pages.page(
            request,
            "campaign.html.j2",
            live=True,
            entry=entry,
            starts=starts,
            shown=shown,
            over=shown.over,
            figures=figures,
            drawn=chart,
            sizes=SIZES,
            orders=ContactOrder,
            about=partial(about, columns=shown.columns),
        )


def about(record: ContactRecord, columns: Sequence[str]) -> str:
    """Who a contact is, beside key and number: the first cells that say something else."""
    known = {record.key, record.to or "", *record.key.split(" | ")}
    digits = {_digits(text) for text in known if len(_digits(text)) > 6}
    cells = [cell.strip() for cell in record.cells[: len(columns)]]
    others = [cell for cell in cells if cell and cell not in known]
    return " · ".join([cell for cell in others if _digits(cell)[-7:] not in _ends(digits)][:2])


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdecimal())


def _ends(digits: set[str]) -> set[str]:
    return {number[-7:] for number in digits}


async def _shown(board: Board, entry: Entry, wanted: Asked) -> Shown | None:
    """What the ledger holds; None where the campaign was never enrolled."""
    async with board.desk.ledger(simulated=entry.simulated) as ledger:
        columns = None if ledger is None else await ledger.columns(entry.id)
        if ledger is None or columns is None:
            return None
        over = await overview(board.desk, ledger, entry)
        wanted, contacts = await _contacts(ledger, entry, wanted)
        open_, open_count = await ledger.browsing.calls_now(entry.id, limit=_CALLS_NOW)
        return Shown(
            over=over,
            columns=columns,
            asked=wanted,
            contacts=contacts,
            outcomes=await ledger.browsing.outcomes(entry.id),
            open=open_,
            open_count=open_count,
            latest=await ledger.browsing.calls_then(entry.id, limit=_CALLS_THEN),
            troubles=await _troubles(ledger, over),
            per_minute=await per_minute(ledger, over),
        )


async def _contacts(ledger: Ledger, entry: Entry, wanted: Asked) -> tuple[Asked, ContactsPage]:
    """A page of contacts; the last one where a later one is asked for."""
    found = await ledger.browsing.contacts(entry.id, wanted.query)
    if found.contacts or not found.total:
        return wanted, found
    last = -(-found.total // wanted.size)
    query = replace(wanted.query, offset=(last - 1) * wanted.size)
    wanted = replace(wanted, query=query, page=last)
    return wanted, await ledger.browsing.contacts(entry.id, query)


async def _troubles(ledger: Ledger, over: Overview) -> Sequence[ContactRecord]:
    """Contacts that failed or are unknown, those that were called last first."""
    count = sum(over.counts.of(state) for state in _TROUBLED)
    if not count:
        return ()
    query = ContactQuery(
        states=_TROUBLED,
        order=ContactOrder.STARTED if count <= _SORTED else ContactOrder.ROW,
        descending=True,
        limit=_TROUBLES,
    )
    return (await ledger.browsing.contacts(over.entry.id, query)).contacts


async def _added_up(board: Board, entry: Entry) -> CampaignStatistics:
    async with board.desk.ledger(simulated=entry.simulated) as ledger:
        if ledger is None:
            return CampaignStatistics()
        return await ledger.statistics.of(entry.id)


async def _drawn(figures: CampaignStatistics) -> "Chart":
    from poku_batch.pages.charts import over_time

    return await anyio.to_thread.run_sync(over_time, figures)
