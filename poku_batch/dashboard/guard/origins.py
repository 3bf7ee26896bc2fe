"""Whether a request comes from our own pages, as the browser says.

Invariant: what changes something comes from a page of this very server (scheme, name and port), or
from no page at all. Other websites may link to a page, and do nothing else: neither load a part of
one, nor put one into a frame.

Sources: Fetch Metadata (https://www.w3.org/TR/fetch-metadata/) and RFC 6454, section 7.
"""

from starlette.datastructures import Headers

from poku_batch.dashboard.guard.refusals import RefusedError

SAFE_METHODS = frozenset({"GET", "HEAD"})
METHODS = SAFE_METHODS | {"POST", "PUT", "PATCH", "DELETE"}

#: ``none`` is a person's own doing, such as an address that was typed.
_OWN_SITES = ("same-origin", "none")
#: Browsers that say nothing of themselves are judged by ``Origin`` alone.
_ONCE = ("host", "origin", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest", "x-csrf-token")


def check_origin(method: str, headers: Headers, *, scheme: str) -> None:
    """Raise ``RefusedError`` for a request that another website made.

    ``Host`` was judged before. ``scheme`` is the one that browsers see.
    """
    if any(len(headers.getlist(name)) > 1 for name in _ONCE):
        raise RefusedError(400, "This request says one thing twice.")
    site = headers.get("sec-fetch-site", "none")
    if method in SAFE_METHODS:
        if site not in _OWN_SITES and not _is_link(headers):
            raise RefusedError(403, "Another website may not load parts of this one.")
        return
    if site not in _OWN_SITES:
        raise RefusedError(403, "This form was sent by another website. Nothing was done.")
    origin = headers.get("origin")
    if origin is not None and origin.lower() != f"{scheme}://{headers['host'].lower()}":
        raise RefusedError(403, "This form was sent by another website. Nothing was done.")


def _is_link(headers: Headers) -> bool:
    """Whether a person followed a link, or was led, to a page of its own."""
    return (
        headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    )
