"""Reading an answer's body: bounded in size, and tolerant of what servers put into it.

An answer whose body cannot be read as a JSON object is still an answer: its status and headers
count. Only one that broke off, or that is larger than any answer should be, is none.
"""

import json
import zlib
from typing import Any

import httpx

from poku_batch.policy.http import Exchange, Reply, SentAndLost

#: Largest body that is read, in bytes, packed or not; a summary is some kilobytes.
BODY_LIMIT = 1 << 20

#: What a server may have packed the body in, although it was asked not to, and zlib's word for it.
_PACKINGS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


async def read_answer(response: httpx.Response) -> Exchange:
    """Read a whole answer. Raises ``httpx.TransportError`` where it breaks off."""
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > BODY_LIMIT:
            return SentAndLost(
                why=f"HTTP {response.status_code}, with an answer over {BODY_LIMIT >> 20} MiB"
            )
    data = _unpacked(bytes(body), response.headers.get("content-encoding", ""))
    return Reply(
        status=response.status_code,
        headers={name.lower(): value for name, value in response.headers.items()},
        body=_json_object(data),
        text=data[:2000].decode("utf-8", "replace"),
    )


def _unpacked(body: bytes, packing: str) -> bytes:
    """Unpack a body; one that cannot be, or that is a bomb, comes back as it is."""
    window = _PACKINGS.get(packing.strip().lower())
    if window is None:
        return body
    unpacking = zlib.decompressobj(window)
    try:
        data = unpacking.decompress(body, BODY_LIMIT)
    except zlib.error:
        return body
    return data if unpacking.eof else body


def _json_object(data: bytes) -> dict[str, Any] | None:
    """The JSON object in a body; None where there is none.

    Half a surrogate pair, as JavaScript leaves when it cuts a text within an emoji, becomes ``?``:
    it could be neither stored nor shown.
    """
    try:
        text = json.dumps(json.loads(data), ensure_ascii=False)
        value = json.loads(text.encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
