"""What reached us of an exchange with the API, without saying yet what it means.

These values are made by ``poku`` and judged by ``answers`` and ``standings``; they exist so that
the judging needs no HTTP library and can be tested as a table.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverSent:
    """The request did not leave: DNS, connection refused, TLS or connect timeout.

    ``untrusted``: who answered cannot prove to be the API, which waiting does not mend.
    """

    why: str
    untrusted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SentAndLost:
    """The request left, wholly or in part, and no answer could be read."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole HTTP answer. ``body`` is its JSON object, or None where it is not one.

    ``text`` is the beginning of the body as text, for evidence. Header names are lower case.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    text: str = ""


Exchange = NeverSent | SentAndLost | Reply

_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?")
#: More than any date can say; keeps a wait finite.
_LONGEST_WAIT_S = 1e12

#: Longest stretch of an answer that is kept as evidence or shown, in characters.
QUOTE_LIMIT = 300


def messages_of(reply: Reply) -> list[str]:
    """The API's own words: the body's ``error``, ``message``, ``detail``, each as one line.

    Several may be there: frameworks put ``Bad Request`` into one and what is wrong into another.
    """
    words = []
    for name in ("error", "message", "detail"):
        value = (reply.body or {}).get(name)
        if isinstance(value, Mapping):
            value = value.get("message")
        if isinstance(value, str) and (line := quote(value)) and line not in words:
            words.append(line)
    return words


def quote(text: str) -> str:
    """Text from outside as one line of printable characters, cut to ``QUOTE_LIMIT``."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= QUOTE_LIMIT else line[: QUOTE_LIMIT - 1] + "…"


def describe(reply: Reply) -> str:
    """``HTTP 429: too many calls``: the status with the API's words, or the body's beginning."""
    words = quote(": ".join(messages_of(reply))) or quote(reply.text)
    return f"HTTP {reply.status}: {words}" if words else f"HTTP {reply.status}"


def retry_after_s(reply: Reply, *, now: datetime) -> float | None:
    """Seconds to wait by the ``Retry-After`` header; None without one that can be read.

    ``now`` is aware UTC, and used for the date form only. A date in the past gives 0.
    Fractions of a second, which some servers send, are taken.
    Source: RFC 9110, 10.2.3 (delay-seconds or HTTP-date).
    """
    value = reply.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return min(float(value), _LONGEST_WAIT_S)
    try:
        at = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())
