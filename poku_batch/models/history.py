"""What happened to contacts, in order of time, and what a person decides about them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from poku_batch.models.identities import ContactKey, InteractionId
from poku_batch.models.states import ContactState


class Happening(StrEnum):
    """What can happen to an attempt, or to its contact."""

    #: the intent to call was recorded
    BEGAN = "began"
    #: the placement was turned away, and is placed again in a moment
    HELD = "held"
    #: the intent to place a turned-away attempt once more was recorded
    PLACED_AGAIN = "placed_again"
    #: the intent was taken back before the request left
    WITHDRAWN = "withdrawn"
    #: the placement was turned away, and the contact waits
    TURNED_AWAY = "turned_away"
    #: the API said that this row cannot be called
    REJECTED = "rejected"
    #: the row could not be made into a request: there was no attempt
    UNFIT = "unfit"
    #: the call was placed, and its interaction ID is known
    STARTED = "started"
    #: the call ended; the detail is its outcome
    ENDED = "ended"
    #: the call may or may not have rung
    DOUBTED = "doubted"
    #: what came of the call was read again, by ``outcomes_by``; the detail is its outcome
    READ = "read"
    #: a rule took the contact out right before dialling; the detail says which
    SKIPPED = "skipped"
    #: a person put the contact back to pending
    PUT_BACK = "put_back"
    #: a person said what came of an unknown call
    RESOLVED = "resolved"
    #: a person had everything erased that tells who the contact was
    FORGOTTEN = "forgotten"


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One thing that happened, and to whom.

    ``attempt`` is None where there was none. ``to`` and ``prompt_sha256`` are those of a placement
    (``began``, ``placed_again``), ``prompt`` too where prompts were kept; ``summary`` and
    ``interaction_id`` are those of an end or a start. ``person`` is the operating system's name of
    the user who decided; ``run`` the number of the run that did it, ``run_on`` its host.
    """

    at: datetime
    what: Happening
    key: ContactKey
    row: int
    attempt: int | None
    detail: str | None = None
    person: str | None = None
    run: int | None = None
    run_on: str | None = None
    to: str | None = None
    prompt_sha256: str | None = None
    prompt: str | None = field(default=None, repr=False)
    interaction_id: InteractionId | None = None
    summary: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownCall:
    """A contact that is ``unknown``, with the evidence: what was sent when, and what broke."""

    row: int
    key: ContactKey
    to: str | None
    attempt: int
    placed_at: datetime
    prompt_sha256: str
    evidence: str
    interaction_id: InteractionId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Contacts to put back to pending: those that any of the four names.

    ``outcomes`` are words of ended calls, ``keys`` single contacts.
    """

    failed: bool = False
    unknown: bool = False
    outcomes: tuple[str, ...] = ()
    keys: tuple[ContactKey, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PutBack:
    """What putting a selection back does, or would do.

    ``may_ring_twice`` of the ``contacts`` rang before, or may have. ``asked_not_to`` more were
    named by failure, outcome or doubt, and left alone: they asked not to be called.
    """

    contacts: int
    may_ring_twice: int
    asked_not_to: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A person's word on an unknown call: ``done`` or ``failed``; ``by`` is who says so."""

    state: ContactState
    by: str
    at: datetime
    outcome: str | None = None
    summary: str | None = None
