"""A cell that is no number: what it is told to be, and which number it was meant to be."""

import pytest

from poku_batch.errors import PhoneError
from poku_batch.inspection import Kind
from poku_batch.inspection.numbers import look_at_invalid, look_at_valid, number_in
from poku_batch.phone import parse_phone

SURE, PERHAPS = True, False


@pytest.mark.parametrize(
    ("cell", "region", "kind", "repair", "sure"),
    [
        ("4.41632E+11", "US", Kind.SCIENTIFIC, None, PERHAPS),
        ("4.41632e+011", "US", Kind.SCIENTIFIC, None, PERHAPS),
        ("4,41632E+11", "DE", Kind.SCIENTIFIC, None, PERHAPS),
        ("1.4155550123E+10", "US", Kind.SCIENTIFIC, "+14155550123", SURE),
        ("1,4155550123e10", "US", Kind.SCIENTIFIC, "+14155550123", SURE),
        ("4.42079460100E+11", "US", Kind.SCIENTIFIC, "+442079460100", SURE),
        ("612345678", "IT", Kind.LOST_ZERO, "+390612345678", SURE),
        ("442079460100", "US", Kind.LOST_PLUS, "+442079460100", SURE),
        # An American number with a digit typed twice is a Swiss one as well.
        ("41555501001", "US", Kind.LOST_PLUS, "+41555501001", PERHAPS),
        # Ten digits are an American number with a mistake as well as another country's.
        ("9051234567", "FR", Kind.TOO_LONG, None, PERHAPS),
        ("14155550100", "DE", Kind.LOST_PLUS, "+14155550100", PERHAPS),
        ("442079460100", None, Kind.NO_COUNTRY, "+442079460100", PERHAPS),
        ("4155550100", None, Kind.NO_COUNTRY, None, PERHAPS),
        ("00442079460100", "US", Kind.ABROAD_PREFIX, "+442079460100", SURE),
        ("0044 20 7946 0100", None, Kind.ABROAD_PREFIX, "+442079460100", SURE),
        ("011442079460100", "GB", Kind.ABROAD_PREFIX, "+442079460100", PERHAPS),
        ("415-555-0100 / 415-555-0199", "US", Kind.SEVERAL, "+14155550100", PERHAPS),
        ("415-555-0100 or 415-555-0199", "US", Kind.SEVERAL, "+14155550100", PERHAPS),
        ("415-555-0100\n415-555-0199", "US", Kind.SEVERAL, "+14155550100", PERHAPS),
        ("415-555-0100 x204", "US", Kind.EXTENSION, "+14155550100", PERHAPS),
        ("+14155550100;ext=7", None, Kind.EXTENSION, "+14155550100", PERHAPS),
        ("1-800-FLOWERS", "US", Kind.LETTERS, "+18003569377", PERHAPS),
        ("call after 5", "US", Kind.LETTERS, None, PERHAPS),
        ("", "US", Kind.NO_NUMBER, None, PERHAPS),
        ("n/a", "US", Kind.NO_NUMBER, None, PERHAPS),
        ("ask mother", "US", Kind.NO_NUMBER, None, PERHAPS),
        ("#N/A", "US", Kind.FORMULA_ERROR, None, PERHAPS),
        ("#REF!", "US", Kind.FORMULA_ERROR, None, PERHAPS),
        ("911", "US", Kind.SHORT_NUMBER, None, PERHAPS),
        ("555-0100", "US", Kind.TOO_SHORT, None, PERHAPS),
        ("415-555-0100-99", "US", Kind.TOO_LONG, None, PERHAPS),
        ("415-055-0100", "US", Kind.NOT_IN_USE, None, PERHAPS),
        ("“415-555-0100”", "US", Kind.ODD, "+14155550100", SURE),
        ("415*555*0100", "US", Kind.ODD, None, PERHAPS),
    ],
)
def test_a_cell_that_is_no_number_is_told_apart_and_repaired_where_that_is_sure(
    cell: str, region: str | None, kind: Kind, repair: str | None, sure: bool
) -> None:
    with pytest.raises(PhoneError):
        parse_phone(cell, region)
    note = look_at_invalid(cell, region)
    assert note is not None
    assert (note.kind, note.repair, note.sure) == (kind, repair, sure)


@pytest.mark.parametrize(
    ("cell", "kinds"),
    [
        ("+14155550100", []),
        ("(415) 555-0100", []),
        ("415–555–0100", []),
        ("14155550100.0", [Kind.DECIMAL]),
        ("4155550100,00", [Kind.DECIMAL]),
        ("+1415555\u200b0100", [Kind.INVISIBLE]),
        ("415\u00a0555\u00a00100", [Kind.INVISIBLE]),
        (" +14155550100 ", [Kind.SPACES]),
    ],
)
def test_a_number_that_can_be_called_is_looked_at_for_what_programs_left_in_it(
    cell: str, kinds: list[Kind]
) -> None:
    number = parse_phone(cell, "US").e164
    notes = look_at_valid(cell, number)
    assert [note.kind for note in notes] == kinds
    assert all(note.sure and note.repair == number for note in notes)


@pytest.mark.parametrize("number", ["+19005550100", "+449098790000"])
def test_a_number_that_costs_the_caller_is_told(number: str) -> None:
    assert parse_phone(number, None).e164 == number
    assert [note.kind for note in look_at_valid(number, number)] == [Kind.PREMIUM]


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("415-555-0100", "+14155550100"),
        ("2026-03-03", None),
        ("03/04/2026 15", None),
        ("call 415-555-0100", None),
        ("46084", None),
    ],
)
def test_a_number_in_another_column_stands_there_alone(cell: str, number: str | None) -> None:
    assert number_in(cell, "US") == number
