"""The durable record, and a sheet on its way into it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol

from poku_batch.models import (
    CampaignId,
    Cap,
    ContactKey,
    ContactRecord,
    Counts,
    Decision,
    DoNotCallEntry,
    DuplicateRule,
    Enrolment,
    EnrolmentReport,
    HistoryEntry,
    PastCalls,
    PlainRecord,
    PutBack,
    Selection,
    SheetRow,
    UnknownCall,
    Usage,
)
from poku_batch.ports.browsing import Browsing
from poku_batch.ports.controls import Controls
from poku_batch.ports.distribution import Distribution
from poku_batch.ports.recordings import Recordings
from poku_batch.ports.run import LedgerRun
from poku_batch.ports.statistics import Statistics


class EnrolmentSession(Protocol):
    """A sheet on its way into the ledger; the ledger changes at ``commit`` alone."""

    async def add(self, rows: Sequence[Enrolment]) -> None:
        """Take rows, in sheet order, in batches of any size. Memory does not grow with them."""

    async def preview(self, *, now: datetime) -> EnrolmentReport:
        """Say what ``commit`` would do. Raises as ``commit`` does; changes nothing."""

    async def again(self, source: str) -> AsyncIterator[list[SheetRow]] | None:
        """The rows to be added of a sheet that is enrolled again as it is; None if it is another.

        ``source`` is that of the ``commit`` that made the campaign's current sheet: it stands for
        all that keys, numbers and cells come from. The rows are those whose contacts an enrolment
        may change, with those that share a number or a key with them, in sheet order and in
        batches; all of them are to be added, planned anew. ``commit`` then does, and tells, what it
        would have with the whole sheet. Raises ``LedgerError`` there if the sheet was enrolled anew
        or a person erased in the meantime; nothing changes then.
        """

    async def commit(self, *, now: datetime, source: str | None = None) -> EnrolmentReport:
        """Make the added rows the campaign's current sheet, in one durable step.

        ``source`` says, in words of the caller's, what the rows come from; see ``again``.

        Rows and contacts, by key:

        - a key that is new becomes a contact, ``pending``, or ``skipped`` with its reason;
        - a contact that was never called, or waits to be called again, takes the row's number,
          cells, priority and skip reason, and is ``pending`` or ``skipped`` accordingly;
        - a ``pending`` contact is due at the latest of: what its last call or placement made of it
          (a redial, a ``Retry-After``), the row's ``later``, and the caps on calls to its number.
          What earlier runs had deferred by a rule is forgotten: the rules may have changed;
        - a contact whose last attempt was ``rejected``, or ended ``invalid_number``, and whose row
          now differs (number or cells for a rejection, the number for an invalid one) is
          ``pending`` again: no phone has rung; its attempts stay in the history;
        - every other contact keeps its state; its cells become the row's;
        - a contact that is in no row is kept, is not in results or counts, and is not admitted;
        - rows without a key are kept for the results as ``skipped``;
        - a contact's cells are compared with those of the sheet that it was last in, by the names
          of the columns that the sheet before this one and this one have, for the report alone;
        - a row whose number was forgotten with its hash kept is ``skipped``, ``forgotten; not to
          be called``; one whose number is on the ledger's do-not-call list is ``skipped``, ``on the
          do-not-call list: `` and the entry's source.

        Duplicates: rows with the same number. ``first``: one of them is callable: the first whose
        contact was ever called, else the first that is not skipped for another reason; the others
        are skipped, ``same number as row N``. ``all``: every row is callable, and needs a key of
        its own. ``error``: see below.

        Raises ``ContactsError``, and changes nothing, where one key stands in rows with different
        numbers; where ``all`` meets one key in two rows; where ``error`` meets one number twice. It
        names the rows.
        """


class Ledger(Protocol):
    """The durable record of contacts and attempts; also the queue.

    Words that the place of the ledger cannot hold are spelt out in ASCII: half a surrogate, and in
    PostgreSQL NUL. A key with such a character is refused when a sheet is enrolled.

    An ``async with`` block closes it, after everything handed in is committed.
    """

    @property
    def controls(self) -> Controls:
        """What people ask of runs."""

    @property
    def browsing(self) -> Browsing:
        """Parts of the ledger for a person to look at."""

    @property
    def statistics(self) -> Statistics:
        """A campaign's calls, added up."""

    @property
    def recordings(self) -> Recordings:
        """Which recordings have a local copy."""

    @property
    def distribution(self) -> Distribution | None:
        """Runs whose calls workers make; None where only one machine has the ledger."""

    def enrolment(
        self,
        campaign: CampaignId,
        columns: Sequence[str],
        duplicates: DuplicateRule,
        *,
        number_caps: Sequence[Cap] = (),
    ) -> AbstractAsyncContextManager[EnrolmentSession]:
        """Begin to enrol a sheet with these columns, in their order.

        ``number_caps`` bound calls to one number; they decide when ``pending`` contacts are due.
        """

    async def open_run(
        self, campaign: CampaignId, *, tell_results: bool = False, at: datetime
    ) -> LedgerRun:
        """Take the campaign for this process, and settle what a dead run left behind.

        ``dialing`` attempts without an interaction ID become ``unknown``; those with one are in
        ``open_calls``. Reservations of dead runs are given back. Raises ``CampaignBusyError``
        while another process (or another run in this one) holds the campaign; a process that died,
        however it died, holds nothing.
        """

    async def latest_at(self) -> datetime | None:
        """The latest time that the ledger tells of, over all campaigns; None for an empty one."""

    async def usage(self, campaign: CampaignId, *, longest: timedelta | None = None) -> Usage:
        """What a campaign has used up so far, over all its runs; see ``LedgerRun.usage``."""

    async def past_calls(self, *, last: int, longest: timedelta | None = None) -> PastCalls:
        """What the latest calls that ended came to, over all campaigns: ``last`` at the most.

        Fewer where they lie far back among placements that came to nothing. No call counts more
        than ``longest``: an end that was learnt of days later would.
        """

    async def times_from(self, numbers: Sequence[str], *, since: datetime) -> list[datetime]:
        """When calls were placed from caller IDs since a time, earliest first; all campaigns'.

        Those count that count for a cap; see ``models.Guard``.
        """

    async def add_do_not_call(self, entries: Sequence[DoNotCallEntry]) -> int:
        """Put numbers onto the list, for good; gives how many were not on it. Durable.

        A number that is on it already keeps its entry. Runs that go on heed it at once.
        """

    async def remove_do_not_call(self, number: str, *, by: str, at: datetime) -> bool:
        """Take a number off the list, by a person's word; False where it is not on it.

        The ledger keeps who did so, and when.
        """

    async def listed(self, number: str) -> str | None:
        """The source of an E.164 number's entry on the list; None where it is not on it."""

    def do_not_call(self, *, batch: int = 1_000) -> AsyncIterator[list[DoNotCallEntry]]:
        """The list, in the order in which numbers came onto it, in batches."""

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

    def plain_records(
        self, campaign: CampaignId, *, batch: int = 2_000
    ) -> AsyncIterator[list[PlainRecord]]:
        """What ``records`` gives, without the fields that were read out of summaries."""

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
