"""The headers of every answer: what a browser may do with our pages, and who may have them.

Invariant: the program's pages load scripts and styles from their own server alone; what stands in a
page, even an element that somebody managed to bring into it, is never run.

Sources: Content Security Policy Level 3 (https://www.w3.org/TR/CSP3/) and Fetch Metadata
(https://www.w3.org/TR/fetch-metadata/).
"""

from collections.abc import Iterable

from starlette.datastructures import MutableHeaders

#: ``https:`` is for recordings that were not downloaded; there is no other way out of a page.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "media-src 'self' https:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
)

_UNUSED = ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "usb")

#: ``no-referrer`` would have browsers send ``Origin: null`` with our own forms.
_ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _UNUSED),
    "X-Robots-Tag": "noindex",
}


def protect(headers: MutableHeaders, *, keepable: bool) -> None:
    """Put the headers onto an answer, over what the program said.

    ``keepable``: it holds nothing of a campaign, so a browser may keep it as the program says.
    """
    for name, value in _ALWAYS.items():
        headers[name] = value
    if not keepable:
        headers["Cache-Control"] = "no-store"
    else:
        headers.setdefault("Cache-Control", "no-cache")
    for name in ("Server", "X-Powered-By"):
        if name in headers:
            del headers[name]


def is_public(path: str, public: Iterable[str]) -> bool:
    """Whether a path lies in one of the folders that hold nothing of a campaign."""
    return any(path.startswith(folder) for folder in public)
