"""Where a request carries its form token, read before anything else of its body is.

htmx and scripts put it into a header. A plain form has it as a field; a form with files has it as
its very first part, so that not a byte of a file is taken from somebody who may not send one.
"""

import re
from urllib.parse import parse_qs

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers

from poku_batch.dashboard.guard.bodies import Body

HEADER = "x-csrf-token"
FIELD = "_csrf"

#: Most of a form without files, and most of a first part, in bytes.
FORM_BYTES = 64 * 1024
_FIRST_PART_BYTES = 1_024

_DISPOSITION = re.compile(rb'content-disposition: *form-data; *name="_csrf"', re.IGNORECASE)


async def form_token(headers: Headers, body: Body) -> str:
    """The token that a request carries; "" for none. Raises ``RefusedError`` as the body does."""
    if HEADER in headers:
        return headers[HEADER]
    kind, options = parse_options_header(headers.get("content-type", ""))
    if kind == b"application/x-www-form-urlencoded":
        return _field(await body.start(FORM_BYTES + 1))
    if kind == b"multipart/form-data":
        return await _first_part(options.get(b"boundary", b""), body)
    return ""


def _field(data: bytes) -> str:
    """The field of a form; "" for none, for several, and for a form of too many fields."""
    try:
        fields = parse_qs(data.decode("latin-1"), max_num_fields=1_000)
    except ValueError:
        return ""
    values = fields.get(FIELD, [])
    return values[0] if len(values) == 1 and len(data) <= FORM_BYTES else ""


async def _first_part(boundary: bytes, body: Body) -> str:
    if not 1 <= len(boundary) <= 70:
        return ""
    data = await body.start(1)
    while (end := data.find(b"\r\n--" + boundary, 2)) < 0 and len(data) < _FIRST_PART_BYTES:
        longer = await body.start(len(data) + 1)
        if len(longer) == len(data):
            return ""
        data = longer
    return _value(data[:end], boundary) if 0 <= end <= _FIRST_PART_BYTES else ""


def _value(part: bytes, boundary: bytes) -> str:
    opening = b"--" + boundary + b"\r\n"
    head, found, value = part.removeprefix(opening).partition(b"\r\n\r\n")
    if not found or not part.startswith(opening) or not _DISPOSITION.fullmatch(head):
        return ""
    return value.decode("latin-1")
