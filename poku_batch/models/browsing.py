"""What pages ask of a ledger: contacts by the page, calls as they come."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from poku_batch.models.contacts import ContactRecord, FieldValue
from poku_batch.models.identities import AttemptId, ContactKey, RunId
from poku_batch.models.recordings import KeptRecording, MissingRecording
from poku_batch.models.states import AttemptState, ContactState


class ContactOrder(StrEnum):
    """What contacts may be sorted by; ties, and contacts without the value, by their row."""

    ROW = "row"
    STATE = "state"
    OUTCOME = "outcome"
    ATTEMPTS = "attempts"
    STARTED = "started"
    DURATION = "duration"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactQuery:
    """Which contacts of the current sheet are wanted, in what order, from the ``offset``-th on.

    ``search`` is looked for in keys, cells and numbers, each letter in either case; "" for all.
    ``states`` and ``outcomes`` are any of these; () for all. Outcomes are those that contacts stand
    with, as in ``Counts``: whoever was put back has none.
    """

    search: str = ""
    states: tuple[ContactState, ...] = ()
    outcomes: tuple[str, ...] = ()
    order: ContactOrder = ContactOrder.ROW
    descending: bool = False
    offset: int = 0
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactsPage:
    """A page of contacts, and how many the query finds in all."""

    contacts: tuple[ContactRecord, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """One attempt to call a contact, with all that is known of it; ``number`` from 1.

    ``error`` says why it was turned away, rejected or is unknown. ``verdict_by`` is the person who
    said what came of an unknown call; ``summary`` and ``outcome`` are then that person's, where the
    call itself has none.
    """

    id: AttemptId
    number: int
    state: AttemptState
    run: RunId
    to: str
    placements: int
    began_at: datetime
    placed_at: datetime
    ended_at: datetime | None = None
    outcome: str | None = None
    summary: str | None = None
    evidence: str | None = None
    error: str | None = None
    interaction_id: str | None = None
    recording_url: str | None = None
    recording: KeptRecording | MissingRecording | None = None
    last_from: str | None = None
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    opted_out: str | None = None
    verdict_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNow:
    """A call that is being placed (``dialing``) or goes on (``in_call``)."""

    row: int
    key: ContactKey
    to: str
    attempt: int
    state: AttemptState
    placed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallThen:
    """A call that came to something: when, and what; ``text`` is its summary or its error.

    ``word`` is the outcome of an ended call, else the attempt's state.
    """

    at: datetime
    row: int
    key: ContactKey
    attempt: int
    word: str
    text: str | None
