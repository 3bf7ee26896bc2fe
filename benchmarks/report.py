"""What a measurement found: a table on the terminal, a JSON file and a picture.

Every command of this folder ends in ``publish``, so that all results have one shape.
"""

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent

#: A cell of a table: a row of a measurement is a mapping of column names to these.
Cell = str | int | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One figure with its bound, both plain ratios or in ``unit``; ``least`` bounds from below.

    ``number`` is the target's in README.md, with a letter where it has several: ``1a``.
    """

    number: str
    what: str
    value: float
    bound: float
    least: bool = False
    unit: str = ""

    @property
    def holds(self) -> bool:
        """Whether the figure keeps within its bound."""
        return self.value >= self.bound if self.least else self.value <= self.bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One command's findings; ``rows`` is one row a thing that was measured, in table order."""

    name: str
    title: str
    rows: Sequence[Mapping[str, Cell]]
    targets: Sequence[Target]
    notes: Sequence[str] = field(default_factory=tuple)


def publish(found: Found, picture: Any = None) -> int:
    """Print the table, write ``results/NAME.json`` and ``pictures/NAME.svg``.

    ``picture`` is an Altair chart, drawn by vl-convert. Gives the exit code: 0 where every target
    holds, else 1. With ``BENCH_DRY=1`` in the environment (a short run, to try the command) the
    files are left alone.
    """
    _print(found)
    if os.environ.get("BENCH_DRY") != "1":
        _write(found)
        if picture is not None:
            path = HERE / "pictures" / f"{found.name}.svg"
            path.parent.mkdir(exist_ok=True)
            picture.save(path)
    return 0 if all(target.holds for target in found.targets) else 1


def _print(found: Found) -> None:
    console = Console(width=max(Console().width, 160))
    table = Table(title=found.title, title_justify="left")
    columns = list(dict.fromkeys(name for row in found.rows for name in row))
    for name in columns:
        numeric = any(isinstance(row.get(name), int | float) for row in found.rows)
        table.add_column(name, justify="right" if numeric else "left")
    for row in found.rows:
        table.add_row(*(shown(row.get(name)) for name in columns))
    console.print(table)
    for target in found.targets:
        sign = "≥" if target.least else "≤"
        verdict = "holds" if target.holds else "DOES NOT HOLD"
        console.print(
            f"{target.number}  {target.what}: {shown(target.value)}{target.unit} "
            f"(target {sign} {shown(target.bound)}{target.unit}): {verdict}"
        )
    for note in found.notes:
        console.print(note)


def _write(found: Found) -> None:
    path = HERE / "results" / f"{found.name}.json"
    path.parent.mkdir(exist_ok=True)
    content = {
        "name": found.name,
        "title": found.title,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "rows": [dict(row) for row in found.rows],
        "targets": [asdict(target) | {"holds": target.holds} for target in found.targets],
        "notes": list(found.notes),
    }
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def machine() -> dict[str, Cell]:
    """What the figures were measured on."""
    packages = ("anyio", "httpx", "httpcore", "h11", "pandas")
    return {
        "python": sys.version.split()[0],
        "system": platform.platform(),
        "cores": os.cpu_count(),
        **{name: version(name) for name in packages},
    }


def shown(value: Cell) -> str:
    """A cell as it is printed: four figures or so, thousands apart, a dash for nothing."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.3f}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else value
