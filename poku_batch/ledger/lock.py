"""The lock that lets one process at a time run a campaign.

It ends with the process that holds it, however that dies. That of a ledger file is a lock of the
operating system on a file beside it; what that holds does not matter, nor whether it is there.
"""

import hashlib
import json
from pathlib import Path
from typing import Protocol

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from poku_batch.errors import LedgerError
from poku_batch.models import CampaignId


class Lease(Protocol):
    """A hold on a campaign; ends with the process that has it, however that dies."""

    def acquire(self) -> bool:
        """Take it; False, at once, where somebody else has it. Raises ``LedgerError``."""

    def renew(self) -> None:
        """See that it is still held, where it may have been lost; nothing is raised."""

    def release(self) -> None:
        """Let it go; nothing happens where it is not held."""


class FileLease:
    """A hold on a lock file. May be taken and released from different threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock: BaseFileLock = FileLock(path, mode=0o600, thread_local=False)

    def acquire(self) -> bool:
        """Take the lock; False, at once, where somebody else holds it.

        Raises ``LedgerError`` where the folder cannot be written, or has no such locks.
        """
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            self._refuse_substitute()
            return False
        except OSError as error:
            raise LedgerError(
                f"{self._path}: the campaign cannot be locked ({error.strerror}); "
                "give yourself the right to write there"
            ) from error
        self._refuse_substitute()
        return True

    def renew(self) -> None:
        """Nothing is done: the operating system does not lose a lock."""

    def release(self) -> None:
        """Let the lock go; nothing happens where it is not held."""
        self._lock.release(force=True)

    def _refuse_substitute(self) -> None:
        # Where the system has no locks, filelock turns to a marker that a dead process leaves.
        if isinstance(self._lock, SoftFileLock):
            self._lock.release(force=True)
            raise LedgerError(
                f"{self._path}: this file system has no locks; "
                "set POKU_BATCH_LEDGER to a path on a local disk"
            )


def campaign_lease(ledger: Path, campaign: CampaignId) -> FileLease:
    """The lease on one campaign of one ledger."""
    identity = json.dumps([campaign.name, campaign.wave]).encode()
    digest = hashlib.blake2b(identity, digest_size=8).hexdigest()
    # resolve: two names of one ledger must come to one lock.
    resolved = ledger.resolve()
    return FileLease(resolved.with_name(f"{resolved.name}.{digest}.lock"))


def lock_files(ledger: Path) -> list[Path]:
    """The lock files of the campaigns that were ever run on a ledger."""
    resolved = ledger.resolve()
    beginning = f"{resolved.name}."
    return sorted(
        file
        for file in resolved.parent.iterdir()
        if file.name.startswith(beginning) and file.name.endswith(".lock")
    )
