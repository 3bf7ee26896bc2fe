"""The results file: whether it is whole, and its rows."""

import csv
from pathlib import Path

from tests.crash.scenario import Scenario


def whole(folder: Path, scenario: Scenario, *, required: bool = False) -> list[str]:
    """What is wrong with the results file: it is there with all rows in order, or not at all."""
    if not (folder / "out.csv").exists():
        return ["there is no results file"] if required else []
    try:
        rows = [(row["name"], row["phone"], row["note"]) for row in results(folder)]
    except (UnicodeDecodeError, csv.Error, KeyError):
        return ["the results file cannot be read"]
    return [] if rows == scenario.rows else [f"the results file has {len(rows)} rows, or others"]


def results(folder: Path) -> list[dict[str, str]]:
    """The rows of the results file, the unfit ones too."""
    with (folder / "out.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
