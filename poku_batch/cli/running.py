"""``run``: call everyone who is due."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from poku_batch.cli.arguments import AsJson, CampaignFile, ContactsFile
from poku_batch.cli.exits import ExitCode, exit_code
from poku_batch.cli.looping import run_for_long
from poku_batch.cli.run_options import (
    Agreed,
    Canary,
    DashboardPort,
    Distributed,
    FaultShares,
    Fresh,
    Limit,
    NoWait,
    Seed,
    Simulate,
    Speed,
    Start,
    Until,
    WithDashboard,
    Yes,
)

if TYPE_CHECKING:
    from poku_batch.campaign import Campaign
    from poku_batch.progress import Display


def run(
    campaign: CampaignFile,
    *,
    contacts: ContactsFile = None,
    simulate: Simulate = False,
    limit: Limit = None,
    yes: Yes = False,
    agreed: Agreed = None,
    no_wait: NoWait = False,
    until: Until = None,
    canary: Canary = None,
    distributed: Distributed = False,
    dashboard: WithDashboard = False,
    dashboard_port: DashboardPort = None,
    json: AsJson = False,
    speed: Speed = None,
    seed: Seed = None,
    faults: FaultShares = None,
    start: Start = None,
    fresh: Fresh = False,
) -> None:
    """Call everyone of CAMPAIGN who is due, and write the results.

    Run it again to go on where it stopped: nobody is called twice.
    """
    given = {
        "speed": speed,
        "seed": seed,
        "faults": faults,
        "fresh": fresh or None,
        "start": None if start is None else point_in_time(start, "--start"),
    }
    options = {name: value for name, value in given.items() if value is not None}
    if options and not simulate:
        raise typer.BadParameter(f"--{next(iter(options))} goes with --simulate")
    wishes = {
        "limit": limit,
        "wait": not no_wait,
        "until": None if until is None else time_or_moment(until, "--until"),
        "canary": canary,
        "agreed": agreed,
        "distributed": distributed,
    }
    sheet = (campaign, contacts)
    with _dashboard(campaign, dashboard_port, wanted=dashboard or dashboard_port is not None):
        code = _run(sheet, options if simulate else None, wishes, yes=yes, as_json=json)
    sys.exit(code)


@contextmanager
def _dashboard(campaign: Path, port: int | None, *, wanted: bool) -> Iterator[None]:
    """Serve live pages for as long as the block, if they are wanted; the run does not need them."""
    if not wanted:
        yield
        return
    from poku_batch.app.dashboards import Address, dashboard_beside
    from poku_batch.campaign import load_campaign
    from poku_batch.cli.dashboarding import print_opened
    from poku_batch.cli.terminal import err, say

    def tell(fault: str) -> None:
        say(err, f"note: no dashboard: {fault}; the run goes on without it")

    address = Address(or_any=True) if port is None else Address(port=port)
    folder = load_campaign(campaign).folder
    with dashboard_beside(folder, address, on_ready=print_opened, on_fault=tell):
        yield


def _run(
    sheet: tuple[Path, str | None],
    rehearsal_options: dict[str, Any] | None,
    wishes: dict[str, Any],
    *,
    yes: bool,
    as_json: bool,
) -> ExitCode:
    from poku_batch.app.running import Rehearsal, run_campaign
    from poku_batch.cli.asking import agree, agree_to_go_on
    from poku_batch.cli.ending import print_ending
    from poku_batch.cli.sheets import instead_text, load_reading
    from poku_batch.cli.terminal import err, say

    campaign = load_reading(*sheet)
    if (instead := instead_text(campaign)) is not None:
        say(err, f"sheet            {instead}")
    rehearsal = None if rehearsal_options is None else Rehearsal(**rehearsal_options)
    with _display(campaign, simulated=rehearsal is not None) as display:
        summary = run_for_long(
            partial(
                run_campaign,
                campaign,
                simulate=rehearsal or False,
                sink=display,
                confirm=partial(agree, display=display, yes=yes),
                confirm_canary=partial(agree_to_go_on, display=display, yes=yes),
                **wishes,
            )
        )
    print_ending(summary, campaign, simulated=rehearsal is not None, as_json=as_json)
    return exit_code(summary.ending, summary.counts)


def _display(campaign: "Campaign", *, simulated: bool) -> "Display":
    """Who shows the run: lines of JSON where the environment asks for them."""
    from poku_batch.app import environment
    from poku_batch.cli.terminal import err
    from poku_batch.progress import choose_display

    if not environment.logs_json():
        return choose_display(err, simulated=simulated)
    from poku_batch.telemetry import Identity, JsonDisplay

    identity = Identity(campaign=str(campaign.identity), simulated=simulated)
    return JsonDisplay(sys.stderr, identity)


def time_or_moment(text: str, option: str) -> datetime | time:
    """Read a time of day, ``17:00``, or a day with its time."""
    try:
        return time.fromisoformat(text)
    except ValueError:
        return point_in_time(text, option)


def point_in_time(text: str, option: str) -> datetime:
    """Read a day with its time, by this machine's clock unless it says another."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not a time; write it as 2026-11-23T09:00", param_hint=option
        ) from None
