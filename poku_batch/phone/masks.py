"""Numbers as logs show them."""

import re

from poku_batch.models import E164_PATTERN
from poku_batch.phone.codes import code_of

_E164 = re.compile(E164_PATTERN)


def mask(e164: str) -> str:
    """Write a number for a log: ``+1 •••• 00``; the country code and the last two digits only.

    What is not an E.164 number is hidden whole.
    """
    if not _E164.fullmatch(e164):
        return "••••"
    code = code_of(e164)
    return f"+{code} •••• {e164[-2:]}" if code else f"•••• {e164[-2:]}"
