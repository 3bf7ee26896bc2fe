"""The beginning and the end of a run, and what earlier ones left to it."""

from datetime import datetime, timedelta

from poku_batch.errors import CampaignBusyError
from poku_batch.ledger import instants, listing, statements, transitions
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.happenings import do
from poku_batch.ledger.holds import Hold, campaign_number
from poku_batch.models import (
    AttemptId,
    CampaignId,
    ContactId,
    ContactKey,
    InteractionId,
    OpenCall,
    RunEnding,
    Usage,
)


def open_run(
    connection: Connection,
    campaign: CampaignId,
    *,
    host: str,
    pid: int,
    tell_results: bool = False,
    at: datetime,
) -> Hold:
    """Settle what dead runs left, and begin another. The campaign's lock must be held.

    Raises ``CampaignBusyError`` while workers make the calls of an open run.
    """
    number = campaign_number(connection, campaign)
    values: dict[str, object] = {"campaign": number, "at": instants.to_stored(at)}
    if do(connection, statements.FIND_DISTRIBUTED, values).fetchone() is not None:
        raise CampaignBusyError(
            f"the campaign {campaign} is being run by workers; watch that run with --distributed, "
            "or end it with poku-batch stop and --distributed, then run again",
            host=host,
            pid=pid,
        )
    do(connection, statements.RELEASE_ALL, values)
    do(connection, statements.ABANDON_RUNS, values)
    listing.forget_all(connection, campaign=number)
    added = do(connection, statements.ADD_RUN, values | {"host": host, "pid": pid})
    ((run,),) = added.fetchall()
    hold = Hold(campaign=number, run=run, tell_results=tell_results)
    transitions.release_held(connection, hold, at=at)
    transitions.doubt_cut_off(connection, hold, at=at)
    return hold


def close_run(connection: Connection, hold: Hold, ending: RunEnding, *, at: datetime) -> None:
    """End the run and give its reservations back."""
    values = {"campaign": hold.campaign, "run": hold.run, "ending": ending}
    ended = do(connection, statements.END_RUN, values | {"at": instants.to_stored(at)})
    if ended.rowcount:
        do(connection, statements.RELEASE_ALL, values)
        do(connection, statements.FORGET_DEFINITION, values)
        do(connection, statements.FORGET_REFUSALS, values)
        listing.forget(connection, run=hold.run)


def share(
    connection: Connection, hold: Hold, *, definition: str, slot: timedelta, canary: int | None
) -> None:
    """Let workers make the calls of a run that was just begun; ``slot`` is a call's longest."""
    values = {
        "run": hold.run,
        "tell": int(hold.tell_results),
        "slot": instants.length(slot),
        "canary": canary,
        "definition": definition,
    }
    do(connection, statements.SHARE_RUN, values)
    do(connection, statements.ADD_DEFINITION, values)


def usage(connection: Connection, campaign: int, *, longest: timedelta | None) -> Usage:
    """What a campaign has used up; no call counts longer than ``longest``."""
    values = {
        "campaign": campaign,
        "longest": None if longest is None else instants.length(longest),
    }
    minutes, open_ = do(connection, statements.COUNT_USAGE, values).fetchone()
    return Usage(minutes=minutes, open=open_)


def open_calls(connection: Connection, hold: Hold) -> list[OpenCall]:
    """Attempts of earlier runs with an interaction ID and no end, oldest first."""
    rows = do(connection, statements.FIND_OPEN_CALLS, {"campaign": hold.campaign, "run": hold.run})
    return [open_call(*row) for row in rows]


def open_call(  # noqa: PLR0913, PLR0917 – a row's columns
    attempt_id: int,
    contact_id: int,
    key: str,
    row: int,
    to: str,
    interaction_id: str,
    placed_at: int,
    attempt: int,
    unknown: int,
    decided: int,
) -> OpenCall:
    """An open call, of the columns of ``FIND_OPEN_CALLS``."""
    return OpenCall(
        attempt_id=AttemptId(attempt_id),
        contact_id=ContactId(contact_id),
        key=ContactKey(key),
        row=row,
        to=to,
        interaction_id=InteractionId(interaction_id),
        placed_at=instants.from_stored(placed_at),
        attempt=attempt,
        was_unknown=bool(unknown),
        decided=bool(decided),
    )
