"""Stands before an application: what it lets through is allowed, in bounds, and answered safely."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from poku_batch.dashboard.guard.addresses import Names, names_of, public_address, token_for
from poku_batch.dashboard.guard.bodies import CLOSE, HEAD_BYTES, Body
from poku_batch.dashboard.guard.crowd import Crowd, Place
from poku_batch.dashboard.guard.forms import FORM_BYTES, form_token
from poku_batch.dashboard.guard.login import Login, LoginPage, plain_page
from poku_batch.dashboard.guard.onward import LOGIN, LOGOUT, login_path
from poku_batch.dashboard.guard.origins import METHODS, SAFE_METHODS, check_origin
from poku_batch.dashboard.guard.peers import peer_judge
from poku_batch.dashboard.guard.policies import is_public
from poku_batch.dashboard.guard.refusals import RefusedError
from poku_batch.dashboard.guard.serving import Exchange
from poku_batch.dashboard.guard.sessions import Sessions
from poku_batch.dashboard.guard.tokens import Chance, FormTokens, TokenDigest
from poku_batch.dashboard.guard.tries import Tries
from poku_batch.dashboard.guard.visits import Cookie, Visit

_WRONG_NAME = (
    "This server does not go by the name that was asked for. "
    "Use the address that it printed when it was started."
)
_LOG_IN = "Log in first."
_ANOTHER_USER = (
    "This server serves only the user who started it, since it asks for no token. "
    "To let others of this machine in, start it with one."
)
_FROM_ELSEWHERE = (
    "This request came by way of a proxy, so it may be anybody's. "
    "To serve others than yourself, start the server with a token."
)
#: What proxies and tunnels add.
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_STALE = (
    "This page is older than the server, or its cookie is gone. Nothing was done: "
    "load the page again and repeat it."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much one server takes; sizes in bytes, times in seconds."""

    upload: int = 100 * 1024 * 1024
    form: int = FORM_BYTES
    #: Requests that are answered at once, and streams of events beside them.
    requests: int = 64
    streams: int = 16
    #: The longest pause in a body, and how long one may take in all.
    pause_s: float = 20.0
    form_s: float = 30.0
    upload_s: float = 1_800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What is served where. ``host`` and ``port`` are what the server really listens on.

    ``public_url``: what browsers call it that come through something else, such as a proxy that
    speaks TLS; nothing that a request says of that is believed. ``public``: folders without
    anything of a campaign, such as styles, which need no token and may be kept. ``is_upload`` says
    whether sheets go to a path.
    """

    host: str
    port: int
    token: str | None = field(default=None, repr=False)
    public_url: str | None = None
    public: tuple[str, ...] = ("/static/",)
    is_upload: Callable[[str], bool] = lambda path: path.endswith("/upload")
    login_page: LoginPage = plain_page
    bounds: Bounds = Bounds()


class Guard:
    """One server's guard; ``wrap`` puts it around the whole application.

    Raises ``UsageError`` where the address needs a token and has none, and for a token or a name
    that cannot be used.
    """

    def __init__(
        self,
        site: Site,
        *,
        chance: Chance = secrets.token_bytes,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        token = token_for(site.host, site.token, site.public_url)
        self._site = replace(site, token=None)
        self._chance = chance
        public = public_address(site.public_url) if site.public_url else None
        self._names: Names = names_of(site.host, site.port, public)
        self._https = public is not None and public.https
        self._cookie = Cookie(port=site.port, https=self._https)
        self._tokens = FormTokens(chance)
        self._sessions = Sessions(chance=chance, monotonic=monotonic)
        self._crowd = Crowd(most_requests=site.bounds.requests, most_streams=site.bounds.streams)
        self._is_others = peer_judge() if token is None else lambda _scope: False
        self._login: Login | None = None
        if token is not None:
            self._login = Login(
                TokenDigest(token),
                self._sessions,
                tries=Tries(monotonic),
                cookie=self._cookie,
                page=site.login_page,
            )

    def wrap(self, app: ASGIApp) -> ASGIApp:
        """Give the application as it is to be served."""

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "lifespan":
                await app(scope, receive, send)
            elif scope["type"] == "http":
                await self._serve(app, scope, receive, send)
            else:
                await receive()
                await send({"type": "websocket.close", "code": 1008})

        return guarded

    async def _serve(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(
            scope=scope,
            to_server=send,
            place=Place(self._crowd),
            cookie=self._cookie,
            keepable=is_public(scope["path"], self._site.public),
            body=self._body(scope, receive),
        )
        try:
            with exchange.place:
                await self._judge(app, exchange)
        except RefusedError as refused:
            await exchange.answer(refused.response())
        except ClientDisconnect:
            return
        except Exception:
            await exchange.answer(RefusedError(500, "A fault in the program.", CLOSE).response())
            raise

    async def _judge(self, app: ASGIApp, exchange: Exchange) -> None:
        """Let a request through. Raises ``RefusedError`` for one that may not be."""
        scope = exchange.scope
        headers = Headers(scope=scope)
        self._check_address(scope, headers)
        check_origin(scope["method"], headers, scheme="https" if self._https else "http")
        exchange.visit = visit = self._visit(headers)
        visit.put_into(scope)
        own = self._login is not None and scope["path"] in (LOGIN, LOGOUT)
        if self._login and not (visit.session or own or exchange.keepable):
            await exchange.answer(_to_login(scope, headers))
            return
        exchange.body.check_said()
        if scope["method"] not in SAFE_METHODS:
            await _check_form(headers, visit, exchange.body)
        if own and self._login:
            await exchange.run(self._login)
        elif visit.session is None:
            await exchange.run(app)
        else:
            with visit.session.request() as ending:
                await exchange.run(app)
            if ending.cancelled_caught:
                await exchange.cut_off(RefusedError(401, _LOG_IN))

    def _check_address(self, scope: Scope, headers: Headers) -> None:
        if self._is_others(scope):
            raise RefusedError(403, _ANOTHER_USER, CLOSE)
        if _size(scope) > HEAD_BYTES:
            raise RefusedError(431, "That is too much before the body.", CLOSE)
        server = scope.get("server")
        if not self._names.answer_to(headers.get("host", ""), server[0] if server else None):
            raise RefusedError(421, _WRONG_NAME, CLOSE)
        if self._login is None and any(name in headers for name in _FORWARDED):
            raise RefusedError(403, _FROM_ELSEWHERE, CLOSE)
        if scope["method"] not in METHODS:
            raise RefusedError(
                405, "This is not done here.", {"Allow": ", ".join(METHODS), **CLOSE}
            )
        if "websocket" in headers.get("upgrade", "").lower():
            raise RefusedError(400, "There are no web sockets here.", CLOSE)
        if not _is_path(scope["path"]):
            raise RefusedError(400, "That is no path.", CLOSE)

    def _visit(self, headers: Headers) -> Visit:
        ids = self._cookie.read(headers)
        for id_ in ids:
            if session := self._sessions.find(id_):
                return Visit(id_, session, tokens=self._tokens, chance=self._chance)
        return Visit(ids[0] if ids else None, None, tokens=self._tokens, chance=self._chance)

    def _body(self, scope: Scope, receive: Receive) -> Body:
        bounds = self._site.bounds
        upload = scope["method"] not in SAFE_METHODS and self._site.is_upload(scope["path"])
        return Body(
            receive,
            Headers(scope=scope),
            most=bounds.upload if upload else bounds.form,
            pause_s=bounds.pause_s,
            whole_s=bounds.upload_s if upload else bounds.form_s,
        )


async def _check_form(headers: Headers, visit: Visit, body: Body) -> None:
    if not visit.proves(await form_token(headers, body)):
        raise RefusedError(403, _STALE)


def _size(scope: Scope) -> int:
    """About how long a request's head was; a server only bounds one that comes in pieces."""
    lines = sum(len(name) + len(value) + 4 for name, value in scope["headers"])
    return lines + len(scope["raw_path"]) + len(scope["query_string"])


def _is_path(path: str) -> bool:
    """Whether it begins at the root, climbs nowhere, and holds no control character."""
    if not path.startswith("/") or any(letter < " " or letter == "\x7f" for letter in path):
        return False
    return {".", ".."}.isdisjoint(path.replace("\\", "/").split("/"))


def _to_login(scope: Scope, headers: Headers) -> Response:
    """Lead a page to the login form; a part of a page, or a change, cannot be taken up later."""
    if "hx-request" in headers:
        return RefusedError(401, _LOG_IN, {"HX-Redirect": LOGIN}).response()
    if scope["method"] in SAFE_METHODS and "text/html" in headers.get("accept", ""):
        query = scope["query_string"].decode("latin-1")
        asked = quote(scope["path"]) + (f"?{query}" if query else "")
        return RedirectResponse(login_path(asked), 303)
    return RefusedError(401, _LOG_IN).response()
