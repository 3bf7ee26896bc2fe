"""Tickets: what a person has seen checked, and may start once, for some minutes.

They are in memory alone: a dashboard that is started again knows of none.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from poku_batch.dashboard.desk import DeskError
from poku_batch.models import CampaignId

#: How long a ticket is good for, in seconds, and how many there are at the most.
LASTS_S = 600.0
_MOST = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What was checked: a campaign, real or rehearsed, with an upload or its own sheet.

    ``fingerprint`` is that of its files then; ``agreed`` contacts would be called at the most.
    """

    campaign: CampaignId
    simulated: bool
    upload: str | None
    fingerprint: str
    agreed: int


class Tickets:
    """The tickets that are good now."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Take a clock in seconds that does not go back."""
        self._monotonic = monotonic
        self._tickets: dict[str, tuple[float, Ticket]] = {}

    def give(self, ticket: Ticket) -> str:
        """Give a name for a ticket that nobody can guess."""
        self._drop_old()
        while len(self._tickets) >= _MOST:
            del self._tickets[next(iter(self._tickets))]
        name = secrets.token_urlsafe(32)
        self._tickets[name] = (self._monotonic() + LASTS_S, ticket)
        return name

    def take(self, name: str, campaign: CampaignId, *, simulated: bool) -> Ticket:
        """Use a ticket up. ``DeskError`` where it is old, used, or not for this."""
        self._drop_old()
        _, ticket = self._tickets.get(name, (0.0, None))
        if ticket is None:
            raise DeskError(
                "this check is used up, or older than "
                f"{LASTS_S / 60:.0f} minutes: check again, then start. Nobody was called."
            )
        if (ticket.campaign, ticket.simulated) != (campaign, simulated):
            raise DeskError(
                "this check was of another campaign, or of a rehearsal: check this one, then "
                "start. Nobody was called."
            )
        del self._tickets[name]
        return ticket

    def uploads(self) -> set[str]:
        """The uploads that can still be started from."""
        self._drop_old()
        return {ticket.upload for _, ticket in self._tickets.values() if ticket.upload}

    def _drop_old(self) -> None:
        now = self._monotonic()
        self._tickets = {
            name: (until, ticket) for name, (until, ticket) in self._tickets.items() if until > now
        }
