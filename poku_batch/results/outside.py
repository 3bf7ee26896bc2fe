"""Text from outside made fit for a table: nothing that a cell cannot hold, no formula in CSV.

Source: OWASP, "CSV Injection" (owasp.org/www-community/attacks/CSV_Injection), whose list of
first characters is ``= + - @``, tab, carriage return, line feed and their full-width variants.
"""

import re

# Controls but tab and line feed; halves of surrogate pairs; the two that XML 1.0 excludes.
UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")


def clean(text: str | None) -> str | None:
    """Drop control characters other than tab and line feed, and what is not a character."""
    return None if text is None else UNFIT.sub("", text)


def without_formula(text: object) -> object:
    """Put an apostrophe before text that a spreadsheet program would take for a formula."""
    if isinstance(text, str) and text.startswith(FORMULA_STARTS):
        return f"'{text}"
    return text
