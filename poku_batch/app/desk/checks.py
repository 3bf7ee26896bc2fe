"""A check as the command makes it, read for what a page needs."""

import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import anyio

from poku_batch.app.desk.commands import Ran, run_command
from poku_batch.dashboard.desk import Checked, DeskError

#: How long a check may take, in seconds, and how much of what it says is kept, in bytes.
_WITHIN_S = 600.0
_MOST_TEXT, _MOST_JSON = 256 << 10, 32 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run would do: call ``to_call`` contacts at the most, ``now`` of them at once."""

    to_call: int
    now: int
    cost: str

    @property
    def later(self) -> int:
        """How many of them would be called later."""
        return self.to_call - self.now


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the command said; ``plan`` is None where a run would not start."""

    text: str
    plan: Plan | None

    def checked(self, ticket: str | None, text: str) -> Checked:
        """What the page is told."""
        plan = self.plan
        if plan is None or ticket is None:
            return Checked(text=text)
        return Checked(text=text, ticket=ticket, to_call=plan.now, later=plan.later, cost=plan.cost)


async def run_check(arguments: list[str], *, cwd: Path) -> Found:
    """Run ``check`` with these arguments: for its words, and for its plan.

    ``DeskError`` where it takes too long, or cannot be run. Nobody is called, and nothing is
    written.
    """
    told: dict[str, Ran] = {}
    why: list[str] = []

    async def run(name: str, most_bytes: int, *further: str) -> None:
        try:
            told[name] = await run_command(
                ["check", *arguments, *further], cwd=cwd, within_s=_WITHIN_S, most_bytes=most_bytes
            )
        except TimeoutError:
            why.append(f"it takes longer than {_WITHIN_S / 60:.0f} minutes")
        except OSError as error:
            why.append(error.strerror or str(error))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run, "text", _MOST_TEXT)
        tasks.start_soon(run, "json", _MOST_JSON, "--json")
    if why:
        raise DeskError(f"the check cannot be run here ({why[0]}); use poku-batch check")
    words, data = told["text"], told["json"]
    plan = _plan(data.out) if words.code == data.code == 0 else None
    parts = (words.out.strip(), words.err.strip())
    return Found(text="\n".join(part for part in parts if part), plan=plan)


def _plan(text: str) -> Plan | None:
    """The plan in what ``check --json`` printed; None where there is none."""
    try:
        found = json.loads(text)
        to_call, due = int(found["to_call"]), int(found["counts"]["due"])
        return Plan(to_call=to_call, now=min(due, to_call), cost=_cost(found["plan"]["expected"]))
    except (ValueError, KeyError, TypeError):
        return None


def _cost(expected: dict[str, Any]) -> str:
    """What is expected of the run in words; "" where it would call nobody."""
    calls, minutes = int(expected["calls"]), int(expected["minutes"])
    if not calls:
        return ""
    try:
        money = f"{Decimal(expected['cost']):,.2f} {expected['currency']}"
    except InvalidOperation:
        return ""
    words = "1 call" if calls == 1 else f"{calls:,} calls"
    return f"about {money}: {words}, {minutes:,} {'minute' if minutes == 1 else 'minutes'}"
