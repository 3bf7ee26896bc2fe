"""What a person decides about contacts: to call them again, or what came of an unknown call."""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from poku_batch.app import environment
from poku_batch.app.reading import existing_ledger
from poku_batch.campaign import Campaign
from poku_batch.errors import UsageError
from poku_batch.models import (
    ContactKey,
    ContactRecord,
    ContactState,
    Decision,
    Ended,
    Outcome,
    PutBack,
    Selection,
)
from poku_batch.policy.outcomes import OutcomeRules
from poku_batch.ports import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """What a selection came to. ``done`` is false where nobody was selected, or the answer was no.

    ``untouched`` are contacts that were named by key and cannot be put back as they stand;
    ``listed`` those whose number is on the do-not-call list, with the source of its entry.
    """

    put_back: PutBack
    done: bool
    untouched: tuple[ContactRecord, ...]
    listed: tuple[tuple[ContactRecord, str], ...] = ()


async def retry_contacts(
    campaign: Campaign,
    selection: Selection,
    *,
    confirm: Callable[[PutBack], bool],
    simulate: bool = False,
    by: str | None = None,
) -> Retried:
    """Put contacts back to pending; a run calls them then, or goes on to them if it is going on.

    ``confirm`` is asked before anything changes, if anybody is selected; it blocks the event loop.
    ``by`` is the person for the history; unset, the operating system's name of the user.
    Raises ``UsageError`` where a key or an outcome is not known, with the nearest.
    """
    async with existing_ledger(campaign, simulate=simulate, writing=True) as ledger:
        occurring = (await ledger.counts(campaign.identity, now=datetime.now(UTC))).outcomes
        for outcome in selection.outcomes:
            _require_outcome(campaign, outcome, occurring)
        named = [await require_contact(ledger, campaign, key) for key in selection.keys]
        able = (ContactState.DONE, ContactState.FAILED, ContactState.UNKNOWN)
        untouched = tuple(contact for contact in named if contact.state not in able)
        listed = [(contact, await _listed(ledger, contact)) for contact in named]
        kept_out = tuple((contact, source) for contact, source in listed if source is not None)
        names = {contact.key for contact, _ in kept_out}
        selection = replace(
            selection, keys=tuple(key for key in selection.keys if key not in names)
        )
        found = await ledger.selected(campaign.identity, selection)
        if not found.contacts or not confirm(found):
            return Retried(put_back=found, done=False, untouched=untouched, listed=kept_out)
        done = await ledger.put_back(
            campaign.identity,
            selection,
            agreed=found.may_ring_twice,
            by=by or environment.person(),
            at=datetime.now(UTC),
        )
        return Retried(put_back=done, done=True, untouched=untouched, listed=kept_out)


async def _listed(ledger: Ledger, contact: ContactRecord) -> str | None:
    return None if contact.to is None else await ledger.listed(contact.to)


async def resolve_contact(  # what the person says
    campaign: Campaign,
    key: str,
    state: ContactState,
    *,
    outcome: str | None = None,
    summary: str | None = None,
    simulate: bool = False,
    by: str | None = None,
) -> Decision:
    """Record a person's word on an unknown contact, and say what was recorded.

    Without ``outcome`` a done contact's is read from the ``summary``, as a call's would be. Raises
    ``UsageError`` where the key or the outcome is not known, or the contact is not unknown.
    """
    if outcome is not None:
        _require_outcome(campaign, outcome, ())
    elif summary and state is ContactState.DONE:
        outcome = OutcomeRules(campaign.outcomes).read(Ended(summary=summary)).outcome
    decision = Decision(
        state=state,
        by=by or environment.person(),
        at=datetime.now(UTC),
        outcome=outcome,
        summary=summary,
    )
    async with existing_ledger(campaign, simulate=simulate, writing=True) as ledger:
        contact = await require_contact(ledger, campaign, key)
        if contact.state is not ContactState.UNKNOWN:
            why = f" ({contact.error})" if contact.error else ""
            raise UsageError(
                f"{key!r} is not unknown but {contact.state}{why}; a person's word is for what is "
                "unknown alone. To call a contact again: poku-batch retry"
            )
        await ledger.resolve(campaign.identity, ContactKey(key), decision)
    return decision


async def require_contact(ledger: Ledger, campaign: Campaign, key: str) -> ContactRecord:
    """Find a contact by its key. Raises ``UsageError`` with the nearest where there is none."""
    contact = await ledger.contact(campaign.identity, key)
    if contact is not None:
        return contact
    near = difflib.get_close_matches(key, await ledger.near_keys(campaign.identity, key), n=3)
    meant = f"did you mean {' or '.join(map(repr, near))}?" if near else "see the results"
    columns = " and ".join(campaign.contacts.key or ()) or "the number, as +14155550100"
    raise UsageError(
        f"{campaign.identity} has no contact with the key {key!r}; {meant} (a key is {columns})"
    )


def _require_outcome(campaign: Campaign, outcome: str, occurring: Iterable[str]) -> None:
    """Raise ``UsageError`` for a word that is nobody's outcome, with the nearest that is one."""
    known = list(dict.fromkeys([*occurring, *campaign.outcomes, *map(str, Outcome)]))
    if outcome in known:
        return
    near = difflib.get_close_matches(outcome, known, n=1)
    meant = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
    raise UsageError(f"{outcome!r} is no outcome of {campaign.identity}; {meant}")
