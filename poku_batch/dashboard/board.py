"""What every page of one server works with."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request

from poku_batch.dashboard import links
from poku_batch.dashboard.desk import Checked, Desk, Entry
from poku_batch.dashboard.kept import Kept
from poku_batch.dashboard.rendering import Pages
from poku_batch.dashboard.streams import Pace, Streams
from poku_batch.models import CampaignId, CampaignStatistics

if TYPE_CHECKING:
    from poku_batch.pages.charts import Chart

T = TypeVar("T")

#: How many findings of checks are kept for who goes back to them.
_MOST = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check of a campaign found, with another sheet in place of its own or without."""

    campaign: CampaignId
    simulated: bool
    checked: Checked
    sheet: str


@dataclass(slots=True)
class Board:
    """The desk, and what is kept between requests."""

    desk: Desk
    pages: Pages = field(init=False)
    pace: Pace = field(default_factory=Pace)
    streams: Streams = field(init=False)
    figures: Kept[CampaignStatistics] = field(default_factory=lambda: Kept(least_s=1.0))
    charts: "Kept[Chart]" = field(default_factory=lambda: Kept(least_s=10.0))
    findings: "OrderedDict[str, Finding]" = field(default_factory=OrderedDict)
    sheets: "OrderedDict[str, str]" = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self.pages = Pages(self.desk)
        self.streams = Streams(self.pace)

    async def close(self) -> None:
        """End the streams, and what is made beside the pages."""
        self.streams.end()
        await self.figures.close()
        await self.charts.close()


#: A page, before it knows its board.
Handler = Callable[[Board, Request], Awaitable[T]]


async def entry_of(board: Board, request: Request) -> Entry:
    """The campaign that a request is about. Raises ``HTTPException`` 404 where there is none."""
    id_ = links.campaign_of(request)
    entry = await board.desk.entry(id_, simulated=links.is_simulated(request))
    if entry is None:
        raise HTTPException(404, f"There is no campaign {id_} here.")
    return entry


def keep(kept: OrderedDict[str, T], id_: str, value: T) -> None:
    """Keep a value under an id, and let go of the oldest where there are too many."""
    kept[id_] = value
    while len(kept) > _MOST:
        kept.popitem(last=False)
