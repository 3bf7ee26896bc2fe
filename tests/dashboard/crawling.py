"""Reading every page of a server as a visitor would, over raw sockets."""

import html
import re
from collections import deque
from collections.abc import Iterable
from urllib.parse import unquote

from tests.dashboard.guarded import Answer, head, raw

_LINK = re.compile(r"""(?:href|src|hx-get|data-src)\s*=\s*["']([^"']*)["']""")
_LEFT_OUT = r"^/events|[?&](sort|down)=|\?$"


def crawl(port: int, starts: Iterable[str], *headers: str, most: int = 40) -> dict[str, Answer]:
    """Follow the links of pages to so many others; gives the answers by their paths.

    Of a page that is sorted in many ways one is enough. Streams have no end, and are not opened.
    """
    answers: dict[str, Answer] = {}
    waiting = deque(starts)
    while waiting and len(answers) < most:
        path = waiting.popleft()
        if path in answers or not path.startswith("/") or re.search(_LEFT_OUT, path):
            continue
        request = head("GET", path, f"127.0.0.1:{port}", *headers, "Connection: close")
        answers[path] = answer = raw(port, request, wait_s=30)
        if location := answer.header("location"):
            waiting.append(location)
        text = answer.body.decode(errors="replace")
        waiting.extend(html.unescape(link).partition("#")[0] for link in _LINK.findall(text))
    return answers


def found_in(answers: Iterable[Answer], secret: str) -> list[Answer]:
    """The answers that hold a secret, plain or in one of the ways in which pages write texts."""
    forms = {secret, html.escape(secret), unquote(secret), secret[:12], secret[-12:]}
    whole = [
        (answer, f"{answer.headers}\n{answer.body.decode(errors='replace')}") for answer in answers
    ]
    return [answer for answer, text in whole if any(form in text for form in forms)]
