"""Public holidays, by country or by part of one, with their names in English.

Source: the ``holidays`` package; the days on which a holiday is observed count as well as its own.
For a country as a whole only what is a holiday in all of its parts counts.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache

#: Stands for the country of each number in ``calling_hours.holidays``.
CONTACT = "contact"


def holiday_calendar(places: Sequence[str]) -> Callable[[date, str | None], str | None]:
    """Make what says why a day is a holiday at one of ``places``, or None where it is none.

    A place is ``US``, ``DE-BY``, or ``contact``: the two letters of a country that are asked with.
    A contact's country whose holidays are not known, or that is not known itself, has none.
    """

    def why(day: date, country: str | None) -> str | None:
        for place in places:
            where = country if place == CONTACT else place
            if where and (name := _days_off(where, day.year).get(day)):
                return f"public holiday ({name}) in {where}"
        return None

    return why


@lru_cache(maxsize=1024)
def _days_off(place: str, year: int) -> Mapping[date, str]:
    """The holidays of a year. Made whole before it is seen: threads ask at the same time."""
    from holidays import country_holidays, list_supported_countries

    country, _, part = place.partition("-")
    if country not in list_supported_countries():
        return {}
    languages = country_holidays(country).supported_languages
    return dict(
        country_holidays(
            country,
            subdiv=part or None,
            years=year,
            language="en_US" if "en_US" in languages else None,
        )
    )
