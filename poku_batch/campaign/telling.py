"""Others who are asked or told: a model that reads summaries, programs that hear of results."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from poku_batch.campaign.fields import (
    ChatUrl,
    Duration,
    HookUrl,
    Slug,
    Text,
    between,
    nearest,
    one_of,
    one_or_many,
    quoted,
    without_repeats,
    worded,
)
from poku_batch.campaign.section import Section

FieldKind = Literal["text", "date", "number", "integer", "boolean", "choice"]

_PlainKind = Literal["text", "date", "number", "integer", "boolean"]
_KINDS: tuple[str, ...] = get_args(_PlainKind)
_ENV_NAME = r"[A-Z_][A-Z0-9_]*"
_FIELD_NAME = r"[a-z][a-z0-9_]{0,39}"


def _env_name(value: str) -> str:
    """Take a name in capital letters alone; anything else may be the secret, and is not shown."""
    if re.fullmatch(_ENV_NAME, value):
        return value
    raise worded(
        "is not the name of an environment variable: capital letters, digits and _",
        "the secret itself goes into the environment, never into the campaign file",
    )


EnvName = Annotated[
    str, AfterValidator(_env_name), Field(json_schema_extra={"pattern": f"^{_ENV_NAME}$"})
]


def _field_name(value: str) -> str:
    if re.fullmatch(_FIELD_NAME, value):
        return value
    better = re.sub(r"[^a-z0-9_]+", "_", value.casefold()).strip("_0123456789")[:40]
    raise worded(
        f"{quoted(value)} is not lower case letters, digits and _, at most 40",
        f"did you mean {better}?" if better else None,
    )


FieldName = Annotated[
    str, AfterValidator(_field_name), Field(json_schema_extra={"pattern": f"^{_FIELD_NAME}$"})
]


_Words = Annotated[tuple[Text, ...], one_or_many(Text)]


class ReadField(Section):
    """One value to be read out of each summary; its column is ``call_field_NAME``."""

    kind: Annotated[FieldKind, BeforeValidator(one_of(*get_args(FieldKind)))] = Field(
        default="text", description=f"{', '.join(_KINDS)}, or choice."
    )
    choices: Annotated[_Words, AfterValidator(without_repeats)] = Field(
        default=(), description="What it can be, if it is one of a few words."
    )
    description: Text | None = Field(default=None, description="What it means, for the model.")

    @model_validator(mode="after")
    def _choices_of_a_choice(self) -> Self:
        if (self.kind == "choice") != bool(self.choices):
            raise worded("choices and kind: choice go together")
        return self


def _field_short(value: object) -> object:
    """Read ``date`` as a kind, a list as choices."""
    if isinstance(value, list):
        return {"kind": "choice", "choices": value}
    if isinstance(value, Mapping) and "choices" in value:
        return {"kind": "choice", **value}
    if not isinstance(value, str):
        return value
    if value not in _KINDS:
        hint = nearest(value, {kind: kind for kind in _KINDS})
        raise worded(
            f"{quoted(value)} is not one of {', '.join(_KINDS)}",
            hint or "for one of a few words, give a list of them",
        )
    return {"kind": value}


_Field = Annotated[
    ReadField,
    BeforeValidator(_field_short, json_schema_input_type=_PlainKind | list[str] | ReadField),
]


class OutcomesBy(Section):
    """A model that reads each summary: any OpenAI-compatible chat endpoint."""

    model: Text = Field(description="The model's name, as the endpoint knows it.")
    base_url: ChatUrl = Field(
        default="https://api.openai.com/v1",
        description="The endpoint's address, without /chat/completions.",
    )
    key_env: EnvName | None = Field(
        default=None,
        description="The environment variable that holds its key. Default: no key is sent.",
    )
    labels: Annotated[tuple[Slug, ...], one_or_many(Slug), AfterValidator(without_repeats)] = Field(
        default=(),
        description="The outcomes it may give. Default: those of outcomes, and the built-in ones.",
    )
    fields: Mapping[FieldName, _Field] = Field(
        default_factory=dict,
        description="Values to read out of each summary: {new_date: date, guests: integer, mood: "
        "[good, bad]}.",
    )
    instructions: Text | None = Field(
        default=None, description="What else the model is to know of the calls."
    )
    timeout: Annotated[Duration, between("1s", "5m")] = Field(
        default=timedelta(seconds=30), description="How long one summary may take it, in all."
    )


def _whole_program(value: object) -> object:
    if isinstance(value, str) and len(parts := value.split()) > 1:
        raise worded(
            "is one text with spaces; the program and each argument stand for themselves",
            f"write a list: [{', '.join(parts[:3])}{', …' if len(parts) > 3 else ''}]",
        )
    return value


class Hook(Section):
    """A program that is told: an address that takes POST, or a command that reads JSON."""

    url: HookUrl | None = Field(default=None, description="An address: https, or this machine.")
    secret_env: EnvName | None = Field(
        default=None,
        description="The environment variable that holds the secret by which messages are signed.",
    )
    command: Annotated[_Words, BeforeValidator(_whole_program)] = Field(
        default=(), description="A program and its arguments; it gets the message on stdin."
    )
    timeout: Annotated[Duration, between("1s", "10m")] = Field(
        default=timedelta(seconds=15), description="How long telling it once may take."
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.url is None) == (not self.command):
            raise worded("a hook is either a url or a command")
        if self.secret_env and self.command:
            raise worded("goes with a url alone", "a command is on this machine", ("secret_env",))
        if self.url and not self.secret_env:
            raise worded(
                "is missing, and messages are signed",
                "name an environment variable, such as secret_env: POKU_BATCH_HOOK_SECRET",
                ("secret_env",),
            )
        return self


def _hook_short(value: object) -> object:
    """Read a text as an address, a list as a command."""
    if isinstance(value, str):
        return {"url": value}
    return {"command": value} if isinstance(value, list) else value


_Hook = Annotated[
    Hook,
    BeforeValidator(
        _hook_short,
        json_schema_input_type=Annotated[list[str], Field(min_length=1)] | Hook,
    ),
]


class Hooks(Section):
    """Who is told, and of what."""

    on_result: _Hook | None = Field(
        default=None, description="Told of each contact's result, as it becomes known."
    )
    on_finish: _Hook | None = Field(default=None, description="Told when a run ends.")
