"""Rows and contacts, from the sheet to the results."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from poku_batch.models.identities import AttemptId, ContactId, ContactKey, InteractionId
from poku_batch.models.permissions import Later, Wait
from poku_batch.models.states import ContactState

#: What a field that was read out of a summary can hold; dates are ISO 8601 text.
FieldValue = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """One row of the sheet: ``row`` as a spreadsheet program numbers it, cells in column order."""

    row: int
    cells: tuple[str, ...]


class Enrolment(NamedTuple):
    """One row of the sheet as the ledger takes it; a tuple, as a million of them are made.

    ``key`` is None where the row has nothing to be known by (no usable number, and no key of its
    own); such a row is always skipped. ``to`` is E.164, or None where the row's number is invalid.
    ``skip_reason`` is set where a rule already says that the row is not to be called; ``later``
    where one says that it is not to be called yet. Higher ``priority`` is called first.
    ``group`` tells rows with the same hours from others: any number of whoever plans.
    """

    row: int
    cells: tuple[str, ...]
    key: ContactKey | None
    to: str | None
    country: str | None = None
    skip_reason: str | None = None
    later: Later | None = None
    priority: int = 0
    group: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A due contact handed to this run: nobody else will call it while the run lives.

    ``attempt`` is the number, from 1, of the attempt that its placement would be; ``placements``
    counts how often that attempt was already turned away. Cells are those of the current sheet.
    ``country`` is that of the number (two letters, or ""), ``last_from`` the caller ID of the
    contact's last placement, if one was given.
    """

    contact_id: ContactId
    key: ContactKey
    row: int
    to: str
    cells: tuple[str, ...]
    attempt: int
    placements: int = 0
    country: str = ""
    last_from: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCall:
    """An attempt whose interaction ID is known and whose end is not.

    ``was_unknown``: its contact is ``unknown`` by now, not ``dialing``. ``decided``: a person has
    resolved the contact or put it back meanwhile, or its row has left the sheet, and only the
    record still wants the answer. ``attempt`` is its number, from 1.
    """

    attempt_id: AttemptId
    contact_id: ContactId
    key: ContactKey
    row: int
    to: str
    interaction_id: InteractionId
    placed_at: datetime
    attempt: int = 1
    was_unknown: bool = False
    decided: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """What is recorded of an ended call. ``outcome`` is a built-in word or one of the campaign's.

    ``evidence`` is what decided the outcome: the matched text of the summary, or the API's string.
    ``opted_out`` is the text by which the callee asked not to be called again, whatever the outcome
    is called: the number goes onto the do-not-call list. ``fields`` were read out of the summary.
    """

    outcome: str
    summary: str | None = None
    recording_url: str | None = None
    interaction_id: InteractionId | None = None
    evidence: str | None = None
    opted_out: str | None = None
    fields: Mapping[str, FieldValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadCall:
    """A call that ended, whose result is recorded by the rules alone and is still to be read.

    ``decided``: somebody has decided the contact meanwhile, or another attempt was begun, and only
    the record still wants the reading. ``attempt`` is its number, from 1.
    """

    attempt_id: AttemptId
    contact_id: ContactId
    key: ContactKey
    row: int
    attempt: int
    summary: str
    recording_url: str | None
    interaction_id: InteractionId | None
    placed_at: datetime
    ended_at: datetime
    decided: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRecord:
    """One row of the results: the sheet's row and what came of it, as the last attempt left it.

    Where that was turned away and the contact waits or is skipped, the attempt before it counts.
    ``due_at`` and ``waits_for`` (why it is not due yet) are set while it is ``pending``, if it
    waits for something. ``rang``: a phone rang for it, or may have, in any of its attempts.
    ``last_from`` is the caller ID of its last placement, if one was given.
    """

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
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    due_at: datetime | None = None
    waits_for: str | None = None
    rang: bool = False
    last_from: str | None = None

    @property
    def duration_s(self) -> float | None:
        """Seconds from placement to the end of the call; None while either is not known."""
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds()


#: One row of the results as plain values, for files of a million rows: its position in the sheet
#: from 0, the cells (a JSON array of texts), then, as ``ContactRecord`` has them, state, outcome,
#: summary, recording URL, interaction ID, attempts, number, start and end (microseconds since the
#: epoch) and error.
PlainRecord = tuple[
    int,
    str,
    str,
    str | None,
    str | None,
    str | None,
    str | None,
    int,
    str | None,
    int | None,
    int | None,
    str | None,
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How a campaign's current sheet stands, one count a state, an outcome, a reason.

    ``outcomes`` counts the contacts that are done, ``failures`` the failed ones by the kind of
    their reason, ``skip_reasons`` the skipped ones likewise.
    ``due`` counts the pending contacts that may be called now; ``next_due_at`` is when the first of
    the others may, ``waits`` are those others by the kind of what they wait for (``WaitKind``).
    ``countries`` counts the pending contacts by their number's country ("" for none).
    """

    states: Mapping[ContactState, int]
    outcomes: Mapping[str, int]
    failures: Mapping[str, int]
    skip_reasons: Mapping[str, int]
    countries: Mapping[str, int]
    due: int
    next_due_at: datetime | None
    waits: Mapping[str, Wait] = field(default_factory=dict)

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
class PendingGroup:
    """Pending contacts of one ``Enrolment.group`` that are due at about the same time.

    That is within an hour, or within a day or more where there would be too many groups. ``due_at``
    is when the first of them is; None for those that are due now. ``attempt`` is the number, from
    1, of the attempt that their next call is.
    """

    group: int
    contacts: int
    due_at: datetime | None = None
    attempt: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentReport:
    """What enrolling a sheet did, or would do.

    ``new`` contacts were never enrolled before; ``known`` were, and are in the sheet.
    ``reopened`` were skipped or failed without a ring, and their rows are callable again. ``gone``
    are in the ledger and no longer in the sheet: they are not called. ``called_before`` are rows
    whose cells differ from those their contact was called with: the same key on another day is not
    called again, and the user should know. ``changed`` are known contacts whose cells, in the
    columns that both sheets have, are not those of the sheet that they were last in.
    ``redials`` are contacts that were pending before, whose phone rang, or may have, and which a
    rule or a person lets be called again; ``redials_due`` of them are due now. ``waiting`` were
    pending before, and their phone never rang.
    ``other_key`` counts the new contacts that are pending and whose number this campaign has called
    under another key: the next appointment, or the same one whose key is written otherwise now.
    ``pending`` are the pending contacts by group, attempt and due time, in that order.
    ``skipped``, ``called_before_rows``, ``reopened_rows`` and ``other_key_rows`` give the first
    rows of each kind, in sheet order; the notes say why a row may be called again, or for which key
    its number was called last.
    """

    counts: Counts
    new: int
    reopened: int
    gone: int
    called_before: int
    known: int = 0
    changed: int = 0
    redials: int = 0
    redials_due: int = 0
    waiting: int = 0
    other_key: int = 0
    pending: tuple[PendingGroup, ...] = ()
    skipped: tuple[RowNote, ...] = ()
    called_before_rows: tuple[RowNote, ...] = ()
    reopened_rows: tuple[RowNote, ...] = ()
    other_key_rows: tuple[RowNote, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCalls:
    """What the latest calls of a ledger that ended came to, over all its campaigns.

    ``seconds`` is the sum of their lengths, from placement to end, ``minutes`` that of their
    started minutes, of which a number that no network can route has none. ``outcomes`` counts them.
    """

    calls: int = 0
    seconds: float = 0.0
    minutes: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)
