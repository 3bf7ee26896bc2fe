"""Words from elsewhere, as a log may hold them: no phone numbers, nothing that was quoted."""

import re

#: How much of a reason is kept.
_LIMIT = 200
#: What follows a status is the other side's words, which may repeat what it was sent.
_QUOTED = re.compile(r"(HTTP \d{3}|no status could be read)[^;]*")
#: A day, as 2026-11-30; or digits that belong together, whatever separates them.
_NUMBER = re.compile(r"(?P<day>(?<!\d)20\d\d-[01]\d-[0-3]\d(?!\d))|(?<!\d)\+?\d(?:[\s().\-/]*\d)+")
#: Poku's name for a call; its digits may look like a number, and are none.
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
#: Shorter ones are rows, ports and times.
_LEAST_DIGITS = 7


def said(text: str) -> str:
    """A reason as one line, without what the other side answered and with numbers masked."""
    return masked(_QUOTED.sub(r"\1", text))


def named(interaction_id: str) -> str:
    """An interaction ID as it is, where it is a UUID; whatever else the API gave, as words."""
    return interaction_id if _UUID.fullmatch(interaction_id) else said(interaction_id)


def masked(text: str, *, limit: int = _LIMIT) -> str:
    """Text as one line of printable characters, its phone numbers masked; cut after ``limit``."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: limit * 4]).split())
    line = _NUMBER.sub(_mask, line)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _mask(found: re.Match[str]) -> str:
    digits = "".join(c for c in found[0] if c.isdigit())
    if found["day"] or len(digits) < _LEAST_DIGITS:
        return found[0]
    return f"••••{digits[-2:]}"
