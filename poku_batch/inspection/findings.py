"""What was found in a sheet: each kind of trouble once a column, counted, with its first places.

Memory is bounded: at most one group a kind and column, each with a handful of places.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

#: How many places of a group are kept, and how much of their cells.
PLACES = 5
_CELL = 200
#: How many rows with errors are remembered.
_ROWS = 1_000


class Severity(StrEnum):
    """What a finding means for the calls."""

    #: such a row is not called, or would be called wrongly
    ERROR = "error"
    #: it is called, but a person should look at it
    WARNING = "warning"


class Kind(StrEnum):
    """What is wrong; ``inspection.words`` says it to a person."""

    SCIENTIFIC = "scientific"
    LOST_ZERO = "lost_zero"
    LOST_PLUS = "lost_plus"
    ABROAD_PREFIX = "abroad_prefix"
    DECIMAL = "decimal"
    ELSEWHERE = "elsewhere"
    SWAPPED = "swapped"
    SEVERAL = "several"
    EXTENSION = "extension"
    LETTERS = "letters"
    NO_NUMBER = "no_number"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    SHORT_NUMBER = "short_number"
    NOT_IN_USE = "not_in_use"
    NO_COUNTRY = "no_country"
    ODD = "odd"
    PREMIUM = "premium"
    SAME_NUMBER = "same_number"
    SAME_PERSON = "same_person"
    EMPTY = "empty"
    EMPTY_COLUMN = "empty_column"
    SERIAL_DATE = "serial_date"
    MIXED_DATES = "mixed_dates"
    AMBIGUOUS_DATES = "ambiguous_dates"
    UNKNOWN_ZONE = "unknown_zone"
    UNKNOWN_TIME = "unknown_time"
    UNKNOWN_CONSENT = "unknown_consent"
    FORMULA_ERROR = "formula_error"
    PLACEHOLDER = "placeholder"
    INVISIBLE = "invisible"
    SMART_QUOTES = "smart_quotes"
    SPACES = "spaces"
    MOJIBAKE = "mojibake"
    INSTRUCTIONS = "instructions"
    LONG = "long"
    VERY_LONG = "very_long"


_ERRORS = frozenset(
    {
        Kind.SCIENTIFIC,
        Kind.LOST_ZERO,
        Kind.LOST_PLUS,
        Kind.ABROAD_PREFIX,
        Kind.ELSEWHERE,
        Kind.SWAPPED,
        Kind.SEVERAL,
        Kind.EXTENSION,
        Kind.LETTERS,
        Kind.NO_NUMBER,
        Kind.TOO_SHORT,
        Kind.TOO_LONG,
        Kind.SHORT_NUMBER,
        Kind.NOT_IN_USE,
        Kind.NO_COUNTRY,
        Kind.ODD,
        Kind.UNKNOWN_ZONE,
        Kind.UNKNOWN_TIME,
        Kind.UNKNOWN_CONSENT,
        Kind.FORMULA_ERROR,
        Kind.VERY_LONG,
        Kind.SERIAL_DATE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is wrong with one cell, and what it may have been meant to be.

    A ``sure`` repair can be made without asking; another is a proposal. ``detail`` is for what
    its kind does not say.
    """

    kind: Kind
    detail: str = ""
    repair: str | None = None
    sure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One cell that was found: ``row`` as the sheet counts, ``position`` of its column from 0."""

    row: int
    position: int
    cell: str
    note: Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """All cells of a column with the same trouble: how many, and the first of them.

    ``repairable`` of them have a sure repair.
    """

    kind: Kind
    position: int
    count: int
    repairable: int = 0
    places: tuple[Place, ...] = ()
    detail: str = ""

    @property
    def severity(self) -> Severity:
        """What it means for the calls."""
        return Severity.ERROR if self.kind in _ERRORS else Severity.WARNING


@dataclass(slots=True)
class _Group:
    count: int = 0
    repairable: int = 0
    places: list[Place] = field(default_factory=list)


class Findings:
    """Gathers notes into groups, by kind and column."""

    def __init__(self) -> None:
        self._groups: dict[tuple[Kind, int], _Group] = {}
        self._rows: set[int] = set()

    def add(self, place: Place, *, is_reason: bool) -> None:
        """Take a cell; rows come in the order of the sheet.

        ``is_reason``: an error in this column keeps the row from being called.
        """
        kind = place.note.kind
        group = self._groups.setdefault((kind, place.position), _Group())
        group.count += 1
        group.repairable += place.note.sure
        if len(group.places) < PLACES:
            group.places.append(replace(place, cell=shortened(place.cell)))
        if is_reason and kind in _ERRORS and len(self._rows) < _ROWS:
            self._rows.add(place.row)

    def found(self) -> list[Finding]:
        """Give all groups."""
        return [
            Finding(
                kind=kind,
                position=position,
                count=group.count,
                repairable=group.repairable,
                places=tuple(group.places),
            )
            for (kind, position), group in self._groups.items()
        ]

    @property
    def rows(self) -> frozenset[int]:
        """The first rows that are not called for an error."""
        return frozenset(self._rows)


def shortened(cell: str) -> str:
    """As much of a cell as is kept."""
    return cell if len(cell) <= _CELL else f"{cell[: _CELL - 1]}…"


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Put errors before warnings, then go by column, then by kind."""
    kinds = list(Kind)
    return tuple(
        sorted(
            findings,
            key=lambda one: (
                one.severity is Severity.WARNING,
                one.position,
                kinds.index(one.kind),
            ),
        )
    )
