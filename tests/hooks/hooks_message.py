"""Messages for the tests of hooks."""

from datetime import UTC, datetime
from typing import Any

from poku_batch.models import HookEvent, HookMessage, MessageId

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
NAME = "msg_000000000000002a"


def message(**body: Any) -> HookMessage:
    return HookMessage(id=MessageId(42), event=HookEvent.RESULT, at=AT, tries=0, body=body)
