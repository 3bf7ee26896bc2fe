"""Words for how contacts, attempts and runs stand."""

from enum import StrEnum


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
    #: ``--limit`` or ``limits.max_calls`` was reached
    LIMIT = "limit"
    #: the person who was asked said no; nobody was called
    DECLINED = "declined"
    #: contacts are due later and the run was told not to wait, or not for so long
    DUE_LATER = "due_later"
    #: the campaign's budget allows no further call
    BUDGET = "budget"
    #: too many of the last placements failed or are unknown, again and again
    CIRCUIT_BREAKER = "circuit_breaker"
    #: the person who saw what the first calls came to did not go on
    CANARY = "canary"
    #: a person or the system asked it to stop; open calls were waited for
    STOPPED = "stopped"
    #: stopped at once; open calls were left to the next run
    ABANDONED = "abandoned"
    #: the API refuses the account: every further placement would fail alike
    REFUSED = "refused"
