"""Where somebody goes after logging in: a page of this server, and no other."""

import re
from urllib.parse import quote

#: No backslash, which browsers read as a slash, no blank, and no control character.
_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]{0,2000}")
LOGIN = "/login"
LOGOUT = "/logout"


def onward(path: str) -> str:
    """The path itself if it leads to a page of this server, else the first page's."""
    if _PATH.fullmatch(path) is None or path.partition("?")[0] in (LOGIN, LOGOUT):
        return "/"
    return path


def login_path(path: str) -> str:
    """Where to log in so as to go on to a path afterwards."""
    next_path = onward(path)
    return LOGIN if next_path == "/" else f"{LOGIN}?next={quote(next_path, safe='/')}"
