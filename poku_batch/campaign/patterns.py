"""Regular expressions among a campaign's phrases: ``/…/``, in the syntax of the regex package.

They are searched in a summary whose white space is single spaces and whose apostrophes and hyphens
are plain; case does not count. The same folding is done to the expression.
"""

import re

import regex

#: What people type, and what editors make of it.
APOSTROPHES = "’‘‛ʼ′`"
HYPHENS = "‐‑‒–—−"

_LONGEST = 1_000
#: A repeat such as ``{9}`` is written out by the compiler: nine copies, nested ones multiplied.
_MOST_COPIES = 10_000

_REPEAT = re.compile(r"\{([0-9]+)")
_TYPED = re.compile(rf"\\?([{APOSTROPHES}])|\\?[{HYPHENS}]")


def expression_of(phrase: str) -> str | None:
    """What stands between the slashes of ``/…/``; None for a phrase that is none."""
    text = phrase.strip()
    return text[1:-1] if len(text) >= 2 and text[0] == text[-1] == "/" else None


def compiled_expression(expression: str) -> regex.Pattern[str]:
    """Compile what stands between the slashes. Raises ``ValueError`` with the reason, for a person.

    An expression that matches the empty text is refused: it would match every summary.
    """
    _check_size(expression)
    plain = _TYPED.sub(lambda typed: "'" if typed[1] else r"\-", expression)
    try:
        pattern = regex.compile(plain, regex.IGNORECASE)
    except regex.error as error:
        at = "" if error.pos is None else f", at character {error.pos + 2}"
        raise ValueError(f"{error.msg}{at}") from None
    except (ValueError, OverflowError, RecursionError, MemoryError) as error:
        raise ValueError(str(error) or "it is too large") from None
    if pattern.search(""):
        raise ValueError("it matches the empty text, and so every summary; .+ stands for any text")
    return pattern


def pattern_fault(phrase: str) -> str | None:
    """Say what is wrong with a phrase that is a regular expression; None for all others."""
    expression = expression_of(phrase)
    if expression is None:
        return None
    try:
        compiled_expression(expression)
    except ValueError as error:
        return str(error)
    return None


def _check_size(expression: str) -> None:
    if len(expression) > _LONGEST:
        raise ValueError(f"it has more than {_LONGEST:,} characters")
    copies = 1
    for repeat in _REPEAT.finditer(expression):
        copies *= max(int(repeat[1][:9]), 1)
        if copies > _MOST_COPIES:
            raise ValueError(f"it repeats something more than {_MOST_COPIES:,} times")
