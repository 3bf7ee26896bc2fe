"""Where the contact of a row is, for values that are spoken: a country, and a clock.

Nothing is looked up before a value needs it.
"""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from poku_batch.errors import PhoneError
from poku_batch.phone import parse_phone, zones_of
from poku_batch.prompts import Whereabouts


class WhereContactsAre:
    """Finds the places of one campaign's contacts."""

    def __init__(
        self,
        *,
        region: str | None,
        timezone: int | None = None,
        default_timezone: str | None = None,
        decimal: str = ".",
    ) -> None:
        """Take what is known of a campaign's sheet.

        ``region`` is the country of its numbers without a plus sign; ``timezone`` the position of
        the column with each contact's zone, ``default_timezone`` that of contacts whose own cannot
        be told; ``decimal`` separates decimals in its numbers.
        """
        self._decimal = decimal
        self._region = region
        self._timezone = timezone
        self._default_timezone = default_timezone

    def of(self, cells: Sequence[str], to: str) -> Whereabouts:
        """Say where the contact of a row is whose number (E.164) is ``to``."""
        return Whereabouts(
            country=lambda: self._country(to),
            local=lambda at: self._local(cells, to, at),
            decimal=self._decimal,
        )

    def _country(self, to: str) -> str | None:
        if self._region:
            return self._region
        try:
            return parse_phone(to, None).region
        except PhoneError:
            return None

    def _local(self, cells: Sequence[str], to: str, at: datetime) -> datetime:
        """Put an instant onto the contact's clock.

        The row's own zone counts, then the number's where all of them show the same time, then the
        campaign's default. Raises ``ValueError`` with a sentence where there is none.
        """
        own = self._own_zone(cells)
        candidates = [(own,)] if own else [zones_of(to), (self._default_timezone or "",)]
        for zones in candidates:
            # Aware times of one instant are all equal, whatever their clocks show.
            times = {_at(zone, at).replace(tzinfo=None): zone for zone in zones if zone}
            if len(times) == 1:
                return _at(next(iter(times.values())), at)
        raise ValueError("the contact's time zone is not known")

    def _own_zone(self, cells: Sequence[str]) -> str | None:
        if self._timezone is None or not cells[self._timezone].strip():
            return None
        # The package brings pandas along, which is there already where a sheet is open.
        from poku_batch.contacts.moments import read_zone

        return read_zone(cells[self._timezone])


def _at(zone: str, at: datetime) -> datetime:
    try:
        return at.astimezone(ZoneInfo(zone))
    except ZoneInfoNotFoundError:
        raise ValueError(f"{zone} is not a time zone that is known here") from None
