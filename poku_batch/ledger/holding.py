"""Holding every campaign of a ledger at once, as a run would, so that none of them is being run."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from poku_batch.errors import LedgerError
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.lock import Lease
from poku_batch.ledger.places import Place
from poku_batch.models import CampaignId

_SHARED = """
    SELECT c.name, c.wave FROM runs r JOIN campaigns c ON c.id = r.campaign_id
    WHERE r.ended_at IS NULL AND r.distributed = 1
"""
_CAMPAIGNS = "SELECT name, wave FROM campaigns ORDER BY id"


def all_campaigns(connection: Connection) -> list[CampaignId]:
    """Every campaign of a ledger."""
    return [CampaignId(name=name, wave=wave) for name, wave in connection.execute(_CAMPAIGNS)]


@contextmanager
def held(connection: Connection, place: Place, done: str) -> Iterator[list[CampaignId]]:
    """Hold every campaign of the ledger, and say which they are; ``done`` is why: ``erased``.

    Raises ``LedgerError`` where somebody else holds one, or workers make its calls.
    """
    with ExitStack() as stack:
        campaigns = all_campaigns(connection)
        first: Lease | None = None
        for campaign in campaigns:
            lease = place.lease(campaign, beside=first)
            first = first or lease
            if not lease.acquire():
                raise busy(place, done, campaign)
            stack.callback(lease.release)
        for name, wave in connection.execute(_SHARED):
            raise busy(place, done, CampaignId(name=name, wave=wave))
        yield campaigns


def busy(place: Place, done: str, campaign: CampaignId | None = None) -> LedgerError:
    """What to raise where a campaign is being run."""
    what = f"the campaign {campaign}" if campaign else "a campaign"
    return LedgerError(
        f"{place}: {what} is being run; wait until that has ended, or stop it, then try again. "
        f"Nothing was {done}"
    )
