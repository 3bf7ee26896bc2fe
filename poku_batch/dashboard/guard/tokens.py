"""The token that lets a person in, and what proves that a form came from our own pages.

Invariants: the token itself is not kept, only its digest; secrets are compared in constant time.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable

from poku_batch.errors import UsageError

#: Gives that many random bytes, as ``secrets.token_bytes``.
Chance = Callable[[int], bytes]

_SHORTEST = 16
_LONGEST = 1_024


def new_token(chance: Chance) -> str:
    """A token of 43 characters: 256 bits of chance."""
    return base64.urlsafe_b64encode(chance(32)).decode("ascii").rstrip("=")


def checked_token(text: str) -> str:
    """A token that a person chose, without the blanks around it.

    Raises ``UsageError`` where it is too short to withstand guessing, or cannot be typed.
    """
    token = text.strip()
    if len(token) < _SHORTEST:
        raise UsageError(
            f"the dashboard's token has {len(token)} characters, and {_SHORTEST} are the least: "
            "who guesses it can call people. Choose a longer one, or let one be made"
        )
    if len(token) > _LONGEST or not token.isprintable():
        raise UsageError(
            f"the dashboard's token must be one line of at most {_LONGEST} characters; "
            "choose another one, or let one be made"
        )
    return token


class TokenDigest:
    """A token that can be compared with, and not be read."""

    def __init__(self, token: str) -> None:
        self._digest = _digest(token)

    def __repr__(self) -> str:
        return "TokenDigest(…)"

    def matches(self, offered: str) -> bool:
        """Whether this is the token; takes as long for any answer."""
        return hmac.compare_digest(self._digest, _digest(offered.strip()))


class FormTokens:
    """What a form must carry: made from the visitor's cookie and a secret of this start.

    A page that was made before a restart has one that is not taken any more.
    """

    def __init__(self, chance: Chance) -> None:
        self._secret = chance(32)

    def of(self, visitor: str) -> str:
        """The token of a visitor's forms: 64 characters."""
        return hmac.new(self._secret, visitor.encode(), hashlib.sha256).hexdigest()

    def matches(self, visitor: str, offered: str) -> bool:
        """Whether a form carries its visitor's token; takes as long for any answer."""
        return hmac.compare_digest(self.of(visitor).encode(), offered.encode(errors="replace"))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="replace")).digest()
