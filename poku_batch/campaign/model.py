"""A campaign: who is called, what is said, and how; checked, frozen, with absolute paths.

The models are the campaign file's schema: a key is here or is an error.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from poku_batch.campaign.document import KeyPath, Place, dotted
from poku_batch.campaign.fields import (
    BaseUrl,
    CallLanguage,
    CallNumber,
    CallVoice,
    Duration,
    FilePath,
    Line,
    OutputPath,
    Region,
    RetryStatus,
    Slug,
    Text,
    between,
    one_of,
    one_or_many,
    origin_of,
    short_form,
    without_repeats,
    worded,
)
from poku_batch.errors import Fault
from poku_batch.models import CampaignId, DuplicateRule


class _Section(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True
    )


class Contacts(_Section):
    """Who is called."""

    file: FilePath = Field(
        description="The sheet: csv, tsv, xlsx or parquet. Relative to this file's folder."
    )
    key: Annotated[tuple[Text, ...], one_or_many(str), AfterValidator(without_repeats)] | None = (
        Field(
            default=None,
            description="The column, or columns, that make a row the same contact on a rerun. "
            "Default: the phone number.",
        )
    )
    phone: Text | None = Field(
        default=None,
        description="The column that holds the number. Default: the first column with a usual "
        "name, such as phone, mobile or to.",
    )
    region: Region | None = Field(
        default=None,
        description="The country of numbers written without +: two letters, such as US. "
        "Without it such rows are invalid.",
    )
    duplicates: Annotated[DuplicateRule, BeforeValidator(one_of(*DuplicateRule))] = Field(
        default=DuplicateRule.FIRST,
        description="What to do with rows that carry the same number: call the first of them, "
        "call all, or take it as an error.",
    )


class Prompt(_Section):
    """What the agent is told: a file or a text, one of the two."""

    file: FilePath | None = Field(
        default=None, description="The template's file. Relative to this file's folder."
    )
    text: Text | None = Field(default=None, description="The template itself.")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.file is None) == (self.text is None):
            raise worded(
                "a prompt is either a file or a text", "such as prompt: prompts/call.md.j2"
            )
        return self


class Call(_Section):
    """How each call is placed. Each value may be a Jinja expression over the row."""

    from_: CallNumber | None = Field(
        default=None,
        alias="from",
        description="The caller ID, in international form. Default: your account's own number.",
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
        """The values that are given, by their key in the file (``from``, not ``from_``)."""
        return self.model_dump(by_alias=True, exclude_none=True)


class Limits(_Section):
    """How much at once."""

    concurrency: int = Field(
        default=10, ge=1, le=10_000, description="How many calls may go on at the same time."
    )


def _with_429(statuses: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted({*statuses, 429}))


class Retries(_Section):
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


class Output(_Section):
    """Where the sheet goes with what came of every call."""

    file: Annotated[tuple[OutputPath, ...], one_or_many(str), AfterValidator(without_repeats)] = (
        Field(
            description="One file or several: csv, xlsx or parquet. Relative to this file's "
            "folder. Default: results/<name>.csv, or results/<name>-<wave>.csv.",
        )
    )


class Api(_Section):
    """How the Poku API is reached. The key is no part of this: it is in POKU_API_KEY."""

    base_url: BaseUrl = Field(
        default="https://api.pokulabs.com",
        description="The API's address: https, or http on this machine.",
    )
    completion: Annotated[
        Literal["auto", "wait", "poll"], BeforeValidator(one_of("auto", "wait", "poll"))
    ] = Field(
        default="auto",
        description="How the end of a call is learned: wait holds the request open, poll asks "
        "again and again, auto takes whichever the API offers.",
    )
    call_timeout: Annotated[Duration, between("1ms", "1d")] = Field(
        default=timedelta(minutes=15), description="How long a call's end is waited for."
    )
    poll_interval: Annotated[Duration, between("100ms", "1h")] = Field(
        default=timedelta(seconds=5), description="How often a call's end is asked for."
    )


_Phrases = Annotated[tuple[Text, ...], one_or_many(str)]


class Campaign(_Section):
    """One campaign file: who to call, what to say, how."""

    name: Slug = Field(
        description="The campaign's identity: lower case letters, digits, - and _. Under another "
        "name everybody is called anew."
    )
    wave: Line = Field(
        default="",
        description="Part of the identity: another value calls everybody anew. Any short text.",
    )
    contacts: Annotated[
        Contacts, BeforeValidator(short_form("file"), json_schema_input_type=str | Contacts)
    ] = Field(description="Who is called: the sheet's path, or its details.")
    prompt: Annotated[
        Prompt, BeforeValidator(short_form("file"), json_schema_input_type=str | Prompt)
    ] = Field(description="What the agent is told: the template's path, or {text: …}.")
    call: Call = Field(
        default_factory=Call,
        description="How each call is placed. Each value may be a Jinja expression over the row.",
    )
    limits: Limits = Field(default_factory=Limits, description="How much at once.")
    retries: Retries = Field(
        default_factory=Retries,
        description="Placements that the API turned away, before any phone rang, are repeated.",
    )
    outcomes: Mapping[Slug, _Phrases] = Field(
        default_factory=dict,
        description="Your own words for what came of a call, each with phrases to look for in the "
        "summary. The first that matches wins; then the built-in rules decide.",
    )
    output: Annotated[
        Output,
        BeforeValidator(short_form("file"), json_schema_input_type=str | list[str] | Output),
    ] = Field(
        default=None,  # _default_output makes it, from the name
        validate_default=True,
        description="Where the sheet goes with what came of every call.",
        json_schema_extra={"default": "results/<name>.csv"},
    )
    api: Api = Field(default_factory=Api, description="How the Poku API is reached.")
    keep_prompts: Annotated[bool, BeforeValidator(one_of("true", "false"))] = Field(
        default=False,
        description="Whether the ledger keeps what every agent was told, for the history. "
        "Otherwise it keeps the SHA-256 alone.",
    )

    _path: Path = PrivateAttr()
    _places: Mapping[KeyPath, Place] = PrivateAttr()

    @field_validator("output", mode="before")
    @classmethod
    def _default_output(cls, value: object, info: ValidationInfo) -> object:
        if value is not None:
            return value
        wave = re.sub(r"[^\w.]+", "-", info.data.get("wave", "")).strip("-.")
        stem = "-".join(part for part in (info.data.get("name", "campaign"), wave) if part)
        return {"file": [f"results/{stem}.csv"]}

    @model_validator(mode="after")
    def _inputs_are_not_written(self, info: ValidationInfo) -> Self:
        inputs = {self.contacts.file, self.prompt.file, origin_of(info.context).path}
        real = {path.resolve() for path in inputs if path is not None}
        for path in self.output.file:
            if path.resolve() in real:
                raise worded(
                    f"{path.name} is what the campaign reads, and would be written over",
                    "choose another name for the results",
                    ("output", "file"),
                )
        return self

    def model_post_init(self, context: Any, /) -> None:
        """Remember the file that the campaign comes from."""
        origin = origin_of(context)
        self._path = origin.path
        self._places = origin.places

    @property
    def path(self) -> Path:
        """The campaign file, absolute."""
        return self._path

    @property
    def folder(self) -> Path:
        """The campaign file's folder: what its paths are relative to."""
        return self._path.parent

    @property
    def identity(self) -> CampaignId:
        """What the ledger knows the campaign by."""
        return CampaignId(name=self.name, wave=self.wave)

    @property
    def prompt_line(self) -> int:
        """The line of the campaign file on which an inline prompt begins; 1 for one in a file."""
        place = self._places.get(("prompt", "text"))
        return place.text_line if place and self.prompt.text is not None else 1

    def line_of(self, key: str) -> int | None:
        """Give the line of a dotted key, ``contacts.phone``, or of the nearest section above it."""
        lines = {dotted(path): place.line for path, place in self._places.items()}
        while key and key not in lines:
            key = key.rpartition(".")[0]
        return lines.get(key)

    def written(self, key: str) -> str | None:
        """Give the value of a dotted key as the file has it; None if there is none, or no text."""
        texts = {dotted(path): place.text for path, place in self._places.items()}
        short = key.removesuffix(".file")
        return texts.get(key) or (texts.get(short) if short != key else None)

    def located(self, faults: Iterable[Fault]) -> tuple[Fault, ...]:
        """Give faults that name a dotted key and no file this file and the key's line."""
        return tuple(
            replace(fault, file=str(self.path), line=self.line_of(fault.column))
            if fault.file is None and fault.column
            else fault
            for fault in faults
        )
