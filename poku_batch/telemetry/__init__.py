"""A run as machines watch it: lines of JSON, metrics, traces, a health endpoint.

All of them listen, and none is in the way of a call: what one of them cannot do is told once, and
the calls go on. What they tell names a call by its row, attempt and interaction ID; never by a
key, a number or words that were said.
"""

from poku_batch.telemetry.health import HealthServer, Readiness
from poku_batch.telemetry.lines import JsonDisplay, message_line
from poku_batch.telemetry.masking import said
from poku_batch.telemetry.records import Identity, Part, record_of
from poku_batch.telemetry.workers import WorkerStanding

__all__ = [
    "HealthServer",
    "Identity",
    "JsonDisplay",
    "Part",
    "Readiness",
    "WorkerStanding",
    "message_line",
    "record_of",
    "said",
]
