"""A run on many machines: its workers, and what the ledger tells of who may call."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from poku_batch.models.contacts import Admission
from poku_batch.models.identities import CampaignId, RunId
from poku_batch.models.states import RunEnding

#: The ledger's name for one worker process.
WorkerId = NewType("WorkerId", int)

#: Where the engine tells workers that there is something in a queue of theirs.
QUEUE = "poku-batch"


def queue_of(run: int) -> str:
    """The engine's queue of a run's jobs: only workers that take part in the run have it."""
    return f"{QUEUE}-{run}"


class JobKind(StrEnum):
    """What a worker is handed, as the engine names it. Its arguments are ids alone."""

    #: ``run``, ``contact``: an admitted contact, to be called
    CALL = "poku_batch.call"
    #: ``run``, ``attempt``: a call that was placed, to be followed to its end
    FOLLOW = "poku_batch.follow"
    #: ``run``, ``attempt``: a call that ended, whose summary is to be read
    READ = "poku_batch.read"


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedRun:
    """An open run whose calls workers make; ``number`` is what the ledger calls its campaign."""

    id: RunId
    campaign: CampaignId
    number: int
    tell_results: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerRules:
    """When a run waits: more than ``share`` of the ``last`` calls went wrong; ends by ``trips``."""

    last: int
    share: float
    cool_down: timedelta
    trips: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNews:
    """What came of a contact that was handed to a worker, by its row; ``bad`` as ``CallReport``."""

    row: int
    what: str
    bad: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiNews:
    """What a worker was answered since it last told: how the API bears the calls.

    ``taken`` placements, those ``turned_away`` (how long ago each was sent, in seconds), and what
    came of ``calls``, in order.
    """

    taken: int = 0
    turned_away: tuple[float, ...] = ()
    calls: tuple[CallNews, ...] = ()

    @property
    def any(self) -> bool:
        """Whether there is anything."""
        return bool(self.taken or self.turned_away or self.calls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """A circuit breaker that is open until ``until_s`` (seconds since 1970), or ``probing`` since.

    ``calls`` are those that tripped it, oldest first: row, and what came of it. ``final``: the run
    ends.
    """

    until_s: float
    why: str
    calls: tuple[tuple[int, str], ...]
    final: bool
    probing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionRules:
    """The bounds of a distributed run, all of its workers together; None for none.

    ``slot`` is how long a call may last at the most: so long one that is unknown keeps its slot.
    ``limit`` contacts are newly called at the most (``limit_why`` names where that is said); from
    ``until`` on (aware) none is.
    """

    slots: int
    slot: timedelta
    calls_per_minute: float | None = None
    ramp_up: timedelta = timedelta()
    limit: int | None = None
    limit_why: str | None = None
    until: datetime | None = None
    breaker: BreakerRules | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How a distributed run stands: what holds a slot, and what bounds it.

    ``held`` slots are in use: by ``reserved`` contacts, by calls (placed, or about to be), and by
    unknown ones that may still go on. ``live`` counts what the run's end waits for: calls, and
    those that ended and are being read. ``left`` is what the run's limit leaves. ``over``: no call
    is begun any more, once what goes on has ended, for that reason; ``why`` says more. The API
    bears ``borne`` calls at once, as far as is known; ``circuit`` is the breaker where it has
    opened. ``CANARY``: not until somebody has said that it is gone on.
    """

    held: int
    reserved: int
    live: int
    slots: int
    borne: int
    circuit: Circuit | None = None
    left: int | None = None
    over: RunEnding | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """An admitted contact as a worker takes it up.

    Its call may begin in ``wait_s`` seconds; below 0 it could have begun so long ago.
    """

    admission: Admission
    wait_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What was found of workers that are gone: how many of each.

    ``unknown`` attempts had left and were not answered, ``handed_on`` calls are to be followed by
    another worker, ``given_back`` contacts are given out again. ``closed`` runs, which nobody
    watched, were to end and have.
    """

    workers: int = 0
    unknown: int = 0
    handed_on: int = 0
    given_back: int = 0
    closed: int = 0

    @property
    def any(self) -> bool:
        """Whether there was anything."""
        found = (self.workers, self.unknown, self.handed_on, self.given_back, self.closed)
        return any(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a worker takes no part in a run; ``worker`` is its name."""

    worker: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """Whether somebody watches a distributed run, and whether anybody is left to be called.

    ``quiet``: nobody is waiting to be called, now or later, and no call goes on.
    """

    watched: bool
    quiet: bool

    @property
    def is_over(self) -> bool:
        """Whether the run has come to its end, and nobody has seen it."""
        return self.quiet and not self.watched


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRecord:
    """A worker as the ledger knows it: ``name`` is host, process and a random part.

    ``silent`` is how long ago it was last heard of, ``calls`` how many it has in hand.
    """

    id: WorkerId
    name: str
    concurrency: int
    started_at: datetime
    silent: timedelta
    calls: int = 0
    draining: bool = False
