"""What a person asks of a run, and what a run says of itself, by way of the ledger."""

from dataclasses import dataclass
from datetime import datetime

from poku_batch.models.identities import CampaignId, RunId
from poku_batch.models.states import RunEnding


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A campaign is paused: since when, and by whom. No call is begun until it is resumed."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What people ask of a run at this moment.

    ``pause``: begin no call until it is None again; open calls go on to their end. ``stop_by``: who
    asks the run to end; None for nobody.
    """

    pause: Pause | None = None
    stop_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """What a run says of itself while it goes on.

    ``now`` is the run's own time, which a rehearsal makes up. ``slots`` of ``concurrency`` may be
    used, ``in_call`` are. ``note`` is what the terminal shows in words beside the figures ("" for
    nothing), ``until`` the end of what it waits for, by the run's own time.
    """

    now: datetime
    concurrency: int
    slots: int
    in_call: int = 0
    note: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run as the ledger knows it.

    ``seen_at`` is when it was last known to be alive, in real time; None where it never said so.
    A run that died without a word has no ``ended_at`` until the next run of its campaign.
    """

    id: RunId
    campaign: CampaignId
    host: str
    pid: int
    started_at: datetime
    seen_at: datetime | None = None
    ended_at: datetime | None = None
    ending: RunEnding | None = None
    doing: Doing | None = None
    stop_asked_by: str | None = None
