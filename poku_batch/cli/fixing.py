"""What ``check --fix`` wrote, in words."""

import os
from pathlib import Path

from poku_batch.app.checking import Looked
from poku_batch.app.fixing import Fixed
from poku_batch.campaign import Campaign
from poku_batch.cli.terminal import shown
from poku_batch.inspection import Finding, Severity


def fixed_lines(fixed: Fixed, looked: Looked, campaign: Campaign) -> list[str]:
    """What was repaired, what is left to a person, and what to write into the campaign."""
    lines = ["", f"repaired  {_repaired(fixed)}"]
    left = [finding for finding in looked.findings if left_of(finding)]
    errors = sum(left_of(one) for one in left if one.severity is Severity.ERROR)
    warnings = sum(left_of(one) for one in left) - errors
    if errors or warnings:
        words = [f"{errors:,} with errors"] if errors else []
        words += [f"{warnings:,} to look at"] if warnings else []
        lines.append(f"by hand   {', '.join(words)}, as told above")
    lines.append(f"next      {_named(fixed, campaign)}{_also(fixed, campaign)}")
    return lines


def _named(fixed: Fixed, campaign: Campaign) -> str:
    """How the copy is read: by the campaign file, or by the option where that named the sheet."""
    if campaign.own_sheet is not None:
        return f"give --contacts {shown(fixed.path)}"
    return f"set contacts.file: {_as_written(fixed.path, campaign.folder)}"


def _repaired(fixed: Fixed) -> str:
    if not fixed.repairs:
        return f"nothing: no cell says without doubt what was meant; {shown(fixed.path)} is a copy"
    cells = "1 cell" if fixed.repairs == 1 else f"{fixed.repairs:,} cells"
    return f"{cells}, in {shown(fixed.path)}; each is told in {shown(fixed.list)}"


def _as_written(path: Path, folder: Path) -> str:
    """A path as the campaign file in a folder has it."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive, on Windows
        return path.absolute().as_posix()


def left_of(finding: Finding) -> int:
    """How many cells of a group only a person can mend."""
    return finding.count - finding.repairable


def _also(fixed: Fixed, campaign: Campaign) -> str:
    """What else the campaign must say of the copy, or no longer say."""
    contacts = campaign.contacts
    gone = [f"contacts.{key}" for key in _outdated(campaign)]
    words = f", and take out {' and '.join(gone)}" if gone else ""
    if fixed.decimal is not None and contacts.decimal != fixed.decimal:
        words += f', and set contacts.decimal: "{fixed.decimal}"'
    return f"{words}; then check again"


def _outdated(campaign: Campaign) -> list[str]:
    contacts = campaign.contacts
    outdated = ["sheet"] if contacts.sheet is not None else []
    return [*outdated, "header_row"] if contacts.header_row != 1 else outdated
