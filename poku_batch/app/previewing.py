"""What one row would be sent, what decides whether it is, and what looks wrong, without dialling.

Nothing here writes: not the ledger, not the outputs, not the sheet.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from poku_batch.app import environment, rules
from poku_batch.app.choosing import RowsOfSheet
from poku_batch.app.lists import DoNotCallLists, open_lists
from poku_batch.app.preparing import Prepared, compile_templates, preparing
from poku_batch.app.reading import ledger_or_scratch, time_of
from poku_batch.app.rulings import (
    Ruling,
    Subject,
    chosen_from,
    only_state,
    rulings,
    skipped_because,
)
from poku_batch.app.used_columns import used_columns
from poku_batch.campaign import Campaign
from poku_batch.engine.compose import Composed, Unfit
from poku_batch.errors import ContactsError
from poku_batch.inspection.prompt_text import Remark, Weight, about_tokens, prompt_remarks
from poku_batch.models import (
    CallRequest,
    ContactKey,
    ContactRecord,
    ContactState,
    Enrolment,
    EnrolmentReport,
    SheetRow,
    WaitKind,
)
from poku_batch.ports import Ledger
from poku_batch.progress import WAIT_WORDS

#: How many other rows with the same number or key are looked at.
_TWINS = 50
#: How many rows are looked at closer in search of the first that would be called.
_TRIES = 20


class Would(StrEnum):
    """What a run would do with a row."""

    NOW = "now"
    LATER = "later"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What all rules together come to; ``until`` is aware UTC where the row is called later."""

    would: Would
    why: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedCell:
    """A cell that the templates use: where a person finds it, and its column's name."""

    place: str
    column: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFacts:
    """A number as people know it; ``kind`` is such as ``mobile``, None where numbers do not tell.

    ``country`` is its two letters with the name, None for a number of no one country.
    """

    e164: str
    national: str
    country: str | None
    kind: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A row as it would be called, or would be if it were.

    ``request`` is None where none can be made, which the verdict says. ``found`` is false where
    the first row to be called was asked for, and none would be. ``tokens`` is a rough number.
    ``base_url`` is where a run would send it, ``waits`` its ``waitForCallEnd``, None if left out.
    """

    row: SheetRow
    key: ContactKey | None
    number: NumberFacts | None
    verdict: Verdict
    rulings: tuple[Ruling, ...]
    cells: tuple[UsedCell, ...]
    request: CallRequest | None
    tokens: int
    remarks: tuple[Remark, ...]
    base_url: str
    waits: bool | None
    found: bool = True


async def preview_row(
    campaign: Campaign,
    *,
    row: int | None = None,
    key: str | None = None,
    simulate: bool = False,
) -> Preview:
    """Preview one row: the one numbered ``row``, or with ``key``, or the first to be called.

    ``simulate`` asks the rehearsals' ledger. Raises ``UsageError`` where the sheet has no such row,
    ``PromptError`` where it cannot be rendered.
    """
    async with previewing(campaign, simulate=simulate) as previewer:
        return await previewer.preview(row=row, key=key)


@asynccontextmanager
async def previewing(campaign: Campaign, *, simulate: bool) -> "AsyncIterator[Previewer]":
    """Open what previews need: the sheet, the lists, and the ledger if there is one."""
    lists = await open_lists(campaign, simulate=simulate)
    async with (
        preparing(campaign, simulate=simulate) as prepared,
        ledger_or_scratch(campaign, simulate=simulate) as ledger,
    ):
        now = await time_of(ledger, simulate=simulate)
        yield Previewer(prepared, ledger, lists, now=now)


class Previewer:
    """Previews rows of one campaign; open for as long as its sheet and ledger are."""

    def __init__(
        self, prepared: Prepared, ledger: Ledger, lists: DoNotCallLists, *, now: datetime
    ) -> None:
        """Take the campaign made ready, and what is known of its contacts ``now`` (aware)."""
        self._prepared = prepared
        self._campaign = prepared.campaign
        self._ledger = ledger
        self._lists = lists
        self._now = now
        permits = rules.permits(self._campaign, prepared.permit_columns, lists.source)
        self.rows = RowsOfSheet(prepared, ledger, permits, now=now)
        self._used = used_columns(compile_templates(self._campaign, prepared.sheet.columns))

    async def preview(self, *, row: int | None = None, key: str | None = None) -> Preview:
        """Preview a row; see ``preview_row``."""
        if row is not None:
            found = await self.rows.numbered(row)
            if key is not None:
                self.rows.require_key(found, key)
            return await self._preview(found)
        if key is not None:
            return await self._preview(await self.rows.keyed(key))
        tries = 0
        async for candidate in self.rows.to_call():
            preview = await self._preview(candidate)
            if preview.verdict.would is not Would.NEVER:
                return preview
            tries += 1
            if tries == _TRIES:
                break
        return replace(await self._preview(await self.rows.first()), found=False)

    async def listed(self, number: str) -> str | None:
        """The do-not-call list that an E.164 number is on, of the files' and the folder's."""
        return self._lists.source(number) or await self._ledger.listed(number)

    async def _preview(self, row: SheetRow) -> Preview:
        plan = self.rows.plan(row)
        record = None
        if plan.key is not None:
            record = await self._ledger.contact(self._campaign.identity, plan.key)
        twins = await self.rows.twins(row, plan, most=_TWINS)
        own = await self.rows.enrolled([plan])
        made = self._composed(row, plan, record, attempt=_next_attempt(own, record))
        subject = Subject(
            prepared=self._prepared,
            row=row,
            plan=plan,
            now=self._now,
            made=made,
            record=record,
            listed=None if plan.to is None else await self.listed(plan.to),
            twins=tuple(twins),
            alone=await self.rows.enrolled([plan._replace(later=None, skip_reason=None)]),
            together=await self._with_twins(plan, twins),
        )
        request = None if made is None else made.request
        blanks = self._blanks(row)
        return Preview(
            row=row,
            key=plan.key,
            number=None if plan.to is None else number_facts(plan.to),
            verdict=_verdict(subject, own),
            rulings=rulings(subject),
            cells=self._cells(row),
            request=request,
            tokens=0 if request is None else about_tokens(request.prompt),
            remarks=() if request is None else _remarks(request.prompt, blanks),
            base_url=environment.base_url(self._campaign),
            waits={"auto": None, "wait": True, "poll": False}[self._campaign.api.completion],
        )

    def _composed(
        self, row: SheetRow, plan: Enrolment, record: ContactRecord | None, *, attempt: int
    ) -> Composed | None:
        """The row's request, with its caller ID; None where none can be made."""
        if plan.to is None:
            return None
        made = self._prepared.composer.compose(row, to=plan.to, key=plan.key or "", number=attempt)
        if isinstance(made, Unfit):
            return None
        pool = self._campaign.call.caller_ids
        if not pool:
            return made
        return replace(made, request=replace(made.request, from_=chosen_from(pool, plan, record)))

    async def _with_twins(
        self, plan: Enrolment, twins: Sequence[Enrolment]
    ) -> EnrolmentReport | str:
        """What enrolling the row with those that decide about it would do, or why it cannot be."""
        deciding = [plan, *await self._deciding(plan, twins)]
        try:
            return await self.rows.enrolled(sorted(deciding, key=lambda each: each.row))
        except ContactsError as error:
            fault = error.faults[0]
            return str(replace(fault, file=None))

    async def _deciding(self, plan: Enrolment, twins: Sequence[Enrolment]) -> list[Enrolment]:
        """Few enough for a report to name each: of rows with one number one is called.

        That is the first whose contact was ever called, else the first that may be.
        """
        same = [twin for twin in twins if twin.to == plan.to]
        called = [twin for twin in same if await self._was_called(twin)]
        free = [twin for twin in same if twin.skip_reason is None]
        other = [twin for twin in twins if twin.to != plan.to]
        chosen = {twin.row: twin for few in (same, called, free, other) for twin in few[:1]}
        return list(chosen.values())

    async def _was_called(self, twin: Enrolment) -> bool:
        if twin.key is None:
            return False
        record = await self._ledger.contact(self._campaign.identity, twin.key)
        return record is not None and record.attempts > 0

    def _cells(self, row: SheetRow) -> tuple[UsedCell, ...]:
        return tuple(self._cell(row, used.position) for used in self._used)

    def _blanks(self, row: SheetRow) -> tuple[UsedCell, ...]:
        """The empty cells whose values the prompt has, whether they are empty or not."""
        return tuple(
            self._cell(row, used.position)
            for used in self._used
            if used.blindly and not row.cells[used.position].strip()
        )

    def _cell(self, row: SheetRow, position: int) -> UsedCell:
        sheet = self._prepared.sheet
        return UsedCell(
            place=sheet.place(row.row, position),
            column=sheet.columns[position],
            value=row.cells[position],
        )


def _next_attempt(own: EnrolmentReport, record: ContactRecord | None) -> int:
    """The number of the contact's next attempt; one that was turned away is placed again."""
    if own.pending:
        return own.pending[0].attempt
    return 1 if record is None else record.attempts + 1


def number_facts(e164: str) -> NumberFacts:
    """Say what a number tells of itself."""
    import phonenumbers
    from babel import Locale

    number = phonenumbers.parse(e164)
    region = phonenumbers.region_code_for_number(number)
    country = None
    if region and region.isalpha():
        name = Locale("en").territories.get(region)
        country = f"{region} ({name})" if name else region
    return NumberFacts(
        e164=e164,
        national=phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL),
        country=country,
        kind=_kinds().get(phonenumbers.number_type(number)),
    )


def _kinds() -> dict[int, str]:
    from phonenumbers import PhoneNumberType as Type

    return {
        Type.MOBILE: "mobile",
        Type.FIXED_LINE: "landline",
        Type.FIXED_LINE_OR_MOBILE: "mobile or landline",
        Type.TOLL_FREE: "toll-free",
        Type.PREMIUM_RATE: "premium rate",
        Type.SHARED_COST: "shared cost",
        Type.VOIP: "internet telephony",
        Type.PERSONAL_NUMBER: "personal number",
        Type.PAGER: "pager",
        Type.UAN: "company number",
        Type.VOICEMAIL: "voicemail access",
    }


def _remarks(prompt: str, blanks: Sequence[UsedCell]) -> tuple[Remark, ...]:
    empty = tuple(
        Remark(
            weight=Weight.WARNING,
            message=f"{cell.place} is empty ({cell.column}), and the prompt has its value: give it "
            "one, or let the template say what to do without",
        )
        for cell in blanks
    )
    return (*empty, *prompt_remarks(prompt, has_empty_values=bool(blanks)))


def _verdict(subject: Subject, own: EnrolmentReport) -> Verdict:
    """What a run would do: as the ledger would enrol the row, with its twins."""
    plan, record, together = subject.plan, subject.record, subject.together
    if isinstance(together, str):
        return Verdict(would=Would.NEVER, why=f"the sheet is refused: {together}")
    skipped = skipped_because(together, plan.row)
    if skipped is not None:
        return Verdict(would=Would.NEVER, why=skipped)
    state = only_state(own)
    if state is not ContactState.PENDING:
        return Verdict(would=Would.NEVER, why=_state_words(state, record))
    if not own.counts.waits:
        return Verdict(would=Would.NOW)
    kind, wait = next(iter(own.counts.waits.items()))
    return Verdict(would=Would.LATER, why=_wait_words(kind, plan, record), until=wait.first_at)


def _state_words(state: ContactState, record: ContactRecord | None) -> str:
    if state is ContactState.DIALING:
        return "it is being called"
    came = (record.outcome or record.error) if record is not None else None
    return f"{state} already ({came})" if came else f"{state} already"


def _wait_words(kind: str, plan: Enrolment, record: ContactRecord | None) -> str:
    if plan.later is not None and plan.later.kind == kind:
        return plan.later.why
    if record is not None and record.waits_for and kind in {WaitKind.REDIAL, WaitKind.TURNED_AWAY}:
        return record.waits_for
    return WAIT_WORDS[WaitKind(kind)]
