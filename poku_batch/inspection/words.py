"""What each kind of finding is called, and how a person mends it."""

from collections.abc import Mapping

from poku_batch.inspection.findings import Kind

_AS_TEXT = "format the column as text, then enter the numbers again or import the file anew"

#: For each kind: what it is, and how it is mended.
_WORDS: Mapping[Kind, tuple[str, str]] = {
    Kind.SCIENTIFIC: ("a number that a program has shortened", _AS_TEXT),
    Kind.LOST_ZERO: ("a number without the zero in front", _AS_TEXT),
    Kind.LOST_PLUS: ("a number without its plus sign", "write + before the country code"),
    Kind.ABROAD_PREFIX: (
        "a number with a prefix for calls abroad",
        "write + in the place of 00 or 011",
    ),
    Kind.DECIMAL: ("a number that was taken for a decimal one", _AS_TEXT),
    Kind.ELSEWHERE: (
        "no number here, but one in another column",
        "put the number where the others are",
    ),
    Kind.SWAPPED: ("the numbers are in another column", "name that column as contacts.phone"),
    Kind.SEVERAL: (
        "several numbers in one cell",
        "leave the one to call, and give others a column or a row of their own",
    ),
    Kind.EXTENSION: (
        "an extension behind the number",
        "give a number that can be dialled directly",
    ),
    Kind.LETTERS: ("letters in a number", "write the number in digits"),
    Kind.NO_NUMBER: ("no number", "enter the number, or remove the row"),
    Kind.TOO_SHORT: ("a number that is too short", "write it whole, with its area code"),
    Kind.TOO_LONG: ("a number that is too long", "look for a digit too many or a missing +"),
    Kind.SHORT_NUMBER: (
        "a short or emergency number",
        "such numbers are never called; enter the person's own",
    ),
    Kind.NOT_IN_USE: ("a number that nobody can have", "look for a mistyped digit"),
    Kind.NO_COUNTRY: (
        "a number without its country",
        "set contacts.region to the country of such numbers, as US, or write them with +",
    ),
    Kind.ODD: ("something in the cell that belongs to no number", "leave the number alone in it"),
    Kind.PREMIUM: ("a number that costs whoever calls it", "make sure that it is a person's"),
    Kind.SAME_NUMBER: (
        "the same number in several rows",
        "contacts.duplicates says whether all of them are called",
    ),
    Kind.SAME_PERSON: (
        "the same person in several rows, by name and number",
        "remove the rows that are too many; contacts.duplicates says whether all are called",
    ),
    Kind.EMPTY: (
        "an empty cell that the prompt uses",
        "fill it, or say in the template what holds without it: {% if … %} or {{ … or 'you' }}",
    ),
    Kind.EMPTY_COLUMN: (
        "a column that the prompt uses is empty throughout",
        "fill it, or take it out of the template",
    ),
    Kind.SERIAL_DATE: (
        "a date that a spreadsheet program shows as a number",
        "format the column as a date before saving",
    ),
    Kind.MIXED_DATES: (
        "dates written in several ways",
        "write all of them as 2026-03-04",
    ),
    Kind.AMBIGUOUS_DATES: (
        "dates of which nothing tells day and month apart",
        "write them as 2026-03-04",
    ),
    Kind.UNKNOWN_ZONE: (
        "a time zone that cannot be used",
        "write an area and a place, such as America/New_York",
    ),
    Kind.UNKNOWN_TIME: (
        "a time that cannot be read",
        "write 2026-11-23, 2026-11-23 09:00 or 09:00",
    ),
    Kind.UNKNOWN_CONSENT: (
        "consent that is neither a known yes nor a no",
        "add what means yes to contacts.consent.values, or correct the cells",
    ),
    Kind.FORMULA_ERROR: (
        "the error of a formula",
        "mend the formula, or enter the value itself",
    ),
    Kind.PLACEHOLDER: ("a value that stands for none", "fill it, or leave the cell empty"),
    Kind.INVISIBLE: (
        "characters that nobody sees",
        "enter the cell again; they come from web pages and messages",
    ),
    Kind.SMART_QUOTES: ("typographic quotation marks", "write them straight, or leave them out"),
    Kind.SPACES: ("spaces before or behind", "remove them"),
    Kind.MOJIBAKE: (
        "letters that were read in the wrong encoding",
        "save the original again as CSV UTF-8",
    ),
    Kind.INSTRUCTIONS: (
        "text that an agent could take for instructions",
        "read it: whoever filled in the cell may speak to your agent",
    ),
    Kind.LONG: ("a very long text for a cell that is spoken of", "shorten it"),
    Kind.VERY_LONG: (
        "a text so long that no agent should be given it",
        "shorten it, or take the column out of the template",
    ),
}


def title(kind: Kind) -> str:
    """What a kind is called, without an article's capital."""
    return _WORDS[kind][0]


def mending(kind: Kind) -> str:
    """How cells of a kind are mended."""
    return _WORDS[kind][1]
