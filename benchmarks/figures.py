"""Put the figures of ``results/`` into README.md: ``python -m benchmarks.figures [--check]``.

What stands between ``<!-- figures:NAME -->`` and ``<!-- /figures -->`` is made from
``results/NAME.json``; ``NAME`` ``targets`` is a table of all targets of all results. ``--check``
changes nothing and ends with 1 where something would change.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import HERE, shown

_PART = re.compile(r"(<!-- figures:([a-z_]+) -->\n).*?(<!-- /figures -->)", re.DOTALL)

_NOT_YET = "Not measured yet.\n"


def filled(text: str, results: Path) -> str:
    """The text with each of its parts made anew from a folder of results."""

    def part(found: re.Match[str]) -> str:
        name = found[2]
        made = _all_targets(results) if name == "targets" else _figures(results, name)
        return f"{found[1]}{made}{found[3]}"

    return _PART.sub(part, text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Bring README.md up to date; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args(arguments)
    readme = HERE / "README.md"
    text = readme.read_text(encoding="utf-8")
    new = filled(text, HERE / "results")
    if not args.check:
        readme.write_text(new, encoding="utf-8")
    return int(args.check and new != text)


def _figures(results: Path, name: str) -> str:
    path = results / f"{name}.json"
    if not path.is_file():
        return _NOT_YET
    found = _read(path)
    parts = [_table(found["rows"])]
    if found["targets"]:
        parts.append(_table(_target_rows([found])))
    if found["notes"]:
        parts.append("\n".join(found["notes"]) + "\n")
    if (results.parent / "pictures" / f"{name}.svg").is_file():
        parts.append(f"![{found['title']}](pictures/{name}.svg)\n")
    parts.append(_measured_on(found))
    return "\n".join(parts)


def _all_targets(results: Path) -> str:
    found = [_read(path) for path in sorted(results.glob("*.json"))]
    rows = _target_rows(found)
    return _table(sorted(rows, key=lambda row: str(row["target"]))) if rows else _NOT_YET


def _target_rows(found: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [
        {
            "target": target["number"],
            "what": target["what"],
            "measured": shown(target["value"]) + target["unit"],
            "bound": f"{'≥' if target['least'] else '≤'} {shown(target['bound'])}{target['unit']}",
            "verdict": "holds" if target["holds"] else "**does not hold**",
        }
        for result in found
        for target in result["targets"]
    ]


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    lines = [columns, [_rule(rows, name) for name in columns]]
    lines += [[_cell(row.get(name)) for name in columns] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _rule(rows: Sequence[Mapping[str, Any]], column: str) -> str:
    numeric = any(isinstance(row.get(column), int | float) for row in rows)
    return "---:" if numeric else "---"


def _cell(value: Any) -> str:
    return shown(value).replace("|", "\\|").replace("\n", " ")


def _measured_on(found: Mapping[str, Any]) -> str:
    machine = dict(found["machine"])
    first = f"Measured {found['at'][:10]} on {machine.pop('cores')} cores, {machine.pop('system')}"
    packages = ", ".join(f"{name} {version}" for name, version in machine.items())
    return f"{first}; {packages}.\n"


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
