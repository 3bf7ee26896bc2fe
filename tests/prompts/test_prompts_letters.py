"""Numbers read digit by digit, names spelled, lists joined."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poku_batch.languages import LANGUAGES
from tests.prompts.speech_rows import from_country, said, trouble

CASES = settings(max_examples=150, deadline=None)
US = from_country("US")


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("4155550100", "4 1 5, 5 5 5, 0 1 0 0"),
        ("(415) 555-0100", "4 1 5, 5 5 5, 0 1 0 0"),
        ("+14155550100", "plus 1, 4 1 5, 5 5 5, 0 1 0 0"),
        ("+442079460958", "plus 4 4, 2 0, 7 9 4 6, 0 9 5 8"),
        ("14155550100", "1, 4 1 5, 5 5 5, 0 1 0 0"),
        ("+1 (415) 555 0100", "plus 1, 4 1 5, 5 5 5, 0 1 0 0"),
        ("+44 (0)20 7946 0958", "plus 4 4, 0, 2 0, 7 9 4 6, 0 9 5 8"),
        ("011442079460958", "0 1 1, 4 4 2, 0 7 9, 4 6 0, 9 5 8"),
        ("4155550100.0", "4 1 5, 5 5 5, 0 1 0 0"),
        ("1234", "1 2 3 4"),
        ("12345", "1 2 3 4 5"),
        ("1234567", "1 2 3, 4 5 6 7"),
        ("12345678", "1 2 3, 4 5 6, 7 8"),
        ("8842-1007", "8 8 4 2, 1 0 0 7"),
        ("AB12", "A B, 1 2"),
        ("no. 5/7", "n o, 5, 7"),
        ("٤٢", "4 2"),
        ("007", "0 0 7"),
    ],
)
def test_numbers_are_read_digit_by_digit(cell: str, words: str) -> None:
    assert said("{{ cell | digits }}", cell, where=US) == words


@given(st.from_regex(r"\+?[0-9][0-9 ()./-]{0,18}", fullmatch=True), st.integers(1, 9))
@CASES
def test_no_digit_is_added_or_left_out(cell: str, size: int) -> None:
    wanted = [sign for sign in cell.removesuffix(".0").removesuffix(".00") if sign.isdigit()]
    for prompt in ("{{ cell | digits }}", f"{{{{ cell | digits({size}) }}}}"):
        text = said(prompt, cell, where=US)
        found = [sign for sign in text if sign.isdigit()]
        assert found == wanted or found == [sign for sign in cell if sign.isdigit()]
        assert ("plus" in text) == cell.startswith("+")


@given(st.from_regex(r"[0-9]{1,30}", fullmatch=True), st.integers(1, 9))
@CASES
def test_groups_are_of_the_size_that_is_asked_for(cell: str, size: int) -> None:
    groups = said(f"{{{{ cell | digits({size}) }}}}", cell, where=US).split(", ")
    assert all(len(group.split()) == size for group in groups[:-1])
    assert len(groups[-1].split()) <= size


def test_a_number_at_home_is_without_its_country_code() -> None:
    prompt = "{{ cell | digits(national=true) }}"
    assert said(prompt, "+442079460958") == "0 2 0, 7 9 4 6, 0 9 5 8"
    assert said(prompt, "+14155550100", "de-DE") == "4 1 5, 5 5 5, 0 1 0 0"
    assert (
        said("{{ cell | digits(2, national=true) }}", "+14155550100") == "4 1, 5 5, 5 5, 0 1, 0 0"
    )


def test_the_plus_sign_has_a_name_in_english_alone() -> None:
    assert said("{{ cell | digits }}", "+4930901820", "de-DE") == "+ 4 9, 3 0, 9 0 1, 8 2 0"


@pytest.mark.parametrize(
    ("cell", "filter_", "told"),
    [
        ("4.15555E+09", "digits", ("'4.15555E+09' is not a number's digits "
         "(Excel has shortened it; format the column as text, and enter it again)")),
        ("--", "digits", "'--' has no digits"),
        ("1" * 201, "digits", f"'{'1' * 39}…' is too long to be read out"),
        ("a" * 201, "spelled", f"'{'a' * 39}…' is too long to be spelled"),
        ("a," * 51, "spoken_list", f"'{'a,' * 19}a…' has over 50 parts"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_out_is_told(cell: str, filter_: str, told: str) -> None:
    assert trouble(f"{{{{ cell | {filter_} }}}}", cell) == told


@pytest.mark.parametrize(
    ("cell", "language", "words"),
    [
        ("O'Hara", "en-US", "O, apostrophe, H, A, R, A"),
        ("O’Hara", "en-GB", "O, apostrophe, H, A, R, A"),
        ("Ann Lee", "en-US", "A, N, N; L, E, E"),
        ("AB-12", "en-US", "A, B, hyphen, 1, 2"),
        ("ann@x.org", "en-US", "A, N, N, at, X, dot, O, R, G"),
        ("Zoe\u0308", "en-US", "Z, O, Ë"),
        ("Groß", "de-DE", "G, R, O, ß"),
        ("Meyer-Lüx", "de-DE", "M, E, Y, E, R, -, L, Ü, X"),
        ("Işıl", "tr-TR", "I, Ş, I, L"),
        ("Işıl i", "az-AZ", "I, Ş, I, L; İ"),
        ("नमस्ते", "hi-IN", "न, म, स्ते"),
        ("Мария", "ru-RU", "М, А, Р, И, Я"),
        ("👩‍👧x", "en-US", "👩‍👧, X"),
    ],
)
def test_names_are_spelled_letter_by_letter(cell: str, language: str, words: str) -> None:
    assert said("{{ cell | spelled }}", cell, language) == words


def test_the_alphabet_of_radio_is_english() -> None:
    assert said("{{ cell | spelled('nato') }}", "Ax-É1") == "Alfa, X-ray, hyphen, É, 1"
    assert said("{{ cell | spelled('nato', 'en-GB') }}", "Z", "de-DE") == "Zulu"
    assert trouble("{{ cell | spelled('nato') }}", "Z", "de-DE") == (
        "the alphabet nato is English, and this row is de-DE "
        '(leave it out for other languages, or write spelled("nato", "en-US"))'
    )


@given(st.text(st.characters(categories=["L", "M", "N"]), min_size=1, max_size=12))
@CASES
def test_no_letter_is_lost(cell: str) -> None:
    text = said("{{ cell | spelled }}", cell, "fr-FR")
    folded = unicodedata.normalize("NFC", cell)
    assert text.replace(", ", "").casefold() == folded.upper().casefold() or all(
        sign in (text + text.casefold()) for sign in folded.casefold()
    )


@pytest.mark.parametrize(
    ("cell", "filter_", "language", "words"),
    [
        ("Ann", "spoken_list", "en-US", "Ann"),
        ("Ann, Ben", "spoken_list", "en-US", "Ann and Ben"),
        ("Ann,Ben ,, Cy,", "spoken_list", "en-US", "Ann, Ben, and Cy"),
        ("Ann,Ben,Cy", "spoken_list", "en-GB", "Ann, Ben and Cy"),
        ("Ann,Ben,Cy", "spoken_list('or')", "en-GB", "Ann, Ben or Cy"),
        ("Lee, Ann; Roe, Ben", "spoken_list", "en-US", "Lee, Ann and Roe, Ben"),
        ("Ann\nBen", "spoken_list", "de-DE", "Ann und Ben"),
        ("Ann、Ben", "spoken_list", "ja-JP", "Ann、Ben"),
        ("{0},{1}", "spoken_list", "en-US", "{0} and {1}"),
        (", ;", "spoken_list", "en-US", ""),
    ],
)
def test_lists_are_joined_in_the_language(
    cell: str, filter_: str, language: str, words: str
) -> None:
    assert said(f"{{{{ cell | {filter_} }}}}", cell, language) == words


def test_a_templates_own_list_is_joined() -> None:
    assert said("{{ [cell, other, 3] | spoken_list }}", "Ann", other="Ben") == "Ann, Ben, and 3"


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_language_reads_out_and_joins(tag: str) -> None:
    both = said("{{ cell | spoken_list }}", "Ann;Ben", tag)
    either = said("{{ cell | spoken_list('or') }}", "Ann;Ben", tag)
    assert both != either
    assert said("{{ cell | spelled }}", "xy", tag) == "X, Y"
    assert said("{{ cell | digits }}", "12 34", tag) == "1 2, 3 4"
