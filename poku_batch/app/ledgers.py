"""Looking after a ledger: looking it over, copying it, erasing a person from it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from poku_batch.app import environment
from poku_batch.campaign import Campaign
from poku_batch.errors import PhoneError, UsageError

if TYPE_CHECKING:
    from poku_batch.ledger import Backup, Copied, Erased, Inspection


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was erased from one ledger of a folder: the real one, or that of the rehearsals."""

    ledger: Path | str
    simulated: bool
    erased: "Erased"


def inspect_ledger(folder: Path, *, simulate: bool = False) -> "Inspection":
    """Look over the ledger of a folder's campaigns, changing nothing.

    Raises ``UsageError`` where there is none, ``LedgerError`` where it may not be read.
    """
    from poku_batch.ledger import inspect

    return inspect(_existing(folder, simulate=simulate))


def migrate_ledger(folder: Path) -> tuple[Path | str, int]:
    """Make the tables of a folder's ledger, or bring them up to date; gives where and the version.

    Raises ``LedgerError`` where that is not allowed.
    """
    from poku_batch.ledger import bring_up_to_date

    return bring_up_to_date(environment.folder_ledger_url(folder, simulate=False))


def back_up_ledger(folder: Path, to: Path, *, simulate: bool = False) -> "Backup":
    """Copy the ledger of a folder's campaigns to a new file, while runs go on.

    Raises ``UsageError`` where there is none, ``LedgerError`` where it cannot be copied.
    """
    from poku_batch.ledger import back_up

    return back_up(_existing(folder, simulate=simulate), to)


def move_ledger(source: str, target: str) -> "Copied":
    """Move a ledger from one place to another: files, or addresses of databases.

    Raises ``LedgerError`` where the target holds anything, or a run of the source goes on.
    """
    from poku_batch.ledger import copy_ledger

    return copy_ledger(source, target, at=datetime.now(UTC))


def forget_number(
    folder: Path, raw: str, *, region: str | None = None, keep_hash: bool = False
) -> tuple[Forgotten, ...]:
    """Erase a person from the ledgers of a folder: the real one and that of its rehearsals.

    ``raw`` is their number, as a sheet could have it. Raises ``UsageError`` where that is none or
    there is no ledger, ``LedgerError`` while a run of one of the campaigns goes on.
    """
    from poku_batch.ledger import erase, ledger_place
    from poku_batch.phone import parse_phone

    try:
        number = parse_phone(raw, region).e164
    except PhoneError as error:
        raise UsageError(f"--to: {error}; write it as +14155550100") from None
    found = []
    for simulate in (False, True):
        url = environment.folder_ledger_url(folder, simulate=simulate)
        if _exists(url):
            erased = erase(
                url,
                number,
                keep_hash=keep_hash,
                by=environment.person(),
                at=datetime.now(UTC),
            )
            found.append(Forgotten(ledger=ledger_place(url), simulated=simulate, erased=erased))
    if not found:
        raise _no_ledger(folder, simulate=False)
    return tuple(found)


def forget_uploads(folder: Path) -> int:
    """Delete the sheets that were uploaded for a folder's campaigns, and say how many there were.

    Anybody may be in them. What ended runs that were started from pages printed goes with them.
    """
    from poku_batch.app.desk.starts import Starts
    from poku_batch.app.desk.uploads import Uploads

    Starts(folder).clear()
    return Uploads(folder).clear()


def folder_of(campaign: Campaign | None, folder: Path | None) -> Path:
    """The folder whose ledger is meant. Raises ``UsageError`` where two were named."""
    if campaign is not None and folder is not None:
        raise UsageError("name a campaign or a folder, not both: a campaign's folder is its own")
    return campaign.folder if campaign else (folder or Path()).absolute()


def _existing(folder: Path, *, simulate: bool) -> str:
    url = environment.folder_ledger_url(folder, simulate=simulate)
    if not _exists(url):
        raise _no_ledger(folder, simulate=simulate)
    return url


def _exists(url: str) -> bool:
    from poku_batch.ledger import ledger_exists

    return ledger_exists(url)


def _no_ledger(folder: Path, *, simulate: bool) -> UsageError:
    from poku_batch.ledger import ledger_place

    place = ledger_place(environment.folder_ledger_url(folder, simulate=simulate))
    return UsageError(
        f"there is no ledger at {place}: nothing was {'rehearsed' if simulate else 'run'} there. "
        "Name the campaign, or its folder with --folder"
    )
