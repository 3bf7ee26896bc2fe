"""A message as it is told, to addresses and to commands alike.

One JSON object on one line, UTF-8: ``id``, ``type``, ``timestamp``, ``data``.
Source: https://github.com/standard-webhooks/standard-webhooks, "Payload structure".
"""

import json
import re

from poku_batch.models import HookEvent, HookMessage
from poku_batch.policy.http import quote

_TYPES = {HookEvent.RESULT: "contact.result", HookEvent.FINISH: "run.finish"}

#: Digits enough for a telephone number, however they are grouped.
_NUMBER = re.compile(r"\+?[0-9](?:[ ().\-/]{0,2}[0-9]){5,}")


def name_of(message: HookMessage) -> str:
    """What the message is called in the outside world: the same however often it is told."""
    return f"msg_{message.id:016x}"


def encoded(message: HookMessage) -> bytes:
    """The whole message. Half a surrogate pair, which UTF-8 cannot hold, becomes ``?``."""
    told = {
        "id": name_of(message),
        "type": _TYPES[message.event],
        "timestamp": message.at.isoformat(),
        "data": message.body,
    }
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def excerpt(said: bytes) -> str:
    """What a receiver said, as one short printable line; numbers are hidden, as it may quote us."""
    return _NUMBER.sub("••••", quote(said.decode("utf-8", "replace")))
