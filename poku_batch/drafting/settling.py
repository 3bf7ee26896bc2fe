"""From a sheet's columns and somebody's answers to all that a first campaign needs.

Each question has what the sheet says as its default. What nobody may guess (which country's people
are called, who is calling) has none, and must be answered.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from poku_batch.drafting import questions
from poku_batch.drafting.choices import Choices, Sheet
from poku_batch.drafting.columns import Column, column_named
from poku_batch.drafting.expressions import Expressions
from poku_batch.drafting.keys import guess_key
from poku_batch.drafting.numbers import (
    callable_numbers,
    countries_of,
    guess_region,
    looks_like_number,
    phone_columns,
)
from poku_batch.drafting.purposes import PLANS, Purpose
from poku_batch.drafting.questions import Ask, Question
from poku_batch.drafting.roles import find_roles
from poku_batch.drafting.tongues import guess_language


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The choices, and what was found or assumed on the way: sentences for a person."""

    choices: Choices
    notes: tuple[str, ...]


@dataclass
class _Settling:
    """One conversation; ``taken`` says which file is in the way of a name."""

    sheet: Sheet
    ask: Ask
    taken: Callable[[str], str | None]
    notes: list[str] = field(default_factory=list)

    def purpose(self) -> Purpose:
        words = list(Purpose)
        answer = self.ask(
            Question(
                option="--purpose",
                text="What are the calls for?",
                choices={str(word): PLANS[word].title for word in words},
                check=questions.one_of([str(word) for word in words]),
                default=None,
            )
        )
        return Purpose(answer or words[0])

    def company(self) -> str:
        question = Question(
            option="--company",
            text="Who is calling? People are told this name.",
            check=questions.one_line,
        )
        return self.ask(question)

    def about(self, purpose: Purpose) -> str:
        plan = PLANS[purpose]
        question = Question(
            option="--about", text=plan.asks_about, check=questions.one_line, default=plan.about
        )
        return self.ask(question)

    def phone(self) -> Column | None:
        columns = self.sheet.columns
        found, default = self._phone_found()
        answer = self.ask(
            Question(
                option="--phone",
                text="Which column holds the numbers to call?",
                found=found,
                check=questions.column_of(columns),
                default=default,
                choices=_listed(columns) if default is None else None,
            )
        )
        phone = column_named(answer, columns)
        if phone is not None and default == phone.name:
            self.notes.append(f"The number to call is in {found}.")
        return phone

    def _phone_found(self) -> tuple[str, str | None]:
        """What is said of the likeliest column, and its name if it is likely enough."""
        candidates = phone_columns(self.sheet.columns)
        for column in candidates:
            count, what = self._numbers_in(column)
            if count:
                said = f"{column.title}: {count:,} of {len(column.filled):,} cells {what}"
                others = [other.title for other in candidates if other.name != column.name]
                return said + (f" (there is also {'; '.join(others[:3])})" if others else ""), (
                    column.name
                )
        if candidates:
            return f"{candidates[0].title} looks like numbers, but none of them can be called", None
        return "no column looks like phone numbers", None

    def _numbers_in(self, column: Column) -> tuple[int, str]:
        guess = guess_region(column, self.sheet.columns)
        if guess.sure:
            return callable_numbers(column, guess.region), "are numbers that can be called"
        return sum(map(looks_like_number, column.filled)), "look like numbers"

    def region(self, phone: Column) -> str | None:
        guess = guess_region(phone, self.sheet.columns)
        needed = guess.region is not None or not guess.sure
        question = Question(
            option="--region",
            text="Which country are numbers without + from?",
            found=guess.why,
            check=questions.region,
            default=guess.region if needed else "",
            sure=guess.sure,
            is_asked=needed,
        )
        answer = self.ask(question) or None
        if answer is not None and answer == guess.region and guess.sure:
            self.notes.append(f"Numbers without + are taken to be from {answer}: {guess.why}.")
        return answer

    def key(self, purpose: Purpose, phone: Column, day: Column | None) -> tuple[str, ...]:
        is_of_a_day = PLANS[purpose].is_of_a_day
        guess = guess_key(self.sheet.columns, phone, day, is_of_a_day=is_of_a_day)
        default = guess.columns or (phone.name,)
        answer = self.ask(
            Question(
                option="--key",
                text="What tells a row from the others when the sheet is read again?",
                found=guess.why,
                check=questions.columns_of(self.sheet.columns),
                default=", ".join(default),
            )
        )
        key = default if answer == ", ".join(default) else tuple(answer.split("\n"))
        if key == default:
            said = "" if guess.columns else "the number itself: "
            self.notes.append(f"A row is known by {said}{guess.why}.")
        return () if key == (phone.name,) else key

    def language(self, phone: Column, country: str | None) -> tuple[str, str, bool]:
        """The value of ``call.language``, the tag in it, and whether rows have their own."""
        columns = self.sheet.columns
        guess = guess_language(columns, country, countries_of(phone, country))
        by_row = guess.column is not None
        tag = self.ask(
            Question(
                option="--language",
                text="Which language, where a row says none?" if by_row else "Which language?",
                found=guess.why,
                check=questions.language(country),
                default=guess.tag,
            )
        )
        if guess.unknown:
            words = ", ".join(repr(word) for word in guess.unknown[:5])
            self.notes.append(f"No language is known for {words}: such rows are called in {tag}.")
        elif guess.column is not None:
            self.notes.append(
                f"The language of a row is in {guess.column.title}; else it is {tag}."
            )
        elif tag == guess.tag:
            self.notes.append(f"The language is {tag}: {guess.why}.")
        expressions = Expressions([column.name for column in columns])
        return guess.value(expressions, tag), tag, by_row

    def caller_id(self, country: str | None) -> str | None:
        question = Question(
            option="--from",
            text="Which number of yours shall people see? Enter takes your account's own.",
            check=questions.caller_id(country),
            default="",
        )
        return self.ask(question) or None

    def name(self, purpose: Purpose) -> str:
        wanted = PLANS[purpose].name
        free = questions.free_name(wanted, self.taken)
        in_the_way = self.taken(wanted)
        question = Question(
            option="--name",
            text="What is the campaign called?",
            found=f"{in_the_way} is there already" if in_the_way else "",
            check=questions.name(self.taken),
            default=free,
            sure=in_the_way is None,
        )
        return self.ask(question)


_MOST_LISTED = 40


def _listed(columns: Sequence[Column]) -> dict[str, str] | None:
    """The columns to choose from, each with a cell of it; None where they are too many."""
    if len(columns) > _MOST_LISTED:
        return None
    return {column.name: next(iter(column.filled), "empty")[:60] for column in columns}


def settle(sheet: Sheet, ask: Ask, taken: Callable[[str], str | None]) -> Settled | None:
    """Ask everything in order; None where a column of numbers is not known.

    ``ask`` answers what it must not leave open with an empty text, and knows that it did.
    """
    asked = _Settling(sheet=sheet, ask=ask, taken=taken)
    purpose = asked.purpose()
    company, about = asked.company(), asked.about(purpose)
    phone = asked.phone()
    if phone is None:
        asked.name(purpose)
        return None
    country = asked.region(phone)
    roles = find_roles(sheet.columns, phone)
    key = asked.key(purpose, phone, roles.day)
    language, tag, by_row = asked.language(phone, country)
    caller_id = asked.caller_id(country)
    choices = Choices(
        name=asked.name(purpose),
        purpose=purpose,
        company=company,
        about=about,
        sheet=sheet,
        phone=phone.name,
        region=country,
        key=key,
        language=language,
        tag=tag,
        by_row=by_row,
        caller_id=caller_id,
        roles=roles,
    )
    return Settled(choices=choices, notes=(*asked.notes, *roles.notes))
