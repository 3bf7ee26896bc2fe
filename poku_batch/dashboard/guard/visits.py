"""Who sends a request, for the guard and for the pages that it lets through.

A visitor has one cookie with a random ID. Who shows the token gets a new one, of a session; before,
and on loopback without a token, it only binds forms to a browser.
"""

import json
import re
from collections.abc import Callable
from typing import cast

from markupsafe import Markup
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import Scope

from poku_batch.dashboard.guard.forms import FIELD, HEADER
from poku_batch.dashboard.guard.sessions import Session
from poku_batch.dashboard.guard.tokens import Chance, FormTokens, new_token

_STATE = "poku_batch_visit"
_ID = re.compile(r"[A-Za-z0-9_-]{43}")


class Cookie:
    """The cookie: invisible to scripts, and never sent by another website's doing.

    Cookies do not know ports, so its name does. Behind TLS it is bound to the host (``__Host-``).
    """

    def __init__(self, *, port: int, https: bool) -> None:
        self.name = "__Host-poku-batch" if https else f"poku-batch-{port}"
        self._flags = "; HttpOnly; SameSite=Strict; Path=/" + ("; Secure" if https else "")

    def read(self, headers: Headers) -> list[str]:
        """The IDs that a request carries, without what cannot be one of ours.

        Others on the same host can add cookies, which must not keep out the right one.
        """
        pairs = ";".join(headers.getlist("cookie")).split(";")
        named = (pair.partition("=") for pair in pairs)
        return [
            value.strip()
            for name, _, value in named
            if name.strip() == self.name and _ID.fullmatch(value.strip())
        ]

    def write(self, id_: str) -> str:
        """The header's value that gives a browser its ID until it is closed."""
        return f"{self.name}={id_}{self._flags}"

    def clear(self) -> str:
        """The header's value that has a browser forget it."""
        return f"{self.name}={self._flags}; Max-Age=0"


class Visit:
    """One request's visitor. ``needs_cookie`` once a form was made for one who has none yet."""

    def __init__(
        self, id_: str | None, session: Session | None, *, tokens: FormTokens, chance: Chance
    ) -> None:
        self.id = id_ or new_token(chance)
        self.session = session
        self.needs_cookie = False
        self._is_known = id_ is not None
        self._tokens = tokens

    def form_token(self) -> str:
        """What this visitor's forms carry."""
        self.needs_cookie = not self._is_known
        return self._tokens.of(self.id)

    def proves(self, offered: str) -> bool:
        """Whether a form is this visitor's own."""
        return self._tokens.matches(self.id, offered)

    def put_into(self, scope: Scope) -> None:
        """Let pages find it."""
        scope.setdefault("state", {})[_STATE] = self


def visit_of(request: HTTPConnection) -> Visit:
    """The visitor of a request that came through the guard."""
    return cast("Visit", request.scope["state"][_STATE])


def csrf_token(request: HTTPConnection) -> str:
    """What a change that this page asks for must carry."""
    return visit_of(request).form_token()


def csrf_field(request: HTTPConnection) -> Markup:
    """The field for a form; in a form with files it must be the first."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, csrf_token(request))


def csrf_headers(request: HTTPConnection) -> str:
    """The value of ``hx-headers`` on ``body``, so that all that htmx sends carries it."""
    return json.dumps({HEADER: csrf_token(request)})


def is_logged_in(request: HTTPConnection) -> bool:
    """Whether there is a session, and so something to log out of."""
    return visit_of(request).session is not None


def template_globals() -> dict[str, Callable[[HTTPConnection], object]]:
    """What templates call, each with ``request``."""
    return {
        "csrf_token": csrf_token,
        "csrf_field": csrf_field,
        "csrf_headers": csrf_headers,
        "is_logged_in": is_logged_in,
    }
