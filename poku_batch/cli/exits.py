"""Exit codes: what a script may rely on."""

from enum import IntEnum
from typing import TYPE_CHECKING, assert_never

if TYPE_CHECKING:
    from poku_batch.models import Counts, RunEnding


class ExitCode(IntEnum):
    """What the program ends with."""

    #: every contact has its end
    OK = 0
    #: a fault in the program
    FAULT = 1
    #: bad usage, campaign, contacts or missing key: nothing was dialled
    USAGE = 2
    #: ended, but some contacts are failed or unknown
    INCOMPLETE = 3
    #: stopped before the end: interrupted, circuit breaker, budget, results not written, …
    STOPPED = 4
    #: contacts are due later, and the run was told not to wait, or not for so long
    DUE_LATER = 5


def exit_code(ending: "RunEnding", counts: "Counts") -> ExitCode:
    """The code of a run that ended so, with contacts standing so."""
    from poku_batch.models import ContactState, RunEnding

    match ending:
        case RunEnding.FINISHED:
            bad = counts.of(ContactState.FAILED) + counts.of(ContactState.UNKNOWN)
            return ExitCode.INCOMPLETE if bad else ExitCode.OK
        case RunEnding.DUE_LATER:
            return ExitCode.DUE_LATER
        case (
            RunEnding.LIMIT
            | RunEnding.DECLINED
            | RunEnding.STOPPED
            | RunEnding.ABANDONED
            | RunEnding.REFUSED
            | RunEnding.BUDGET
            | RunEnding.CIRCUIT_BREAKER
            | RunEnding.CANARY
        ):
            return ExitCode.STOPPED
        case _:
            assert_never(ending)
