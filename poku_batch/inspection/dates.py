"""Dates in a column: numbers that spreadsheet programs show for them, and ways of writing them.

A serial number counts the days from 30 December 1899 (the 1900 date system, as it is for all days
from 1 March 1900 on). Source: ECMA-376, part 1, 18.17.4.1.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from poku_batch.inspection.findings import PLACES, Finding, Kind, Note, Place

_DIGIT = re.compile(r"[0-9]")
_SERIAL = re.compile(r"([3-6][0-9]{4})(?:[.,]([0-9]{1,15}))?")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].*)?")
_PARTS = re.compile(r"([0-9]{1,2})([./-])([0-9]{1,2})\2((?:[0-9]{2}){1,2})(?![0-9]).*", re.DOTALL)
_MONTH = re.compile(
    r"(?:[a-z]+,?\s+)?[0-9]{1,2}(?:st|nd|rd|th|\.)?\s+[^\W\d_]{3,12}\.?,?\s+[0-9]{4}.*"
    r"|(?:[a-z]+,?\s+)?[^\W\d_]{3,12}\.?\s+[0-9]{1,2}(?:st|nd|rd|th)?,?\s+[0-9]{4}.*",
    re.IGNORECASE | re.DOTALL,
)
#: Words in the names of columns that hold dates or times.
_NAMES = frozenset(
    """
    date datetime day time when at on birthday birthdate dob due deadline before after start starts
    end ends expires expiry arrival departure checkin checkout appointment
    datum tag zeit uhrzeit termin geburtstag geburtsdatum faellig fällig beginn ende
    fecha hora dia día cita vencimiento nacimiento
    jour heure rendez rdv naissance echeance échéance
    giorno ora scadenza nascita appuntamento dag tijd afspraak hora
    """.split()
)
_NO_DATES = frozenset("id no nr number code zip plz postal postcode amount price total".split())
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a day in nobody's time zone
_FIRST, _LAST = 30_000, 60_000


class Form(StrEnum):
    """A way of writing dates."""

    ISO = "2026-03-31"
    DOTTED = "31.3.2026"
    SLASHED_DAY = "31/3/2026"
    SLASHED_MONTH = "3/31/2026"
    #: day and month cannot be told apart
    SLASHED = "3/4/2026"
    NAMED = "31 March 2026"


def names_dates(column: str) -> bool:
    """Whether a column's name says that it holds dates or times."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column)
    words = {word for word in re.split(r"[\W_0-9]+", spaced.casefold()) if word}
    return bool(words & _NAMES) and not words & _NO_DATES


def date_of_serial(cell: str) -> str | None:
    """The date, or date and time to the second, that a serial number is; None if it is none."""
    found = _SERIAL.fullmatch(cell)
    if found is None or not _FIRST <= int(found[1]) <= _LAST:
        return None
    seconds = round(float(f"0.{found[2] or '0'}") * 86_400)
    moment = _EPOCH + timedelta(days=int(found[1]), seconds=seconds)
    if not found[2] or not seconds:
        return f"{moment:%Y-%m-%d}"
    return f"{moment:%Y-%m-%d %H:%M}" if not moment.second else f"{moment:%Y-%m-%d %H:%M:%S}"


def form_of(cell: str) -> Form | None:
    """The way in which a cell's date is written; None if it is no date."""
    if len(cell) > 60 or not any(map(str.isdigit, cell)):
        return None
    if _ISO.fullmatch(cell):
        return Form.ISO
    if found := _PARTS.fullmatch(cell):
        first, second = int(found[1]), int(found[3])
        if max(first, second) > 31 or min(first, second) > 12 or not min(first, second):
            return None
        if found[2] == ".":
            return Form.DOTTED if second <= 12 else None
        if first == second:
            return None  # either way it is the same day
        return (
            Form.SLASHED
            if max(first, second) <= 12
            else Form.SLASHED_DAY
            if first > 12
            else Form.SLASHED_MONTH
        )
    return Form.NAMED if _MONTH.fullmatch(cell) else None


@dataclass(slots=True)
class DateColumn:
    """What is seen of one column's dates, batch by batch; memory is bounded."""

    position: int
    is_named: bool
    forms: Counter[Form] = field(default_factory=Counter)
    firsts: dict[Form, list[Place]] = field(default_factory=dict)
    serials: int = 0
    serial_places: list[Place] = field(default_factory=list)

    def look(self, rows: Sequence[int], cells: Sequence[str]) -> None:
        """Take cells and the numbers of their rows, in the order of the sheet."""
        wanted: dict[str, Note] = {}
        # The first to stand in the column comes first: cells are counted in their order.
        for cell, count in Counter(cells).items():
            note = self._counted(cell, count)
            if note is not None:
                wanted[cell] = note
        for row, cell in zip(rows, cells, strict=True):
            if not wanted:
                return
            if cell in wanted and not self._placed(row, cell, wanted[cell]):
                del wanted[cell]

    def _counted(self, cell: str, count: int) -> Note | None:
        """Count a cell; give its note where places of its kind are wanted."""
        if not _DIGIT.search(cell) or not (cell[:1].isdigit() or cell[:1].isalpha()):
            return None
        date = date_of_serial(cell)
        if date is not None:
            self.serials += count
            note = Note(kind=Kind.SERIAL_DATE, repair=date, sure=True)
            return note if len(self.serial_places) < PLACES else None
        form = form_of(cell)
        if form is None:
            return None
        self.forms[form] += count
        places = self.firsts.setdefault(form, [])
        return Note(kind=Kind.MIXED_DATES) if len(places) < PLACES else None

    def _placed(self, row: int, cell: str, note: Note) -> bool:
        """Keep a place; gives whether another of its kind is wanted."""
        form = None if note.kind is Kind.SERIAL_DATE else form_of(cell)
        places = self.serial_places if form is None else self.firsts[form]
        if len(places) < PLACES:
            places.append(self._place(row, cell, note))
        return len(places) < PLACES

    @property
    def holds_dates(self) -> bool:
        """Whether serial numbers of this column are dates."""
        return bool(self.serials) and (self.is_named or bool(self.forms))

    def findings(self) -> list[Finding]:
        """What is wrong with the column's dates as a whole."""
        found = []
        if self.holds_dates:
            found.append(self._finding(Kind.SERIAL_DATE, self.serials, self.serial_places))
        if mixed := self._mixed():
            found.append(mixed)
        if self.forms[Form.SLASHED] and not (
            self.forms[Form.SLASHED_DAY] or self.forms[Form.SLASHED_MONTH]
        ):
            places = self.firsts[Form.SLASHED]
            found.append(self._finding(Kind.AMBIGUOUS_DATES, self.forms[Form.SLASHED], places))
        return found

    def _mixed(self) -> Finding | None:
        """Where there are several ways, those that are not the usual one."""
        ways: Counter[Form] = Counter()
        for form, count in self.forms.items():
            ways[self._way(form)] += count
        if len(ways) < 2:
            return None
        usual = max(ways, key=lambda way: (ways[way], way is Form.ISO))
        odd = [
            place for form in self.forms if self._way(form) != usual for place in self.firsts[form]
        ]
        return self._finding(
            Kind.MIXED_DATES,
            sum(ways.values()) - ways[usual],
            sorted(odd, key=lambda place: place.row)[:PLACES],
            f"others are written as {usual}",
        )

    def _way(self, form: Form) -> Form:
        """A cell that can be read in two ways is read as those that decide it."""
        if form is not Form.SLASHED:
            return form
        decided = (Form.SLASHED_DAY, Form.SLASHED_MONTH)
        return (
            max(decided, key=self.forms.__getitem__) if any(map(self.forms.get, decided)) else form
        )

    def _finding(self, kind: Kind, count: int, places: list[Place], detail: str = "") -> Finding:
        return Finding(
            kind=kind,
            position=self.position,
            count=count,
            repairable=count if kind is Kind.SERIAL_DATE else 0,
            places=tuple(places),
            detail=detail,
        )

    def _place(self, row: int, cell: str, note: Note) -> Place:
        return Place(row=row, position=self.position, cell=cell[:200], note=note)
