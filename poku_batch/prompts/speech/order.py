"""Whether ``3/4/2026`` is in March or in April: by where its sheet and its reader are.

A wrong guess tells somebody a wrong day, so where signs differ, or a country writes both, nothing
is guessed.
"""

from collections.abc import Callable
from datetime import date

from poku_batch.prompts.listener import Listener

#: What the option ``first`` may be.
ORDERS = ("day", "month")

# Countries that write the month first: Unicode CLDR's short dates of their own languages.
_MONTH_FIRST = frozenset("US AS GU MH FM MP PR PW UM VI PH".split())
# Countries that write both, or the year first, so that what comes after it says nothing.
_EITHER = frozenset("CA CN HK JP KR KP MN TW".split())


def order_of(listener: Listener) -> str | None:
    """Give ``day`` or ``month``, which comes first; None where that cannot be told."""
    found = set()
    country = listener.where.country()
    if country:
        found.add(_order_in(country))
    if listener.chosen or not country:
        found.add(_order_in(listener.language.rpartition("-")[2]))
    return found.pop() if len(found) == 1 else None


def _order_in(country: str) -> str | None:
    if country in _EITHER:
        return None
    return "month" if country in _MONTH_FIRST else "day"


def day_of(first: int, second: int, year: int, order: Callable[[], str | None]) -> date:
    """Make a day of its parts; asks for the order only where both would be a day.

    Raises ``ValueError`` for no day, ``AmbiguousDayError`` where it may be either of two.
    """
    if first > 12 or first == second:
        return date(year, second, first)
    if second > 12:
        return date(year, first, second)
    match order():
        case "day":
            return date(year, second, first)
        case "month":
            return date(year, first, second)
        case _:
            raise AmbiguousDayError(date(year, second, first), date(year, first, second))


class AmbiguousDayError(Exception):
    """A date may be either of two days; nothing says which."""

    def __init__(self, day_first: date, month_first: date) -> None:
        super().__init__(str(day_first), str(month_first))
        self.days = (day_first, month_first)
