"""poku-batch: call everyone in a spreadsheet through the Poku voice API.

From a program or a notebook: ``run_campaign`` runs a campaign file, ``PokuClient`` places a single
call. Everything is imported when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from poku_batch.app.checking import CheckReport, check_campaign
    from poku_batch.app.reading import campaign_status, export_campaign
    from poku_batch.app.running import Rehearsal, RunPlan, RunSummary, run_campaign
    from poku_batch.campaign import Campaign, load_campaign
    from poku_batch.errors import PokuBatchError
    from poku_batch.models import CallRequest, Counts, Ended
    from poku_batch.poku.client import PokuClient

#: Where each public name lives.
_HOMES = {
    "CallRequest": "models",
    "Campaign": "campaign",
    "CheckReport": "app.checking",
    "Counts": "models",
    "Ended": "models",
    "PokuBatchError": "errors",
    "PokuClient": "poku.client",
    "Rehearsal": "app.running",
    "RunPlan": "app.running",
    "RunSummary": "app.running",
    "campaign_status": "app.reading",
    "check_campaign": "app.checking",
    "export_campaign": "app.reading",
    "load_campaign": "campaign",
    "run_campaign": "app.running",
}

__all__ = [
    "CallRequest",
    "Campaign",
    "CheckReport",
    "Counts",
    "Ended",
    "PokuBatchError",
    "PokuClient",
    "Rehearsal",
    "RunPlan",
    "RunSummary",
    "campaign_status",
    "check_campaign",
    "export_campaign",
    "load_campaign",
    "run_campaign",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
