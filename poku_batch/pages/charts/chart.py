"""A chart, ready to stand in a page, and what it says to who cannot see it."""

from dataclasses import dataclass

from markupsafe import Markup

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

NO_CALLS = "No calls yet."


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What a colour of a chart stands for."""

    name: str
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a chart shows, as a table: the first column names the rows."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str | int, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart for a page; ``key`` is a word for its anchor.

    ``about`` says what it shows in a sentence or two, ``note`` what one should know of it.
    ``svg`` is drawn for half a page, ``wide`` for all of it where it gains by that. Both are None
    where there is nothing to show yet.
    """

    key: str
    title: str
    about: str
    note: str = ""
    svg: Markup | None = None
    wide: Markup | None = None
    legend: tuple[Key, ...] = ()
    figures: Figures = Figures()
