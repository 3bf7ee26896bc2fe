"""``test-call``: hear what the people of a campaign would hear."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from poku_batch.cli.arguments import AsJson, CampaignFile
from poku_batch.cli.previewing import Key, Row

if TYPE_CHECKING:
    from poku_batch.app.test_calling import TrialListener, TrialPlan, TrialWishes
    from poku_batch.models import InteractionId


def call_own_phone(
    campaign: CampaignFile,
    *,
    to: Annotated[
        str, typer.Option(metavar="NUMBER", help="The number of your own phone, as +14155550100.")
    ],
    row: Row = None,
    key: Key = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before the phone rings.")
    ] = False,
    simulate: Annotated[
        bool,
        typer.Option(
            "--simulate", help="Call a built-in simulator: no phone rings, no key is needed."
        ),
    ] = False,
    json: AsJson = False,
) -> None:
    """Call your own phone once, with the prompt of one row of CAMPAIGN.

    By default that of the first row that would be called. The row's contact is left as it is, no
    results are written, and hooks hear of nothing. What came of the call is read by the campaign's
    outcomes and the built-in rules, not by outcomes_by. The call is placed once: it is not tried
    again, whatever happens. Exit codes: 0 it ended, 2 nothing was dialled, 3 no call came about or
    nobody knows, 4 stopped, or the API refuses every call.
    """
    from poku_batch.app.test_calling import TrialWishes

    wishes = TrialWishes(to=to, row=row, key=key, simulate=simulate)
    sys.exit(_call(campaign, wishes, yes=yes, as_json=json))


def _call(file: Path, wishes: "TrialWishes", *, yes: bool, as_json: bool) -> int:
    import anyio

    from poku_batch.app.test_calling import trial_call
    from poku_batch.campaign import load_campaign
    from poku_batch.cli.exits import ExitCode
    from poku_batch.cli.terminal import err, print_json, say
    from poku_batch.cli.test_called import exit_code, print_result, result_json

    campaign = load_campaign(file)
    with _listening(yes=yes) as (listener, plans):
        try:
            result = anyio.run(partial(trial_call, campaign, wishes, listener))
        except KeyboardInterrupt:  # where the event loop cannot take signals: Windows
            say(err, "stopped waiting; if the call had begun, the phone may still ring")
            return ExitCode.STOPPED
    if result is None:
        say(err, "nobody was called")
        return ExitCode.STOPPED
    if as_json:
        print_json(result_json(plans[0], result))
    else:
        print_result(plans[0], result)
    return exit_code(result)


@contextmanager
def _listening(*, yes: bool) -> "Iterator[tuple[TrialListener, list[TrialPlan]]]":
    """Ask before the call, and show how long it lasts; the plan that was agreed to is kept."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from poku_batch.app.test_calling import TrialListener
    from poku_batch.cli.terminal import err, say
    from poku_batch.cli.test_called import agree
    from poku_batch.progress.words import one_line

    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
    plans: list[TrialPlan] = []

    def confirm(plan: "TrialPlan") -> bool:
        plans.append(plan)
        return agree(plan, yes=yes)

    def placing() -> None:
        say(err, "calling; Ctrl-C stops waiting, but not the call")
        progress.start()
        progress.add_task("ringing, or in call")

    def placed(interaction_id: "InteractionId") -> None:
        say(err, f"placed as {one_line(interaction_id)}; its end is asked for")

    try:
        yield TrialListener(confirm=confirm, placing=placing, placed=placed), plans
    finally:
        progress.stop()
