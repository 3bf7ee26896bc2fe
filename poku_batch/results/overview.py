"""The worksheet that says how a campaign stands: numbers, and what the colours mean.

All of it is numbers and text; nothing is a formula, so that it stays what it was when written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from poku_batch.models import CampaignId, ContactState, Counts
from poku_batch.results.outside import clean

if TYPE_CHECKING:
    from xlsxwriter import Workbook

#: Backgrounds of rows by state: black text is read on each, and to who sees no red or no green,
#: and in print, they differ by lightness. After Okabe and Ito, "Color Universal Design" (2008).
STATE_COLOURS: Mapping[ContactState, str] = {
    ContactState.DONE: "#DCEBF7",
    ContactState.DIALING: "#FFF5B8",
    ContactState.FAILED: "#F2B48A",
    ContactState.SKIPPED: "#E0E0E0",
    ContactState.UNKNOWN: "#DDB0CF",
}
#: Whose status is in bold as well: somebody should look at them.
LOUD_STATES = (ContactState.FAILED, ContactState.UNKNOWN)

_MEANINGS: Mapping[ContactState, str] = {
    ContactState.DONE: "the call ended",
    ContactState.PENDING: "not called yet; the next run goes on",
    ContactState.DIALING: "a call is going on",
    ContactState.FAILED: "could not be called, or its calls are used up; call_error says why",
    ContactState.SKIPPED: "not called, by a rule; call_error says which",
    ContactState.UNKNOWN: "may or may not have been called; call_error says what is known",
}
_BAR = "#7FB2DD"
#: How many lines of one kind are shown; a campaign may have as many outcomes as it likes.
_LINES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What the second worksheet tells: whose results these are, from when (aware), the counts.

    ``minutes`` are started minutes of the campaign's calls that ended, in all its runs.
    """

    campaign: CampaignId
    written_at: datetime
    counts: Counts
    minutes: int


def write_overview(book: "Workbook", overview: Overview, *, attempts: int) -> None:
    """Add the worksheet to a workbook; ``attempts`` are those of all rows."""
    _Page(book).write(overview, attempts)


class _Page:
    """The worksheet being written, from its first row to its last."""

    def __init__(self, book: "Workbook") -> None:
        self._book = book
        self._sheet = book.add_worksheet("Summary")
        self._sheet.fit_to_pages(1, 0)
        self._sheet.set_column(0, 0, 44)
        self._sheet.set_column(1, 1, 24)
        self._sheet.set_column(2, 2, 12)
        self._bold = book.add_format({"bold": True, "bottom": 1})
        self._text = book.add_format({"align": "left"})
        self._whole = book.add_format({"num_format": "#,##0"})
        self._share = book.add_format({"num_format": "0.0%"})
        self._moment = book.add_format({"num_format": 'yyyy-mm-dd hh:mm:ss"Z"', "align": "left"})
        self._row = 0

    def write(self, overview: Overview, attempts: int) -> None:
        counts = overview.counts
        self._head(overview)
        self._table("State", {str(state): counts.of(state) for state in ContactState}, counts.total)
        self._table("Outcome of those done", counts.outcomes, counts.total)
        self._table("Why failed", counts.failures, counts.total)
        self._table("Why skipped", counts.skip_reasons, counts.total)
        self._number("Attempts to call", attempts)
        self._number("Minutes begun, of calls that ended", overview.minutes)
        self._row += 1
        self._legend()

    def _head(self, overview: Overview) -> None:
        self._pair("Campaign", overview.campaign.name)
        if overview.campaign.wave:
            self._pair("Wave", overview.campaign.wave)
        self._line("Written")
        moment = overview.written_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        self._sheet.write_datetime(self._row, 1, moment, self._moment)
        self._row += 2

    def _table(self, title: str, numbers: Mapping[str, int], total: int) -> None:
        """A count a line, the largest first but for states, with its share of all rows."""
        lines = list(numbers.items())
        if title != "State":
            lines = sorted(lines, key=lambda line: (-line[1], line[0]))[:_LINES]
        if not lines:
            return
        for column, name in enumerate((title, "Rows", "Share of all")):
            self._sheet.write_string(self._row, column, name, self._bold)
        first = self._row + 1
        for name, number in lines:
            self._row += 1
            self._line(name)
            self._sheet.write_number(self._row, 1, number, self._whole)
            self._sheet.write_number(self._row, 2, number / total if total else 0.0, self._share)
        bar = {"type": "data_bar", "bar_color": _BAR, "min_type": "num"}
        limits = {"min_value": 0, "max_type": "num", "max_value": max(total, 1)}
        self._sheet.conditional_format(first, 1, self._row, 1, bar | limits)
        self._row += 2

    def _legend(self) -> None:
        self._sheet.write_string(self._row, 0, "What the colours mean", self._bold)
        self._sheet.write_string(self._row, 1, "", self._bold)
        for state, meaning in _MEANINGS.items():
            self._row += 1
            self._sheet.write_string(self._row, 0, str(state), state_format(self._book, state))
            self._line(meaning, column=1)

    def _pair(self, name: str, value: str) -> None:
        self._line(name)
        self._line(value, column=1)
        self._row += 1

    def _number(self, name: str, value: int) -> None:
        self._line(name)
        self._sheet.write_number(self._row, 1, value, self._whole)
        self._row += 1

    def _line(self, text: str, *, column: int = 0) -> None:
        fit = (clean(text) or "")[:500]
        self._sheet.write_string(self._row, column, fit, self._text)


def state_format(book: "Workbook", state: ContactState) -> Any:
    """How rows of a state look."""
    look: dict[str, object] = {}
    if colour := STATE_COLOURS.get(state):
        look["bg_color"] = colour
    if state in LOUD_STATES:
        look["bold"] = True
    return book.add_format(look)
