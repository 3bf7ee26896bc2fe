"""Deliberate breaks of the program, each in a copy: the harness is worth what it finds in them."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.distributed.chaos import Plan, chaos
from tests.distributed.fleet import PACKAGE
from tests.postgresql import Server

#: A short campaign that has what shows most breaks.
_PLAN = Plan(contacts=300, kills=4, restarts=0, freezes=0, watchers=0, heartbeat_s=0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A passage that stands once in a file, and what it is replaced by."""

    old: str
    new: str

    def of(self, text: str) -> str:
        """Change a file's text. Raises ``ValueError`` where the passage does not stand there."""
        if text.count(self.old) != 1:
            raise ValueError(f"the file does not hold {self.old!r} once; mend breaks.py")
        return text.replace(self.old, self.new)


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """Passages of one file replaced, and the campaign that is to show it."""

    what: str
    file: str
    changes: tuple[Change, ...]
    plan: Plan = field(default=_PLAN)


BREAKS = (
    Break(
        what="a contact is begun whether or not it is reserved",
        file="ledger/beginnings.py",
        changes=(
            Change(
                old=" AND reserved_by = w.run\n"
                "        AND state = 'pending' AND position IS NOT NULL "
                "AND contacts.to_number = w.to_number\n"
                "        AND attempts = w.number - 1\n",
                new="\n",
            ),
            Change(
                old="    SELECT contact_id, number, run, 'dialing', ",
                new="    SELECT contact_id, (SELECT attempts FROM contacts WHERE id = contact_id), "
                "run, 'dialing',\n        ",
            ),
        ),
        plan=replace(_PLAN, kills=0, freezes=4, per_minute=1_200),
    ),
    Break(
        what="unknown calls keep no slot",
        file="ledger/postgresql/bounds.py",
        changes=(
            Change(
                old="a.placed_at > :since AND",
                new="a.placed_at > :since AND FALSE AND",
            ),
        ),
        plan=replace(_PLAN, span_s=(2.0, 4.0), contacts=150),
    ),
    Break(
        what="a lost worker's calls are given out again",
        file="ledger/postgresql/sweeping.py",
        changes=(
            Change(
                old="        transitions.doubt(\n"
                "            connection, hold, AttemptId(attempt), evidence, "
                "at=instants.from_stored(now)\n"
                "        )\n",
                new='        who = f"(SELECT contact_id FROM attempts WHERE id = {attempt})"\n'
                "        connection.execute(\n"
                "            f\"UPDATE contacts SET state = 'pending' WHERE id = {who}\"\n"
                "        )\n"
                "        connection.execute(\n"
                "            f\"UPDATE attempts SET state = 'turned_away' WHERE id = {attempt}\"\n"
                "        )\n"
                "        _ = transitions, hold, evidence, AttemptId\n",
            ),
        ),
    ),
    Break(
        what="a result that was not written is not written again",
        file="engine/lasting.py",
        changes=(
            Change(
                old="            return self._is_over()\n\n        try:",
                new="            return True\n\n        try:",
            ),
        ),
        plan=replace(_PLAN, kills=0, outages=2),
    ),
    Break(
        what="the interaction ID is not recorded",
        file="engine/journal.py",
        changes=(
            Change(
                old="await self._run.started(attempt.id, interaction_id, at=at)",
                new="pass",
            ),
        ),
        plan=replace(_PLAN, mode="poll", span_s=(6.0, 9.0), contacts=80, kills=2),
    ),
    Break(
        what="nobody follows a lost worker's calls",
        file="ledger/postgresql/sweeping.py",
        changes=(
            Change(
                old="        handed_on=_hand_on(connection, now),\n",
                new="        handed_on=0 if connection else _hand_on(connection, now),\n",
            ),
        ),
        plan=replace(_PLAN, mode="poll", contacts=150),
    ),
    Break(
        what="whoever watches does not wait for the last calls",
        file="app/overseeing.py",
        changes=(
            Change(
                old="        return await self._distribution.room(\n",
                new="        from dataclasses import replace\n\n"
                "        found = await self._distribution.room(\n",
            ),
            Change(
                old="            longest=self._bounds.longest,\n        )\n",
                new="            longest=self._bounds.longest,\n        )\n"
                "        return found and replace(found, live=0)\n",
            ),
        ),
        plan=replace(_PLAN, kills=0, span_s=(2.0, 4.0), contacts=60),
    ),
    Break(
        what="each worker keeps the limit, and not all of them together",
        file="ledger/postgresql/bounds.py",
        changes=(
            Change(
                old="min(slots - sum(held), ",
                new="min(3 * slots - sum(held), ",
            ),
        ),
        plan=replace(_PLAN, kills=0),
    ),
)


def show(broken: Break, home: Path, database: Server, *, campaigns: int = 6) -> list[str]:
    """Run campaigns with a break until one has a fault; gives its faults.

    Some breaks show only where a blow falls at the right moment.
    """
    copy = home / "package"
    shutil.copytree(
        PACKAGE / "poku_batch",
        copy / "poku_batch",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    file = copy / "poku_batch" / broken.file
    text = file.read_text()
    for change in broken.changes:
        text = change.of(text)
    file.write_text(text)
    return next((found for found in _found(broken, home, copy, database, campaigns) if found), [])


def _found(
    broken: Break, home: Path, copy: Path, database: Server, campaigns: int
) -> Iterator[list[str]]:
    for seed in range(1, campaigns + 1):
        folder = home / f"campaign-{seed}"
        folder.mkdir()
        yield chaos(
            folder, database, replace(broken.plan, seed=seed), package=copy, patience_s=90
        ).faults
