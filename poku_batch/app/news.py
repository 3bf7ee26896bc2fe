"""What one worker learns of the API, until the ledger has taken it for all of them."""

from collections.abc import Callable

from poku_batch.engine.reports import CallReport
from poku_batch.models import ApiNews, CallNews

#: So much of what a call came to is told, in characters.
_WORDS = 200


class News:
    """Stands for a run's window: here it is written down what the ledger's window is to hear."""

    def __init__(self, slots: int, changed: Callable[[], None]) -> None:
        """Take the run's slots, and who is told that there is something to pass on at once."""
        self._slots = slots
        self._changed = changed
        self._taken = 0
        self._turned_away: list[float] = []
        self._calls: list[CallNews] = []

    def size(self, now_s: float) -> int:
        """All slots: the ledger says how many are used."""
        del now_s
        return self._slots

    def turned_away(self, now_s: float, *, placed_s: float) -> bool:
        """A placement that was sent at ``placed_s`` was turned away."""
        del now_s
        self._turned_away.append(placed_s)
        self._changed()
        return False

    def taken(self, now_s: float) -> bool:
        """A placement was taken."""
        del now_s
        self._taken += 1
        return False

    def reported(self, report: CallReport) -> None:
        """A contact has come to something."""
        self._calls.append(CallNews(row=report.row, what=report.what[:_WORDS], bad=report.bad))

    def take(self, now_s: float) -> ApiNews:
        """What there is, to be passed on; given back by ``put_back`` where that fails."""
        news = ApiNews(
            taken=self._taken,
            turned_away=tuple(now_s - placed_s for placed_s in self._turned_away),
            calls=tuple(self._calls),
        )
        self._taken, self._turned_away, self._calls = 0, [], []
        return news

    def put_back(self, news: ApiNews, now_s: float) -> None:
        """Keep what could not be passed on, as it was taken at ``now_s``."""
        self._taken += news.taken
        self._turned_away = [now_s - age_s for age_s in news.turned_away] + self._turned_away
        self._calls = [*news.calls, *self._calls]
