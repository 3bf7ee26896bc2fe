"""Logging in and out: one form that asks for the token.

Invariants: a try takes as long whether it is right or wrong; after too many wrong ones none is
looked at, which touches nobody who is logged in; who logs in gets a new ID, and the one before is
worth nothing any more; the token is never in an address, a page or a log.
"""

import html
import math
from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from poku_batch.dashboard.guard.onward import LOGIN, onward
from poku_batch.dashboard.guard.refusals import RefusedError
from poku_batch.dashboard.guard.sessions import Sessions
from poku_batch.dashboard.guard.tokens import TokenDigest
from poku_batch.dashboard.guard.tries import Tries
from poku_batch.dashboard.guard.visits import Cookie, csrf_field, visit_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginForm:
    """What a login page needs: a POST to ``action`` with these fields and ``token``.

    ``fault`` says what was wrong with the last try.
    """

    action: str
    csrf_field: Markup
    next_path: str
    fault: str | None = None


#: Makes the login page of a form; the request is the one that it answers.
LoginPage = Callable[[Request, LoginForm], str]

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Log in – poku-batch</title></head>
<body><main>
<h1>poku-batch</h1>
{fault}<form method="post" action="{action}">{csrf_field}
<input type="hidden" name="next" value="{next_path}">
<p><label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required></p>
<p><button type="submit">Log in</button></p>
</form></main></body></html>
"""


def plain_page(_request: Request, form: LoginForm) -> str:
    """The login page without the program's style."""
    fault = f'<p role="alert">{html.escape(form.fault)}</p>\n' if form.fault else ""
    return _PAGE.format(
        fault=fault,
        action=html.escape(form.action),
        csrf_field=form.csrf_field,
        next_path=html.escape(form.next_path),
    )


class Login:
    """The two addresses of a server that asks for a token."""

    def __init__(
        self,
        token: TokenDigest,
        sessions: Sessions,
        *,
        tries: Tries,
        cookie: Cookie,
        page: LoginPage = plain_page,
    ) -> None:
        self._token = token
        self._sessions = sessions
        self._tries = tries
        self._cookie = cookie
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for one of them, as an application."""
        request = Request(scope, receive)
        if request.url.path == LOGIN:
            answer = await self._log_in(request)
        elif request.method == "POST":
            answer = self._log_out(request)
        else:
            answer = RefusedError(405, "Log out by the button.", {"Allow": "POST"}).response()
        await answer(scope, receive, send)

    async def _log_in(self, request: Request) -> Response:
        if request.method != "POST":
            next_path = onward(request.query_params.get("next", "/"))
            if visit_of(request).session is not None:
                return RedirectResponse(next_path, 303)
            return self._form(request, next_path)
        async with request.form(max_files=0, max_fields=10) as fields:
            offered, next_path = str(fields.get("token", "")), onward(str(fields.get("next", "/")))
        return self._judge(request, offered, next_path)

    def _judge(self, request: Request, offered: str, next_path: str) -> Response:
        """Let in or turn away; nothing else happens between counting tries and comparing."""
        address = request.client.host if request.client else ""
        wait_s = math.ceil(self._tries.wait_s(address))
        if wait_s:
            answer = self._form(request, next_path, _too_many(wait_s), status=429)
            answer.headers["Retry-After"] = str(wait_s)
            return answer
        if not self._token.matches(offered):
            self._tries.wrong(address)
            return self._form(request, next_path, "That is not the token.", status=403)
        self._sessions.end(visit_of(request).id)
        answer = RedirectResponse(next_path, 303)
        answer.headers.append("Set-Cookie", self._cookie.write(self._sessions.begin()))
        return answer

    def _form(
        self, request: Request, next_path: str, fault: str | None = None, *, status: int = 200
    ) -> Response:
        form = LoginForm(
            action=LOGIN, csrf_field=csrf_field(request), next_path=next_path, fault=fault
        )
        return HTMLResponse(self._page(request, form), status)

    def _log_out(self, request: Request) -> Response:
        self._sessions.end(visit_of(request).id)
        answer = RedirectResponse(LOGIN, 303)
        answer.headers.append("Set-Cookie", self._cookie.clear())
        return answer


def _too_many(wait_s: int) -> str:
    return f"Too many wrong tokens. Try again in {wait_s} seconds."
