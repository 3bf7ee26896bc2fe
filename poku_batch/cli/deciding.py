"""``retry`` and ``resolve``: what a person decides about contacts."""

import sys
from enum import StrEnum
from functools import partial
from typing import Annotated

import typer

from poku_batch.cli.arguments import CampaignFile, Simulated


class Word(StrEnum):
    """What a person can say of an unknown contact."""

    DONE = "done"
    FAILED = "failed"


def retry(
    campaign: CampaignFile,
    *,
    failed: Annotated[bool, typer.Option("--failed", help="Contacts that are failed.")] = False,
    outcome: Annotated[
        list[str] | None,
        typer.Option(metavar="O", help="Contacts whose call ended so; may be given again."),
    ] = None,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="Contacts that are unknown: some may ring twice.")
    ] = False,
    key: Annotated[
        list[str] | None,
        typer.Option(metavar="K", help="The contact with this key; may be given again."),
    ] = None,
    simulate: Simulated = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before phones may ring twice.")
    ] = False,
) -> None:
    """Put contacts of CAMPAIGN back to pending: the next run calls them, in a new attempt.

    A run that is going on takes them up too. Says how many may ring twice, and asks then. Who
    asked not to be called is left alone: first take the number off the do-not-call list.
    """
    import anyio

    from poku_batch.app.deciding import retry_contacts
    from poku_batch.campaign import load_campaign
    from poku_batch.cli.exits import ExitCode
    from poku_batch.cli.retrying import agree_to_retry, print_retried
    from poku_batch.models import ContactKey, Selection

    selection = Selection(
        failed=failed,
        unknown=unknown,
        outcomes=tuple(outcome or ()),
        keys=tuple(map(ContactKey, key or ())),
    )
    if selection == Selection():
        raise typer.BadParameter(
            "say who is to be called again: --failed, --unknown, --outcome O or --key K"
        )
    loaded = load_campaign(campaign)
    confirm = partial(agree_to_retry, yes=yes, simulated=simulate)
    retried = anyio.run(
        partial(retry_contacts, loaded, selection, confirm=confirm, simulate=simulate)
    )
    print_retried(retried, loaded, simulated=simulate)
    if retried.put_back.contacts and not retried.done:
        sys.exit(ExitCode.STOPPED)


def resolve(
    campaign: CampaignFile,
    *,
    key: Annotated[str, typer.Option(metavar="K", help="The contact's key.")],
    as_: Annotated[
        Word,
        typer.Option(
            "--as", help="done: the call took place. failed: it did not, or came to none."
        ),
    ],
    summary: Annotated[
        str | None, typer.Option(metavar="S", help="What came of it, in your words.")
    ] = None,
    outcome: Annotated[
        str | None,
        typer.Option(metavar="O", help="What came of it, in one word; else read from --summary."),
    ] = None,
    simulate: Simulated = False,
) -> None:
    """Say what came of an unknown contact of CAMPAIGN; the history keeps that you said so.

    An answer of the API that comes later is recorded beside it and does not overturn it, unless
    the callee asked not to be called again.
    """
    import anyio

    from poku_batch.app.deciding import resolve_contact
    from poku_batch.campaign import load_campaign
    from poku_batch.cli.terminal import out, say
    from poku_batch.models import ContactState

    decision = anyio.run(
        partial(
            resolve_contact,
            load_campaign(campaign),
            key,
            ContactState(as_.value),
            outcome=outcome,
            summary=summary,
            simulate=simulate,
        )
    )
    what = f"{decision.state} ({decision.outcome})" if decision.outcome else str(decision.state)
    say(out, f"{key} is {what} from now on, by the word of {decision.by}")
