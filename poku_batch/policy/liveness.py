"""Whether a run is alive, and when it says so."""

from datetime import datetime, timedelta
from enum import StrEnum

from poku_batch.models import Doing, RunRecord

#: A run says at least so often that it is alive, in seconds of real time.
BEAT_EVERY_S = 5.0

#: A run that has said nothing for longer is not taken for alive; a disk may be slow.
FRESH = timedelta(seconds=20)


class Liveness(StrEnum):
    """What is known of a run that may go on."""

    #: it goes on
    ALIVE = "alive"
    #: it has not ended, and has not been heard of for a while: it cannot write, or is dead
    SILENT = "silent"
    #: workers have called everybody, and nobody has watched its end: it has not been written down
    FINISHED = "finished"
    #: it died without a word; the next run settles what it left
    DEAD = "dead"
    #: it has ended
    ENDED = "ended"


def liveness(run: RunRecord, *, now: datetime, host: str, process_lives: bool) -> Liveness:
    """Say whether a run is alive at ``now`` (real time).

    ``host`` is the machine that asks, and ``process_lives`` whether a process with the run's number
    is there; it counts only where the run is on that machine. There it decides for death, and for
    life until the run has first been heard of: later a number may have gone to another process.
    """
    if run.ended_at is not None:
        return Liveness.ENDED
    here = run.host == host
    if here and not process_lives:
        return Liveness.DEAD
    if run.seen_at is None:
        return Liveness.ALIVE if here else Liveness.SILENT
    return Liveness.ALIVE if now - run.seen_at <= FRESH else Liveness.SILENT


def is_to_be_said(
    doing: Doing, said: Doing | None, *, age_s: float, every_s: float = BEAT_EVERY_S
) -> bool:
    """Whether a run should say again what it does, that it ``said`` so many seconds ago.

    Every so often; at once where a person would see a difference: in its words, its slots, and
    whether anybody is in call. How many are is counted elsewhere, and changes all the time.
    """
    if said is None or age_s >= every_s:
        return True
    return _seen(doing) != _seen(said)


def _seen(doing: Doing) -> tuple[object, ...]:
    return doing.note, doing.until, doing.slots, doing.concurrency, doing.in_call > 0
