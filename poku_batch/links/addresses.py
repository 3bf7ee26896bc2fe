"""The address of a sheet itself, where a link shows it in a page for people.

Source: Google's documentation of spreadsheet links, "Publish your file" and the ``export`` address
that its own File → Download uses; ``gid`` names a worksheet.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

_GOOGLE = "docs.google.com"
#: ``/spreadsheets/d/ID/…``, for a signed-in person ``/spreadsheets/u/0/d/ID/…``.
_SHARED = re.compile(
    r"/(?:a/[^/]+/)?spreadsheets/(?:u/\d+/)?d/(?P<id>[\w-]{10,})(?:/(?P<what>[a-z]*))?/?"
)
#: ``/spreadsheets/d/e/ID/pubhtml`` or ``…/pub``.
_PUBLISHED = re.compile(r"/(?:a/[^/]+/)?spreadsheets/d/e/(?P<id>[\w-]+)/pub(?:html)?/?")
#: What must not be lost of a link: which worksheet, and the key of an older shared sheet.
_KEPT = ("gid", "resourcekey", "range")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a sheet is fetched. ``is_google``: a Google Sheet; ``converted``: not as written."""

    url: str
    is_google: bool = False
    converted: bool = False


def sheet_address(link: str, *, workbook: bool = False) -> Address:
    """Give the address that answers with the sheet; any but a Google Sheet's is as written.

    ``workbook`` asks a shared Google Sheet for all its worksheets, as ``.xlsx``, and not for one as
    CSV. A fragment is never sent, but for the ``gid`` in it.
    """
    parts = urlsplit(link)
    plain = parts._replace(fragment="").geturl()
    if parts.hostname != _GOOGLE or "/spreadsheets/" not in parts.path:
        return Address(url=plain)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    fragment = {name: values[-1] for name, values in parse_qs(parts.fragment).items()}
    kept = {key: value for key in _KEPT if (value := fragment.get(key) or query.get(key))}
    if found := _PUBLISHED.fullmatch(parts.path):
        if "output" in query:
            return Address(url=plain, is_google=True)
        asked = {"output": "xlsx" if workbook else "csv", "single": "true", **kept}
        if workbook or "gid" not in kept:
            del asked["single"]
        return _google(f"d/e/{found['id']}/pub", asked)
    found = _SHARED.fullmatch(parts.path)
    if found is None or found["what"] in {"export", "gviz"}:
        return Address(url=plain, is_google=True)
    asked = {"format": "xlsx" if workbook else "csv", **kept}
    if workbook:
        asked.pop("gid", None)
    return _google(f"d/{found['id']}/export", asked)


def _google(path: str, query: dict[str, str]) -> Address:
    url = f"https://{_GOOGLE}/spreadsheets/{path}?{urlencode(query)}"
    return Address(url=url, is_google=True, converted=True)
