"""The values that every layer speaks in: states, requests, answers, contacts, counts.

All are frozen. Times are aware UTC. Nothing here reads, writes or decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

#: What makes a row the same contact on a rerun, as text; several columns are joined by ``" | "``.
ContactKey = NewType("ContactKey", str)
#: The API's name for one placed call.
InteractionId = NewType("InteractionId", str)
#: The ledger's name for one run, one contact, one attempt.
RunId = NewType("RunId", int)
ContactId = NewType("ContactId", int)
AttemptId = NewType("AttemptId", int)


class ContactState(StrEnum):
    """Where a contact stands."""

    #: callable when due
    PENDING = "pending"
    #: an attempt is open: the intent is recorded, the phone may be ringing
    DIALING = "dialing"
    #: the call ended; nobody will be called again for it
    DONE = "done"
    #: cannot be placed, or its attempts are used up
    FAILED = "failed"
    #: not to be called, by a rule; the reason is beside it
    SKIPPED = "skipped"
    #: a call may or may not have rung; the evidence is beside it, and only a person decides
    UNKNOWN = "unknown"


class AttemptState(StrEnum):
    """Where one placement of one call stands."""

    #: the intent is recorded; whether the request left is not known yet
    DIALING = "dialing"
    #: placed: the interaction ID is known, the end is not
    IN_CALL = "in_call"
    #: the call ended and its result is recorded
    ENDED = "ended"
    #: the API would not take the placement; no phone rang; may be placed again
    TURNED_AWAY = "turned_away"
    #: the API said that this row cannot be called; no phone rang
    REJECTED = "rejected"
    #: the call may or may not have rung
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """The built-in words for what came of an ended call; a campaign may add its own."""

    #: somebody was reached and the conversation ended
    COMPLETED = "completed"
    #: it rang and nobody engaged
    NO_ANSWER = "no_answer"
    #: a machine took the call
    VOICEMAIL = "voicemail"
    #: the line was engaged
    BUSY = "busy"
    #: the callee would not talk
    DECLINED = "declined"
    #: the number belongs to somebody else
    WRONG_NUMBER = "wrong_number"
    #: the callee asked never to be called again
    DO_NOT_CALL = "do_not_call"
    #: the network could not route the number
    INVALID_NUMBER = "invalid_number"
    #: the call passed the API's limit of length
    TIMED_OUT = "timed_out"


class DuplicateRule(StrEnum):
    """What to do with rows of one sheet that carry the same number."""

    #: call the first of them, skip the others
    FIRST = "first"
    #: call every row
    ALL = "all"
    #: refuse the sheet
    ERROR = "error"


class RunEnding(StrEnum):
    """Why a run ended."""

    #: nobody was left to call
    FINISHED = "finished"
    #: ``--limit`` was reached
    LIMIT = "limit"
    #: the person who was asked said no; nobody was called
    DECLINED = "declined"
    #: contacts are due later and the run was told not to wait
    DUE_LATER = "due_later"
    #: a person or the system asked it to stop; open calls were waited for
    STOPPED = "stopped"
    #: stopped at once; open calls were left to the next run
    ABANDONED = "abandoned"
    #: the API refuses the account: every further placement would fail alike
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignId:
    """A campaign's identity in the ledger: another wave calls everybody anew."""

    name: str
    wave: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.wave})" if self.wave else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRequest:
    """One placement, as the API takes it. Numbers are E.164; None leaves a field to the API."""

    to: str
    prompt: str = field(repr=False)
    from_: str | None = None
    transfer_to: str | None = None
    language: str | None = None
    voice: str | None = None


# --- what an answer can mean -------------------------------------------------------------------


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

    ``retry_after_s`` is the least wait in seconds that the API asked for, if it did.
    """

    why: str
    retry_after_s: float | None = None


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


# --- contacts ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """One row of the sheet: ``row`` as a spreadsheet program numbers it, cells in column order."""

    row: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """One row of the sheet as the ledger takes it.

    ``key`` is None where the row has nothing to be known by (no usable number, and no key of its
    own); such a row is always skipped. ``to`` is E.164, or None where the row's number is invalid.
    ``skip_reason`` is set where a rule already says that the row is not to be called.
    """

    row: int
    cells: tuple[str, ...]
    key: ContactKey | None
    to: str | None
    country: str | None = None
    skip_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A due contact handed to this run: nobody else will call it while the run lives.

    ``attempt`` is the number, from 1, of the attempt that its placement would be; ``placements``
    counts how often that attempt was already turned away. Cells are those of the current sheet.
    """

    contact_id: ContactId
    key: ContactKey
    row: int
    to: str
    cells: tuple[str, ...]
    attempt: int
    placements: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCall:
    """An attempt whose interaction ID is known and whose end is not.

    ``was_unknown``: its contact is ``unknown`` by now, not ``dialing``.
    """

    attempt_id: AttemptId
    contact_id: ContactId
    key: ContactKey
    row: int
    to: str
    interaction_id: InteractionId
    placed_at: datetime
    was_unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """What is recorded of an ended call. ``outcome`` is a built-in word or one of the campaign's.

    ``evidence`` is what decided the outcome: the matched text of the summary, or the API's string.
    """

    outcome: str
    summary: str | None = None
    recording_url: str | None = None
    interaction_id: InteractionId | None = None
    evidence: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRecord:
    """One row of the results: the sheet's row and what came of it, as the last attempt left it."""

    row: int
    key: str
    cells: tuple[str, ...]
    state: ContactState
    to: str | None
    attempts: int
    outcome: str | None
    summary: str | None
    recording_url: str | None
    interaction_id: str | None
    started_at: datetime | None
    ended_at: datetime | None
    error: str | None

    @property
    def duration_s(self) -> float | None:
        """Seconds from placement to the end of the call; None while either is not known."""
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How a campaign's current sheet stands, one count a state, an outcome, a reason.

    ``outcomes`` counts the contacts that are done, ``failures`` the failed ones by the kind of
    their reason, ``skip_reasons`` the skipped ones likewise.
    ``due`` counts the pending contacts that may be called now; ``next_due_at`` is when the first of
    the others may. ``countries`` counts the pending contacts by their number's country ("" for
    none).
    """

    states: Mapping[ContactState, int]
    outcomes: Mapping[str, int]
    failures: Mapping[str, int]
    skip_reasons: Mapping[str, int]
    countries: Mapping[str, int]
    due: int
    next_due_at: datetime | None

    @property
    def total(self) -> int:
        """Every row of the sheet."""
        return sum(self.states.values())

    def of(self, state: ContactState) -> int:
        """How many contacts are in a state."""
        return self.states.get(state, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowNote:
    """A row worth showing a person, and why."""

    row: int
    key: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentReport:
    """What enrolling a sheet did, or would do.

    ``new`` contacts were never enrolled before. ``reopened`` were skipped or rejected, and their
    corrected rows are callable again. ``gone`` are in the ledger and no longer in the sheet: they
    are not called. ``called_before`` are rows whose cells differ from those their contact was
    called with: the same key on another day is not called again, and the user should know.
    ``skipped`` and ``called_before_rows`` give the first rows of each kind, in sheet order.
    """

    counts: Counts
    new: int
    reopened: int
    gone: int
    called_before: int
    skipped: tuple[RowNote, ...] = ()
    called_before_rows: tuple[RowNote, ...] = ()
