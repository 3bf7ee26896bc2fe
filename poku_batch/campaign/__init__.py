"""The campaign file: read, checked, and described for editors."""

from poku_batch.campaign.calls import Call, Retries
from poku_batch.campaign.document import parse_document
from poku_batch.campaign.durations import format_duration, parse_duration
from poku_batch.campaign.loader import campaign_of, load_campaign
from poku_batch.campaign.model import Api, Campaign, Output, Prompt
from poku_batch.campaign.moments import DAYS, Window
from poku_batch.campaign.rules import (
    CallingHours,
    CircuitBreaker,
    Limits,
    Pricing,
    Redial,
    RedialRule,
    described_caps,
)
from poku_batch.campaign.schema import campaign_schema
from poku_batch.campaign.sheet import Consent, Contacts
from poku_batch.campaign.telling import Hook, Hooks, OutcomesBy, ReadField

__all__ = [
    "DAYS",
    "Api",
    "Call",
    "CallingHours",
    "Campaign",
    "CircuitBreaker",
    "Consent",
    "Contacts",
    "Hook",
    "Hooks",
    "Limits",
    "OutcomesBy",
    "Output",
    "Pricing",
    "Prompt",
    "ReadField",
    "Redial",
    "RedialRule",
    "Retries",
    "Window",
    "campaign_of",
    "campaign_schema",
    "described_caps",
    "format_duration",
    "load_campaign",
    "parse_document",
    "parse_duration",
]
