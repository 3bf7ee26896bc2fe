"""What ``forget`` says it did, and what it could not do."""

from collections.abc import Sequence

from poku_batch.app.ledgers import Forgotten
from poku_batch.cli.terminal import err, out, say, shown

#: Of a database.
_ELSEWHERE = (
    "So do the database's log and its archive, until they are gone: see docs/postgresql.md. "
)


def print_forgotten(found: Sequence[Forgotten], *, kept_hash: bool, uploads: int = 0) -> None:
    """Say what was erased from which ledger, and where the person still is.

    ``uploads`` are the uploaded sheets that were deleted.
    """
    for one in found:
        erased = one.erased
        say(
            out,
            f"{shown(one.ledger)}: erased {_many(erased.contacts, 'contact')} and what was kept of "
            f"{_many(erased.attempts, 'attempt')}",
        )
        if erased.recordings:
            say(out, f"{_many(erased.recordings, 'recording')} deleted")
        if erased.absent:
            say(
                err,
                f"{_many(erased.absent, 'recording')} not where they had been kept: if you have "
                "moved them, delete them there",
            )
        if erased.mentions:
            say(
                err,
                f"{_many(erased.mentions, 'row')} of others there still mention the number: "
                "they are left",
            )
    if uploads:
        say(out, f"{_many(uploads, 'uploaded sheet')} deleted, whoever was in them")
    say(
        err,
        "The sheet, the result files and any backup still hold the person: erase them there too. "
        + _ELSEWHERE * any(isinstance(one.ledger, str) for one in found)
        + "As long as the row is in the sheet, the next run takes it into the ledger again.",
    )
    if kept_hash or any(one.erased.hash_kept for one in found):
        if not kept_hash:
            say(err, "They had asked not to be called, and that is kept to, without their number.")
        say(
            err,
            "A salted hash of the number is kept: a row with it is skipped, as forgotten. Whoever "
            "has the ledger can find the number out by trying all of them.",
        )
        return
    say(
        err,
        "From now on the number is unknown here: a sheet with it is called like any other. "
        "To have it skipped instead: forget again, with --keep-hash.",
    )


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
