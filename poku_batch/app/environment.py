"""What the environment says: the key, the API's address, the ledger's place.

The key is read here, handed to the client, and kept nowhere.
"""

import getpass
import os
from importlib.util import find_spec
from pathlib import Path

from pydantic import ValidationError

from poku_batch.campaign import Api, Campaign
from poku_batch.errors import MissingKeyError, UsageError

#: Where a rehearsal's contacts are kept: never with the real ones.
_SIMULATED = "simulated.db"
_FOLDER = ".poku-batch"


def api_key() -> str:
    """The key for real calls. Raises ``MissingKeyError`` without ``POKU_API_KEY``."""
    key = os.environ.get("POKU_API_KEY", "").strip()
    if not key:
        raise MissingKeyError(
            "POKU_API_KEY is not set, and real calls need it. Make a key in your Poku dashboard "
            "and set it in the environment: export POKU_API_KEY=…\n"
            "To rehearse without a key and without ringing anybody, add --simulate."
        )
    return key


def maybe_api_key() -> str | None:
    """The key for real calls, if there is one."""
    return os.environ.get("POKU_API_KEY", "").strip() or None


def secret(name: str, *, needed_by: str) -> str:
    """A secret that the campaign names by its variable. Raises ``UsageError`` where it is empty."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise UsageError(
            f"{needed_by}: the environment variable {name} is not set. Set it, or take the key "
            "out of the campaign. Nobody was called."
        )
    return value


def base_url(campaign: Campaign) -> str:
    """The API's address: ``POKU_BASE_URL``, else the campaign's ``api.base_url``.

    Raises ``UsageError`` where the variable holds no address that a key may be sent to.
    """
    url = os.environ.get("POKU_BASE_URL", "").strip()
    if not url:
        return campaign.api.base_url
    try:
        return Api.model_validate({"base_url": url}).base_url
    except ValidationError as error:
        raise UsageError(f"POKU_BASE_URL {_words(error)}") from None


def uses_uvloop() -> bool:
    """Whether a run uses uvloop's event loop: ``POKU_BATCH_EVENT_LOOP``, else if it is installed.

    Raises ``UsageError`` where the variable names neither ``asyncio`` nor ``uvloop``, and where it
    asks for an uvloop that is not there.
    """
    wanted = os.environ.get("POKU_BATCH_EVENT_LOOP", "").strip().casefold()
    if wanted not in ("", "asyncio", "uvloop"):
        raise UsageError(
            f"POKU_BATCH_EVENT_LOOP: {wanted[:40]!r} is not an event loop known here; set it to "
            "asyncio or uvloop, or unset it. Nobody was called."
        )
    if wanted == "asyncio":
        return False
    is_there = find_spec("uvloop") is not None
    if wanted and not is_there:
        raise UsageError(
            "POKU_BATCH_EVENT_LOOP is uvloop, which is not installed; install it with "
            "pip install 'poku-batch[fast]', or unset the variable. Nobody was called."
        )
    return is_there


def _words(error: ValidationError) -> str:
    """What is wrong and what to do, of the first fault; the value itself may hold a secret."""
    fault = error.errors(include_url=False, include_input=False)[0]
    hint = fault.get("ctx", {}).get("hint")
    return f"{fault['msg']} ({hint})" if hint else fault["msg"]


def ledger_url(campaign: Campaign, *, simulate: bool) -> str:
    """The ledger's place: ``POKU_BATCH_LEDGER``, else a file in the campaign's folder.

    A rehearsal always has its own file there, whatever the variable says.
    """
    return folder_ledger_url(campaign.folder, simulate=simulate)


def folder_ledger_url(folder: Path, *, simulate: bool) -> str:
    """As ``ledger_url``, for the campaigns of a folder."""
    if simulate:
        return str(folder / _FOLDER / _SIMULATED)
    url = os.environ.get("POKU_BATCH_LEDGER", "").strip()
    return url or str(folder / _FOLDER / "ledger.db")


def shared_ledger_url() -> str:
    """The address of a ledger that many machines share: ``POKU_BATCH_LEDGER``.

    Raises ``UsageError`` where it names no database.
    """
    url = os.environ.get("POKU_BATCH_LEDGER", "").strip()
    if url.startswith(("postgresql://", "postgres://")):
        return url
    raise UsageError(
        "POKU_BATCH_LEDGER names no database, and workers share one; set it to "
        "postgresql://user@host/database. Nobody was called."
    )


def heartbeat_s() -> float:
    """How often a worker says that it is alive: ``POKU_BATCH_HEARTBEAT`` in seconds; 10 if unset.

    One that is not heard of for three times as long is given up. Raises ``UsageError`` for what is
    no number from 0.2 to 600.
    """
    text = os.environ.get("POKU_BATCH_HEARTBEAT", "").strip() or "10"
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.2 <= seconds <= 600:
        raise UsageError(
            f"POKU_BATCH_HEARTBEAT: {text[:40]!r} is no number of seconds from 0.2 to 600"
        )
    return seconds


def desk_folder(folder: Path, name: str) -> Path:
    """Where what is uploaded or started from pages is kept, for the campaigns of a folder."""
    return folder / _FOLDER / name


def dashboard_token() -> str | None:
    """The token that the dashboard asks for: ``POKU_BATCH_DASHBOARD_TOKEN``; None where unset."""
    return os.environ.get("POKU_BATCH_DASHBOARD_TOKEN", "").strip() or None


def dashboard_url() -> str | None:
    """What browsers call the dashboard behind a proxy: ``POKU_BATCH_DASHBOARD_URL``, or None."""
    return os.environ.get("POKU_BATCH_DASHBOARD_URL", "").strip() or None


def person() -> str:
    """Who decides: the operating system's name of the user, for the history."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        # A user of a container may have a number and no name.
        return f"user {os.getuid()}" if hasattr(os, "getuid") else "somebody"
