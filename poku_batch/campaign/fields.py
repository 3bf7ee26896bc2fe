"""The kinds of value that a campaign's keys hold: each takes a text and checks it in plain words.

Every check raises ``worded``'s error, whose message and hint go to the person as they are.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from poku_batch.campaign.document import KeyPath, Place
from poku_batch.campaign.durations import DURATION_PATTERN, format_duration, parse_duration
from poku_batch.languages import LANGUAGES, VOICES, near_language
from poku_batch.models import E164_PATTERN

#: The placement refusals that ``retries.statuses`` may name; 429 counts always.
RETRY_STATUSES = (408, 425, 429, 500, 502, 503, 504)

_E164 = re.compile(E164_PATTERN)
_OR_TEMPLATE = r"|\{[{%]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a campaign is read from: pydantic's validation context."""

    path: Path
    places: Mapping[KeyPath, Place] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """What the campaign's paths are relative to."""
        return self.path.parent


def origin_of(context: object) -> Origin:
    """Give the context, or one in the working directory for a campaign that no file holds."""
    return context if isinstance(context, Origin) else Origin(path=Path.cwd() / "campaign.yaml")


def worded(message: str, hint: str | None = None, key: KeyPath = ()) -> PydanticCustomError:
    """Make an error for a person; ``key`` is where it belongs, below what is being checked."""
    context: dict[str, Any] = {"message": message, "hint": hint, "key": key}
    return PydanticCustomError("campaign", "{message}", context)


def quoted(text: object) -> str:
    """Show a value as written, shortened to 60 characters."""
    shown = str(text)
    return repr(shown if len(shown) <= 60 else shown[:59] + "…")


def nearest(word: str, words: Mapping[str, str], *, cutoff: float = 0.6) -> str | None:
    """Suggest the value whose key is most like a word, in any case; None if none is.

    ``cutoff`` is the least likeness, 0 to 1, as ``difflib`` has it.
    """
    folded = {key.casefold(): value for key, value in words.items()}
    found = get_close_matches(word.casefold(), folded, n=1, cutoff=cutoff)
    return f"did you mean {folded[found[0]]}?" if found else None


def is_template(text: str) -> bool:
    """Whether a value is to be rendered for each row."""
    return any(mark in text for mark in ("{{", "{%", "{#"))


def one_of(*words: str) -> Callable[[object], object]:
    """Make a check that a text is one of a few words."""

    def check(value: object) -> object:
        if not isinstance(value, str) or value in words:
            return value
        known = ", ".join(words)
        hint = nearest(value, {word: word for word in words})
        raise worded(f"{quoted(value)} is not one of {known}", hint)

    return check


def short_form(key: str) -> Callable[[object], object]:
    """Make a reading of a plain text, or list of texts, as a section with one key."""
    return lambda value: {key: value} if isinstance(value, str | list) else value


def _one_or_many(value: object) -> object:
    if value == []:
        raise worded("is an empty list")
    return [value] if isinstance(value, str) else value


def one_or_many(kind: Any) -> BeforeValidator:
    """Make a reading of a single value as a list of one; ``kind`` is for the JSON Schema."""
    many = Annotated[list[kind], Field(min_length=1)]
    return BeforeValidator(_one_or_many, json_schema_input_type=kind | many)


def without_repeats(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Refuse a list that holds a value twice."""
    for value in values:
        if values.count(value) > 1:
            raise worded(f"{quoted(value)} stands twice")
    return values


# --- names, texts, paths -----------------------------------------------------------------------


def _slug(value: str) -> str:
    if re.fullmatch(r"[a-z0-9_-]{1,64}", value):
        return value
    better = re.sub(r"[^a-z0-9_-]+", "-", value.casefold()).strip("-")[:64]
    raise worded(
        f"{quoted(value)} is not lower case letters, digits, - and _, at most 64",
        f"did you mean {better}?" if better else None,
    )


Slug = Annotated[
    str, AfterValidator(_slug), Field(json_schema_extra={"pattern": "^[a-z0-9_-]{1,64}$"})
]


def _text(value: str) -> str:
    if not value:
        raise worded("is empty", "give it a value or leave it out")
    return value


Text = Annotated[str, AfterValidator(_text), Field(json_schema_extra={"minLength": 1})]


def _one_line(value: str) -> str:
    if len(value) > 64 or not value.isprintable():
        raise worded("is more than 64 characters, or more than one line")
    return value


Line = Annotated[str, AfterValidator(_one_line), Field(json_schema_extra={"maxLength": 64})]


def expanded(text: Path | str) -> Path:
    """A path with ``~`` at its beginning replaced, where it stands for somebody's home."""
    try:
        return Path(text).expanduser()
    except RuntimeError:  # a name that begins with ~ and is nobody's
        return Path(text)


def _path(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str):
        return value
    text = _text(value.strip())
    if "://" in text:
        raise worded(f"{quoted(text)} is an address, not a file", "download it first")
    if not text.isprintable():
        raise worded("a path cannot hold control characters")
    folder = origin_of(info.context).folder
    return Path(os.path.normpath(folder / expanded(text)))


#: A path as written becomes absolute; it is relative to the campaign file's folder.
FilePath = Annotated[Path, BeforeValidator(_path, json_schema_input_type=str)]

_ENDINGS = (".csv", ".xlsx", ".parquet")


def _ending(*endings: str) -> Callable[[Path], Path]:
    def check(path: Path) -> Path:
        if path.suffix.lower() not in endings:
            raise worded(f"{quoted(path.name)} does not end in {', '.join(endings)}")
        return path

    return check


OutputPath = Annotated[FilePath, AfterValidator(_ending(*_ENDINGS))]
#: What a person corrects and hands back: no Parquet.
RejectsPath = Annotated[FilePath, AfterValidator(_ending(".csv", ".xlsx"))]
ReportPath = Annotated[FilePath, AfterValidator(_ending(".html", ".htm"))]


# --- numbers -----------------------------------------------------------------------------------


def _duration(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return parse_duration(value)
    except ValueError as error:
        raise worded(str(error)) from None


Duration = Annotated[
    timedelta,
    BeforeValidator(
        _duration, json_schema_input_type=Annotated[str, Field(pattern=DURATION_PATTERN)]
    ),
]


def between(least: str, most: str) -> AfterValidator:
    """Make a check that a duration is within bounds, both included."""

    def check(value: timedelta) -> timedelta:
        if parse_duration(least) <= value <= parse_duration(most):
            return value
        raise worded(f"{format_duration(abs(value))} is not between {least} and {most}")

    return AfterValidator(check)


def _retry_status(value: int) -> int:
    if value in RETRY_STATUSES:
        return value
    raise worded(f"{value} is not one of {', '.join(map(str, RETRY_STATUSES))}")


RetryStatus = Annotated[
    int, AfterValidator(_retry_status), Field(json_schema_extra={"enum": list(RETRY_STATUSES)})
]


# --- what a call takes -------------------------------------------------------------------------


def _unless_template(check: Callable[[str], str]) -> AfterValidator:
    return AfterValidator(lambda value: value if is_template(value) else check(_text(value)))


def _number(value: str) -> str:
    if _E164.fullmatch(value):
        return value
    bare = re.sub(r"[\s().-]", "", value)
    hint = "write it as +14155550100: plus, country code, number"
    for guess in (bare, f"+{bare}"):
        if _E164.fullmatch(guess) and value.startswith("+"):
            hint = f"did you mean {guess}?"
            break
    raise worded(f"{quoted(value)} is not a number in international form", hint)


def _language(value: str) -> str:
    if value in LANGUAGES:
        return value
    near = near_language(value)
    raise worded(
        f"{quoted(value)} is not one of the {len(LANGUAGES)} languages",
        f"did you mean {near}?" if near else "a tag such as en-US or de-DE",
    )


def _voice(value: str) -> str:
    one_of(*VOICES)(value)
    return value


CallNumber = Annotated[
    str,
    _unless_template(_number),
    Field(json_schema_extra={"pattern": f"^{E164_PATTERN}${_OR_TEMPLATE}"}),
]
CallLanguage = Annotated[
    str,
    _unless_template(_language),
    Field(json_schema_extra={"anyOf": [{"enum": list(LANGUAGES)}, {"pattern": r"\{[{%]"}]}),
]
CallVoice = Annotated[
    str,
    _unless_template(_voice),
    Field(json_schema_extra={"anyOf": [{"enum": list(VOICES)}, {"pattern": r"\{[{%]"}]}),
]

_REGION_NAMES = {"UK": "GB", "USA": "US", "EL": "GR", "GBR": "GB", "DEU": "DE", "FRA": "FR"}


def _region(value: str) -> str:
    from phonenumbers import SUPPORTED_REGIONS

    region = value.upper()
    if region in SUPPORTED_REGIONS:
        return region
    meant = _REGION_NAMES.get(region)
    hint = f"did you mean {meant}?" if meant else "two letters, such as US, GB or DE"
    raise worded(f"{quoted(value)} is not a country", hint)


Region = Annotated[
    str, AfterValidator(_region), Field(json_schema_extra={"pattern": "^[A-Za-z]{2}$"})
]


# --- the API's address -------------------------------------------------------------------------


def _base_url(example: str, *, sent: str, instead: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if "?" in value or "#" in value:
            raise worded("an address ends before ? and #")
        return _checked_address(value, example, sent=sent, instead=instead).rstrip("/")

    return check


def _checked_address(value: str, example: str, *, sent: str, instead: str) -> str:
    """Check an address; it is not shown, since it may hold a secret.

    ``sent`` is what goes there, ``instead`` where a password in it belongs.
    """
    try:
        url = urlsplit(value)
        host, _ = url.hostname, url.port
    except ValueError:
        host = None
    if not host or any(character.isspace() for character in value):
        raise worded("is not an address", f"such as {example}")
    if "@" in url.netloc:
        raise worded("holds a user name or password", instead)
    if url.scheme == "https" or (url.scheme == "http" and is_loopback(host)):
        return value
    if url.scheme == "http":
        raise worded(f"http would send {sent} unencrypted", "use https; http only to localhost")
    raise worded("is not an https address", f"such as {example}")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


_BASE_URL_SCHEMA = Field(json_schema_extra={"pattern": "^https?://[^?#@]+$"})

#: The Poku API's address.
BaseUrl = Annotated[
    str,
    AfterValidator(
        _base_url(
            "https://api.pokulabs.com",
            sent="your key",
            instead="the key goes into POKU_API_KEY alone",
        )
    ),
    _BASE_URL_SCHEMA,
]

#: A chat endpoint's address.
ChatUrl = Annotated[
    str,
    AfterValidator(
        _base_url(
            "https://api.openai.com/v1",
            sent="your key",
            instead="the key goes into the environment; name its variable in key_env",
        )
    ),
    _BASE_URL_SCHEMA,
]

#: An address that results are sent to, with its query.
HookUrl = Annotated[
    str,
    AfterValidator(
        lambda value: _checked_address(
            value,
            "https://example.com/calls",
            sent="results",
            instead="messages are signed instead, with the secret that secret_env names",
        )
    ),
    Field(json_schema_extra={"pattern": "^https?://[^@]+$"}),
]
