"""A question to somebody who sets up a campaign, and how an answer is read.

An answer comes from an option, from a person, or is the default; all are read alike.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import phonenumbers

from poku_batch.contacts.columns import nearest
from poku_batch.drafting.columns import Column
from poku_batch.drafting.countries import country_named, tag_meant
from poku_batch.errors import PhoneError
from poku_batch.languages import LANGUAGES
from poku_batch.phone import parse_phone

_SLUG = re.compile(r"[a-z0-9_-]{1,64}")
_LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question.

    ``option`` is what answers it on the command line. ``found`` is what was found in the sheet, and
    why the default is what it is; ``default`` None: there is none, and it must be answered. One
    that is not ``sure`` is only for a person to take. What is not ``is_asked`` may be answered, and
    nobody is bothered with it.
    ``choices`` are answers with what they mean, to be shown. ``check`` gives the answer as it is
    used, and raises ``ValueError`` with a sentence for a person.
    """

    option: str
    text: str
    check: Callable[[str], str]
    default: str | None = None
    sure: bool = True
    is_asked: bool = True
    found: str = ""
    choices: Mapping[str, str] | None = None


#: Gives an answer that has passed the question's check; empty where there is none.
Ask = Callable[[Question], str]


def one_line(text: str) -> str:
    """Read a few words: one line, not empty, of at most 300 characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if not line:
        raise ValueError("it is empty")
    if len(line) > _LONGEST:
        raise ValueError(f"it is longer than {_LONGEST} characters")
    return line


def one_of(choices: Sequence[str]) -> Callable[[str], str]:
    """Make a check that an answer is one of a few words, or the number of one from 1."""

    def check(text: str) -> str:
        answer = text.strip()
        if answer in choices:
            return answer
        if answer.isascii() and answer.isdigit() and 1 <= int(answer[:4]) <= len(choices):
            return choices[int(answer) - 1]
        near = [choice for choice in choices if choice.casefold().startswith(answer.casefold())]
        if len(near) == 1 and answer:
            return near[0]
        raise ValueError(f"{answer!r} is not one of {', '.join(choices)}")

    return check


def column_of(columns: Sequence[Column]) -> Callable[[str], str]:
    """Make a check that an answer is a column's name, in any case, its letter, or its number."""

    def check(text: str) -> str:
        answer = text.strip()
        low = answer.casefold()
        for found in (
            [column.name for column in columns if column.name == answer],
            [column.name for column in columns if column.name.casefold() == low],
            [column.name for column in columns if column.letter.casefold() == low],
            [column.name for number, column in enumerate(columns, 1) if str(number) == answer],
        ):
            if len(found) == 1:
                return found[0]
        names = [column.name for column in columns]
        near = nearest(answer, names)
        hint = f"did you mean {near!r}?" if near else f"there are {', '.join(names[:30])}"
        raise ValueError(f"there is no column {answer!r}; {hint}")

    return check


def columns_of(columns: Sequence[Column]) -> Callable[[str], str]:
    """Make a check of one column or several, separated by commas; gives their names by lines."""
    one = column_of(columns)

    def check(text: str) -> str:
        try:
            return one(text)
        except ValueError:
            if "," not in text:
                raise
        return "\n".join(dict.fromkeys(one(part) for part in text.split(",")))

    return check


def region(text: str) -> str:
    """Read a country: two letters, or a usual name."""
    answer = text.strip()
    if answer.upper() in phonenumbers.SUPPORTED_REGIONS:
        return answer.upper()
    named = country_named(answer)
    if named is None:
        raise ValueError(f"{answer!r} is not a country: write two letters, such as US, GB or DE")
    return named


def language(country: str | None) -> Callable[[str], str]:
    """Make a check of a language: one of the API's tags, or a usual name as spoken in a country."""

    def check(text: str) -> str:
        tag = tag_meant(text, country)
        if tag is not None:
            return tag
        near = nearest(text, LANGUAGES)
        raise ValueError(
            f"{text.strip()!r} is not one of the {len(LANGUAGES)} languages; "
            f"{f'did you mean {near}?' if near else 'write a tag such as en-US or de-DE'}"
        )

    return check


def caller_id(country: str | None) -> Callable[[str], str]:
    """Make a check of the number that people see; nothing, or a dash, is none."""

    def check(text: str) -> str:
        if text.strip() in {"", "-"}:
            return ""
        try:
            return parse_phone(text, country).e164
        except PhoneError as error:
            raise ValueError(f"{error.reason}; write it as +14155550100") from None

    return check


def name(taken: Callable[[str], str | None]) -> Callable[[str], str]:
    """Make a check of a campaign's name; ``taken`` says what is in its way, if anything is."""

    def check(text: str) -> str:
        answer = text.strip()
        if not _SLUG.fullmatch(answer):
            better = re.sub(r"[^a-z0-9_-]+", "-", answer.casefold()).strip("-")[:64]
            hint = f"; did you mean {better}?" if _SLUG.fullmatch(better) else ""
            raise ValueError(
                f"{answer!r} is not lower case letters, digits, - and _, at most 64{hint}"
            )
        in_the_way = taken(answer)
        if in_the_way is not None:
            free = free_name(answer, taken)
            raise ValueError(f"{in_the_way} is there already, and is not written over: take {free}")
        return answer

    return check


def free_name(wanted: str, taken: Callable[[str], str | None]) -> str:
    """The name, or the first of ``name-2``, ``name-3`` and so on that is free."""
    number = 1
    while True:
        tail = "" if number == 1 else f"-{number}"
        candidate = wanted[: 64 - len(tail)] + tail
        if taken(candidate) is None:
            return candidate
        number += 1
