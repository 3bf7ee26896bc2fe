"""A run's hold on one campaign of the ledger."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from poku_batch.models import (
    Admission,
    AttemptId,
    CallResult,
    CampaignId,
    Counts,
    Doing,
    Guard,
    HookEvent,
    HookMessage,
    InteractionId,
    Later,
    MessageId,
    Never,
    OpenCall,
    Orders,
    RunEnding,
    Sequel,
    SharedRun,
    UnreadCall,
    Usage,
)


class LedgerRun(Protocol):
    """A run's hold on one campaign. Only its holder calls anybody for this campaign.

    State of a contact under it::

        pending ── admit ──▶ reserved ── begin ──▶ dialing ─┬─ finish ──▶ done | failed | pending
           ▲                     │                          ├─ reject ──▶ failed
           └─ release, defer ────┤        turn_away ◀───────┼─ hold ⇄ begin_again
              skipped ◀─ skip ───┘                          └─ doubt ──▶ unknown ── finish ──▶ done

    A reservation is not a state of the contact (it stays ``pending``) and does not outlive the run.
    Each transition of an attempt is told by an entry of the history, written in the same step.
    """

    campaign: CampaignId

    @property
    def number(self) -> int:
        """The run's number in the ledger; no other run of any campaign has it."""

    async def admit(self, limit: int, *, now: datetime) -> list[Admission]:
        """Reserve up to ``limit`` due contacts and hand them over.

        By priority (the highest first), then due time, then sheet order. A contact is due when it
        is ``pending``, in the current sheet, not reserved, and its due time is not after ``now``.
        Cost does not grow with the number of contacts.
        """

    async def begin(
        self,
        admission: Admission,
        *,
        prompt_sha256: str,
        prompt: str | None = None,
        guard: Guard = Guard(),  # noqa: B008 – frozen
        at: datetime,
    ) -> AttemptId | Later | Never:
        """Record the intent to call, durable before it returns: the contact is ``dialing``.

        In the same step the ledger's do-not-call list is looked at, and the ``guard``'s caps, whose
        calls are those that rang or may have, in flight included, whoever made them. Where they do
        not allow the call, nothing is recorded and nobody may dial: the contact was deferred
        (``Later``) or skipped (``Never``), as ``defer`` and ``skip`` do. Continuing an attempt that
        was turned away is checked likewise.

        ``prompt_sha256`` is that of the prompt's UTF-8, in hexadecimal digits; a ``prompt`` that is
        given is kept, once for all that share it. A placement that was turned away continues its
        attempt (same id, ``placements`` one more), unless a person has put the contact back since.
        Raises ``NotReservedError`` if the contact is no longer reserved by this run: then nobody
        may dial.
        """

    async def hold(
        self, attempt_id: AttemptId, why: str, *, placement: int | None = None, at: datetime
    ) -> None:
        """No phone rang, and this run will place again in a moment: attempt ``turned_away``.

        The contact stays ``dialing`` and with this run; ``begin_again`` goes on. A dead run's held
        attempts go back to ``pending``, like those that ``turn_away`` recorded.

        Here and below, ``placement`` says of which placement of the attempt (from 1) it is told.
        Where others have settled that meanwhile, since its worker was thought lost, nothing is
        changed by it, but that an ``unknown`` attempt keeps what was said as evidence; ``hold`` and
        ``begin_again`` raise ``NotReservedError`` then.
        """

    async def begin_again(
        self, attempt_id: AttemptId, *, placement: int | None = None, at: datetime
    ) -> None:
        """Record one more placement of a held attempt, durable before it returns: ``dialing``.

        ``placement`` is the attempt's that was turned away, from 1: whoever held it may have been
        given up meanwhile, and somebody else have gone on with the same attempt. Raises
        ``NotReservedError``, and changes nothing, where that is so, or where its number has come
        onto the ledger's do-not-call list: then nobody may dial, and ``turn_away`` gives the
        contact back.
        """

    async def started(
        self, attempt_id: AttemptId, interaction_id: InteractionId, *, at: datetime
    ) -> None:
        """Record the interaction ID: the attempt is ``in_call``, the contact stays ``dialing``.

        An ``unknown`` attempt keeps the ID and stays as it is: it may be followed to its end.
        """

    async def turn_away(
        self,
        attempt_id: AttemptId,
        why: str,
        *,
        due_at: datetime,
        sent: bool = True,
        placement: int | None = None,
        at: datetime,
    ) -> None:
        """No phone rang; the attempt may be placed again from ``due_at``: contact ``pending``.

        A placement that was not even ``sent`` does not count as one. Nothing changes where somebody
        else has gone on with the attempt since its ``placement`` (see ``begin_again``).
        """

    async def reject(
        self, attempt_id: AttemptId, why: str, *, placement: int | None = None, at: datetime
    ) -> None:
        """No phone rang and none will: attempt ``rejected``, contact ``failed`` with ``why``."""

    async def release(self, admission: Admission) -> None:
        """Give a reserved contact back, not begun."""

    async def defer(self, waits: Sequence[tuple[Admission, Later]], *, at: datetime) -> None:
        """Reserved contacts may not be called yet: each is ``pending`` until its time, released.

        Durable for this run; the next enrolment asks the rules anew. The history does not tell it.
        """

    async def skip(self, admission: Admission, why: str, *, at: datetime) -> None:
        """A rule says that a reserved contact must not be dialled: ``skipped`` with ``why``.

        What came of its earlier attempts stays its outcome. The next enrolment asks the rules anew.
        """

    async def fail(self, admission: Admission, why: str, *, at: datetime) -> None:
        """A reserved contact cannot be dialled (its prompt does not render): ``failed``."""

    async def finish(
        self,
        attempt_id: AttemptId,
        result: CallResult,
        *,
        sequel: Sequel = Sequel(),  # noqa: B008 – frozen
        to_read: bool = False,
        at: datetime,
    ) -> bool:
        """Record a call's end, durable before it returns; the contact becomes what ``sequel`` says.

        The first final result wins: on an attempt already ``ended`` nothing changes and False
        comes back. An ``unknown`` attempt becomes ``ended``, and its contact with it.

        Where the result has ``opted_out``, the number goes onto the ledger's do-not-call list in
        the same step, and no ``sequel`` makes the contact pending: it is ``done``. Likewise for the
        outcomes ``do_not_call``.

        ``to_read``: the call is in ``unread_calls`` until ``reread``; a sequel that is ``pending``
        is kept back until then (the contact is ``done`` meanwhile), so that nobody is redialled for
        an outcome that is about to be mended.

        Where a person has decided (``Ledger.resolve``), or a later attempt was begun, the attempt
        takes the answer and the contact stays as it is: what the person said stands, and what they
        left open (outcome, summary) the answer fills in. With one exception: an outcome
        ``do_not_call`` always makes it the contact's, since it guards somebody from being called
        again, and a person's guess must not. A contact that was put back and not called since is
        not called any more: its call has come to something.
        """

    async def unread_calls(self) -> list[UnreadCall]:
        """Calls of earlier runs that were finished ``to_read``, and were not; oldest first."""

    async def reread(
        self,
        attempt_id: AttemptId,
        result: CallResult,
        *,
        sequel: Sequel = Sequel(),  # noqa: B008 – frozen
        at: datetime,
    ) -> bool:
        """Record the reading of a call that was finished ``to_read``, once; durable.

        Outcome, evidence, ``opted_out`` and fields take the place of those of ``finish``; summary,
        recording and times stay. The contact becomes what ``sequel`` says, unless somebody has
        decided it meanwhile or a later attempt was begun. An outcome ``do_not_call`` of ``finish``
        is never taken back. False, and nothing changes, where the call was read before.
        """

    async def doubt(self, attempt_id: AttemptId, evidence: str, *, at: datetime) -> None:
        """The call may or may not have rung: attempt and contact ``unknown``, with the evidence.

        A known interaction ID is kept. On an attempt already ``ended`` nothing changes.
        """

    async def open_calls(self) -> list[OpenCall]:
        """Attempts of earlier runs with a known interaction ID and no end, oldest first.

        Those of ``unknown`` contacts whose interaction ID is known are among them: a late answer
        decides them. So are those that a person has ``decided`` meanwhile: the record is to have
        the answer, should it come.
        """

    async def next_due_at(self) -> datetime | None:
        """When the first contact that waits (``pending``, not reserved) is due; None for nobody.

        Cost does not grow with the number of contacts. The time may have passed already.
        """

    async def counts(self, *, now: datetime) -> Counts:
        """How the current sheet stands."""

    async def calls_from(self, numbers: Sequence[str], *, since: datetime) -> Mapping[str, int]:
        """How many calls that rang, or may have, were placed from each caller ID since then.

        Over all campaigns of the ledger; numbers without any are left out.
        """

    async def usage(self, *, longest: timedelta | None = None) -> Usage:
        """What the campaign has used up so far, over all its runs.

        No call counts more than ``longest``: an end that was learnt of days later would.
        """

    async def messages(self, limit: int, *, event: HookEvent, now: datetime) -> list[HookMessage]:
        """The first messages of an event in the campaign's outbox that may be told now, by time.

        There is one for each result (an ``ended`` call once it is read, a contact that became
        ``failed``, ``unknown`` or ``skipped`` under a run), written in the step that made it true,
        if the run was opened with ``tell_results``; and those of ``tell``. Bodies are those of
        ``hooks`` in the documentation; what was erased is empty in them.
        """

    async def tell(self, body: Mapping[str, Any], *, at: datetime) -> None:
        """Put a message of the run's end into the outbox."""

    async def told(self, message_id: MessageId) -> None:
        """A message was taken; it is in the outbox no more."""

    async def untold(self, message_id: MessageId, why: str, *, again_at: datetime) -> None:
        """A message was not taken; it may be told again from ``again_at``."""

    async def waiting_messages(self, event: HookEvent | None = None) -> tuple[int, datetime | None]:
        """How many messages are in the outbox, and when the first may be told (None for none).

        Those of one event, or all.
        """

    async def due_later(self, *, now: datetime) -> int | None:
        """How many pending contacts of the current sheet are due after ``now``; None if unknown.

        Cost grows with those alone: what is due by then, or has its end, is not looked at.
        """

    async def orders(self) -> Orders:
        """What people ask of the run at this moment: of the campaign, or of this run alone.

        Read without writing anything, so that it can be asked every second; also while the ledger
        cannot be written. What was committed before it was asked is seen, whoever did it.
        """

    async def beat(self, doing: Doing, *, seen_at: datetime) -> None:
        """Say that the run is alive at ``seen_at`` (real time), and what it does; durable.

        Each is a commit of its own where nothing else is written: whoever says it bounds how often.
        On a run that was closed nothing changes.
        """

    async def share(
        self, definition: str, *, slot: timedelta, canary: int | None = None
    ) -> SharedRun:
        """Let workers make the calls of this run, which was just begun; see ``Distribution``.

        ``definition`` is what they need to know of the campaign, ``slot`` how long a call may last.
        ``canary`` contacts are called at the most, until ``Distribution.go_on``.
        Calls of earlier runs are not handed over yet.
        """

    async def close(self, ending: RunEnding, *, at: datetime) -> None:
        """End the run: reservations are given back, the campaign is free for another run."""

    async def let_go(self) -> None:
        """Free the campaign without ending the run: the next one settles it, as after a crash.

        One that is shared goes on without whoever held it.
        """
