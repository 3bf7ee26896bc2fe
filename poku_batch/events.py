"""What a run tells while it goes on; displays and reports listen.

An event says what has already been made durable, never what is about to be. A row
number and a key name the contact; the key may be a phone number, so displays show the row.
``attempt`` is the call's number, from 1 for each contact; None where it is not known.
"""

from dataclasses import dataclass
from datetime import datetime

from poku_batch.models import Counts, RunEnding


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """The sheet is enrolled and the run begins; ``counts`` is how it stands at that moment.

    ``run`` is its number in the ledger; None where it is not known.
    """

    at: datetime
    campaign: str
    counts: Counts
    concurrency: int
    run: int | None = None


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
    attempt: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHeld:
    """A placement was turned away, no phone rang, and it is tried again in a moment."""

    at: datetime
    row: int
    key: str
    why: str
    attempt: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPlaced:
    """The API took the call: its interaction ID is recorded, and its end is asked for."""

    at: datetime
    row: int
    key: str
    interaction_id: str
    attempt: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """A call's result is recorded; the contact is done, or failed where it cannot be reached.

    ``redial_at``: the contact is pending instead, and is called again from then.
    """

    at: datetime
    row: int
    key: str
    outcome: str
    summary: str | None
    duration_s: float | None
    failed: bool = False
    redial_at: datetime | None = None
    attempt: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReread:
    """What came of an ended call was read again, and is recorded; as ``CallEnded`` otherwise.

    ``before`` is the outcome that ``CallEnded`` told, or an earlier run, and ``was_failed`` whether
    it had failed. ``decided``: only the record has changed, the contact has not.
    """

    at: datetime
    row: int
    key: str
    before: str
    outcome: str
    was_failed: bool = False
    failed: bool = False
    redial_at: datetime | None = None
    decided: bool = False
    attempt: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactsDeferred:
    """Rules say that contacts may not be called yet; ``contacts`` of them are due from ``until``.

    ``why`` is that of the first, ``until`` the earliest time.
    """

    at: datetime
    contacts: int
    until: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactSkipped:
    """A rule took a contact out right before dialling."""

    at: datetime
    row: int
    key: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTurnedAway:
    """A placement was turned away; the contact is due again at ``due_at``."""

    at: datetime
    row: int
    key: str
    why: str
    due_at: datetime
    attempt: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiUnreached:
    """A request did not leave, since the API cannot be reached; tried again at ``due_at``."""

    at: datetime
    row: int
    key: str
    why: str
    due_at: datetime
    attempt: int | None = None


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
    attempt: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallUnknown:
    """A call may or may not have rung; it is kept with its evidence and not called again."""

    at: datetime
    row: int
    key: str
    evidence: str
    attempt: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReleased:
    """A contact went back to pending without a phone having rung.

    The run is to end, the API refuses the account, or a rule came to forbid the call meanwhile.
    """

    at: datetime
    row: int
    key: str
    why: str
    attempt: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLeft:
    """The run leaves an open call whose interaction ID is known; the next run follows it."""

    at: datetime
    row: int
    key: str
    attempt: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Nothing is due and nothing is open; the run sleeps until ``until``.

    ``why`` says what the first of the ``contacts`` waits for.
    """

    at: datetime
    until: datetime
    contacts: int
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterCounted:
    """So many pending ``contacts`` may only be called later, as the ledger counts them now."""

    at: datetime
    contacts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """A person has paused the campaign: no call is begun until it is resumed.

    ``since`` is when they did, in real time also where ``at`` is rehearsed. Open calls go on.
    """

    at: datetime
    by: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """A person has resumed the campaign: calls begin again."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotsChanged:
    """The API takes fewer calls at once than there are slots, or takes more again.

    ``slots`` of ``concurrency`` are used from now on.
    """

    at: datetime
    slots: int
    concurrency: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitOpened:
    """Too many of the last placements failed or are unknown; no call is begun before ``until``.

    ``calls`` are those that tripped it, oldest first: row, and what came of it. ``final``: it has
    opened too often, and the run ends instead.
    """

    at: datetime
    until: datetime
    why: str
    calls: tuple[tuple[int, str], ...]
    final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitProbed:
    """The cool-down is over: one call finds out whether the trouble is."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitClosed:
    """The probe was answered; calls go on."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTrouble:
    """An edited do-not-call file cannot be read; what was read of it before stands."""

    at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionsIgnored:
    """Rows of corrected rejects were called meanwhile, and stay as they are; the first of them."""

    at: datetime
    rows: tuple[int, ...]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HookTrouble:
    """A message was not taken; ``waiting`` of them are kept, and told again until they are."""

    at: datetime
    why: str
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HooksAwaited:
    """The calls are over, and ``waiting`` messages are still told, ``within_s`` seconds at most."""

    at: datetime
    waiting: int
    within_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingTrouble:
    """A recording could not be fetched, or none can be; what is missing is tried again."""

    at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingsAwaited:
    """The calls are over, and recordings are still fetched, for ``within_s`` seconds at most."""

    at: datetime
    within_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderTrouble:
    """A summary could not be read by ``outcomes_by``; the built-in rules stand."""

    at: datetime
    row: int
    key: str
    why: str
    attempt: int | None = None


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
class WorkersSeen:
    """So many workers make the calls of a distributed run; 0: nobody is called."""

    at: datetime
    workers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkersLost:
    """Workers were lost, and what they left is settled; ``what`` says it in words."""

    at: datetime
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRefused:
    """A worker takes no part in the run; ``why`` says what it lacks."""

    at: datetime
    worker: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunKept:
    """A distributed run goes on as it was begun; ``changed`` is what would be otherwise now."""

    at: datetime
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryTrouble:
    """Metrics, traces or the health endpoint are not to be had; calls go on without them."""

    at: datetime
    why: str


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
    | CallHeld
    | CallPlaced
    | CallEnded
    | CallReread
    | ContactsDeferred
    | ContactSkipped
    | CallTurnedAway
    | ApiUnreached
    | CallFailed
    | CallUnknown
    | CallReleased
    | CallLeft
    | Waiting
    | LaterCounted
    | Paused
    | Resumed
    | SlotsChanged
    | CircuitOpened
    | CircuitProbed
    | CircuitClosed
    | ListTrouble
    | CorrectionsIgnored
    | HookTrouble
    | HooksAwaited
    | RecordingTrouble
    | RecordingsAwaited
    | ReaderTrouble
    | Draining
    | LedgerTrouble
    | LedgerWorks
    | ResultsRescued
    | WorkersSeen
    | WorkersLost
    | WorkerRefused
    | RunKept
    | TelemetryTrouble
    | RunEnded
)
