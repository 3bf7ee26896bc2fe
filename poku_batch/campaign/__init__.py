"""The campaign file: read, checked, and described for editors."""

from poku_batch.campaign.durations import format_duration, parse_duration
from poku_batch.campaign.loader import load_campaign
from poku_batch.campaign.model import (
    Api,
    Call,
    Campaign,
    Contacts,
    Limits,
    Output,
    Prompt,
    Retries,
)
from poku_batch.campaign.schema import campaign_schema

__all__ = [
    "Api",
    "Call",
    "Campaign",
    "Contacts",
    "Limits",
    "Output",
    "Prompt",
    "Retries",
    "campaign_schema",
    "format_duration",
    "load_campaign",
    "parse_duration",
]
