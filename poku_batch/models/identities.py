"""What things are known by."""

from dataclasses import dataclass
from typing import NewType

#: An international number: a plus sign, then country code and number, 15 digits at most.
#: Source: ITU-T E.164.
E164_PATTERN = r"\+[1-9][0-9]{6,14}"

#: What makes a row the same contact on a rerun, as text: several columns are joined by ``" | "``,
#: a bar within a cell is doubled, and the number's own column counts as its E.164 form.
ContactKey = NewType("ContactKey", str)
#: The API's name for one placed call.
InteractionId = NewType("InteractionId", str)
#: The ledger's name for one run, one contact, one attempt.
RunId = NewType("RunId", int)
ContactId = NewType("ContactId", int)
AttemptId = NewType("AttemptId", int)


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignId:
    """A campaign's identity in the ledger: another wave calls everybody anew."""

    name: str
    wave: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.wave})" if self.wave else self.name
