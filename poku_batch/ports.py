"""What the engine needs of the world; these docstrings are the contract of every implementation.

Durable means: committed, and synced to disk, before the call returns. Every method of a ledger may
be called from many tasks at once, and is atomic: cancelled or killed, it happened or it did not.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from poku_batch.events import Event
from poku_batch.models import (
    Admission,
    Answer,
    AttemptId,
    CallRequest,
    CallResult,
    CampaignId,
    ContactKey,
    ContactRecord,
    Counts,
    Decision,
    DuplicateRule,
    Enrolment,
    EnrolmentReport,
    HistoryEntry,
    InteractionId,
    OpenCall,
    PutBack,
    RunEnding,
    Selection,
    Standing,
    UnknownCall,
)


class Clock(Protocol):
    """Time as a run sees it."""

    def now(self) -> datetime:
        """The time of day, aware UTC. It may be set back while a run goes on."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""

    async def sleep(self, seconds: float) -> None:
        """Wait; zero or less gives other tasks a turn."""


class EventSink(Protocol):
    """Somebody who listens to a run."""

    def emit(self, event: Event) -> None:
        """Take an event; must be quick, and must not raise."""


class CallApi(Protocol):
    """The Poku voice API. Failures are values: only cancellation and defects raise."""

    async def place(self, request: CallRequest) -> Answer:
        """Send one placement, once; never retries, never follows a redirect.

        Cancelled in the middle, it may or may not have placed the call.
        """

    async def standing(self, interaction_id: InteractionId) -> Standing:
        """Ask once how a placed call stands."""


class EnrolmentSession(Protocol):
    """A sheet on its way into the ledger; the ledger changes at ``commit`` alone."""

    async def add(self, rows: Sequence[Enrolment]) -> None:
        """Take rows, in sheet order, in batches of any size. Memory does not grow with them."""

    async def preview(self, *, now: datetime) -> EnrolmentReport:
        """Say what ``commit`` would do. Raises as ``commit`` does; changes nothing."""

    async def commit(self, *, now: datetime) -> EnrolmentReport:
        """Make the added rows the campaign's current sheet, in one durable step.

        Rows and contacts, by key:

        - a key that is new becomes a contact, ``pending``, or ``skipped`` with its reason;
        - a contact that was never called takes the row's number, cells and skip reason, and is
          ``pending`` or ``skipped`` accordingly;
        - a contact whose last attempt was ``rejected``, or ended ``invalid_number``, and whose row
          now differs (number or cells for a rejection, the number for an invalid one) is
          ``pending`` again: no phone has rung; its attempts stay in the history;
        - every other contact keeps its state; its cells become the row's;
        - a contact that is in no row is kept, is not in results or counts, and is not admitted;
        - rows without a key are kept for the results as ``skipped``;
        - a row whose number was forgotten with its hash kept is ``skipped``, ``forgotten; not to
          be called``.

        Duplicates: rows with the same number. ``first``: one of them is callable: the first whose
        contact was ever called, else the first that is not skipped for another reason; the others
        are skipped, ``same number as row N``. ``all``: every row is callable, and needs a key of
        its own. ``error``: see below.

        Raises ``ContactsError``, and changes nothing, where one key stands in rows with different
        numbers; where ``all`` meets one key in two rows; where ``error`` meets one number twice. It
        names the rows.
        """


class LedgerRun(Protocol):
    """A run's hold on one campaign. Only its holder calls anybody for this campaign.

    State of a contact under it::

        pending ── admit ──▶ reserved ── begin ──▶ dialing ─┬─ finish ──▶ done | failed
           ▲                     │                          ├─ reject ──▶ failed
           └─ release ───────────┘        turn_away ◀───────┼─ hold ⇄ begin_again
                                                            └─ doubt ──▶ unknown ── finish ──▶ done

    A reservation is not a state of the contact (it stays ``pending``) and does not outlive the run.
    Each transition of an attempt is told by an entry of the history, written in the same step.
    """

    campaign: CampaignId

    async def admit(self, limit: int, *, now: datetime) -> list[Admission]:
        """Reserve up to ``limit`` due contacts and hand them over: by due time, then sheet order.

        A contact is due when it is ``pending``, in the current sheet, not reserved, and its due
        time is not after ``now``. Cost does not grow with the number of contacts.
        """

    async def begin(
        self,
        admission: Admission,
        *,
        prompt_sha256: str,
        prompt: str | None = None,
        at: datetime,
    ) -> AttemptId:
        """Record the intent to call, durable before it returns: the contact is ``dialing``.

        ``prompt_sha256`` is that of the prompt's UTF-8, in hexadecimal digits; a ``prompt`` that is
        given is kept, once for all that share it. A placement that was turned away continues its
        attempt (same id, ``placements`` one more), unless a person has put the contact back since.
        Raises ``NotReservedError`` if the contact is no longer reserved by this run: then nobody
        may dial.
        """

    async def hold(self, attempt_id: AttemptId, why: str, *, at: datetime) -> None:
        """No phone rang, and this run will place again in a moment: attempt ``turned_away``.

        The contact stays ``dialing`` and with this run; ``begin_again`` goes on. A dead run's held
        attempts go back to ``pending``, like those that ``turn_away`` recorded.
        """

    async def begin_again(self, attempt_id: AttemptId, *, at: datetime) -> None:
        """Record one more placement of a held attempt, durable before it returns: ``dialing``."""

    async def started(
        self, attempt_id: AttemptId, interaction_id: InteractionId, *, at: datetime
    ) -> None:
        """Record the interaction ID: the attempt is ``in_call``, the contact stays ``dialing``."""

    async def turn_away(
        self, attempt_id: AttemptId, why: str, *, due_at: datetime, sent: bool = True, at: datetime
    ) -> None:
        """No phone rang; the attempt may be placed again from ``due_at``: contact ``pending``.

        A placement that was not even ``sent`` does not count as one.
        """

    async def reject(self, attempt_id: AttemptId, why: str, *, at: datetime) -> None:
        """No phone rang and none will: attempt ``rejected``, contact ``failed`` with ``why``."""

    async def release(self, admission: Admission) -> None:
        """Give a reserved contact back, not begun."""

    async def fail(self, admission: Admission, why: str, *, at: datetime) -> None:
        """A reserved contact cannot be dialled (its prompt does not render): ``failed``."""

    async def finish(
        self, attempt_id: AttemptId, result: CallResult, *, failed: bool = False, at: datetime
    ) -> bool:
        """Record a call's end, durable before it returns: contact ``done`` (``failed`` if said).

        The first final result wins: on an attempt already ``ended`` nothing changes and False
        comes back. An ``unknown`` attempt becomes ``ended``, and its contact with it.

        Where a person has decided (``Ledger.resolve``), or a later attempt was begun, the attempt
        takes the answer and the contact stays as it is: what the person said stands, and what they
        left open (outcome, summary) the answer fills in. With one exception: an outcome
        ``do_not_call`` always makes it the contact's, since it guards somebody from being called
        again, and a person's guess must not. A contact that was put back and not called since is
        not called any more: its call has come to something.
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

    async def close(self, ending: RunEnding, *, at: datetime) -> None:
        """End the run: reservations are given back, the campaign is free for another run."""


class Ledger(Protocol):
    """The durable record of contacts and attempts; also the queue.

    An ``async with`` block closes it, after everything handed in is committed.
    """

    def enrolment(
        self, campaign: CampaignId, columns: Sequence[str], duplicates: DuplicateRule
    ) -> AbstractAsyncContextManager[EnrolmentSession]:
        """Begin to enrol a sheet with these columns, in their order."""

    async def open_run(self, campaign: CampaignId, *, at: datetime) -> LedgerRun:
        """Take the campaign for this process, and settle what a dead run left behind.

        ``dialing`` attempts without an interaction ID become ``unknown``; those with one are in
        ``open_calls``. Reservations of dead runs are given back. Raises ``CampaignBusyError``
        while another process (or another run in this one) holds the campaign; a process that died,
        however it died, holds nothing.
        """

    async def columns(self, campaign: CampaignId) -> tuple[str, ...] | None:
        """The current sheet's columns, in order; None for a campaign never enrolled."""

    async def counts(self, campaign: CampaignId, *, now: datetime) -> Counts:
        """How the current sheet stands; all zero for a campaign never enrolled."""

    def records(
        self, campaign: CampaignId, *, batch: int = 10_000
    ) -> AsyncIterator[list[ContactRecord]]:
        """The current sheet's rows with what came of them, in sheet order, in batches.

        One consistent view for the whole iteration is not promised; each batch is one.
        """

    async def contact(self, campaign: CampaignId, key: str) -> ContactRecord | None:
        """The contact with a key, whether it is in the current sheet or not; None for nobody."""

    async def near_keys(self, campaign: CampaignId, key: str, *, limit: int = 20_000) -> list[str]:
        """Keys of the current sheet, of nearly the same length, that may have been meant."""

    async def unknown_calls(self, campaign: CampaignId, *, limit: int) -> list[UnknownCall]:
        """The first ``unknown`` contacts of the current sheet, in its order, with the evidence."""

    async def selected(self, campaign: CampaignId, chosen: Selection) -> PutBack:
        """Say what ``put_back`` would do; changes nothing."""

    async def put_back(
        self, campaign: CampaignId, chosen: Selection, *, agreed: int, by: str, at: datetime
    ) -> PutBack:
        """Make contacts ``pending`` again, due at once, whose next call is a new attempt.

        Only those of the current sheet that are ``done``, ``failed`` or ``unknown``; whoever is
        ``dialing`` is never touched. Whoever asked not to be called, by the outcome ``do_not_call``
        of any of their attempts, or of anybody's to their number, is put back by key alone. The
        attempts and what came of them stay. May be done while a run goes on, which then calls them.

        ``by`` is the person's name for the history. Raises ``LedgerError``, and changes nothing,
        where more than ``agreed`` contacts may ring twice: rang before, or may have.
        """

    async def resolve(self, campaign: CampaignId, key: ContactKey, decision: Decision) -> None:
        """Record a person's word on an ``unknown`` contact: ``done`` or ``failed`` from now on.

        The attempt stays ``unknown``, with its evidence; ``LedgerRun.finish`` says what a late
        answer does. Raises ``LedgerError`` where the contact is not ``unknown``, naming its state.
        """

    def history(
        self, campaign: CampaignId, *, key: str | None = None, batch: int = 1_000
    ) -> AsyncIterator[list[HistoryEntry]]:
        """What happened to the campaign's contacts, or to the one with ``key``, in batches.

        In the order in which it was written down, which is that of time unless the clock was set
        back. Append-only; an erased person's entries keep their times and lose their words.
        """
