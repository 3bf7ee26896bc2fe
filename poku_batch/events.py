"""What a run tells while it goes on; displays and reports listen.

An event says what has already been made durable, never what is about to be. A row
number and a key name the contact; the key may be a phone number, so displays show the row.
"""

from dataclasses import dataclass
from datetime import datetime

from poku_batch.models import Counts, RunEnding


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """The sheet is enrolled and the run begins; ``counts`` is how it stands at that moment."""

    at: datetime
    campaign: str
    counts: Counts
    concurrency: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted:
    """The intent to call is recorded, or an open call of an earlier run is ``followed`` again.

    ``was_unknown``: the followed call's contact is ``unknown``, not ``dialing``.
    """

    at: datetime
    row: int
    key: str
    followed: bool = False
    was_unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """A call's result is recorded; the contact is done, or failed where it cannot be reached."""

    at: datetime
    row: int
    key: str
    outcome: str
    summary: str | None
    duration_s: float | None
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTurnedAway:
    """A placement was turned away; the contact is due again at ``due_at``."""

    at: datetime
    row: int
    key: str
    why: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiUnreached:
    """A request did not leave, since the API cannot be reached; tried again at ``due_at``."""

    at: datetime
    row: int
    key: str
    why: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFailed:
    """A contact cannot be called: rejected by the API, or turned away too often.

    Not ``dialled``: its row could not even be made into a request.
    """

    at: datetime
    row: int
    key: str
    why: str
    dialled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CallUnknown:
    """A call may or may not have rung; it is kept with its evidence and not called again."""

    at: datetime
    row: int
    key: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReleased:
    """A contact went back to pending without a phone having rung: the API refuses the account."""

    at: datetime
    row: int
    key: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLeft:
    """The run leaves an open call whose interaction ID is known; the next run follows it."""

    at: datetime
    row: int
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Nothing is due and nothing is open; the run sleeps until ``until``."""

    at: datetime
    until: datetime
    contacts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Draining:
    """No new calls are placed; ``in_call`` open ones are waited for."""

    at: datetime
    in_call: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerTrouble:
    """The ledger does not take what is to be written; ``waiting`` results are in memory alone.

    Tried again until it does; meanwhile no new calls are begun.
    """

    at: datetime
    why: str
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerWorks:
    """The ledger takes writes again, and nothing waits for it."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsRescued:
    """The run ends with ``results`` that the ledger has not; the file ``place`` has them.

    None: no file could be written, and they are on standard error.
    """

    at: datetime
    results: int
    place: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """The run is over; ``why`` completes the ending where one word does not say it all."""

    at: datetime
    ending: RunEnding
    counts: Counts
    why: str | None = None


Event = (
    RunStarted
    | CallStarted
    | CallEnded
    | CallTurnedAway
    | ApiUnreached
    | CallFailed
    | CallUnknown
    | CallReleased
    | CallLeft
    | Waiting
    | Draining
    | LedgerTrouble
    | LedgerWorks
    | ResultsRescued
    | RunEnded
)
