"""A check as the command makes it, read for what a page needs."""

import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from poku_batch.app.desk.commands import plain, run_command
from poku_batch.dashboard.desk import Checked, DeskError

#: How long a check may take, in seconds, how many bytes of what it says are read, and how many
#: characters are shown.
_WITHIN_S = 600.0
_MOST_BYTES, _MOST_TEXT = 32 << 20, 256 << 10


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
    """Run ``check`` with these arguments, for its words and its plan.

    ``DeskError`` where it takes too long, or cannot be run. Nobody is called, and nothing is
    written.
    """
    try:
        ran = await run_command(
            ["check", *arguments, "--json"], cwd=cwd, within_s=_WITHIN_S, most_bytes=_MOST_BYTES
        )
    except TimeoutError:
        raise _cannot_be_run(f"it takes longer than {_WITHIN_S / 60:.0f} minutes") from None
    except OSError as error:
        raise _cannot_be_run(error.strerror or str(error)) from error
    try:
        found = json.loads(ran.out)
        parts = (plain(str(found["text"])).strip(), ran.err.strip())
    except (ValueError, KeyError, TypeError):
        raise _cannot_be_run(ran.err.strip() or "it said nothing") from None
    text = "\n\n".join(part for part in parts if part)[:_MOST_TEXT]
    return Found(text=text, plan=_plan(found) if ran.code == 0 else None)


def _cannot_be_run(why: str) -> DeskError:
    return DeskError(f"the check cannot be run here ({why}); use poku-batch check")


def _plan(found: dict[str, Any]) -> Plan | None:
    """The plan in what ``check --json`` printed; None where there is none."""
    try:
        to_call, due = int(found["to_call"]), int(found["counts"]["due"])
        return Plan(to_call=to_call, now=min(due, to_call), cost=_cost(found["plan"]["expected"]))
    except (KeyError, TypeError, ValueError):
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
