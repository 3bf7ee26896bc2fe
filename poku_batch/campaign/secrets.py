"""A guard against API keys in campaign files: files are shared and committed, keys must not be.

No fault made here, and none made after it, shows the value.
"""

import re

from poku_batch.campaign.document import Document, KeyPath, dotted
from poku_batch.errors import Fault

_NAMES = re.compile(
    r"(\w+_)?api_?key|auth|authorization|bearer|credentials?|password|secret|secret_?key|(\w+_)?token"
)
_SHAPES = re.compile(
    r"\b(?:(?:sk|pk|rk|api|key|poku|tok|token|ghp|xox[a-z]|whsec|gsk)[-_](?=\w*\d)[\w-]{16,}"
    r"|bearer\s+\S{12,}|eyJ[\w-]{10,}\.[\w-]{10,})",
    re.IGNORECASE,
)
#: Where an address, or the name of an environment variable, stands: no long letters and digits.
_OPAQUE = re.compile(r"(?=\S*\d)(?=\S*[A-Za-z])[\w-]{24,}")
_OPAQUE_NAME = re.compile(
    r"(?=.*\d)(?=.*[a-z])[\w+/=.-]{16,}|(?=.*[a-z0-9])[A-Za-z0-9]{20,}|[\w+/-]+={1,2}"
)

#: Where people choose the names themselves.
_FREE_NAMES = ("outcomes", "redial.by_outcome", "outcomes_by.fields")
#: Words for a model, in which a long run of letters and digits may be anything.
_PROSE = ("outcomes", "prompt", "outcomes_by.instructions", "outcomes_by.fields")

_POKU_KEY = "remove it here and set POKU_API_KEY in the environment"
_NAMED = "remove it here, set an environment variable to it, and name that: "


def secret_faults(document: Document, *, file: str) -> dict[KeyPath, Fault]:
    """Find keys that ask for a secret and values that look like one, by where they stand."""
    return {
        path: Fault(
            file=file,
            line=place.line,
            column=dotted(path),
            message="a secret must not stand in a file",
            hint=f"{_instead(path)}; if the file was shared, make a new key",
        )
        for path, place in document.places.items()
        if _asks_for_one(path) or (place.text is not None and _is_one(path, place.text))
    }


def _instead(path: KeyPath) -> str:
    if path[0] == "outcomes_by":
        return f"{_NAMED}key_env: OPENAI_API_KEY"
    if path[0] == "hooks":
        return f"{_NAMED}secret_env: POKU_BATCH_HOOK_SECRET"
    return _POKU_KEY


def _asks_for_one(path: KeyPath) -> bool:
    name = path[-1]
    if not isinstance(name, str) or _under(path, _FREE_NAMES):
        return False
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])|[-\s]+", "_", name).lower()
    return bool(_NAMES.fullmatch(plain)) or path in {("api", "key"), ("outcomes_by", "key")}


def _is_one(path: KeyPath, text: str) -> bool:
    shaped = bool(_SHAPES.search(text))
    if _under(path, _PROSE):
        return shaped and len(text) < 200
    if path[-1] in {"key_env", "secret_env"}:
        return shaped or bool(_OPAQUE_NAME.fullmatch(text))
    opaque = path[0] == "api" or path[-1] == "base_url"
    return shaped or (opaque and bool(_OPAQUE.fullmatch(text)))


def _under(path: KeyPath, sections: tuple[str, ...]) -> bool:
    return any(f"{dotted(path)}.".startswith((f"{name}.", f"{name}[")) for name in sections)
