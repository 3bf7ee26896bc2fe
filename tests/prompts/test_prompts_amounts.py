"""Numbers and money as they are read from cells, and as they are said."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poku_batch.languages import LANGUAGES
from poku_batch.prompts import Whereabouts
from poku_batch.prompts.listener import SpeechError
from poku_batch.prompts.speech.figures import read_figure
from tests.prompts.speech_rows import fault, said, trouble

CASES = settings(max_examples=200, deadline=None)
COMMA = Whereabouts(decimal=",")


def value(cell: object, decimal: str = ".") -> Decimal:
    figure = read_figure(cell, decimal, wanted="a number")
    assert figure is not None
    return figure.value


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1234", "1234"),
        ("1,234", "1234"),
        ("1,234,567.89", "1234567.89"),
        ("12,34,567.5", "1234567.5"),
        ("1 234.5", "1234.5"),
        ("1\u202f234.5", "1234.5"),
        ("1'234.50", "1234.50"),
        ("1’234", "1234"),
        (".5", "0.5"),
        ("$.50", "0.50"),
        ("Rs.500", "500"),
        ("USD.50", "0.50"),
        ("007", "7"),
        ("-3", "-3"),
        ("−3", "-3"),
        ("+3", "3"),
        ("3-", "-3"),
        ("(3.20)", "-3.20"),
        ("$-3", "-3"),
        ("-$3", "-3"),
        (" 3 ", "3"),
        (3, "3"),
        (2.5, "2.5"),
        (2.0, "2"),
        (1e-7, "0.0000001"),
    ],
)
def test_a_number_is_read_as_people_write_it(cell: object, number: str) -> None:
    assert value(cell) == Decimal(number)


@pytest.mark.parametrize(
    "cell",
    "1,5|1.234,50|1,2345|1,23,45|12,34|,5|1.2.3|1..2|5,|5.|--3|-3-|(3|3)|($3|$3$|1 2|1 2 3|x|$|-|"
    "1E+05|1e5|12 monkeys|٣|½|1234567890123456|NaN|inf|0x10|1_000|3 $ 4".split("|"),
)
def test_what_is_no_number_is_refused(cell: str) -> None:
    found = fault("{{ cell | spoken_number }}", cell)
    assert found.column == "cell"
    assert found.message.startswith(repr(cell))


@pytest.mark.parametrize("cell", [True, float("nan"), float("inf"), 10**15, [], {}])
def test_what_a_template_makes_that_is_no_number_is_refused(cell: object) -> None:
    with pytest.raises(SpeechError):
        read_figure(cell, ".", wanted="a number")


@given(st.decimals(-(10**14), 10**14, allow_nan=False, places=2), st.booleans(), st.booleans())
@CASES
def test_a_written_number_is_read_back(number: Decimal, grouped: bool, comma: bool) -> None:
    text = f"{number:,.2f}" if grouped else f"{number:.2f}"
    if comma:
        text = text.translate(str.maketrans(",.", ".,"))
    assert value(text, "," if comma else ".") == number


@given(st.text(alphabet="0123456789.,' -($€x", max_size=12), st.sampled_from(".,"))
@CASES
def test_any_text_is_read_or_refused(cell: str, decimal: str) -> None:
    try:
        figure = read_figure(cell, decimal, wanted="a number")
    except SpeechError:
        return
    kept = [sign for sign in cell if sign.isdigit()]
    digits = f"{figure.whole}{figure.decimals}" if figure else ""
    assert digits.lstrip("0") == "".join(kept).lstrip("0")


@pytest.mark.parametrize(
    ("cell", "american", "british"),
    [
        ("0", "zero", "zero"),
        ("12", "twelve", "twelve"),
        ("45", "forty-five", "forty-five"),
        ("100", "one hundred", "one hundred"),
        ("101", "one hundred one", "one hundred and one"),
        ("1005", "one thousand five", "one thousand and five"),
        ("1000000", "one million", "one million"),
        ("-1,234.05", "minus one thousand two hundred thirty-four point zero five",
         "minus one thousand two hundred and thirty-four point zero five"),
        ("999999999999999",
         ("nine hundred ninety-nine trillion nine hundred ninety-nine billion nine hundred "
         "ninety-nine million nine hundred ninety-nine thousand nine hundred ninety-nine"),
         ("nine hundred and ninety-nine trillion nine hundred and ninety-nine billion nine hundred "
         "and ninety-nine million nine hundred and ninety-nine thousand nine hundred and "
         "ninety-nine")),
    ],
)  # fmt: skip
def test_english_says_numbers_in_words(cell: str, american: str, british: str) -> None:
    assert said("{{ cell | spoken_number }}", cell) == american
    assert said("{{ cell | spoken_number }}", cell, "en-GB") == british


@pytest.mark.parametrize(
    ("cell", "filter_", "language", "words"),
    [
        ("1234.50", "spoken_currency('USD')", "en-US", "1,234 dollars and 50 cents"),
        ("$1,234", "spoken_currency('usd')", "en-US", "1,234 dollars"),
        ("$1,234.00", "spoken_currency", "en-US", "1,234 dollars"),
        ("1.01", "spoken_currency('USD')", "en-US", "1 dollar and 1 cent"),
        ("0.5", "spoken_currency('USD')", "en-US", "50 cents"),
        ("0", "spoken_currency('USD')", "en-US", "0 dollars"),
        ("(5)", "spoken_currency('USD')", "en-US", "minus 5 dollars"),
        ("1.459", "spoken_currency('USD')", "en-US", "1.459 dollars"),
        ("5.50", "spoken_currency('CHF')", "en-US", "5 Swiss francs and 50 centimes"),
        ("5.5", "spoken_currency('PLN')", "en-US", "5.5 Polish zlotys"),
        ("5", "spoken_currency('USD')", "en-GB", "5 US dollars"),
        ("£1.02", "spoken_currency", "en-GB", "1 pound and 2 pence"),
        ("₹1234567.50", "spoken_currency", "en-IN", "12,34,567 rupees and 50 paise"),
        ("1234567", "spoken_currency('INR')", "hi-IN", "12,34,567 भारतीय रुपए"),
        ("1234567", "spoken_number", "en-IN",
         "twelve lakh thirty-four thousand five hundred and sixty-seven"),
        ("5 CHF", "spoken_currency", "en-US", "5 Swiss francs"),
        ("kr 99", "spoken_currency", "sv-SE", "99 svenska kronor"),
        ("1234.5", "spoken_currency('EUR')", "de-DE", "1.234,50 Euro"),
        ("1234", "spoken_currency('EUR')", "de-DE", "1.234 Euro"),
        ("1", "spoken_currency('USD')", "es-ES", "1 dólar estadounidense"),
        ("1.459", "spoken_currency('EUR')", "de-DE", "1,459 Euro"),
        ("1000", "spoken_currency('JPY')", "ja-JP", "1,000円"),
        ("2.5", "spoken_number", "de-DE", "2,5"),
        ("1234567", "spoken_number", "hi-IN", "12,34,567"),
    ],
)  # fmt: skip
def test_amounts_are_said_as_the_language_has_them(
    cell: str, filter_: str, language: str, words: str
) -> None:
    assert said(f"{{{{ cell | {filter_} }}}}", cell, language) == words


def test_the_sheet_says_what_separates_decimals() -> None:
    prompt = "{{ cell | spoken_currency('EUR') }}"
    assert said(prompt, "1.234,50 €", where=COMMA) == "1,234 euros and 50 cents"
    assert said("{{ cell | spoken_number(decimal=',') }}", "1.234") == (
        "one thousand two hundred thirty-four"
    )
    assert said("{{ cell | spoken_number }}", "1.234", "de-DE") == "1,234"
    assert said("{{ 2.5 | spoken_number }}", where=COMMA) == "two point five"


@pytest.mark.parametrize(
    ("cell", "filter_", "told"),
    [
        ("1,5", "spoken_number", ("'1,5' is not a number where '.' separates decimals "
         '(set contacts.decimal, or give the filter decimal=",")')),
        ("abc", "spoken_number", "'abc' is not a number (write 1234.50)"),
        ("$5", "spoken_number", "'$5' is not a number (spoken_currency reads amounts of money)"),
        ("1E+15", "spoken_number", ("'1E+15' is not a number "
         "(Excel has shortened it; format the column as text, and enter it again)")),
        ("1234567890123456", "spoken_number", ("'1234567890123456' is too long a number to be said "
         "(the filter digits reads it digit by digit)")),
        ("5", "spoken_currency", ("'5' names no currency "
         '(give it to the filter, as spoken_currency("USD"))')),
        ("¥5", "spoken_currency", ("'¥5': ¥ is not one currency alone "
         '(give it to the filter, as spoken_currency("JPY"))')),
        ("€5", "spoken_currency('USD')", "'€5' is not in USD (is the filter's right?)"),
        ("5 apples", "spoken_currency('USD')", ("'5 apples' is not an amount of money "
         "(write 1234.50)")),
        ("5%", "spoken_currency('USD')", ("'5%' is not an amount of money "
         "(write the amount alone, or with its currency)")),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_told(cell: str, filter_: str, told: str) -> None:
    assert trouble(f"{{{{ cell | {filter_} }}}}", cell) == told


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_language_says_numbers_and_money(tag: str) -> None:
    for currency in ("USD", "EUR", "JPY", "KWD"):
        text = said(f"{{{{ cell | spoken_currency('{currency}') }}}}", "1,234", tag)
        assert [sign for sign in text if sign.isdigit()] == list("1234")
        assert any(sign.isalpha() for sign in text)
        assert "¤" not in text
    assert said("{{ cell | spoken_number }}", "1,234.5", tag)
