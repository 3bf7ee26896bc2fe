"""A sheet looked over, batch after batch: what is wrong with it, in groups.

Memory does not grow with the sheet, but for one pair of numbers a row, up to ``_REMEMBERED`` rows,
by which people who stand there twice are found.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from poku_batch.inspection.dates import DateColumn, date_of_serial, names_dates
from poku_batch.inspection.findings import Finding, Findings, Kind, Note, Place, ordered
from poku_batch.inspection.numbers import is_e164, look_at_invalid, look_at_valid, number_in
from poku_batch.inspection.remembered import Remembered
from poku_batch.inspection.scope import Scope
from poku_batch.inspection.texts import (
    doubtful,
    has_smart_quotes,
    look_at_text,
    mended_text,
    speaks_to_agents,
    straight,
)
from poku_batch.models import Enrolment

#: Of so many rows it is remembered whom they would call.
_REMEMBERED = 500_000
#: Different values of consent that are told.
_CONSENTS = 20
#: What says no, or nothing: no mistake.
_REFUSALS = frozenset({"", "no", "n", "false", "0", "nein", "non", "opt-out", "opted out", "-"})
#: From this share of rows on, numbers are in the wrong column throughout.
_THROUGHOUT = 0.8
#: Columns with people's names, without what is not a letter.
_NAMES = frozenset(
    """
    name fullname firstname lastname surname givenname familyname customer customername client
    clientname patient patientname contactname person vorname nachname kunde kundenname
    nom prenom prénom nomcomplet nombre apellido apellidos nombrecompleto cognome nome
    naam voornaam achternaam
    """.split()
)
#: A longer cell is no date.
_LONGEST_DATE = 60
#: Other columns of a row that are looked through for its number.
_LOOKED_THROUGH = 60


class Inspector:
    """Takes rows as they are planned, and tells at the end what was found."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._findings = Findings()
        self._rows = 0
        self._dates = {
            position: DateColumn(
                position=position,
                is_named=position in scope.moments or names_dates(scope.columns[position]),
            )
            for position in scope.texts
            if position in scope.used | scope.moments and position not in scope.kept
        }
        #: The columns whose errors are reasons not to call a row.
        self._deciding = {scope.phone, scope.timezone, scope.consent, *scope.moments}
        self._elsewhere: Counter[int] = Counter()
        self._names = _name_columns(scope.columns)
        self._seen = Remembered(_REMEMBERED)
        self._consents: Counter[str] = Counter()
        self._yes = {value.strip().casefold() for value in scope.consent_values}

    def look(self, rows: Sequence[Enrolment]) -> None:
        """Look at rows, in the order of the sheet."""
        self._rows += len(rows)
        for row in rows:
            self._look_at_number(row)
        for position in self._scope.texts:
            self._look_at_texts(position, rows)
        if self._scope.consent is not None:
            self._look_at_consents(self._scope.consent, rows)
        if self._scope.timezone is not None:
            self._look_at_rules(self._scope.timezone, rows)
        for position in sorted(self._scope.moments):
            self._look_at_rules(position, rows)

    @property
    def rows_with_errors(self) -> frozenset[int]:
        """The first rows of which an error was found that keeps them from being called."""
        return self._findings.rows

    @property
    def date_columns(self) -> frozenset[int]:
        """The columns in which a bare number is a date, as far as rows were looked at."""
        return frozenset(at for at, dates in self._dates.items() if dates.holds_dates)

    def findings(self) -> tuple[Finding, ...]:
        """All that was found so far, errors first, in the order of columns."""
        found = [self._retold(finding) for finding in self._findings.found()]
        for dates in self._dates.values():
            found += dates.findings()
        return ordered(found)

    def _retold(self, finding: Finding) -> Finding:
        """A group as it is, or put into the words that hold of the column as a whole."""
        match finding.kind:
            case Kind.EMPTY if finding.count == self._rows:
                return replace(finding, kind=Kind.EMPTY_COLUMN, places=())
            case Kind.UNKNOWN_CONSENT:
                told = [f"{value!r} {count:,}" for value, count in self._consents.most_common()]
                return replace(finding, detail=", ".join(told))
            case Kind.ELSEWHERE if column := self._swapped():
                detail = f"set contacts.phone: {column}"
                return replace(finding, kind=Kind.SWAPPED, detail=detail, places=())
            case _:
                return finding

    # Numbers

    def _look_at_number(self, row: Enrolment) -> None:
        phone = self._scope.phone
        cell = row.cells[phone]
        if row.to is None:
            note = look_at_invalid(cell, self._scope.region)
            if note is not None:
                self._add(row, phone, self._found_elsewhere(row, note))
            return
        for note in look_at_valid(cell, row.to):
            self._add(row, phone, note)
        if phone in self._scope.used and not is_e164(cell) and speaks_to_agents(cell):
            self._add(row, phone, Note(kind=Kind.INSTRUCTIONS))
        self._look_for_twin(row, row.to)

    def _found_elsewhere(self, row: Enrolment, note: Note) -> Note:
        """Look for the number in the row's other columns, where its own cell holds none."""
        if note.kind not in {Kind.NO_NUMBER, Kind.LETTERS, Kind.FORMULA_ERROR} or note.repair:
            return note
        for position, cell in enumerate(row.cells[:_LOOKED_THROUGH]):
            if position == self._scope.phone or position in self._scope.key:
                continue
            number = number_in(cell, self._scope.region) if cell else None
            if number is not None:
                self._elsewhere[position] += 1
                name = self._scope.columns[position]
                return Note(kind=Kind.ELSEWHERE, repair=number, detail=f"in column {name}")
        return note

    def _swapped(self) -> str | None:
        """The one other column that holds nearly all numbers, if there is one."""
        position, count = self._elsewhere.most_common(1)[0]
        throughout = self._rows > 1 and count >= _THROUGHOUT * self._rows
        return self._scope.columns[position] if throughout else None

    def _look_for_twin(self, row: Enrolment, to: str) -> None:
        """Look whether the number was met before, with the same name or another."""
        number, cells = int(to), row.cells
        names = " ".join([cells[at] for at in self._names]).casefold().split()
        mine = _packed(row.row, " ".join(names), cells[self._scope.phone].strip())
        before = self._seen.first(number, mine)
        if before is None:
            return
        differs = mine ^ before
        same_name, same_writing = not differs & 0xFFFF_0000, not differs & 0xFFFF
        detail = f"as in row {before >> 32}" + ("" if same_writing else ", written differently")
        kind = Kind.SAME_PERSON if names and same_name else Kind.SAME_NUMBER
        self._add(row, self._scope.phone, Note(kind=kind, detail=detail))

    # Texts

    def _look_at_texts(self, position: int, rows: Sequence[Enrolment]) -> None:
        cells = [row.cells[position] for row in rows]
        distinct = dict.fromkeys(cells)
        filled = [cell for cell in distinct if cell and not cell.isspace()]
        notes = self._notes_of(position, filled)
        mended = {cell: mended_text(cell) for cell in notes}
        is_required = position in self._scope.required
        if is_required and len(filled) < len(distinct):
            empty = [Note(kind=Kind.EMPTY)]
            notes |= {cell: empty for cell in distinct if not cell or cell.isspace()}
        self._add_all(position, rows, cells, notes)
        dates = self._dates.get(position)
        if dates is not None:
            mended |= {cell: "" for cell in filled if len(cell) > _LONGEST_DATE}
            if mended:
                cells = [mended.get(cell, cell) for cell in cells]
            dates.look([row.row for row in rows], cells)

    def _notes_of(self, position: int, cells: Sequence[str]) -> dict[str, list[Note]]:
        """What is wrong with cells that are not empty; those with nothing wrong are left out."""
        is_spoken = position in self._scope.used
        found = {
            cell: notes
            for cell in doubtful(cells, is_spoken=is_spoken)
            if (notes := look_at_text(cell, is_spoken=is_spoken))
        }
        if position in self._scope.key:
            for cell in cells:
                if not cell.isascii() and has_smart_quotes(cell):
                    note = Note(kind=Kind.SMART_QUOTES, repair=straight(cell))
                    found[cell] = [*found.get(cell, ()), note]
        if position in self._scope.kept:
            return {cell: [_proposed(note) for note in notes] for cell, notes in found.items()}
        return found

    # A row's own rules

    def _look_at_consents(self, position: int, rows: Sequence[Enrolment]) -> None:
        cells = [row.cells[position] for row in rows]
        odd = {cell for cell in set(cells) if not self._is_consent(cell.strip().casefold())}
        for row, cell in zip(rows, cells, strict=True):
            if cell not in odd:
                continue
            text = cell.strip()
            value = text if len(text) <= 40 else f"{text[:39]}…"
            if value in self._consents or len(self._consents) < _CONSENTS:
                self._consents[value] += 1
            self._add(row, position, Note(kind=Kind.UNKNOWN_CONSENT))

    def _is_consent(self, folded: str) -> bool:
        return folded in self._yes or folded in _REFUSALS

    def _look_at_rules(self, position: int, rows: Sequence[Enrolment]) -> None:
        cells = [row.cells[position] for row in rows]
        is_zone = position == self._scope.timezone
        notes = {
            cell: [note]
            for cell in set(cells)
            if cell and (note := _rule_note(cell, is_zone=is_zone)) is not None
        }
        self._add_all(position, rows, cells, notes)

    def _add_all(
        self,
        position: int,
        rows: Sequence[Enrolment],
        cells: Sequence[str],
        notes: Mapping[str, Sequence[Note]],
    ) -> None:
        """Add the notes of a column's cells, row by row."""
        if not notes:
            return
        for row, cell in zip(rows, cells, strict=True):
            for note in notes.get(cell, ()):
                self._add(row, position, note)

    def _add(self, row: Enrolment, position: int, note: Note) -> None:
        place = Place(row=row.row, position=position, cell=row.cells[position], note=note)
        self._findings.add(place, is_reason=position in self._deciding)


def _rule_note(cell: str, *, is_zone: bool) -> Note | None:
    """What is wrong with a time zone, or with a time that is no date shown as a number."""
    from poku_batch.contacts.moments import read_moment, read_zone

    if not is_zone and date_of_serial(cell.strip()) is not None:
        return None
    try:
        if is_zone:
            read_zone(cell)
        else:
            read_moment(cell)
    except ValueError as error:
        kind = Kind.UNKNOWN_ZONE if is_zone else Kind.UNKNOWN_TIME
        return Note(kind=kind, detail=str(error).partition(": ")[2])
    return None


def _packed(row: int, name: str, number: str) -> int:
    """A row and 16 bits each of hashes of its name and of how its number is written, in one."""
    return row << 32 | (hash(name) & 0xFFFF) << 16 | hash(number) & 0xFFFF


def _name_columns(columns: Sequence[str]) -> tuple[int, ...]:
    folded = ["".join(filter(str.isalpha, column.casefold())) for column in columns]
    return tuple(at for at, name in enumerate(folded) if name in _NAMES)


def _proposed(note: Note) -> Note:
    """The note with its repair as a proposal: of a cell that only a person may change."""
    if not note.sure:
        return note
    return Note(kind=note.kind, repair=note.repair, detail="not changed by --fix")
