"""One request to a chat endpoint, and its answer, bounded in size.

The key goes into one header of one client and nowhere else: not into a repr, an error, a log.
Redirects are not followed and cookies not kept, so it cannot reach another host.
"""

import json
import ssl
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from typing import Any

import httpx

from poku_batch.errors import UsageError
from poku_batch.policy.http import Exchange, NeverSent, Reply, SentAndLost, quote

#: Largest body that is read, in bytes; an answer is some hundred.
BODY_LIMIT = 1 << 20

_CONNECT_TIMEOUT_S = 10.0
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)


class Endpoint:
    """An open client of one chat endpoint; ``aclose`` closes it."""

    def __init__(self, base_url: str, key: str | None) -> None:
        """Take the address without ``/chat/completions``, and the key as it is, if there is one.

        Raises ``UsageError`` where the key cannot be put into an HTTP header (its text holds
        nothing of the key), and where the certificates that ``SSL_CERT_FILE`` names cannot be read.
        """
        headers = {
            "User-Agent": f"poku-batch/{version('poku-batch')}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
        }
        if key is not None:
            headers["Authorization"] = f"Bearer {_checked(key)}"
        self._url = f"{base_url.rstrip('/')}/chat/completions"
        self._http = httpx.AsyncClient(
            headers=headers,
            follow_redirects=False,
            trust_env=False,
            verify=_ssl_context(base_url),
            # The whole of a reading is bounded by its reader.
            timeout=httpx.Timeout(None, connect=_CONNECT_TIMEOUT_S),
        )
        # Whatever cookies are set, every request stays the same.
        self._http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def ask(self, body: bytes) -> Exchange:
        """Send one request, once, and read its answer. Takes as long as the endpoint does."""
        try:
            async with self._http.stream("POST", self._url, content=body) as response:
                return await _read(response)
        except _NEVER_SENT as error:
            return NeverSent(why=_words(error, "it could not be reached"))
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, ssl.SSLError) as error:
            return SentAndLost(why=_words(error, "it gave no whole answer"))


async def _read(response: httpx.Response) -> Exchange:
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > BODY_LIMIT:
            # An answer all the same: to ask again would bring as much.
            why = f"its answer is over {BODY_LIMIT >> 20} MiB"
            return Reply(status=response.status_code, body={"error": why})
    return Reply(
        status=response.status_code,
        headers={name.lower(): value for name, value in response.headers.items()},
        body=_json_object(bytes(body)),
        text=body[:2_000].decode("utf-8", "replace"),
    )


def _json_object(data: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _words(error: Exception, what: str) -> str:
    """The error's class and its text; what httpx says of a request's own headers is left out."""
    text = "" if isinstance(error, httpx.LocalProtocolError) else quote(str(error))
    return f"{what}: {type(error).__name__}{f' ({text})' if text else ''}"


def _checked(key: str) -> str:
    bare = key.strip()
    if not bare or not bare.isascii() or not bare.isprintable() or " " in bare:
        raise UsageError(
            "the key of outcomes_by is empty, or holds spaces, line breaks or other characters "
            "that no key has; copy it again into the environment variable that key_env names, "
            "without 'Bearer'"
        )
    return bare


def _ssl_context(base_url: str) -> ssl.SSLContext:
    """The system's certificates; none for this machine's http, since reading them takes a while."""
    if not base_url.startswith("https:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return httpx.create_ssl_context()
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"the certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read: {error}"
        ) from error
