"""Times as the ledger stores them: integer microseconds since the epoch, UTC."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

#: When a contact is due that nothing holds back: always, even if the clock is set back.
ALWAYS_DUE = 0


def to_stored(moment: datetime) -> int:
    """Microseconds since the epoch of an aware time; exact, unlike a float timestamp."""
    if moment.tzinfo is None:
        raise ValueError("the ledger takes aware times only")
    return (moment - _EPOCH) // _MICROSECOND


def length(duration: timedelta) -> int:
    """Microseconds of a length of time."""
    return duration // _MICROSECOND


def from_stored(microseconds: int) -> datetime:
    """The aware UTC time of a stored one."""
    return _EPOCH + timedelta(microseconds=microseconds)


def maybe_from_stored(microseconds: int | None) -> datetime | None:
    """As ``from_stored``; None for NULL."""
    return None if microseconds is None else from_stored(microseconds)


def in_words(microseconds: int) -> str:
    """A stored time for a person to read: ISO 8601, UTC, whole seconds."""
    return from_stored(microseconds).strftime("%Y-%m-%dT%H:%M:%SZ")
