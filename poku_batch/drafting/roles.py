"""What the other columns of a sheet are: names, days, places, and who may be called when.

Names propose; contents decide wherever a wrong guess would keep somebody from being called, or call
somebody who must not be.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from poku_batch.contacts.moments import read_moment, read_zone
from poku_batch.drafting import headings
from poku_batch.drafting.columns import Column
from poku_batch.drafting.words import Headings, words_of

_YES = frozenset(
    "yes y true 1 x ok agreed granted given optin ja j wahr oui o vrai si s sim v verdadero "
    "verdadeiro waar consented".split()
)
_NO = frozenset(
    "no n false 0 none never denied refused withdrawn nein falsch non faux nao f falso nee onwaar "
    "optout".split()
)
_DAY = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}"
    r"|[0-9]{1,2}\.? [^\W\d]{3,12}\.?,? [0-9]{4}"
    r"|[^\W\d]{3,12}\.? [0-9]{1,2}(?:st|nd|rd|th)?,? [0-9]{4}"
)
_CLOCK = re.compile(r"\b[0-9]{1,2}[:.h][0-9]{2}\b|\b[0-9]{1,2} ?[ap]\.?m\b", re.IGNORECASE)
_AMOUNT = re.compile(r"[^\w]{0,3}[0-9][0-9.,' ]*\s?[^\d]{0,6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """A column that says who may be called, and the cells that say so."""

    column: Column
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """The columns that a campaign and its template use beside the number and the key.

    ``day_has_clock``: the day's column says the time of day too. ``notes`` are what a person should
    know of the columns that bound who is called, one sentence each.
    """

    first_name: Column | None = None
    last_name: Column | None = None
    name: Column | None = None
    day: Column | None = None
    day_has_clock: bool = False
    clock: Column | None = None
    provider: Column | None = None
    place: Column | None = None
    subject: Column | None = None
    amount: Column | None = None
    company: Column | None = None
    timezone: Column | None = None
    not_before: Column | None = None
    not_after: Column | None = None
    permission: Permission | None = None
    notes: tuple[str, ...] = field(default=())


def find_roles(columns: Sequence[Column], phone: Column | None) -> Roles:
    """Say which column is what; ``phone`` is left out."""
    left = [column for column in columns if phone is None or column.name != phone.name]
    notes: list[str] = []
    day = _day(left)
    first, last, name = _names(left)
    used = {column.name for column in (day, first, last, name) if column is not None}
    rest = [column for column in left if column.name not in used and not _is_of_others(column)]
    return Roles(
        first_name=first,
        last_name=last,
        name=name,
        day=day,
        day_has_clock=day is not None and _has_clock(day),
        clock=_clock(rest, day),
        provider=_text(rest, headings.PROVIDER),
        place=_text(rest, headings.PLACE),
        subject=_text(rest, headings.SUBJECT),
        amount=_first(rest, headings.AMOUNT, lambda cell: bool(_AMOUNT.fullmatch(cell))),
        company=_text(rest, headings.COMPANY),
        timezone=_readable(left, headings.TIMEZONE.named_by, read_zone, notes),
        not_before=_readable(left, headings.NOT_BEFORE.are, read_moment, notes),
        not_after=_readable(left, headings.NOT_AFTER.are, read_moment, notes),
        permission=_permission(left, notes),
        notes=tuple(notes),
    )


def _is_of_others(column: Column) -> bool:
    """Whether a column only numbers or permits something, whatever else its name holds."""
    return any(
        words.named_by(column.name)
        for words in (headings.CONSENT, headings.OPT_OUT, headings.TIMEZONE, headings.OTHERS_DATE)
    ) or (headings.IDENTITY.named_by(column.name) and column.unique)


def _names(columns: Sequence[Column]) -> tuple[Column | None, Column | None, Column | None]:
    """The columns of the first name, the last name and the whole name; some or none of them."""
    named = [c for c in columns if c.filled and all(len(cell) <= 80 for cell in c.filled)]
    first = next((c for c in named if headings.FIRST_NAME.named_by(c.name)), None)
    last = next((c for c in named if headings.LAST_NAME.named_by(c.name)), None)
    taken = {c.name for c in (first, last) if c is not None}
    whole = [
        c
        for c in named
        if c.name not in taken
        and headings.NAME.named_by(c.name)
        and not headings.OTHERS_NAME.named_by(c.name)
        and not _is_of_others(c)
        and _is_text(c)
    ]
    whole.sort(key=lambda c: not headings.NAME.are(c.name))
    name = whole[0] if whole else None
    if first is not None and last is None and name is not None:
        # Beside a first name, "Nom" and "Name" are the last one.
        return (
            (first, name, None) if words_of(name.name)[0] in _LAST_BESIDE else (first, None, None)
        )
    return first, last, None if first is not None else name


_LAST_BESIDE = frozenset({"nom", "name", "naam", "nome", "nombre"})


def _day(columns: Sequence[Column]) -> Column | None:
    days = [
        c
        for c in columns
        if c.filled
        and not headings.OTHERS_DATE.named_by(c.name)
        and not headings.NOT_BEFORE.are(c.name)
        and not headings.NOT_AFTER.are(c.name)
        and _mostly(c, lambda cell: bool(_DAY.search(cell)) and len(cell) <= 60)
    ]
    days.sort(key=lambda c: not headings.DATE.named_by(c.name))
    return days[0] if days else None


def _has_clock(day: Column) -> bool:
    return _mostly(day, lambda cell: bool(_CLOCK.search(_DAY.sub("", cell))))


def _clock(columns: Sequence[Column], day: Column | None) -> Column | None:
    """The time of day, where the day's own column does not say it."""
    if day is None or _has_clock(day):
        return None
    return next(
        (
            c
            for c in columns
            if headings.TIME.named_by(c.name)
            and _mostly(c, lambda cell: bool(_CLOCK.search(cell)) and len(cell) <= 20)
        ),
        None,
    )


def _text(columns: Sequence[Column], words: Headings) -> Column | None:
    return _first(columns, words, lambda cell: len(cell) <= 200 and any(map(str.isalpha, cell)))


def _first(
    columns: Sequence[Column], words: Headings, fits: Callable[[str], bool]
) -> Column | None:
    named = [c for c in columns if words.named_by(c.name) and _mostly(c, fits)]
    named.sort(key=lambda c: not words.are(c.name))
    return named[0] if named else None


def _is_text(column: Column) -> bool:
    return _mostly(column, lambda cell: any(map(str.isalpha, cell)) and "@" not in cell)


def _mostly(column: Column, fits: Callable[[str], bool]) -> bool:
    return sum(map(fits, column.filled)) * 2 > len(column.filled)


def _readable(
    columns: Sequence[Column],
    named: Callable[[str], bool],
    read: Callable[[str], object],
    notes: list[str],
) -> Column | None:
    """The column of a name whose every cell can be read; a note where one cannot."""
    for column in columns:
        if not named(column.name) or not column.filled:
            continue
        try:
            for cell in set(column.filled):
                read(cell)
        except ValueError as error:
            notes.append(f"{column.title}, is not used: {error}")
            continue
        return column
    return None


def _permission(columns: Sequence[Column], notes: list[str]) -> Permission | None:
    """Who did not ask to be left alone, else who agreed; nobody is called on a doubt."""
    for words, good, default in ((headings.OPT_OUT, _NO, "no"), (headings.CONSENT, _YES, "yes")):
        for column in columns:
            if not words.named_by(column.name):
                continue
            refusal = _no_permission(column, is_opt_out=good is _NO)
            if refusal is not None:
                notes.append(f"{column.title}, is not used: {refusal}")
                continue
            values = tuple(dict.fromkeys(c for c in column.filled if _word(c) in good))
            notes.append(
                f"Only rows with {_quoted(values or (default,))} in {column.title}, are called; "
                "other rows are skipped, and those where it is empty too (contacts.consent)."
            )
            return Permission(column=column, values=values or (default,))
    return None


def _no_permission(column: Column, *, is_opt_out: bool) -> str | None:
    """Why a column of such a name does not say who may be called."""
    if not column.filled:
        return "it is empty" if is_opt_out else None
    known = sum(_word(cell) in _YES | _NO for cell in column.filled)
    if known * 2 < len(column.filled):
        return "most of its cells say neither yes nor no; see contacts.consent"
    return None


def _word(cell: str) -> str:
    return "".join(words_of(cell))


def _quoted(values: Sequence[str]) -> str:
    shown = " or ".join(repr(value) for value in values[:4])
    return f"{shown} or …" if len(values) > 4 else shown
