"""The links to elsewhere in README and docs: ``python -m scripts.check_links [--online]``.

Each is held to its form: https, a host, no space, and one way of writing it. With ``--online`` each
is also asked for, which takes a network; tests do not.
"""

import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from scripts.stage import ROOT

_LINK = re.compile(r"\]\((https?://(?:[^()\s]|\([^()\s]*\))+)\)|<(https?://[^>\s]+)>")
#: Fenced blocks show what is typed, not links.
_FENCED = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
_TIMEOUT_S = 20.0
#: Servers that refuse programs; a browser gets the page.
_REFUSALS = frozenset({401, 403, 405, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An address, and the page and line that it stands in."""

    url: str
    page: str
    line: int


def pages() -> list[Path]:
    """README and every page of the documentation."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def links_of(text: str, page: str) -> list[Link]:
    """Every link to elsewhere in a page, in order."""
    text = _FENCED.sub(lambda block: "\n" * block[0].count("\n"), text)
    return [
        Link(url=found[1] or found[2], page=page, line=text.count("\n", 0, found.start()) + 1)
        for found in _LINK.finditer(text)
    ]


def faults(links: Iterable[Link]) -> list[str]:
    """What is wrong with the form of links, a line each."""
    told = []
    written: dict[str, Link] = {}
    for link in links:
        where = f"{link.page}:{link.line}: {link.url}"
        parts = urlsplit(link.url)
        if parts.scheme != "https":
            told.append(f"{where}: not https")
        if "." not in (parts.hostname or ""):
            told.append(f"{where}: no host")
        same = written.setdefault(link.url.rstrip("/").lower(), link)
        if same.url != link.url:
            told.append(f"{where}: written otherwise in {same.page}:{same.line}, as {same.url}")
    return told


def dead(links: Iterable[Link]) -> list[str]:
    """The links that do not answer, a line each, with why."""
    told = []
    for url, link in {one.url: one for one in links}.items():
        if why := _asked(url):
            told.append(f"{link.page}:{link.line}: {url}: {why}")
    return told


def _asked(url: str) -> str:
    request = urllib.request.Request(url, headers={"User-Agent": "Mozilla/5.0 (link check)"})  # noqa: S310  # https alone
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S):  # noqa: S310
            return ""
    except urllib.error.HTTPError as error:
        return "" if error.code in _REFUSALS else f"answers {error.code}"
    except OSError as error:
        return str(error)


def main(arguments: list[str]) -> int:
    """Tell what is wrong with the links; 1 where something is."""
    links = [
        link
        for page in pages()
        for link in links_of(page.read_text(encoding="utf-8"), str(page.relative_to(ROOT)))
    ]
    told = faults(links)
    if "--online" in arguments and not told:
        told = dead(links)
    sys.stdout.write("".join(f"{line}\n" for line in told) or f"{len(links)} links are well\n")
    return int(bool(told))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
