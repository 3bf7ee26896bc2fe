"""What the environment says: the key, the API's address, the ledger's place.

The key is read here, handed to the client, and kept nowhere.
"""

import getpass
import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from pydantic import ValidationError

from poku_batch.campaign import Api, Campaign
from poku_batch.errors import MissingKeyError, UsageError

#: Where a rehearsal's contacts are kept: never with the real ones.
_SIMULATED = "simulated.db"
_FOLDER = ".poku-batch"


def api_key(*, rehearses: bool = True) -> str:
    """The key for real calls. Raises ``MissingKeyError`` without ``POKU_API_KEY``.

    ``rehearses``: the command has ``--simulate``, which needs none.
    """
    key = os.environ.get("POKU_API_KEY", "").strip()
    if key:
        return key
    why = (
        "POKU_API_KEY is not set, and real calls need it. Make a key in your Poku dashboard "
        "and set it in the environment: export POKU_API_KEY=…"
    )
    if rehearses:
        why += "\nTo rehearse without a key and without ringing anybody, add --simulate."
    raise MissingKeyError(why)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An address of this machine to listen on."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedMonitoring:
    """What is wanted for those who watch: metrics and health at an address, traces as OTEL says."""

    metrics: Endpoint | None
    health: Endpoint | None
    traces: bool


def logs_json() -> bool:
    """Whether standard error is lines of JSON: ``POKU_BATCH_LOG``.

    Raises ``UsageError`` where it is neither ``json`` nor ``text``.
    """
    wanted = os.environ.get("POKU_BATCH_LOG", "").strip().casefold()
    if wanted not in ("", "text", "json"):
        raise UsageError(
            f"POKU_BATCH_LOG: {wanted[:40]!r} is no form of a log; set it to json or text, or "
            "unset it. Nobody was called."
        )
    return wanted == "json"


def wanted_monitoring() -> WantedMonitoring:
    """What ``POKU_BATCH_METRICS``, ``POKU_BATCH_HEALTH`` and the ``OTEL_*`` variables ask for.

    Raises ``UsageError`` where an address cannot be read, or an extra is not installed.
    """
    from poku_batch.telemetry.traces import wants_traces

    metrics, health = _endpoint("POKU_BATCH_METRICS"), _endpoint("POKU_BATCH_HEALTH")
    traces = wants_traces(os.environ)
    if metrics is not None:
        _require("prometheus_client", extra="metrics", asked_by="POKU_BATCH_METRICS")
    if traces:
        _require(
            "opentelemetry.exporter.otlp.proto.http",
            extra="traces",
            asked_by="OTEL_EXPORTER_OTLP_ENDPOINT",
        )
    return WantedMonitoring(metrics=metrics, health=health, traces=traces)


def _require(module: str, *, extra: str, asked_by: str) -> None:
    try:
        if find_spec(module) is not None:
            return
    except ModuleNotFoundError:  # not even the package that it is in
        pass
    raise UsageError(
        f"{asked_by} asks for {extra}, which are not installed; install them with "
        f"pip install 'poku-batch[{extra}]', or unset the variable. Nobody was called."
    )


def _endpoint(name: str) -> Endpoint | None:
    """An address to listen on, as ``127.0.0.1:9464``; a port alone is on loopback."""
    text = os.environ.get(name, "").strip()
    if not text:
        return None
    host, colon, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 65_535 or (colon and not host):
        raise UsageError(
            f"{name}: {text[:60]!r} is no address to listen on; write it as 127.0.0.1:9464. "
            "Nobody was called."
        )
    return Endpoint(host=host.strip("[]") or "127.0.0.1", port=int(port))
