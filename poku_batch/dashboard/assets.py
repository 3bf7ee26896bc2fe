"""Styles and scripts, out of the package: each under a name that changes with what it holds."""

import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from poku_batch.pages.templates import style

#: They hold nothing of a campaign: the guard lets anybody have them, and browsers keep them.
FOLDER = "/assets/"

_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_OWN = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file that browsers load."""

    path: str
    data: bytes
    media_type: str


@cache
def assets() -> dict[str, Asset]:
    """Every asset by its plain name."""
    htmx = files("js_lib_htmx").joinpath("static", "htmx", "htmx.min.js").read_bytes()
    own = (_OWN / "dashboard.css").read_text(encoding="utf-8")
    return {
        "dashboard.css": _asset("dashboard.css", f"{style()}\n{own}".encode()),
        "dashboard.js": _asset("dashboard.js", (_OWN / "dashboard.js").read_bytes()),
        "htmx.js": _asset("htmx.js", htmx),
        "icon.svg": _asset("icon.svg", (_OWN / "icon.svg").read_bytes()),
    }


def asset_url(name: str) -> str:
    """Where an asset is served."""
    return assets()[name].path


async def serve_asset(request: Request) -> Response:
    """Answer with an asset; 404 for another name, and for what another version had."""
    wanted = request.url.path
    found = next((asset for asset in assets().values() if asset.path == wanted), None)
    if found is None:
        raise HTTPException(404)
    return Response(found.data, media_type=found.media_type, headers=_FOREVER)


def _asset(name: str, data: bytes) -> Asset:
    stem, _, ending = name.rpartition(".")
    digest = hashlib.sha256(data).hexdigest()[:16]
    kind = mimetypes.types_map.get(f".{ending}", "application/octet-stream")
    return Asset(path=f"{FOLDER}{stem}.{digest}.{ending}", data=data, media_type=kind)
