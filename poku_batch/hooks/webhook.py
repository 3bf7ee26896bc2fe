"""Telling an address: signed POSTs, as the Standard Webhooks specification says.

Invariants: the secret signs and is sent nowhere; no redirect is followed, no cookie kept, no proxy
or password of the environment used, so nobody but the address itself is told. An address may hold
a secret of its own, and is in no text that is given.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md.
"""

import base64
import binascii
import hashlib
import hmac
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from types import TracebackType
from typing import Self

import anyio
import httpx

from poku_batch.errors import UsageError
from poku_batch.hooks.envelope import encoded, excerpt, name_of
from poku_batch.models import HookMessage

_PREFIX = "whsec_"

#: The shortest secret, in bytes.
_SHORTEST = 16

#: Most that is read of an answer, in bytes, and for how long, in seconds: its status says it all.
_BODY_LIMIT = 64 * 1024
_BODY_WAIT_S = 2.0


class WebhookSender:
    """POSTs each message to an address; a ``ports.HookSender``. An ``async with`` block closes it.

    A status from 200 to 299 says that the message was taken.
    """

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        timeout_s: float,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take the secret as ``signing_key`` reads it; telling once takes ``timeout_s`` at most.

        ``now`` is what receivers see as the time of sending. Raises ``UsageError`` where the
        address, the secret or the certificates that ``SSL_CERT_FILE`` names cannot be used.
        """
        self._url = _checked(url)
        self._key = signing_key(secret)
        self._timeout_s = timeout_s
        self._now = now
        self._http = httpx.AsyncClient(
            verify=_ssl_context(),
            follow_redirects=False,
            trust_env=False,
            # Given up by httpcore itself, a connection is closed; cancelled in its handshake, not.
            timeout=httpx.Timeout(timeout_s, connect=timeout_s / 3),
            # A connection that was kept may just have been dropped by the other side.
            limits=httpx.Limits(max_keepalive_connections=0),
            headers={
                "User-Agent": f"poku-batch/{version('poku-batch')}",
                "Accept": "*/*",
                "Accept-Encoding": "identity",
                "Connection": "close",
            },
        )
        self._http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with anyio.CancelScope(shield=True):
            await self._http.aclose()

    async def send(self, message: HookMessage) -> str | None:
        """POST it once; None where it was taken, else the status or what broke."""
        body = encoded(message)
        headers = {"Content-Type": "application/json", **self._signed(name_of(message), body)}
        try:
            # httpx's own timeout is per read and write; this one is for all of it.
            with anyio.fail_after(self._timeout_s):
                async with self._http.stream(
                    "POST", self._url, content=body, headers=headers
                ) as response:
                    said = await _read(response)
                    return None if response.is_success else _why(response.status_code, said)
        except (TimeoutError, httpx.TimeoutException):
            return f"no answer within {self._timeout_s:g} s"
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, ssl.SSLError) as error:
            words = excerpt(str(error).encode())
            return f"{type(error).__name__}{f' ({words})' if words else ''}"

    def _signed(self, name: str, body: bytes) -> dict[str, str]:
        at = str(int(self._now().timestamp()))
        digest = hmac.new(self._key, f"{name}.{at}.".encode() + body, hashlib.sha256).digest()
        return {
            "webhook-id": name,
            "webhook-timestamp": at,
            "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
        }


def signing_key(secret: str) -> bytes:
    """The key that a secret stands for: ``whsec_`` and base64, or else the text's own bytes.

    Raises ``UsageError``, without a word of the secret, where it is no base64 or too short.
    """
    text = secret.strip()
    key = text.encode()
    if text.startswith(_PREFIX):
        encoded_key = text.removeprefix(_PREFIX)
        try:
            key = base64.b64decode(encoded_key + "=" * (-len(encoded_key) % 4), validate=True)
        except (binascii.Error, ValueError):
            raise UsageError(
                "the secret of a hook begins with whsec_, and what follows is not base64; "
                "copy it again"
            ) from None
    if len(key) < _SHORTEST:
        raise UsageError(
            f"the secret of a hook is shorter than {_SHORTEST} bytes; make a long one: "
            "echo whsec_$(head -c 32 /dev/urandom | base64)"
        )
    return key


async def _read(response: httpx.Response) -> bytes:
    """The beginning of an answer's body; an answer whose body breaks off is still an answer."""
    said = bytearray()
    with anyio.move_on_after(_BODY_WAIT_S):
        try:
            async for part in response.aiter_raw():
                said += part[: _BODY_LIMIT - len(said)]
                if len(said) >= _BODY_LIMIT:
                    break
        except httpx.HTTPError:
            pass
    return bytes(said)


def _why(status: int, said: bytes) -> str:
    words = excerpt(said)
    return f"HTTP {status}: {words}" if words else f"HTTP {status}"


def _checked(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    if parsed.scheme not in {"https", "http"} or not parsed.host:
        raise UsageError("the address of a hook is not an http or https address")
    return url


def _ssl_context() -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise UsageError(
            "the certificates to trust cannot be read; look at SSL_CERT_FILE and SSL_CERT_DIR: "
            f"{error}"
        ) from error
