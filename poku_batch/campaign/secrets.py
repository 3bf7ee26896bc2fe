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
    r"\b(?:(?:sk|pk|rk|api|key|poku|tok|token|ghp|xox[a-z])[-_](?=\w*\d)[\w-]{16,}"
    r"|bearer\s+\S{12,}|eyJ[\w-]{10,}\.[\w-]{10,})",
    re.IGNORECASE,
)
#: Under ``api`` nothing else is a long run of letters and digits.
_OPAQUE = re.compile(r"(?=\S*\d)(?=\S*[A-Za-z])[\w-]{24,}")


def secret_faults(document: Document, *, file: str) -> dict[KeyPath, Fault]:
    """Find keys that ask for a secret and values that look like one, by where they stand."""
    return {
        path: Fault(
            file=file,
            line=place.line,
            column=dotted(path),
            message="a secret must not stand in a file",
            hint="remove it here and set POKU_API_KEY in the environment; "
            "if the file was shared, make a new key",
        )
        for path, place in document.places.items()
        if _asks_for_one(path) or (place.text is not None and _is_one(path, place.text))
    }


def _asks_for_one(path: KeyPath) -> bool:
    if path[0] == "outcomes" or not isinstance(path[-1], str):
        return False
    name = re.sub(r"(?<=[a-z])(?=[A-Z])|[-\s]+", "_", path[-1]).lower()
    return bool(_NAMES.fullmatch(name)) or path == ("api", "key")


def _is_one(path: KeyPath, text: str) -> bool:
    if path[0] in {"outcomes", "prompt"}:
        return bool(_SHAPES.search(text)) and len(text) < 200
    return bool(_SHAPES.search(text)) or (path[0] == "api" and bool(_OPAQUE.fullmatch(text)))
