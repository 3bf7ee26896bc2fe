"""The values that every layer speaks in: states, requests, answers, contacts, counts, history.

All are frozen. Times are aware UTC. Nothing here reads, writes or decides.
"""

from poku_batch.models.calls import (
    Answer,
    CallRequest,
    Doubtful,
    Ended,
    NotTold,
    Refused,
    Rejected,
    Standing,
    Started,
    StillInCall,
    TurnedAway,
)
from poku_batch.models.contacts import (
    Admission,
    CallResult,
    ContactRecord,
    Counts,
    Enrolment,
    EnrolmentReport,
    OpenCall,
    RowNote,
    SheetRow,
)
from poku_batch.models.history import (
    Decision,
    Happening,
    HistoryEntry,
    PutBack,
    Selection,
    UnknownCall,
)
from poku_batch.models.identities import (
    E164_PATTERN,
    AttemptId,
    CampaignId,
    ContactId,
    ContactKey,
    InteractionId,
    RunId,
)
from poku_batch.models.states import (
    AttemptState,
    ContactState,
    DuplicateRule,
    Outcome,
    RunEnding,
)

__all__ = [
    "E164_PATTERN",
    "Admission",
    "Answer",
    "AttemptId",
    "AttemptState",
    "CallRequest",
    "CallResult",
    "CampaignId",
    "ContactId",
    "ContactKey",
    "ContactRecord",
    "ContactState",
    "Counts",
    "Decision",
    "Doubtful",
    "DuplicateRule",
    "Ended",
    "Enrolment",
    "EnrolmentReport",
    "Happening",
    "HistoryEntry",
    "InteractionId",
    "NotTold",
    "OpenCall",
    "Outcome",
    "PutBack",
    "Refused",
    "Rejected",
    "RowNote",
    "RunEnding",
    "RunId",
    "Selection",
    "SheetRow",
    "Standing",
    "Started",
    "StillInCall",
    "TurnedAway",
    "UnknownCall",
]
