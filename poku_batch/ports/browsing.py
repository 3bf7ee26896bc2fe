"""A ledger by the page: what a person looks at, while runs go on."""

from datetime import datetime
from typing import Protocol

from poku_batch.models import (
    AttemptRecord,
    CallNow,
    CallThen,
    CampaignId,
    ContactQuery,
    ContactsPage,
)


class Browsing(Protocol):
    """Reads parts of a ledger for a person; nothing here changes it."""

    async def campaigns(self) -> list[CampaignId]:
        """Every campaign that was ever enrolled, the latest enrolment first."""

    async def version(self) -> int:
        """A number that differs whenever another connection has changed the ledger since."""

    async def contacts(self, campaign: CampaignId, query: ContactQuery) -> ContactsPage:
        """A page of the current sheet's contacts. Memory does not grow with the sheet."""

    async def outcomes(self, campaign: CampaignId) -> dict[str, int]:
        """How many contacts of the current sheet a query for each outcome finds, the most first."""

    async def attempts(self, campaign: CampaignId, key: str) -> list[AttemptRecord]:
        """Every attempt to call the contact with a key, in their order."""

    async def attempt(self, campaign: CampaignId, key: str, number: int) -> AttemptRecord | None:
        """One attempt of a contact; None where there is none."""

    async def calls_now(self, campaign: CampaignId, *, limit: int) -> tuple[list[CallNow], int]:
        """The calls that are open, the oldest first, ``limit`` at the most; and how many are."""

    async def calls_then(self, campaign: CampaignId, *, limit: int) -> list[CallThen]:
        """The latest calls that ended, failed or are unknown, the latest first.

        Cost does not grow with the number of contacts.
        """

    async def ended_since(self, campaign: CampaignId, since: datetime) -> int:
        """How many calls ended, or became unknown, since a time of the recent past."""
