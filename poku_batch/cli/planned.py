"""What a run would do, in words."""

from poku_batch.cli.asking import later_lines
from poku_batch.models import ContactState, EnrolmentReport


def run_lines(report: EnrolmentReport) -> list[str]:
    """What a run would do now, who of the pending is where, and who is no longer in the sheet."""
    counts = report.counts
    later = counts.of(ContactState.PENDING) - counts.due
    parts = [f"call {counts.due:,}"]
    if later:
        parts.append(f"call {later:,} later")
    parts.append(f"skip {counts.of(ContactState.SKIPPED):,}")
    parts += [
        f"{word} {counts.of(state):,}"
        for state, word in (
            (ContactState.DIALING, "follow"),
            (ContactState.DONE, "leave done"),
            (ContactState.FAILED, "leave failed"),
            (ContactState.UNKNOWN, "leave unknown"),
        )
        if counts.of(state)
    ]
    lines = ["", f"A run would now {', '.join(parts)}.", *later_lines(counts)]
    if counts.countries:
        by_number = sorted(counts.countries.items(), key=lambda item: (-item[1], item[0]))
        where = ", ".join(f"{code or 'no country'} {number:,}" for code, number in by_number[:12])
        lines.append(f"To call by country: {where}")
    if report.gone:
        gone = "1 contact" if report.gone == 1 else f"{report.gone:,} contacts"
        are = "is" if report.gone == 1 else "are"
        lines.append(f"{gone} of earlier sheets {are} no longer in this one: not called.")
    return lines
