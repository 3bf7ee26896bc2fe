"""Sheets as an inspection meets them: rows that are planned, and what is found in them."""

from collections.abc import Sequence
from typing import Any

from poku_batch.errors import PhoneError
from poku_batch.inspection import Finding, Inspector, Kind, Scope
from poku_batch.models import Enrolment
from poku_batch.phone import parse_phone

COLUMNS = ("name", "phone", "appointment")


def scope(columns: Sequence[str] = COLUMNS, **more: Any) -> Scope:
    """A sheet whose prompt tells the first column and the last."""
    usual = {"region": "US", "used": frozenset({0, 2}), "required": frozenset({0})}
    return Scope(columns=tuple(columns), phone=1, **{**usual, **more})


def planned(cells: Sequence[str], row: int, of: Scope) -> Enrolment:
    try:
        to = parse_phone(cells[of.phone], of.region).e164
    except PhoneError:
        to = None
    return Enrolment(row=row, cells=tuple(cells), key=None, to=to)


def inspected(rows: Sequence[Sequence[str]], of: Scope, *, batch: int = 1_000) -> Inspector:
    """An inspector that has seen the rows, from row 2 on."""
    inspector = Inspector(of)
    enrolments = [planned(cells, row, of) for row, cells in enumerate(rows, 2)]
    for start in range(0, len(enrolments), batch):
        inspector.look(enrolments[start : start + batch])
    return inspector


def found(rows: Sequence[Sequence[str]], of: Scope) -> dict[Kind, Finding]:
    """Findings by kind; each is met in one column alone."""
    findings = inspected(rows, of).findings()
    assert len({finding.kind for finding in findings}) == len(findings)
    return {finding.kind: finding for finding in findings}
