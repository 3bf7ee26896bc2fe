"""Sheets as people have them, and answers to every question about them."""

from collections.abc import Sequence

import phonenumbers

from poku_batch.drafting.choices import Sheet
from poku_batch.drafting.columns import Column
from poku_batch.drafting.questions import Question
from poku_batch.drafting.settling import Settled, settle

_KINDS = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)


def numbers(region: str, count: int = 8, *, style: str = "national") -> list[str]:
    """Valid numbers of a country, half of them mobiles where there are such.

    ``style``: national, bare (its digits alone), international, plus (E.164) or 00.
    """
    found: list[str] = []
    for offset, kind in enumerate(_KINDS):
        example = phonenumbers.example_number_for_type(region, kind)
        assert example is not None
        base = (example.national_number or 0) // 100 * 100
        of_kind = []
        for tail in range(100):
            number = phonenumbers.PhoneNumber(
                country_code=example.country_code,
                national_number=base + (tail * 37 + offset * 50) % 100,
                italian_leading_zero=example.italian_leading_zero,
            )
            if phonenumbers.is_valid_number_for_region(number, region):
                of_kind.append(written(number, style))
        found += of_kind[: count // 2]
    return found


def written(number: phonenumbers.PhoneNumber, style: str) -> str:
    formats = phonenumbers.PhoneNumberFormat
    national = str(phonenumbers.format_number(number, formats.NATIONAL))
    e164 = str(phonenumbers.format_number(number, formats.E164))
    match style:
        case "national":
            return national
        case "bare":
            return "".join(filter(str.isdigit, national))
        case "international":
            return str(phonenumbers.format_number(number, formats.INTERNATIONAL))
        case "00":
            return f"00{e164[1:]}"
        case _:
            return e164


def columns_of(table: Sequence[Sequence[str]]) -> tuple[Column, ...]:
    """A table with its headings in the first row as columns."""
    names, *rows = table
    return tuple(
        Column(name=name, letter=chr(ord("A") + at), cells=tuple(row[at] for row in rows))
        for at, name in enumerate(names)
    )


class Defaults:
    """Takes every default that is sure, and knows what had none."""

    def __init__(self, **given: str) -> None:
        self.given = {f"--{option}": text for option, text in given.items()}
        self.missing: dict[str, Question] = {}

    def __call__(self, question: Question) -> str:
        if question.option in self.given:
            return question.check(self.given[question.option])
        if question.default is None or (question.is_asked and not question.sure):
            self.missing[question.option] = question
            return ""
        return question.default


def settled(table: Sequence[Sequence[str]], **given: str) -> tuple[Settled | None, Defaults]:
    """Settle a table with defaults, and say what was missing."""
    defaults = Defaults(**{"purpose": "appointment", "company": "Cedar Street Clinic", **given})
    sheet = Sheet(file="people.csv", columns=columns_of(table))
    return settle(sheet, defaults, lambda _name: None), defaults
