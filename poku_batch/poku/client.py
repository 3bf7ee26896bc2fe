"""The API client: one request out, one judged answer back; it never sends anything twice.

The key goes into one header of one client and nowhere else: not into a repr, an error, a log.
Redirects are not followed, so it cannot reach another host.
"""

import random
import ssl
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from importlib.metadata import version
from types import TracebackType
from typing import Literal, Self, assert_never
from urllib.parse import quote as quote_url

import anyio
import httpx
from pydantic import ValidationError

from poku_batch.campaign import Api
from poku_batch.errors import ApiError, UsageError
from poku_batch.models import (
    Answer,
    CallRequest,
    Doubtful,
    Ended,
    InteractionId,
    NotTold,
    Refused,
    Rejected,
    Standing,
    Started,
    StillInCall,
    TurnedAway,
)
from poku_batch.poku.reading import read_answer
from poku_batch.poku.transport import PoollessTransport
from poku_batch.poku.wire import CallBody
from poku_batch.policy.answers import judge_placement
from poku_batch.policy.http import Exchange, NeverSent, SentAndLost, quote
from poku_batch.policy.polls import MISSING_LIMIT, wait_before_poll_s
from poku_batch.policy.standings import judge_standing
from poku_batch.policy.trust import tls_fault

DEFAULT_BASE_URL = "https://api.pokulabs.com"

#: How an ended call is learned of: see ``PokuClient``.
Completion = Literal["auto", "wait", "poll"]

_CONNECT_TIMEOUT_S = 10.0
_WRITE_TIMEOUT_S = 30.0
_STATUS_TIMEOUT_S = 30.0

#: The request did not leave.
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)


class PokuClient:
    """The Poku voice API over HTTP; also a ``ports.CallApi``.

    ``completion``: ``auto`` sends the first generation's body and takes what comes, a summary or
    an interaction ID to ask for; ``wait`` asks the API to hold the request until the call ends;
    ``poll`` asks it to answer at once. An ``async with`` block closes it.
    """

    def __init__(
        self,
        api_key: str,
        *,
        base_url: str = DEFAULT_BASE_URL,
        completion: Completion = "auto",
        call_timeout_s: float = 900.0,
        poll_interval_s: float = 5.0,
        turned_away_statuses: Collection[int] = (429,),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take the key as it is, without ``Bearer``.

        Raises ``UsageError`` where the key cannot be put into an HTTP header (its text holds
        nothing of the key), where the address is not one that a key may be sent to, and where the
        certificates that ``SSL_CERT_FILE`` names cannot be read.
        """
        self._completion: Completion = completion
        self._call_timeout_s = call_timeout_s
        self._poll_interval_s = poll_interval_s
        self._turned_away_statuses = frozenset(turned_away_statuses)
        self._now = now
        url = _checked_url(base_url)
        self._base_url = httpx.URL(url)
        self._transport = PoollessTransport(_ssl_context(url))
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Connection": "close",
            "User-Agent": f"poku-batch/{version('poku-batch')}",
            "Authorization": f"Bearer {_checked(api_key)}",
        }
        self._calls_url = self._url("/calls")

    def __repr__(self) -> str:
        return f"PokuClient(base_url={self.base_url!r})"

    @property
    def base_url(self) -> str:
        """The API's address."""
        return str(self._base_url).rstrip("/")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._transport.aclose()

    async def place(self, request: CallRequest) -> Answer:
        """Place one call: exactly one ``POST /calls``; see ``ports.CallApi``.

        Raises ``ValueError``, before anything is sent, for a request that the API does not take.
        """
        exchange = await self._exchange(
            "POST", self._calls_url, body=self._body(request), within_s=self._call_timeout_s
        )
        return judge_placement(
            exchange, now=self._now(), turned_away_statuses=self._turned_away_statuses
        )

    async def standing(self, interaction_id: InteractionId) -> Standing:
        """Ask once how a placed call stands; see ``ports.CallApi``."""
        url = self._url(f"/interactions/{quote_url(interaction_id, safe='')}/status")
        exchange = await self._exchange("GET", url, body=None, within_s=_STATUS_TIMEOUT_S)
        return judge_standing(exchange, interaction_id, now=self._now())

    async def call(self, request: CallRequest) -> Ended:
        """Place one call and follow it to its end, once and without retries.

        Raises ``ApiError`` where no call was placed, where it may or may not have been (the text
        says which), and where its end did not come within ``call_timeout_s``.
        """
        answer = await self.place(request)
        match answer:
            case Ended():
                return answer
            case Started():
                return await self._follow(answer.interaction_id)
            case TurnedAway() | Rejected() | Refused():
                raise ApiError(f"no call was placed: {answer.why}")
            case Doubtful():
                raise ApiError(f"a call may have been placed: {answer.evidence}")
            case _:
                assert_never(answer)

    async def _follow(self, interaction_id: InteractionId) -> Ended:
        missing = 0
        why = "it had not ended"
        with anyio.move_on_after(self._call_timeout_s):
            while missing < MISSING_LIMIT:
                standing = await self.standing(interaction_id)
                match standing:
                    case Ended():
                        return standing
                    case StillInCall():
                        why, wait_s = "it had not ended", None
                    case NotTold():
                        why, wait_s = standing.why, standing.retry_after_s
                        missing += standing.missing
                        if standing.refused:
                            break
                await anyio.sleep(
                    wait_before_poll_s(
                        self._poll_interval_s,
                        retry_after_s=wait_s,
                        chance=random.random(),  # noqa: S311 – spreads polls, guards nothing
                    )
                )
        raise ApiError(f"the call was placed as {interaction_id}, but its end was not told: {why}")

    def _body(self, request: CallRequest) -> bytes:
        wait = {"auto": None, "wait": True, "poll": False}[self._completion]
        fields = {
            "prompt": request.prompt,
            "to": request.to,
            "from": request.from_,
            "transferTo": request.transfer_to,
            "language": request.language,
            "voice": request.voice,
            "waitForCallEnd": wait,
        }
        try:
            body = CallBody.model_validate(fields)
        except ValidationError as error:
            # pydantic's own text holds the values: numbers and prompts.
            faults = (
                f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()
            )
            raise ValueError(f"the API takes no such request: {'; '.join(faults)}") from None
        return body.model_dump_json(exclude_none=True).encode()

    def _url(self, path: str) -> httpx.URL:
        """The address of a path, which is added as it is to that of the API."""
        base = self._base_url
        return base.copy_with(raw_path=base.raw_path.rstrip(b"/") + path.encode("ascii"))

    def _request(
        self, method: str, url: httpx.URL, *, body: bytes | None, within_s: float
    ) -> httpx.Request:
        """A request that holds what every one of ours holds, and nothing of the answers before."""
        timeout = {"connect": _CONNECT_TIMEOUT_S, "write": _WRITE_TIMEOUT_S, "read": within_s}
        headers = self._headers
        if body is not None:
            headers = headers | {"Content-Type": "application/json"}
        return httpx.Request(
            method, url, headers=headers, content=body, extensions={"timeout": timeout}
        )

    async def _exchange(
        self, method: str, url: httpx.URL, *, body: bytes | None, within_s: float
    ) -> Exchange:
        """Send one request and read its answer, saying which of the two failed if one did.

        The transport is asked without ``httpx.AsyncClient``, whose part would be to follow
        redirects, keep cookies and find passwords: nothing of that may happen here.
        """
        request = self._request(method, url, body=body, within_s=within_s)
        try:
            # httpx's read timeout is per read; an answer that trickles would never end.
            with anyio.fail_after(within_s + _CONNECT_TIMEOUT_S + _WRITE_TIMEOUT_S):
                response = await self._transport.handle_async_request(request)
                try:
                    _see_where_to(request, response)
                    return await read_answer(response)
                finally:
                    await response.aclose()
        except _NEVER_SENT as error:
            fault = tls_fault(error)
            if fault is not None:
                return NeverSent(why=fault, untrusted=True)
            return NeverSent(why=_words(error, "the request was not sent"))
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, TimeoutError) as error:
            return SentAndLost(why=_words(error, "the request was sent and no answer came"))


def _see_where_to(request: httpx.Request, response: httpx.Response) -> None:
    """Raise ``httpx.RemoteProtocolError`` where a redirect leads to no address: it says nothing."""
    if not response.has_redirect_location:
        return
    try:
        request.url.join(response.headers["location"])
    except (httpx.InvalidURL, ValueError) as error:
        raise httpx.RemoteProtocolError(f"Invalid URL in location header: {error}") from error


def _words(error: Exception, what: str) -> str:
    """``no answer …: ReadTimeout``: the class and its text, which never hold the key."""
    text = "" if isinstance(error, httpx.LocalProtocolError) else quote(str(error))
    return f"{what}: {type(error).__name__}{f' ({text})' if text else ''}"


def _checked(api_key: str) -> str:
    key = api_key.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise UsageError(
            "the API key is empty, or holds spaces, line breaks or other characters that no key "
            "has; copy it again into POKU_API_KEY, without 'Bearer'"
        )
    return key


def _checked_url(base_url: str) -> str:
    """The address, by the rule for ``api.base_url`` in campaign files."""
    try:
        url = Api.model_validate({"base_url": base_url}).base_url
        httpx.URL(url)
    except ValidationError as error:
        raise UsageError(f"the API's address: {error.errors()[0]['msg']}") from None
    except httpx.InvalidURL as error:
        raise UsageError(f"the API's address: {error}") from None
    return url


def _ssl_context(url: str) -> ssl.SSLContext | None:
    if httpx.URL(url).scheme != "https":
        return None
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise UsageError(
            "the certificates to trust cannot be read; look at SSL_CERT_FILE and SSL_CERT_DIR: "
            f"{error}"
        ) from error
