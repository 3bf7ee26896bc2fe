"""A campaign: who is called, what is said, and how; checked, frozen, with absolute paths.

The models are the campaign file's schema: a key is here or is an error.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from poku_batch.campaign.calls import Call, Retries
from poku_batch.campaign.document import KeyPath, Place, dotted
from poku_batch.campaign.fields import (
    BaseUrl,
    Duration,
    FilePath,
    Line,
    OutputPath,
    RejectsPath,
    ReportPath,
    Slug,
    Text,
    between,
    nearest,
    one_of,
    one_or_many,
    origin_of,
    quoted,
    short_form,
    without_repeats,
    worded,
)
from poku_batch.campaign.patterns import pattern_fault
from poku_batch.campaign.rules import (
    CallingHours,
    CircuitBreaker,
    Limits,
    Pricing,
    Redial,
    breaker_short,
    calling_hours_short,
)
from poku_batch.campaign.section import Section
from poku_batch.campaign.sheet import Contacts
from poku_batch.campaign.sources import source_of
from poku_batch.campaign.telling import Hooks, OutcomesBy
from poku_batch.errors import Fault, UsageError
from poku_batch.models import CampaignId, Outcome, Source


class Prompt(Section):
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


class Output(Section):
    """Where the sheet goes with what came of every call."""

    file: Annotated[tuple[OutputPath, ...], one_or_many(str), AfterValidator(without_repeats)] = (
        Field(
            default=(),  # Campaign._default_output names one
            description="One file or several: csv, xlsx or parquet. Relative to this file's "
            "folder. Default: results/<name>.csv, or results/<name>-<wave>.csv.",
            json_schema_extra={"default": "results/<name>.csv"},
        )
    )
    rejects: RejectsPath | None = Field(
        default=None,
        description="A csv or xlsx file of the rows that were not called, with call_row and "
        "call_error: correct them, name it as contacts.file, and the campaign goes on.",
    )
    report: ReportPath | None = Field(
        default=None,
        description="An html file with figures, charts and every contact, written at the end of "
        "each run: it opens in a browser without a network, and can be mailed.",
    )
    recordings: FilePath | None = Field(
        default=None,
        description="A folder for copies of the calls' recordings, fetched soon after each call. "
        "Relative to this file's folder.",
    )


class Api(Section):
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


def _phrase(value: str) -> str:
    fault = pattern_fault(value)
    if fault is not None:
        raise worded(f"{quoted(value)} is no regular expression that can be used: {fault}")
    return value


_Phrases = Annotated[tuple[Annotated[Text, AfterValidator(_phrase)], ...], one_or_many(str)]


class Campaign(Section):
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
    limits: Limits = Field(
        default_factory=Limits, description="How much at once, in all, and for one number."
    )
    pricing: Pricing = Field(
        default_factory=Pricing, description="What calls cost, for the budget."
    )
    retries: Retries = Field(
        default_factory=Retries,
        description="Placements that the API turned away, before any phone rang, are repeated.",
    )
    redial: Redial = Field(
        default_factory=Redial,
        description="Who is called again because of what came of the call, such as no_answer.",
    )
    calling_hours: Annotated[
        CallingHours,
        BeforeValidator(
            calling_hours_short, json_schema_input_type=Literal["always"] | CallingHours
        ),
    ] = Field(
        default_factory=CallingHours,
        description="When contacts may be called, by the clock where they are. Default: 08:00 to "
        "21:00 every day; always switches them off.",
    )
    do_not_call: Annotated[
        tuple[FilePath, ...], one_or_many(str), AfterValidator(without_repeats)
    ] = Field(
        default=(),
        description="Files of numbers that must not be called: csv, txt, xlsx. The folder's own "
        "list (poku-batch do-not-call) counts always.",
    )
    circuit_breaker: Annotated[
        CircuitBreaker,
        BeforeValidator(
            breaker_short, json_schema_input_type=Literal["on", "off"] | bool | CircuitBreaker
        ),
    ] = Field(
        default_factory=CircuitBreaker,
        description="When a run pauses because too many calls go wrong; off switches it off.",
    )
    outcomes: Mapping[Slug, _Phrases] = Field(
        default_factory=dict,
        description="Your own words for what came of a call, each with phrases to look for in the "
        "summary, or /regular expressions/. The first that matches wins; then the built-in rules "
        "decide.",
    )
    outcomes_by: OutcomesBy | None = Field(
        default=None,
        description="A model that reads each summary, where patterns do not do: any "
        "OpenAI-compatible chat endpoint.",
    )
    hooks: Hooks = Field(
        default_factory=Hooks, description="Programs that are told of results, as they come."
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
    _own_sheet: Source | None = PrivateAttr(default=None)

    @field_validator("output", mode="before")
    @classmethod
    def _default_output(cls, value: object, info: ValidationInfo) -> object:
        given = {} if value is None else value
        if not isinstance(given, Mapping) or "file" in given:
            return value
        wave = re.sub(r"[^\w.]+", "-", info.data.get("wave", "")).strip("-.")
        stem = "-".join(part for part in (info.data.get("name", "campaign"), wave) if part)
        return {**given, "file": [f"results/{stem}.csv"]}

    @model_validator(mode="after")
    def _inputs_are_not_written(self, info: ValidationInfo) -> Self:
        inputs = {self.contacts.file.file, self.prompt.file, origin_of(info.context).path}
        for key, path in self._written_of(inputs):
            raise worded(
                f"{path.name} is what the campaign reads, and would be written over",
                "choose another name for the results",
                ("output", key),
            )
        return self

    def _written_of(self, inputs: Iterable[Path | None]) -> Iterator[tuple[str, Path]]:
        """Those of the files that are read which the results would be written over."""
        real = {path.resolve() for path in inputs if path is not None}
        written = [("file", path) for path in self.output.file]
        if self.output.rejects is not None:
            written.append(("rejects", self.output.rejects))
        if self.output.report is not None:
            written.append(("report", self.output.report))
        return ((key, path) for key, path in written if path.resolve() in real)

    @model_validator(mode="after")
    def _redialled_outcomes_are_known(self) -> Self:
        labels = self.outcomes_by.labels if self.outcomes_by else ()
        known = {word: word for word in (*self.outcomes, *labels, *map(str, Outcome))}
        named: list[tuple[KeyPath, str]] = [
            (("redial", "outcomes", at), word) for at, word in enumerate(self.redial.outcomes)
        ]
        named += [(("redial", "by_outcome", word), word) for word in self.redial.by_outcome]
        for path, word in named:
            if word not in known:
                raise worded(
                    f"{quoted(word)} is neither one of your outcomes nor a built-in one",
                    nearest(word, known) or f"known are {', '.join(known)}",
                    path,
                )
        return self

    @model_validator(mode="after")
    def _caller_ids_are_counted_where_there_are_several(self) -> Self:
        if self.limits.per_caller_id is not None and not self.call.caller_ids:
            raise worded(
                "counts the calls from each caller ID of a list, and call.from is none",
                "give call.from several numbers, or remove it",
                ("limits", "per_caller_id"),
            )
        return self

    def model_post_init(self, context: Any, /) -> None:
        """Remember the file that the campaign comes from."""
        origin = origin_of(context)
        self._path = origin.path
        self._places = origin.places

    def reading(self, sheet: str, *, folder: Path) -> "Campaign":
        """This campaign with another sheet in the place of its own; all else stays as it is.

        ``sheet`` is written as ``contacts.file`` is, a path relative to ``folder``. Raises
        ``UsageError`` where it cannot be one, or the results would be written over it.
        """
        try:
            source = source_of(sheet, folder)
        except PydanticCustomError as error:
            told = error.context or {}
            hint = f" ({told['hint']})" if told.get("hint") else ""
            raise UsageError(f"--contacts: {told['message']}{hint}") from None
        for _, path in self._written_of([source.file]):
            raise UsageError(
                f"--contacts: the campaign writes its results to {path}, which would be lost; "
                "read a copy of it under another name"
            )
        contacts = self.contacts.model_copy(update={"file": source})
        other = self.model_copy(update={"contacts": contacts})
        other._own_sheet = self.own_sheet or self.contacts.file  # noqa: SLF001 – of this class
        return other

    @property
    def own_sheet(self) -> Source | None:
        """What the campaign file names as its sheet, where another is read in its place."""
        return self._own_sheet

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
