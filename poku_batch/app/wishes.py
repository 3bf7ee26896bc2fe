"""What whoever starts a run wants of it, and how they are asked."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from poku_batch.app.summary import CanaryReport, RunPlan

#: Asked before anybody is called; False ends the run.
Confirm = Callable[[RunPlan], bool]
#: Asked after the canary's calls; False ends the run.
ConfirmCanary = Callable[[CanaryReport], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What whoever starts a run wants of this one.

    ``limit`` contacts are newly called at the most; ``until`` is aware; after the first ``canary``
    contacts it is asked whether to go on. ``agreed`` is how many contacts somebody agreed to have
    called, now or later: where there would be more, nobody is. ``distributed``: workers
    make the calls.
    """

    limit: int | None = None
    wait: bool = True
    until: datetime | None = None
    canary: int | None = None
    agreed: int | None = None
    distributed: bool = False
    confirm: Confirm | None = None
    confirm_canary: ConfirmCanary | None = None
