"""A row's request: its prompt rendered and its call values checked.

The same code serves ``check``, ``preview`` and the moment of dialling, so that what was shown is
what is sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from poku_batch.engine.whereabouts import WhereContactsAre
from poku_batch.errors import PhoneError
from poku_batch.languages import VOICES, known_language, near_language
from poku_batch.models import CallRequest, SheetRow
from poku_batch.phone import parse_phone
from poku_batch.prompts import RenderedRow, RowTemplates, Whereabouts

#: The key under which a row's priority is rendered, beside the values of ``call``.
PRIORITY = "contacts.priority"

#: For templates that do not ask where a contact is.
_ANYWHERE = Whereabouts()

#: Call values that are remembered: rows have them in common.
_REMEMBERED = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """A row that cannot be called as it stands; ``reason`` is for its ``call_error``."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A row as it would be called; ``priority`` is from 0 to 100, the highest first."""

    request: CallRequest
    priority: int = 0


class Composer:
    """Makes requests of rows, by one campaign's templates."""

    def __init__(
        self,
        templates: RowTemplates,
        *,
        region: str | None,
        places: WhereContactsAre | None = None,
    ) -> None:
        """Take compiled templates, and the country of numbers written without a plus sign.

        ``places`` finds where contacts are; by default only their numbers say it.
        """
        self.templates = templates
        self._region = region
        self._places = places or WhereContactsAre(region=region)

    def compose(self, row: SheetRow, *, to: str, key: str, number: int) -> Composed | Unfit:
        """Make the request of a row's attempt ``number``, counted from 1.

        Raises ``PromptError`` where the template cannot be rendered for the row.
        """
        rendered = self._rendered(row, to, key, number)
        values = self._values(rendered.call)
        if isinstance(values, Unfit):
            return values
        request = CallRequest(
            to=to,
            prompt=rendered.prompt,
            from_=values.from_,
            transfer_to=values.transfer_to,
            language=values.language,
            voice=values.voice,
        )
        return Composed(request=request, priority=values.priority)

    def try_out(self, row: SheetRow, *, to: str, key: str) -> int | Unfit:
        """Give the priority of a row's first attempt, or why there could be none.

        All is looked at that ``compose`` looks at. Raises ``PromptError`` where the template cannot
        be rendered for the row.
        """
        values = self._values(self._rendered(row, to, key, 1).call)
        return values if isinstance(values, Unfit) else values.priority

    def _rendered(self, row: SheetRow, to: str, key: str, number: int) -> RenderedRow:
        where = self._places.of(row.cells, to) if self.templates.speaks else _ANYWHERE
        return self.templates.render(row, to=to, key=key, number=number, where=where)

    def _values(self, values: Mapping[str, str]) -> "_Values | Unfit":
        given = values.get
        try:
            return _checked(
                given("from"),
                given("transfer_to"),
                given("language"),
                given("voice"),
                given(PRIORITY),
                self._region,
            )
        except _ValueUnfitError as unfit:
            return Unfit(reason=str(unfit))


class _Values(NamedTuple):
    """A row's call values as the API takes them, and its priority."""

    from_: str | None
    transfer_to: str | None
    language: str | None
    voice: str | None
    priority: int


class _ValueUnfitError(Exception):
    """A call value of this row is not one that the API takes."""


@lru_cache(maxsize=_REMEMBERED)
def _checked(
    from_: str | None,
    transfer_to: str | None,
    language: str | None,
    voice: str | None,
    priority: str | None,
    region: str | None,
) -> _Values:
    return _Values(
        from_=_number("from", from_, region),
        transfer_to=_number("transfer_to", transfer_to, region),
        language=_language(language),
        voice=_voice(voice),
        priority=_priority(priority),
    )


def _number(name: str, raw: str | None, region: str | None) -> str | None:
    if not raw:
        return None
    try:
        return _e164(raw, region)
    except PhoneError as error:
        raise _ValueUnfitError(f"call.{name}: {error.reason}") from error


@lru_cache(maxsize=_REMEMBERED)
def _e164(raw: str, region: str | None) -> str:
    return parse_phone(raw, region).e164


@lru_cache(maxsize=_REMEMBERED)
def _language(value: str | None) -> str | None:
    if not value:
        return None
    known = known_language(value)
    if known is not None:
        return known
    near = near_language(value)
    hint = f"; did you mean {near}?" if near else "; write a tag such as en-US"
    raise _ValueUnfitError(f"call.language: {value[:40]!r} is not a language of the API{hint}")


@lru_cache(maxsize=_REMEMBERED)
def _voice(value: str | None) -> str | None:
    if not value:
        return None
    if value.casefold() in VOICES:
        return value.casefold()
    raise _ValueUnfitError(f"call.voice: {value[:40]!r} is not one of {', '.join(VOICES)}")


def _priority(value: str | None) -> int:
    if not value:
        return 0
    # A spreadsheet shows the number five as 5 or 5.0.
    digits = value.removesuffix(".0")
    if digits.isascii() and digits.isdigit() and int(digits) <= 100:
        return int(digits)
    raise _ValueUnfitError(f"{PRIORITY}: {value[:40]!r} is not a whole number from 0 to 100")
