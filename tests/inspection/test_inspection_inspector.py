"""A sheet looked over: groups, their places, their bounds, and what is never changed."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from poku_batch.inspection import Inspector, Kind, Mender, Severity, mending, title
from poku_batch.inspection.texts import mended_text
from poku_batch.models import SheetRow
from tests.inspection.inspection_rows import COLUMNS, found, inspected, planned, scope

GOOD = "+14155550100"


def people(count: int) -> list[tuple[str, str, str]]:
    return [(f"Person {n}", f"+1415555{n:04}", "2026-03-03 14:30") for n in range(count)]


def test_every_kind_has_words() -> None:
    for kind in Kind:
        assert title(kind)
        assert mending(kind)


@given(
    st.lists(
        st.tuples(st.text("abcdeé YZ", min_size=1).filter(str.strip), st.integers(0, 9999)),
        unique_by=lambda pair: pair[1],
        max_size=20,
    )
)
@settings(deadline=None, max_examples=50)
def test_a_clean_sheet_gives_no_findings(sheet: list[tuple[str, int]]) -> None:
    rows = [(name.strip(), f"+1415555{n:04}", "2026-03-03") for name, n in sheet]
    assert inspected(rows, scope()).findings() == ()


@given(st.integers(0, 49), st.sampled_from([(0, "A\u200bna"), (1, "911"), (2, "#N/A")]))
@settings(deadline=None, max_examples=40)
def test_the_place_of_a_finding_is_where_the_cell_is(at: int, wrong: tuple[int, str]) -> None:
    rows = [list(row) for row in people(50)]
    position, cell = wrong
    rows[at][position] = cell
    (finding,) = inspected(rows, scope(), batch=7).findings()
    (place,) = finding.places
    assert (place.row, place.position, place.cell) == (at + 2, position, cell)
    assert finding.count == 1


def test_groups_are_bounded_and_cells_are_cut() -> None:
    rows = [(f"Person {n}", f"12{n % 10}", "x" * 100_000) for n in range(3_000)]
    inspector = inspected(rows, scope())
    findings = inspector.findings()
    assert sum(finding.count for finding in findings) >= 3_000
    assert all(len(finding.places) <= 5 for finding in findings)
    assert all(len(place.cell) <= 200 for finding in findings for place in finding.places)
    assert len(inspector.rows_with_errors) <= 1_000


def test_a_group_says_how_many_of_its_cells_have_a_sure_repair() -> None:
    rows = [("Ana", cell, "") for cell in ("4.4E+11", "1.4155550123E+10", "4E+9")]
    finding = found(rows, scope())[Kind.SCIENTIFIC]
    assert (finding.count, finding.repairable) == (3, 1)


def test_errors_come_first_and_then_the_order_of_columns() -> None:
    rows = [(" Ana", "911", ""), ("#N/A", GOOD, "{{ x }}")]
    findings = inspected(rows, scope()).findings()
    assert [(finding.severity, finding.position) for finding in findings] == [
        (Severity.ERROR, 0),
        (Severity.ERROR, 1),
        (Severity.WARNING, 0),
        (Severity.WARNING, 2),
    ]


def test_who_stands_there_twice_is_told_by_name_and_number() -> None:
    rows = [("Ana", GOOD, ""), ("ana ", "(415) 555-0100", ""), ("Ben", GOOD, "")]
    findings = found(rows, scope(used=frozenset(), required=frozenset()))
    same, shared = findings[Kind.SAME_PERSON], findings[Kind.SAME_NUMBER]
    assert [place.note.detail for place in same.places] == ["as in row 2, written differently"]
    assert [(place.row, place.note.detail) for place in shared.places] == [(4, "as in row 2")]


def test_numbers_in_the_wrong_column_are_found_there() -> None:
    rows = [*people(8), ("Ana", "", "415-555-0100"), ("Ben", "none", "4155550101")]
    finding = found(rows, scope())[Kind.ELSEWHERE]
    assert [place.note.repair for place in finding.places] == ["+14155550100", "+14155550101"]
    assert finding.places[0].note.detail == "in column appointment"
    assert finding.repairable == 0


def test_a_column_that_is_swapped_throughout_is_told_once() -> None:
    columns = ("notes", "phone", "mobile")
    rows = [("x", "Ana Lima", f"415-555-0{n:03}") for n in range(100)]
    (finding,) = inspected(rows, scope(columns, used=frozenset(), required=frozenset())).findings()
    assert (finding.kind, finding.count, finding.places) == (Kind.SWAPPED, 100, ())
    assert finding.detail == "set contacts.phone: mobile"


def test_empty_cells_are_told_where_the_prompt_needs_them() -> None:
    rows = [("", GOOD, ""), ("Ben", "+14155550101", "")]
    findings = found(rows, scope())
    assert {kind: f.count for kind, f in findings.items()} == {Kind.EMPTY: 1}
    throughout = found([("", GOOD, ""), (" ", "+14155550101", "")], scope())
    assert {kind: f.count for kind, f in throughout.items()} == {Kind.EMPTY_COLUMN: 2}


def test_consent_that_is_no_known_word_is_told_and_a_no_is_not() -> None:
    columns = (*COLUMNS, "consent")
    cells = ["yes", "YES ", "no", "", "0", "maybe", "ok", "maybe"]
    rows = [(f"P{n}", f"+1415555{n:04}", "", cell) for n, cell in enumerate(cells)]
    of = scope(columns, consent=3, consent_values=("yes", "y"))
    finding = found(rows, of)[Kind.UNKNOWN_CONSENT]
    assert finding.count == 3
    assert finding.detail == "'maybe' 2, 'ok' 1"


@pytest.mark.parametrize(
    ("cell", "detail"),
    [
        ("Europe/Berln", "did you mean Europe/Berlin?"),
        ("Eastern", "did you mean America/New_York?"),
        ("+02:00", ""),
    ],
)
def test_time_zones_that_cannot_be_used_are_told(cell: str, detail: str) -> None:
    columns = (*COLUMNS, "timezone")
    rows = [("Ana", GOOD, "", cell), ("Ben", "+14155550101", "", "Europe/Berlin")]
    finding = found(rows, scope(columns, timezone=3))[Kind.UNKNOWN_ZONE]
    assert finding.count == 1
    assert detail in finding.places[0].note.detail


def test_moments_that_cannot_be_read_are_told_and_serial_numbers_are_dates() -> None:
    columns = (*COLUMNS, "earliest")
    rows = [("Ana", GOOD, "", "tomorrow"), ("Ben", "+14155550101", "", "46084")]
    findings = found(rows, scope(columns, not_before=3))
    assert findings[Kind.UNKNOWN_TIME].count == 1
    assert findings[Kind.SERIAL_DATE].places[0].note.repair == "2026-03-03"


def test_a_key_and_consent_are_never_changed() -> None:
    columns = ("id", "phone", "name", "consent")
    of = scope(columns, key=(0,), used=frozenset({2}), consent=3, consent_values=("yes",))
    row = ("A\u200b7", "442079460100", " Ana ", "yes\u200b")
    kept = [each for each in inspected([row], of).findings() if each.position in {0, 3}]
    assert {each.kind for each in kept} == {Kind.INVISIBLE, Kind.UNKNOWN_CONSENT}
    assert [each.repairable for each in kept] == [0, 0, 0]
    assert [each.places[0].note.repair for each in kept] == [None, "A7", "yes"]
    cells, repairs = Mender(of, frozenset()).mend(SheetRow(row=2, cells=row))
    assert cells == ("A\u200b7", "+442079460100", "Ana", "yes\u200b")
    assert [(repair.position, repair.before, repair.after) for repair in repairs] == [
        (1, "442079460100", "+442079460100"),
        (2, " Ana ", "Ana"),
    ]


def test_a_number_in_a_key_is_repaired_since_it_counts_in_one_form() -> None:
    of = scope(key=(1, 2), used=frozenset())
    cells, _ = Mender(of, frozenset()).mend(SheetRow(row=2, cells=("", "00442079460100", " x ")))
    assert cells == ("", "+442079460100", " x ")


def test_a_row_of_which_nothing_would_be_left_stays() -> None:
    row = ("\u200b", "", "\ufeff")
    assert Mender(scope(), frozenset()).mend(SheetRow(row=2, cells=row)) == (row, [])


_CELL = st.one_of(
    st.sampled_from(
        ["", " ", "Ana", " Ana", "JosÃ©", "a\u200bb", "46084", "46084.5", "2026-03-03", "n/a"]
    ),
    st.text(max_size=8),
)
_NUMBER = st.sampled_from(
    [
        GOOD,
        "442079460100",
        "00442079460100",
        "1.4155550123E+10",
        "4.4E+11",
        "14155550100.0",
        " 4155550100",
        "911",
        "415-555-0100 x2",
        "“415-555-0100”",
        "",
        "1-800-FLOWERS",
    ]
)


@given(st.lists(st.tuples(_CELL, _NUMBER, _CELL), max_size=12))
@settings(deadline=None, max_examples=150)
def test_mending_changes_what_it_lists_alone_and_leaves_nothing_to_mend(
    rows: list[tuple[str, str, str]],
) -> None:
    # A row of nothing else is kept as it is.
    assume(all(any(map(mended_text, row)) for row in rows))
    of = scope()
    first = inspected(rows, of)
    mender = Mender(of, first.date_columns)
    mended = []
    for number, row in enumerate(rows, 2):
        cells, repairs = mender.mend(SheetRow(row=number, cells=row))
        listed = {repair.position: repair for repair in repairs}
        for position, (before, after) in enumerate(zip(row, cells, strict=True)):
            assert (before != after) == (position in listed)
            if position in listed:
                assert (listed[position].before, listed[position].after) == (before, after)
                assert listed[position].why
        mended.append(cells)
    again = inspected(mended, of)
    second = Mender(of, again.date_columns)
    for number, cells in enumerate(mended, 2):
        assert second.mend(SheetRow(row=number, cells=cells)) == (cells, [])
    assert sum(finding.repairable for finding in again.findings()) == 0


def test_what_is_looked_at_does_not_depend_on_batches() -> None:
    rows = [*people(30), ("", "911", "46084"), (" x", GOOD, "3/13/2026")]
    of = scope()
    whole = Inspector(of)
    whole.look([planned(cells, row, of) for row, cells in enumerate(rows, 2)])
    assert inspected(rows, of, batch=3).findings() == whole.findings()
