"""What people ask of runs, and what runs say of themselves, in a ledger.

A pause is the campaign's and outlives its runs; to stop is asked of one run, and the next is not
asked. Both are there for every process that reads the file, whether a run of it goes on or not.
"""

import json
from datetime import datetime
from functools import partial
from typing import Any

from poku_batch.ledger import instants, statements
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.happenings import do
from poku_batch.ledger.holds import Hold, campaign_number
from poku_batch.ledger.reading import Reader
from poku_batch.ledger.writer import Writer
from poku_batch.models import CampaignId, Doing, Orders, Pause, RunEnding, RunId, RunRecord

_PAUSE = """
    UPDATE campaigns SET paused_at = :at, paused_by = :by WHERE id = :campaign AND paused_at IS NULL
"""

_RESUME = """
    UPDATE campaigns SET paused_at = NULL, paused_by = NULL
    WHERE name = :name AND wave = :wave AND paused_at IS NOT NULL
"""

_FIND_PAUSE = """
    SELECT paused_at, paused_by FROM campaigns
    WHERE name = :name AND wave = :wave AND paused_at IS NOT NULL
"""

_FIND_LATEST_RUN = """
    SELECT r.id, r.host, r.pid, r.started_at, r.seen_at, r.ended_at, r.ending, r.doing,
        r.stop_asked_by
    FROM runs r JOIN campaigns c ON c.id = r.campaign_id
    WHERE c.name = :name AND c.wave = :wave ORDER BY r.id DESC LIMIT 1
"""

#: Who asked first is kept.
_ASK_TO_STOP = """
    UPDATE runs SET stop_asked_at = :at, stop_asked_by = :by
    WHERE id = :run AND stop_asked_by IS NULL
"""

_FIND_ORDERS = """
    SELECT c.paused_at, c.paused_by, r.stop_asked_by
    FROM runs r JOIN campaigns c ON c.id = r.campaign_id WHERE r.id = :run
"""

_BEAT = """
    UPDATE runs SET seen_at = :seen_at, doing = :doing WHERE id = :run AND ended_at IS NULL
"""


class SqlControls:
    """The implementation of ``ports.Controls``."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        """Take the ledger's writer and its reader."""
        self._writer = writer
        self._reader = reader

    async def pause(self, campaign: CampaignId, *, by: str, at: datetime) -> bool:
        """Let no call of the campaign begin; False where it is paused already."""

        def act(connection: Connection) -> bool:
            number = campaign_number(connection, campaign)
            values = {"campaign": number, "at": instants.to_stored(at), "by": by}
            return bool(do(connection, _PAUSE, values).rowcount)

        return await self._writer.run(act)

    async def resume(self, campaign: CampaignId) -> bool:
        """Let calls begin again; False where the campaign is not paused."""
        return await self._writer.run(
            lambda connection: bool(do(connection, _RESUME, _named(campaign)).rowcount)
        )

    async def paused(self, campaign: CampaignId) -> Pause | None:
        """Since when, and by whom, a campaign is paused."""
        found = await self._reader.run(
            lambda connection: connection.execute(_FIND_PAUSE, _named(campaign)).fetchone()
        )
        return None if found is None else _pause(*found)

    async def ask_to_stop(self, campaign: CampaignId, *, by: str, at: datetime) -> RunRecord | None:
        """Ask the campaign's open run to end; None where no run is open."""

        def act(connection: Connection) -> RunRecord | None:
            run = _latest_run(connection, campaign)
            if run is None or run.ended_at is not None:
                return None
            do(connection, _ASK_TO_STOP, {"run": run.id, "by": by, "at": instants.to_stored(at)})
            return _latest_run(connection, campaign)

        return await self._writer.run(act)

    async def latest_run(self, campaign: CampaignId) -> RunRecord | None:
        """The campaign's latest run, open or ended; None where there was none."""
        return await self._reader.run(partial(_latest_run, campaign=campaign))


def orders(connection: Connection, hold: Hold) -> Orders:
    """What people ask of a run at this moment."""
    found = connection.execute(_FIND_ORDERS, {"run": hold.run}).fetchone()
    paused_at, paused_by, stop_by = found
    return Orders(
        pause=None if paused_at is None else _pause(paused_at, paused_by), stop_by=stop_by
    )


def due_later(connection: Connection, hold: Hold, *, now: datetime) -> int:
    """How many pending contacts are due after ``now``."""
    values = {"campaign": hold.campaign, "now": instants.to_stored(now)}
    return int(connection.execute(statements.COUNT_LATER, values).fetchone()[0])


def beat(connection: Connection, hold: Hold, doing: Doing, *, seen_at: datetime) -> None:
    """Write that a run is alive, and what it does; nothing changes once it has ended."""
    values = {
        "run": hold.run,
        "seen_at": instants.to_stored(seen_at),
        "doing": _stored(doing),
    }
    do(connection, _BEAT, values)


def _named(campaign: CampaignId) -> dict[str, object]:
    return {"name": campaign.name, "wave": campaign.wave}


def _pause(at: int, by: str | None) -> Pause:
    return Pause(at=instants.from_stored(at), by=by or "somebody")


def _latest_run(connection: Connection, campaign: CampaignId) -> RunRecord | None:
    found = connection.execute(_FIND_LATEST_RUN, _named(campaign)).fetchone()
    if found is None:
        return None
    run, host, pid, started_at, seen_at, ended_at, ending, doing, stop_by = found
    return RunRecord(
        id=RunId(run),
        campaign=campaign,
        host=host,
        pid=pid,
        started_at=instants.from_stored(started_at),
        seen_at=instants.maybe_from_stored(seen_at),
        ended_at=instants.maybe_from_stored(ended_at),
        ending=None if ending is None else RunEnding(ending),
        doing=None if doing is None else _doing(doing),
        stop_asked_by=stop_by,
    )


def _stored(doing: Doing) -> str:
    return json.dumps(
        {
            "now": instants.to_stored(doing.now),
            "concurrency": doing.concurrency,
            "slots": doing.slots,
            "in_call": doing.in_call,
            "note": doing.note,
            "until": None if doing.until is None else instants.to_stored(doing.until),
        }
    )


def _doing(stored: str) -> Doing | None:
    """What a run said of itself; None where it is not in these words, but in those of another."""
    try:
        said: dict[str, Any] = json.loads(stored)
        return Doing(
            now=instants.from_stored(said["now"]),
            concurrency=int(said["concurrency"]),
            slots=int(said["slots"]),
            in_call=int(said["in_call"]),
            note=str(said["note"]),
            until=instants.maybe_from_stored(said["until"]),
        )
    except (ValueError, TypeError, KeyError, OverflowError):
        return None
