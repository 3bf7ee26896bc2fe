"""Deliberate breaks of the program, each in a copy: the harness is worth what it finds in them."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.crash.harness import Figures, Plan, campaign
from tests.crash.processes import Warm
from tests.crash.scenario import Completion, Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One passage of one file replaced by another; ``cuts`` if it takes a power cut to show.

    ``redials`` if it takes a campaign that has them.
    """

    what: str
    file: str
    old: str
    new: str
    completion: Completion = "auto"
    cuts: bool = False
    redials: bool = False


BREAKS = (
    Break(
        what="the intent is recorded after the request",
        file="engine/calling.py",
        old="        attempt = await self._journal.begin(admission, request.prompt, guard)\n",
        new="        answer = await self._api.place(request)\n"
        "        attempt = await self._journal.begin(admission, request.prompt, guard)\n"
        "        assert attempt is not None\n"
        "        return await self._settle(attempt, Placed(answer=answer, placements=1))\n",
    ),
    Break(
        what="recovery makes cut-off calls pending again",
        file="ledger/runs.py",
        old="transitions.doubt_cut_off(connection, hold, at=at)",
        new="connection.execute(\"UPDATE contacts SET state = 'pending' WHERE id IN "
        "(SELECT contact_id FROM attempts WHERE state = 'dialing')\")\n"
        "    connection.execute(\"UPDATE attempts SET state = 'turned_away' "
        "WHERE state = 'dialing'\")",
    ),
    Break(
        what="tasks are told before the commit, and go on",
        file="ledger/writer.py",
        old="                    self._perform(operations)\n",
        new="                    self._perform(operations)\n"
        "                    self._wake(operations)\n",
        cuts=True,
    ),
    Break(
        what="a result is told, and written a moment later",
        file="engine/journal.py",
        old="        new = await self._run.finish("
        "attempt.id, result, sequel=sequel, to_read=to_read, at=at)\n",
        new="        import asyncio\n"
        "        async def later():\n"
        "            await asyncio.sleep(0.05)\n"
        "            await self._run.finish("
        "attempt.id, result, sequel=sequel, to_read=to_read, at=at)\n"
        "        self._run.__dict__.setdefault('kept', []).append("
        "asyncio.ensure_future(later()))\n"
        "        new = True\n",
    ),
    Break(
        what="the interaction ID is not recorded",
        file="engine/journal.py",
        old="await self._run.started(attempt.id, interaction_id, at=at)",
        new="pass",
        completion="poll",
    ),
    Break(
        what="a doubtful placement is tried again",
        file="engine/calling.py",
        old="await self._journal.doubted(attempt, evidence)",
        new="await self._journal.turned_away(attempt, evidence, wait_s=0.0)",
    ),
    Break(
        what="synchronous = OFF",
        file="ledger/opening.py",
        old="PRAGMA synchronous = FULL",
        new="PRAGMA synchronous = OFF",
        cuts=True,
    ),
    Break(
        what="synchronous = NORMAL",
        file="ledger/opening.py",
        old="PRAGMA synchronous = FULL",
        new="PRAGMA synchronous = NORMAL",
        cuts=True,
    ),
    Break(
        what="the names of the ledger and its folder are not synced",
        file="ledger/opening.py",
        old="    _sync_names(path)\n",
        new="",
        cuts=True,
    ),
    Break(
        what="results are renamed before they are synced",
        file="results/writing.py",
        old="            sync(draft.path)\n",
        new="",
        cuts=True,
    ),
    Break(
        what="one end is redialled twice: a redial that was cut off is due again",
        file="ledger/runs.py",
        old="transitions.doubt_cut_off(connection, hold, at=at)",
        new="connection.execute(\"UPDATE contacts SET state = 'pending' WHERE attempts > 1 "
        "AND id IN (SELECT contact_id FROM attempts WHERE state = 'dialing')\")\n"
        "    connection.execute(\"UPDATE attempts SET state = 'turned_away' "
        "WHERE state = 'dialing' AND number > 1\")\n"
        "    transitions.doubt_cut_off(connection, hold, at=at)",
        redials=True,
    ),
    Break(
        what="a redial does not wait until its call was read",
        file="ledger/endings.py",
        old="return Sequel() if end.to_read and sequel.state is ContactState.PENDING else sequel",
        new="return sequel",
        redials=True,
    ),
    Break(
        what="the redial rule counts one call more",
        file="policy/redials.py",
        old="if attempt < rule.attempts:",
        new="if attempt <= rule.attempts:",
        redials=True,
    ),
    Break(
        what="an opt-out is not put onto the do-not-call list",
        file="ledger/sequels.py",
        old="    if number and wants_no_calls(result):\n",
        new="    if not number:\n",
        redials=True,
    ),
    Break(
        what="the do-not-call list is not looked at when the intent is recorded",
        file="ledger/guards.py",
        old="    own = do_not_call.is_listed(connection, number)\n",
        new="    own = None\n",
        redials=True,
    ),
    Break(
        what="an opt-out that only the model reads is not put onto the list",
        file="ledger/readings.py",
        old="    sequels.heed(connection, found.to, result, at=at)\n",
        new="",
        redials=True,
    ),
    Break(
        what="calls that a dead run had not read are not read",
        file="engine/runner.py",
        old="[*await self._run.open_calls(), *await self._run.unread_calls()]",
        new="[*await self._run.open_calls()]",
        redials=True,
    ),
    Break(
        what="a message is written into the outbox after the commit",
        file="ledger/run.py",
        old="        return await self._writer.run(\n"
        "            lambda connection: readings.reread(\n"
        "                connection, self._hold, attempt_id, result, sequel=sequel, at=at\n"
        "            )\n"
        "        )\n",
        new="        from dataclasses import replace\n"
        "        silent = replace(self._hold, tell_results=False)\n"
        "        new = await self._writer.run(\n"
        "            lambda connection: readings.reread(\n"
        "                connection, silent, attempt_id, result, sequel=sequel, at=at\n"
        "            )\n"
        "        )\n"
        "        whose = 'SELECT contact_id FROM attempts WHERE id = ?'\n"
        "        await self._writer.run(\n"
        "            lambda connection: outbox.add_result(\n"
        "                connection,\n"
        "                connection.execute(whose, (attempt_id,)).fetchone()[0],\n"
        "                attempt_id,\n"
        "                at=at,\n"
        "            )\n"
        "        )\n"
        "        return new\n",
        redials=True,
    ),
    Break(
        what="a message that is told again has another name",
        file="hooks/envelope.py",
        old='return f"msg_{message.id:016x}"',
        new='return f"msg_{message.id + message.tries:016x}"',
        redials=True,
    ),
    Break(
        what="a message is forgotten before it is taken",
        file="engine/telling.py",
        old="            why = await self._send(message)\n",
        new="            await self._run.told(message.id)\n"
        "            why = await self._send(message)\n",
        redials=True,
    ),
)


def show(broken: Break, package: Path, home: Path, *, seed: int, campaigns: int = 5) -> Figures:
    """Run campaigns with a break until one has a fault; gives the last one's figures.

    Their kills and power cuts are those of all of them.
    """
    home = home / f"break-{BREAKS.index(broken)}"
    copy = home / "package"
    shutil.copytree(
        package / "poku_batch", copy / "poku_batch", ignore=shutil.ignore_patterns("__pycache__")
    )
    file = copy / "poku_batch" / broken.file
    text = file.read_text()
    if text.count(broken.old) != 1:
        raise ValueError(f"{broken.file} does not hold {broken.old!r} once; mend breaks.py")
    file.write_text(text.replace(broken.old, broken.new))
    done: list[Figures] = []
    with Warm(copy) as warm:
        for figures in _campaigns(broken, home, warm, seed, campaigns):
            done.append(figures)
            if figures.faults:
                break
    last = done[-1]
    last.kills = sum(figures.kills for figures in done)
    last.cuts = sum(figures.cuts for figures in done)
    return last


def _campaigns(
    broken: Break, home: Path, warm: Warm, seed: int, campaigns: int
) -> Iterator[Figures]:
    for n in range(campaigns):
        scenario = Scenario(
            generation="second",
            completion=broken.completion,
            seed=seed + n,
            contacts=120,
            redials=broken.redials,
        )
        yield campaign(scenario, Plan(kills=12, cuts=broken.cuts, progress=30), home, warm)
