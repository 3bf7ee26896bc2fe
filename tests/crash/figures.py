"""The figures as Markdown, and their place in the page."""

import os
import platform
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.crash.harness import Figures

_WHY = (
    "not yet asked",
    "asked, not yet answered",
    "answered, not yet on the disk",
    "doubtful answer",
)


def tables(done: Sequence[Figures], *, seed: int) -> str:
    """All figures: what was done, by generation and mode, and why calls are unknown."""
    kills = [figures for figures in done if not figures.power]
    cuts = [figures for figures in done if figures.power]
    parts = [_machine(seed)]
    if kills:
        parts += [f"**Kills** ({_kinds(kills)})", _by_mode(kills, "kills", "kills")]
    if cuts:
        looks, syncs = _sum(cuts, "looks"), _sum(cuts, "syncs")
        more = f"{looks:,} more disks were rebuilt at other moments, and their ledgers read"
        parts += [
            f"**Power cuts** ({_kinds(cuts)}; {more}; {syncs:,} syncs recorded)",
            _by_mode(cuts, "cuts", "power cuts"),
        ]
    lag_ms = max((figures.lag_s for figures in kills), default=0.0) * 1000
    parts.append(
        "The longest time that an answer was wholly in the socket when a kill kept it from the "
        f"ledger: {lag_ms:.0f} ms."
    )
    parts.append(
        f"Summaries read by the model: {_sum(done, 'read'):,}; asked for again after a death: "
        f"{_sum(done, 'read_again'):,}. Results told to the hook: {_sum(done, 'told'):,}; told "
        f"again, under the same name, after a death or a refusal: {_sum(done, 'told_again'):,}."
    )
    parts += ["Why calls ended unknown, as the server knows it:", _why(kills, cuts)]
    return "\n\n".join(parts)


def breaks_table(found: Iterable[tuple[str, Figures]]) -> str:
    """What was broken, and what the harness said first."""
    lines = ["| broken on purpose | found after | what it said first |", "|---|---|---|"]
    for what, figures in found:
        said = figures.faults[0].rpartition("): ")[2] if figures.faults else "nothing"
        said = said.rpartition(", at the end: ")[2]
        said = said.partition(" (cut at")[0].partition("\n")[0]
        said = re.sub(r"\+1415\d+|\bp\d+", "a contact", said)
        how = "power cut" if figures.power else "kill"
        many = figures.cuts or figures.kills
        lines.append(f"| {what} | {many} {how}{'s' * (many != 1)} | {said} |")
    return "\n".join(lines)


def write_between(page: Path, name: str, text: str) -> None:
    """Put a text between the page's markers of that name."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, rest = page.read_text().split(begin)
    after = rest.split(end)[1]
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}")


def _by_mode(done: Sequence[Figures], key: str, what: str) -> str:
    head = (
        f"| generation, mode | campaigns | runs | {what} | placements | phones rang | redials "
        "| rang too often "
        "| lost | unknown | were open | slots × deaths |"
    )
    lines = [head, "|---" + "|---:" * 11 + "|"]
    names = list(dict.fromkeys(figures.scenario.name for figures in done))
    for name in [*sorted(names), "all"]:
        some = [figures for figures in done if name in (figures.scenario.name, "all")]
        numbers = [len(some)]
        numbers += [_sum(some, counted) for counted in ("runs", key, "placements", "rings")]
        numbers += [_sum(some, "redials"), _sum(some, "duplicates"), _sum(some, "lost")]
        numbers += [sum(figures.unknown.total() for figures in some)]
        numbers += [_sum(some, "may_be_unknown"), _sum(some, "slots")]
        shown = "".join(f" {number:,} |" for number in numbers)
        lines.append(f"| {name.replace('/', ', ')} |{shown}")
    return "\n".join(lines)


def _why(kills: Sequence[Figures], cuts: Sequence[Figures]) -> str:
    lines = ["| | " + " | ".join(_WHY) + " |", "|---" + "|---:" * len(_WHY) + "|"]
    for name, some in (("kills", kills), ("power cuts", cuts)):
        total: Counter[str] = sum((figures.unknown for figures in some), Counter())
        lines.append(f"| {name} |" + "".join(f" {total[why]:,} |" for why in _WHY))
    return "\n".join(lines)


def _kinds(done: Sequence[Figures]) -> str:
    total: Counter[str] = sum((figures.kinds for figures in done), Counter())
    return ", ".join(f"{kind} {number}" for kind, number in total.most_common())


def _machine(seed: int) -> str:
    system = f"{platform.system()} {platform.release().split('-')[0]} {platform.machine()}"
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, from seed {seed}; {os.cpu_count()} processors, {system}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}; "
        f"load {os.getloadavg()[1]:.1f} with the test itself."
    )


def _sum(done: Iterable[Figures], key: str) -> int:
    return sum(getattr(figures, key) for figures in done)
