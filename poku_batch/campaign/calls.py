"""How each call is placed, and placed again where the API turned it away."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from poku_batch.campaign.fields import (
    CallLanguage,
    CallNumber,
    CallVoice,
    Duration,
    RetryStatus,
    between,
    is_template,
    one_or_many,
    without_repeats,
    worded,
)
from poku_batch.campaign.section import Section


def _pool(numbers: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if numbers is not None and len(numbers) > 1:
        without_repeats(numbers)
        if any(map(is_template, numbers)):
            raise worded("several caller IDs cannot hold an expression", "use one, or numbers only")
    return numbers


_Numbers = Annotated[tuple[CallNumber, ...], one_or_many(CallNumber)]


class Call(Section):
    """How each call is placed. Each value may be a Jinja expression over the row."""

    from_: Annotated[
        tuple[CallNumber, ...] | None, one_or_many(CallNumber), AfterValidator(_pool)
    ] = Field(
        default=None,
        alias="from",
        description="The caller ID, in international form; or several, of which each contact "
        "keeps one. Default: your account's own number.",
    )
    transfer_to: CallNumber | None = Field(
        default=None,
        description="The number that gets the call when the callee asks for a human.",
    )
    language: CallLanguage | None = Field(
        default=None, description="The language that the agent speaks. Default: en-US."
    )
    voice: CallVoice | None = Field(default=None, description="The agent's voice: female or male.")

    @property
    def templates(self) -> Mapping[str, str]:
        """The values that are given, by their key in the file; ``from`` only if it is single."""
        values = self.model_dump(by_alias=True, exclude_none=True, exclude={"from_"})
        return {"from": self.caller_id, **values} if self.caller_id else values

    @property
    def caller_id(self) -> str | None:
        """The one caller ID, or its template; None for the account's own, or several."""
        return self.from_[0] if self.from_ and len(self.from_) == 1 else None

    @property
    def caller_ids(self) -> tuple[str, ...]:
        """The caller IDs to choose from; none where there is no choice."""
        return self.from_ if self.from_ and len(self.from_) > 1 else ()


def _with_429(statuses: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted({*statuses, 429}))


class Retries(Section):
    """Placements that the API turned away, before any phone rang, and that are repeated."""

    attempts: int = Field(
        default=6, ge=1, le=100, description="How often one placement is tried, the first included."
    )
    max_wait: Annotated[Duration, between("1ms", "1d")] = Field(
        default=timedelta(minutes=2),
        description="The longest pause that is chosen between two tries. A longer Retry-After of "
        "the API is kept to.",
    )
    statuses: Annotated[
        tuple[RetryStatus, ...],
        one_or_many(RetryStatus),
        AfterValidator(_with_429),
    ] = Field(
        default=(429,),
        description="The HTTP statuses after which a placement is tried again; 429 always is. "
        "Careful: only 429 and 503 are known to mean that no phone rang. After any of the others "
        "somebody may be called twice.",
    )
