"""A placement, and what an answer to it can mean."""

from dataclasses import dataclass, field

from poku_batch.models.identities import InteractionId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRequest:
    """One placement, as the API takes it. Numbers are E.164; None leaves a field to the API."""

    to: str
    prompt: str = field(repr=False)
    from_: str | None = None
    transfer_to: str | None = None
    language: str | None = None
    voice: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The call took place and ended.

    ``error`` is one of the API's documented error strings (``human did not respond``, ``timeout``,
    ``invalid to number``) where the end was told by one; ``summary`` is then None.
    ``summary`` is None too where the call ended with nothing to report.
    """

    summary: str | None
    recording_url: str | None = None
    interaction_id: InteractionId | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The call was placed; its end is to be asked for under the interaction ID."""

    interaction_id: InteractionId


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnedAway:
    """No call was placed, and the same placement may be tried again.

    ``retry_after_s`` is the least wait in seconds that the API asked for, if it did. ``unreached``:
    the request never left, since the API could not be reached; no fault of the contact's.
    """

    why: str
    retry_after_s: float | None = None
    unreached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """No call was placed, and the row itself is at fault: placing it again would fail again."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No call was placed, and none will be: the account, the key or the address is at fault."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubtful:
    """A call may or may not have been placed; ``evidence`` says what was sent and what broke."""

    evidence: str


#: What a placement can come to.
Answer = Ended | Started | TurnedAway | Rejected | Refused | Doubtful


@dataclass(frozen=True, slots=True, kw_only=True)
class StillInCall:
    """The interaction has not ended yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotTold:
    """The API did not say how the interaction stands.

    ``missing`` is true where it said that it knows no such interaction; ``refused`` where it will
    not talk to this account at all. ``retry_after_s`` as in ``TurnedAway``.
    """

    why: str
    missing: bool = False
    refused: bool = False
    retry_after_s: float | None = None


#: What asking for an interaction's status can come to.
Standing = StillInCall | Ended | NotTold
