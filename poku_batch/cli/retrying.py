"""What ``retry`` asks, and what it says it did."""

import sys

from poku_batch.app.deciding import Retried
from poku_batch.campaign import Campaign
from poku_batch.cli.asking import confirmed
from poku_batch.cli.terminal import err, out, say, shown
from poku_batch.errors import UsageError
from poku_batch.models import ContactRecord, ContactState, PutBack
from poku_batch.progress.words import one_line


def agree_to_retry(found: PutBack, *, yes: bool, simulated: bool) -> bool:
    """Ask at a terminal if phones may ring twice; a rehearsal rings none.

    Raises ``UsageError`` where nobody can be asked and ``--yes`` was not given.
    """
    if simulated or not found.may_ring_twice:
        return True
    say(
        err,
        f"{_contacts(found.contacts)} would be called again. {_rang(found.may_ring_twice)} before, "
        "or may have, and may ring twice.",
    )
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(
            "phones may ring twice, and there is nobody here to ask: add --yes to put the "
            "contacts back all the same. Nothing was changed."
        )
    return confirmed("Put them back?")


def print_retried(retried: Retried, campaign: Campaign, *, simulated: bool) -> None:
    """Say who was put back, who was left alone, and what to do next."""
    for contact in retried.untouched:
        say(err, f"{one_line(contact.key)}: left alone, it is {_why(contact)}")
    for contact, source in retried.listed:
        remove = f"poku-batch do-not-call remove {shown(campaign.path)} {contact.to}"
        say(
            err,
            f"{one_line(contact.key)}: left alone, its number is on the do-not-call list "
            f"({one_line(source)}). If a person decides otherwise: "
            f"{remove}{' --simulate' if simulated else ''}",
        )
    found = retried.put_back
    if found.asked_not_to:
        say(err, f"{_contacts(found.asked_not_to)} asked not to be called, and left alone")
    if not found.contacts:
        say(out, "nobody is selected; nothing was changed")
        return
    if not retried.done:
        say(out, "nothing was changed")
        return
    say(
        out,
        f"{_contacts(found.contacts)} put back to pending, {found.may_ring_twice:,} of them may "
        "ring twice",
    )
    again = f"poku-batch run {shown(campaign.path)}{' --simulate' if simulated else ''}"
    say(err, f"To call them, if no run is going on: {again}")


def _contacts(number: int) -> str:
    return "1 contact" if number == 1 else f"{number:,} contacts"


def _rang(number: int) -> str:
    return "1 of them rang" if number == 1 else f"{number:,} of them rang"


def _why(contact: ContactRecord) -> str:
    match contact.state:
        case ContactState.DIALING:
            return "being called now"
        case ContactState.PENDING:
            return "pending already"
        case _:
            return f"{contact.state}: {one_line(contact.error or 'its row is not to be called')}"
