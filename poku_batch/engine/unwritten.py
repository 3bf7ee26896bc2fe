"""What became of a call and could not be written to the ledger: for a person, as lines of JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from poku_batch.models import CallResult, Sequel


class UnwrittenError(Exception):
    """The run ends, and the ledger has not taken a write; what had to be kept is in ``unwritten``.

    Never told to a person: the ending of the run says it all.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwritten:
    """What became of an attempt, and is not in the ledger. ``said`` holds JSON's types alone."""

    what: str
    at: datetime
    attempt: int | None
    row: int | None
    key: str | None
    said: Mapping[str, object]

    def as_json(self, *, key: bool = True) -> str:
        """One line of JSON; a ``key`` may be a number, and can be left out."""
        fields = asdict(self) | {"at": self.at.isoformat()}
        if not key:
            del fields["key"]
        return json.dumps(fields)


def said(result: CallResult, sequel: Sequel) -> dict[str, object]:
    """What a call came to, in JSON's types."""
    due_at = None if sequel.due_at is None else sequel.due_at.isoformat()
    return {
        **asdict(result),
        "contact": str(sequel.state),
        "redial_at": due_at,
        "why": sequel.why,
    }
