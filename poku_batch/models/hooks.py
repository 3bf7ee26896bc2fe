"""What is told to somebody else's program, and is kept until it was taken."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

#: The ledger's name for one message that is to be told.
MessageId = NewType("MessageId", int)


class HookEvent(StrEnum):
    """What somebody can be told of."""

    #: what came of a contact's call, or that it cannot be called
    RESULT = "result"
    #: a run ended
    FINISH = "finish"


@dataclass(frozen=True, slots=True, kw_only=True)
class HookMessage:
    """One message of the outbox: told at least once, in the order of ``at`` as far as possible.

    ``tries`` counts how often telling it has failed; ``body`` holds JSON's types alone, times as
    ISO 8601 in UTC. ``id`` stays the same however often it is told.
    """

    id: MessageId
    event: HookEvent
    at: datetime
    tries: int
    body: Mapping[str, Any] = field(repr=False)
