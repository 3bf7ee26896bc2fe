"""Numbers as people and spreadsheets write them.

What separates decimals is known beforehand: ``1.234`` is a thousand or one, and is never guessed.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from poku_batch.prompts.listener import SpeechError
from poku_batch.prompts.speech.options import plain, shown

#: The most digits before the point; what is longer is an account's number, not an amount.
MAX_DIGITS = 15

# A point that ends a unit's name is told from one that begins a number by the name alone.
_UNIT = r"(?:Rs|kr|Fr|лв)\.|[^\d\s()+−.,'’-]{1,5}"
_SHAPE = re.compile(
    rf"(?P<open>\()?\s?(?P<sign>[-−+])?\s?(?P<before>{_UNIT})?\s?(?P<inner>[-−])?\s?"
    r"(?P<figure>[0-9][0-9.,'’ ]*?|[.,][0-9]+)"
    rf"\s?(?P<after>{_UNIT})?\s?(?P<last>[-−])?\s?(?P<close>\))?"
)
_GROUPS = {
    ".": re.compile(r"[0-9]{1,3}(?:([,'’ ])[0-9]{2,3})(?:\1[0-9]{2,3})*"),
    ",": re.compile(r"[0-9]{1,3}(?:([.'’ ])[0-9]{2,3})(?:\1[0-9]{2,3})*"),
}
_SCIENTIFIC = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]+)?[eE][-+]?[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number as it is written: ``decimals`` are the digits after the point, as many as there are.

    ``unit`` is a currency's sign or code that stands with it, or empty.
    """

    negative: bool
    whole: int
    decimals: str
    unit: str = ""

    @property
    def value(self) -> Decimal:
        """The number itself."""
        text = f"{self.whole}.{self.decimals}" if self.decimals else str(self.whole)
        return -Decimal(text) if self.negative else Decimal(text)


def read_figure(cell: object, decimal: str, *, wanted: str) -> Figure | None:
    """Read a number, None for an empty cell; ``decimal`` is ``.`` or ``,``.

    Raises ``SpeechError`` for what is no number, and where separators stand as they cannot.
    """
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _of_number(cell, wanted)
    text = plain(cell)
    if not text:
        return None
    found = _SHAPE.fullmatch(text)
    if found is None or not _well_signed(found):
        raise _no_number(text, decimal, wanted)
    whole, decimals = _split(found["figure"].rstrip(), decimal, text, wanted)
    return Figure(
        negative=bool(found["open"] or found["last"] or found["inner"] or _minus(found["sign"])),
        whole=whole,
        decimals=decimals,
        unit=found["before"] or found["after"] or "",
    )


def _of_number(value: float, wanted: str) -> Figure:
    """Read a number that a template has worked out."""
    exact = Decimal(repr(value))
    if not exact.is_finite() or abs(exact) >= 10**MAX_DIGITS:
        raise _no_number(str(value), ".", wanted)
    whole, _, decimals = f"{abs(exact):f}".partition(".")
    kept = "" if isinstance(value, float) and decimals == "0" else decimals
    return Figure(negative=exact < 0, whole=int(whole), decimals=kept)


def _well_signed(found: re.Match[str]) -> bool:
    signs = [found[name] for name in ("open", "sign", "inner", "last") if found[name]]
    units = [found[name] for name in ("before", "after") if found[name]]
    return (
        len(signs) <= 1 and len(units) <= 1 and (found["open"] is None) == (found["close"] is None)
    )


def _minus(sign: str | None) -> bool:
    return sign is not None and sign != "+"


def _split(figure: str, decimal: str, text: str, wanted: str) -> tuple[int, str]:
    whole, point, decimals = figure.partition(decimal)
    grouped = _GROUPS[decimal].fullmatch(whole)
    plain_whole = whole.isascii() and whole.isdigit()
    good_decimals = decimals.isascii() and decimals.isdigit()
    if (point and not good_decimals) or not (plain_whole or grouped or (point and not whole)):
        raise _misplaced(text, decimal, wanted)
    digits = "".join(character for character in whole if character.isdigit())
    if grouped and not whole[-4:-3] == grouped[1]:
        raise _misplaced(text, decimal, wanted)
    if len(digits) > MAX_DIGITS:
        raise SpeechError(
            f"{shown(text)} is too long a number to be said",
            "the filter digits reads it digit by digit",
            value=text,
        )
    return int(digits or "0"), decimals


def _misplaced(text: str, decimal: str, wanted: str) -> SpeechError:
    other = "," if decimal == "." else "."
    if not set(text) & {",", "."}:
        return _no_number(text, decimal, wanted)
    return SpeechError(
        f"{shown(text)} is not {wanted} where {decimal!r} separates decimals",
        f"set contacts.decimal, or give the filter decimal={other!r}".replace("'", '"'),
        value=text,
    )


def _no_number(text: str, decimal: str, wanted: str) -> SpeechError:
    if _SCIENTIFIC.fullmatch(text):
        hint = "Excel has shortened it; format the column as text, and enter it again"
        return SpeechError(f"{shown(text)} is not {wanted}", hint, value=text)
    return SpeechError(f"{shown(text)} is not {wanted}", f"write 1234{decimal}50", value=text)
