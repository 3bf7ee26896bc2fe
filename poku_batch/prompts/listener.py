"""Who a row's text is spoken to: the language, where the contact is; and what cannot be said.

What it takes time to find out is asked for only when a value needs it.
"""

from collections.abc import Callable
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from poku_batch.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What the API speaks when a request names no language.
DEFAULT_LANGUAGE = LANGUAGES[0]


class SpeechError(Exception):
    """A value cannot be spoken, or a filter is asked for what it does not have.

    ``value`` is the cell that is at fault, None where it is the template.
    """

    def __init__(self, message: str, hint: str | None = None, *, value: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.value = value
        self.filter = ""

    @property
    def mark(self) -> tuple[str, ...]:
        """What tells this error from others of the same row."""
        return (self.filter, self.value or "", self.message)


def _no_country() -> str | None:
    return None


def _no_zone(_at: datetime) -> datetime:
    raise ValueError("the contact's time zone is not known")


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where a contact is, and how the contact's row is written.

    ``country`` gives the ISO 3166 country whose way of writing the sheet follows, or None;
    ``local`` an aware time on the contact's clock, or raises ``ValueError`` with a sentence.
    ``decimal`` separates decimals in the sheet's numbers.
    """

    country: Callable[[], str | None] = _no_country
    local: Callable[[datetime], datetime] = _no_zone
    decimal: str = "."


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Who listens to a row's text.

    ``language`` is a tag of the API; ``chosen`` whether the campaign names it. ``told`` are the
    marks of errors that are known already: these are silent, so that the next one shows.
    """

    language: str = DEFAULT_LANGUAGE
    chosen: bool = False
    where: Whereabouts = Whereabouts()
    told: set[tuple[str, ...]] = field(default_factory=set)


_LISTENER: ContextVar[Listener] = ContextVar("listener", default=Listener())  # noqa: B039  # frozen


def current() -> Listener:
    """Give the listener of the row that is being rendered, or one of whom nothing is known."""
    return _LISTENER.get()


@contextmanager
def listening(listener: Listener) -> "Iterator[None]":
    """Let filters speak to this listener meanwhile; in this thread and task alone."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)
