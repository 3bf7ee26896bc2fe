"""What ``check`` found, as JSON: keys are only ever added."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from poku_batch.app.checking import CheckReport, Looked
from poku_batch.app.rules import most_called
from poku_batch.campaign import Campaign
from poku_batch.cli.found import check_text
from poku_batch.cli.planned import plan_json
from poku_batch.errors import Fault
from poku_batch.inspection import Finding, Place, mending, title
from poku_batch.models import RowNote


def check_json(looked: Looked, campaign: Campaign) -> dict[str, Any]:
    """All that was found; what a run would do is null where it would refuse.

    ``to_call`` is how many contacts it would call at the most, now or later; ``text`` is what the
    command prints for people.
    """
    report = looked.report
    fixed = looked.fixed
    return {
        "campaign": str(campaign.identity),
        "text": check_text(looked, campaign),
        "faults": [asdict(fault) for fault in looked.faults.faults],
        "sheet": None if report is None else _sheet(report, campaign),
        "findings": [_finding(finding, looked) for finding in looked.findings],
        "counts": None if report is None else _counts(report),
        "to_call": None if report is None else most_called(campaign, report.report.counts),
        "skipped": [] if report is None else list(map(_note, report.report.skipped)),
        "plan": None if report is None else plan_json(report.report, report.forecast),
        "fixed": None
        if fixed is None
        else {"file": str(fixed.path), "list": str(fixed.list), "repairs": fixed.repairs},
    }


def faults_json(faults: Iterable[Fault]) -> dict[str, Any]:
    """The faults of a campaign that could not be looked at any further."""
    return {
        "campaign": None,
        "text": "",
        "faults": [asdict(fault) for fault in faults],
        "sheet": None,
        "findings": [],
        "counts": None,
        "to_call": None,
        "skipped": [],
        "plan": None,
        "fixed": None,
    }


def _sheet(report: CheckReport, campaign: Campaign) -> dict[str, Any]:
    return {
        "file": str(campaign.contacts.file),
        "in_place_of": None if campaign.own_sheet is None else str(campaign.own_sheet),
        "worksheet": report.worksheet,
        "encoding": report.encoding,
        "delimiter": report.delimiter,
        "header_row": report.header_row,
        "columns": list(report.columns),
        "phone": report.phone_column,
        "key": list(report.key_columns),
        "rows": report.report.counts.total,
    }


def _counts(report: CheckReport) -> dict[str, int]:
    counts = report.report.counts
    states = {str(state): number for state, number in counts.states.items()}
    return {"rows": counts.total, "due": counts.due, **states}


def _finding(finding: Finding, looked: Looked) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "severity": finding.severity,
        "column": looked.columns[finding.position],
        "count": finding.count,
        "repairable": finding.repairable,
        "message": title(finding.kind),
        "detail": finding.detail or None,
        "to_mend": mending(finding.kind),
        "places": [_place(place, looked) for place in finding.places],
    }


def _place(place: Place, looked: Looked) -> dict[str, Any]:
    return {
        "row": place.row,
        "cell": looked.place(place.row, place.position),
        "text": place.cell,
        "detail": place.note.detail or None,
        "repair": place.note.repair,
        "sure": place.note.sure,
    }


def _note(note: RowNote) -> dict[str, Any]:
    return {"row": note.row, "key": note.key, "why": note.note}
