"""The kind of a reason: what many rows' reasons have in common, so that they can be counted."""

import re

#: What differs from row to row: quoted cells, telephone numbers, and the numbers of rows; not the
#: names of columns.
_QUOTED = re.compile(r"""(\bcolumn ('[^']*'|"[^"]*"))|'[^']*'|"[^"]*"|‘[^’]*’|“[^”]*”|«[^»]*»""")
_NUMBER = re.compile(r"\+[0-9]{7,15}")
_ROW = re.compile(r"\brow \d+")
_HINT = re.compile(r"[:;,]? \(?did you mean .*$")
_LEFT_OVER = re.compile(r"[\s:,]*…[\s:,]*$")

#: The longest kind, in characters.
_LENGTH = 120

#: Rows that share another row's number; the kind of ``same number as row 7``.
SAME_NUMBER = "same number as another row"

#: Rows whose number is on the ledger's do-not-call list; what follows says where it came from.
LISTED = "on the do-not-call list"

#: Unknown contacts that a person declared failed.
DECIDED = "decided by a person"

#: Contacts that were erased; what is left of them.
FORGOTTEN = "forgotten"


def kind_of(reason: str) -> str:
    """The reason without what is the row's own: ``not a number: 'abc'`` is ``not a number``."""
    if reason.startswith(LISTED):
        return LISTED
    kind = _QUOTED.sub(lambda quoted: quoted[1] or "…", " ".join(reason.split()))
    kind = _NUMBER.sub("…", kind)
    kind = _HINT.sub("", _ROW.sub("another row", kind))
    kind = _LEFT_OVER.sub("", kind) or reason
    return kind if len(kind) <= _LENGTH else f"{kind[: _LENGTH - 1]}…"
