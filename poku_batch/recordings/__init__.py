"""Local copies of recordings: fetched within bounds, whole or not at all.

``naming`` gives each key and attempt a name, ``sounds`` says what a body is, ``partial`` is a copy
being made, ``folder`` where copies lie, ``downloading`` one try, ``fetching`` some tries and their
end in the ledger, ``looking`` sees whether copies are still there, ``keeping`` does all of it
beside a run, ``faults`` has the words for what goes wrong.

Invariants: the ledger knows the place of a copy before anything lies there; nobody's key is sent
to a recording's host; https, or this machine; no address leads into a private network.
"""

from poku_batch.recordings.downloading import Bounds, Downloader
from poku_batch.recordings.fetching import Fetcher, FreshAddress, Settled, fetch_all
from poku_batch.recordings.folder import Folder, FolderBusyError, check_folder
from poku_batch.recordings.keeping import Keeper
from poku_batch.recordings.looking import look_after

__all__ = [
    "Bounds",
    "Downloader",
    "Fetcher",
    "Folder",
    "FolderBusyError",
    "FreshAddress",
    "Keeper",
    "Settled",
    "check_folder",
    "fetch_all",
    "look_after",
]
