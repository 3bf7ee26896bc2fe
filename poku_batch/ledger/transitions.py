"""What may become of an attempt under a run, and of its contact: a function each.

Invariants: every function is called inside a writing transaction and has no other effect; it checks
what stands in the ledger before it changes anything; a transition that the states do not allow
raises ``LedgerError`` naming them, since it is a defect of the caller.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from poku_batch.errors import LedgerError, NotReservedError
from poku_batch.ledger import instants, outbox, sequels, statements
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.guards import listed_by
from poku_batch.ledger.happenings import do, record
from poku_batch.ledger.holds import Hold, require_open, require_wanted
from poku_batch.ledger.kinds import LISTED, kind_of
from poku_batch.ledger.many import do_each
from poku_batch.ledger.sequels import set_contact
from poku_batch.models import (
    AttemptId,
    AttemptState,
    ContactId,
    ContactState,
    Happening,
    InteractionId,
    WaitKind,
)

#: The kind of every doubt: its evidence differs from call to call.
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an attempt stands, and its contact."""

    id: AttemptId
    state: AttemptState
    interaction_id: str | None
    contact_id: int
    is_last: bool
    contact_state: ContactState
    run: int
    to: str
    placements: int

    def is_anothers(self, placement: int | None) -> bool:
        """Whether the attempt is not any more with whoever made its placement of that number.

        None is with whoever says nothing of it.
        """
        given_out = self.state is AttemptState.TURNED_AWAY and not self._is_held
        return placement is not None and (placement != self.placements or given_out)

    def is_too_late(self, placement: int | None) -> bool:
        """Whether what came of that placement changes nothing: others have settled it."""
        return placement is not None and (
            self.state is AttemptState.UNKNOWN or self.is_anothers(placement)
        )

    @property
    def _is_held(self) -> bool:
        return self.is_last and self.contact_state is ContactState.DIALING

    def require(self, verb: str, *states: AttemptState) -> None:
        """Raise ``LedgerError`` where the attempt is in none of the states."""
        if self.state not in states:
            raise LedgerError(
                f"attempt {self.id} cannot {verb}: it is {self.state}, "
                f"and would have to be {' or '.join(states)} (its contact is {self.contact_state})"
            )

    def require_held_or(self, verb: str, *states: AttemptState) -> None:
        """As ``require``, and one that is held to be placed again will do too."""
        if self._is_held:
            states = (AttemptState.TURNED_AWAY, *states)
        elif not states:
            raise LedgerError(
                f"attempt {self.id} cannot {verb}: it is {self.state} and not held "
                f"(its contact is {self.contact_state})"
            )
        self.require(verb, *states)


def withdraw(
    connection: Connection,
    hold: Hold,
    attempt_id: AttemptId,
    contact_id: ContactId,
    *,
    at: datetime,
) -> None:
    """Take an intent back that nobody was told of: the contact is pending, not reserved."""
    why = "the run was stopped before the request left"
    values = {"attempt": attempt_id, "contact": contact_id, "why": why}
    if do(connection, statements.WITHDRAW, values).rowcount:
        do(connection, statements.SET_CONTACT_PENDING, values)
        record(connection, Happening.WITHDRAWN, attempt_id, at=at, run=hold.run, detail=why)


def hold_back(
    connection: Connection,
    hold: Hold,
    attempt_id: AttemptId,
    why: str,
    *,
    placement: int | None,
    at: datetime,
) -> None:
    """The placement was not taken; the contact stays ``dialing``, with this run."""
    attempt = _find(connection, hold.campaign, attempt_id)
    if attempt.is_too_late(placement):
        raise NotReservedError(f"attempt {attempt_id} cannot be held: others have settled it")
    attempt.require("be held", AttemptState.DIALING)
    do(
        connection,
        statements.SETTLE,
        {"attempt": attempt_id, "state": AttemptState.TURNED_AWAY, "why": why},
    )
    record(connection, Happening.HELD, attempt_id, at=at, run=hold.run, detail=why)


def begin_again(
    connection: Connection,
    hold: Hold,
    attempt_id: AttemptId,
    *,
    placement: int | None,
    at: datetime,
) -> None:
    """Place a held attempt once more; ``placement`` is the one that was turned away."""
    require_open(connection, hold)
    require_wanted(connection, hold, at=at)
    attempt = _find(connection, hold.campaign, attempt_id)
    if attempt.is_too_late(placement):
        raise NotReservedError(
            f"attempt {attempt_id} cannot be placed again: somebody else has gone on with it"
        )
    attempt.require_held_or("be placed again")
    if attempt.run != hold.run:
        raise LedgerError(f"attempt {attempt_id} cannot be placed again: another run began it")
    source = listed_by(connection, attempt.to, run=hold.run)
    if source is not None:
        raise NotReservedError(
            f"attempt {attempt_id} cannot be placed again: its number is {LISTED}: {source}"
        )
    do(connection, statements.PLACE_AGAIN, {"attempt": attempt_id, "at": instants.to_stored(at)})
    record(connection, Happening.PLACED_AGAIN, attempt_id, at=at, run=hold.run, placement=True)


def started(
    connection: Connection,
    hold: Hold,
    attempt_id: AttemptId,
    interaction_id: InteractionId,
    *,
    at: datetime,
) -> None:
    """Keep the interaction ID; saying the same one twice changes nothing.

    One that was given up for unknown meanwhile stays so, until its end is told.
    """
    attempt = _find(connection, hold.campaign, attempt_id)
    if attempt.interaction_id == interaction_id:
        return
    given_up = (AttemptState.UNKNOWN,) if attempt.interaction_id is None else ()
    attempt.require("have started", AttemptState.DIALING, *given_up)
    do(connection, statements.START, {"attempt": attempt_id, "interaction": interaction_id})
    record(connection, Happening.STARTED, attempt_id, at=at, run=hold.run)


def turn_away(  # noqa: PLR0913 – what is told of a placement
    connection: Connection,
    hold: Hold,
    attempt_id: AttemptId,
    why: str,
    *,
    due_at: datetime,
    sent: bool,
    placement: int | None,
    at: datetime,
) -> None:
    """The placement was not taken; the contact is pending from ``due_at``."""
    attempt = _find(connection, hold.campaign, attempt_id)
    if attempt.is_too_late(placement):
        _note_late(connection, hold, attempt, why, at=at)
        return
    attempt.require_held_or("be turned away", AttemptState.DIALING)
    withdrawn = not sent and attempt.state is AttemptState.DIALING
    do(
        connection,
        statements.WITHDRAW if withdrawn else statements.SETTLE,
        {"attempt": attempt_id, "state": AttemptState.TURNED_AWAY, "why": why},
    )
    do(connection, statements.SET_CONTACT_PENDING, {"contact": attempt.contact_id})
    sequels.wait(connection, attempt.contact_id, due_at, WaitKind.TURNED_AWAY, why)
    record(connection, Happening.TURNED_AWAY, attempt_id, at=at, run=hold.run, detail=why)


def reject(
    connection: Connection,
    hold: Hold,
    attempt_id: AttemptId,
    why: str,
    *,
    placement: int | None,
    at: datetime,
) -> None:
    """The row cannot be called."""
    attempt = _find(connection, hold.campaign, attempt_id)
    if attempt.is_too_late(placement):
        _note_late(connection, hold, attempt, why, at=at)
        return
    attempt.require_held_or("be rejected", AttemptState.DIALING)
    do(
        connection,
        statements.SETTLE,
        {"attempt": attempt_id, "state": AttemptState.REJECTED, "why": why},
    )
    set_contact(connection, attempt.contact_id, ContactState.FAILED, why=why, kind=kind_of(why))
    record(connection, Happening.REJECTED, attempt_id, at=at, run=hold.run, detail=why)
    if hold.tell_results:
        outbox.add_result(connection, attempt.contact_id, attempt_id, at=at)


def doubt(
    connection: Connection,
    hold: Hold,
    attempt_id: AttemptId,
    evidence: str,
    *,
    at: datetime,
) -> None:
    """The call may or may not have rung."""
    attempt = _find(connection, hold.campaign, attempt_id)
    if attempt.state is AttemptState.ENDED:
        return
    attempt.require("be unknown", AttemptState.DIALING, AttemptState.IN_CALL, AttemptState.UNKNOWN)
    _doubt(connection, hold, attempt, evidence, at=at)


def doubt_cut_off(connection: Connection, hold: Hold, *, at: datetime) -> None:
    """Attempts that dead runs left between the intent and any answer may have rung."""
    rows = do(connection, statements.FIND_CUT_OFF, {"campaign": hold.campaign}).fetchall()
    for attempt_id, placed_at in rows:
        evidence = (
            f"the program stopped after {instants.in_words(placed_at)}, before an answer came; "
            "the request may have left"
        )
        attempt = _find(connection, hold.campaign, attempt_id)
        _doubt(connection, hold, attempt, evidence, at=at)


def release_held(connection: Connection, hold: Hold, *, at: datetime) -> None:
    """Attempts that dead runs meant to place again wait for this one; no phone rang for them."""
    rows = do(connection, statements.FIND_HELD, {"campaign": hold.campaign}).fetchall()
    for attempt_id, contact_id, why in rows:
        do(connection, statements.SET_CONTACT_PENDING, {"contact": contact_id})
        record(connection, Happening.TURNED_AWAY, attempt_id, at=at, run=hold.run, detail=why)


def find_all(
    connection: Connection, campaign: int, attempts: Sequence[AttemptId]
) -> dict[AttemptId, Standing]:
    """How attempts of a campaign stand; those that are not its own are left out."""
    wanted = [(attempt, campaign) for attempt in attempts]
    rows = do_each(connection, statements.FIND_ATTEMPTS, ("attempt", "campaign"), wanted)
    return {AttemptId(row[0]): _standing(*row) for row in rows}


def _standing(  # noqa: PLR0913, PLR0917 – a row's columns
    attempt_id: int,
    state: str,
    interaction_id: str | None,
    contact_id: int,
    is_last: int,
    contact_state: str,
    run: int,
    to: str,
    placements: int,
) -> Standing:
    return Standing(
        id=AttemptId(attempt_id),
        state=AttemptState(state),
        interaction_id=interaction_id,
        contact_id=contact_id,
        is_last=bool(is_last),
        contact_state=ContactState(contact_state),
        run=run,
        to=to,
        placements=placements,
    )


def _find(connection: Connection, campaign: int, attempt_id: AttemptId) -> Standing:
    found = find_all(connection, campaign, [attempt_id]).get(attempt_id)
    if found is None:
        raise LedgerError(f"attempt {attempt_id} is not one of this campaign's")
    return found


def _note_late(
    connection: Connection, hold: Hold, attempt: Standing, why: str, *, at: datetime
) -> None:
    """Keep what an unknown attempt is told of late; that nobody rang is for a person to say."""
    if attempt.state is AttemptState.UNKNOWN:
        _doubt(connection, hold, attempt, f"it was unknown, and late it was said: {why}", at=at)


def _doubt(
    connection: Connection, hold: Hold, attempt: Standing, evidence: str, *, at: datetime
) -> None:
    do(
        connection,
        statements.SETTLE,
        {"attempt": attempt.id, "state": AttemptState.UNKNOWN, "why": evidence},
    )
    record(connection, Happening.DOUBTED, attempt.id, at=at, run=hold.run, detail=evidence)
    if attempt.is_last and attempt.contact_state in (ContactState.DIALING, ContactState.UNKNOWN):
        set_contact(
            connection, attempt.contact_id, ContactState.UNKNOWN, why=evidence, kind=_UNKNOWN
        )
        # One that was unknown before has been told of.
        if hold.tell_results and attempt.contact_state is ContactState.DIALING:
            outbox.add_result(connection, attempt.contact_id, attempt.id, at=at)
