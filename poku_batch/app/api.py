"""The voice API as every command opens it: the real one, or a simulator of its own on loopback."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from poku_batch.app import environment
from poku_batch.campaign import Campaign
from poku_batch.models import Answer, CallRequest, InteractionId, Standing
from poku_batch.poku.client import PokuClient

if TYPE_CHECKING:
    from poku_batch.simulator import SimulatorConfig

#: The key that rehearsals send: the simulator takes any, and no real one goes near it.
_SIMULATED_KEY = "simulated"


@asynccontextmanager
async def open_api(
    campaign: Campaign, rehearsed: "SimulatorConfig | None"
) -> AsyncIterator[PokuClient]:
    """Open the API that a campaign calls through; to rehearse, a simulator, set up as given.

    Raises ``MissingKeyError`` or ``UsageError`` where the environment has no key for the real one,
    or names an address that none may be sent to.
    """
    if rehearsed is None:
        key, url = environment.api_key(), environment.base_url(campaign)
        async with make_client(campaign, key, url) as client:
            yield client
        return
    from poku_batch.simulator import running_simulator

    async with (
        running_simulator(rehearsed) as simulator,
        make_client(campaign, _SIMULATED_KEY, simulator.url, speed=rehearsed.speed) as client,
    ):
        yield client


class NoApi:
    """The API of a process that calls nobody: workers do."""

    async def place(self, request: CallRequest) -> Answer:
        """Refuse: nobody may ask."""
        raise AssertionError(
            f"a process that calls nobody was to place {len(request.prompt)} characters"
        )

    async def standing(self, interaction_id: InteractionId) -> Standing:
        """Refuse: nobody may ask."""
        del interaction_id
        raise AssertionError("this process follows no call")


def make_client(campaign: Campaign, key: str, base_url: str, *, speed: float = 1.0) -> PokuClient:
    """Make the client; its waits, on real sockets, pass as fast as the calls."""
    return PokuClient(
        key,
        base_url=base_url,
        completion=campaign.api.completion,
        call_timeout_s=campaign.api.call_timeout.total_seconds() / speed,
        poll_interval_s=campaign.api.poll_interval.total_seconds() / speed,
        turned_away_statuses=campaign.retries.statuses,
    )
