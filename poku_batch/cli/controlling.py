"""``pause``, ``resume`` and ``stop``: what a person asks of runs, wherever they go on."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from poku_batch.cli.arguments import CampaignFile

if TYPE_CHECKING:
    from poku_batch.app.controlling import Asked
    from poku_batch.campaign import Campaign

Rehearsed = Annotated[
    bool, typer.Option("--simulate", help="Ask the rehearsals of the campaign, not real calls.")
]


def pause(campaign: CampaignFile, *, simulate: Rehearsed = False) -> None:
    """Let no call of CAMPAIGN begin until it is resumed, in a run that goes on and in later ones.

    Open calls go on to their end and are recorded. A run that goes on sees it within two seconds.
    """
    import anyio

    from poku_batch.app.controlling import pause_campaign
    from poku_batch.campaign import load_campaign
    from poku_batch.cli.terminal import out, say

    loaded = load_campaign(campaign)
    asked = anyio.run(partial(pause_campaign, loaded, simulate=simulate))
    for line in _paused_lines(asked, loaded, simulated=simulate):
        say(out, line)


def resume(campaign: CampaignFile, *, simulate: Rehearsed = False) -> None:
    """Let calls of CAMPAIGN begin again, after pause. A run that waits for it goes on at once."""
    import anyio

    from poku_batch.app.controlling import resume_campaign
    from poku_batch.campaign import load_campaign
    from poku_batch.cli.terminal import out, say

    loaded = load_campaign(campaign)
    asked = anyio.run(partial(resume_campaign, loaded, simulate=simulate))
    for line in _resumed_lines(asked, loaded, simulated=simulate):
        say(out, line)


def stop(campaign: CampaignFile, *, simulate: Rehearsed = False) -> None:
    """Ask the run of CAMPAIGN that goes on to end, as Ctrl-C does: open calls go on to their end.

    The next run goes on where it stopped, and is not asked.
    """
    import anyio

    from poku_batch.app.controlling import stop_campaign
    from poku_batch.campaign import load_campaign
    from poku_batch.cli.terminal import out, say

    loaded = load_campaign(campaign)
    asked = anyio.run(partial(stop_campaign, loaded, simulate=simulate))
    for line in _stopped_lines(asked, loaded):
        say(out, line)


def _paused_lines(asked: "Asked", campaign: "Campaign", *, simulated: bool) -> list[str]:
    from poku_batch.cli.courses import command, run_words
    from poku_batch.progress.notes import local
    from poku_batch.progress.words import one_line

    course = asked.course
    again = command("resume", campaign, simulated=simulated)
    name = str(campaign.identity)
    if asked.new or course.pause is None:
        seen = ", which its run sees within two seconds" if course.goes_on else ""
        first = f"{name} is paused{seen}: no call begins until {again}"
    else:
        by, since = one_line(course.pause.by, limit=60), local(course.pause.at)
        first = f"{name} was paused already, by {by} since {since}; to go on: {again}"
    if course.goes_on:
        return [first, _going_on(course.open_calls)]
    return [first, run_words(course) or "no run is open; one that is begun waits until then"]


def _resumed_lines(asked: "Asked", campaign: "Campaign", *, simulated: bool) -> list[str]:
    from poku_batch.cli.courses import command, run_words

    name = str(campaign.identity)
    first = f"{name} is resumed" if asked.new else f"{name} was not paused"
    if asked.course.goes_on:
        return [f"{first}: calls begin" if asked.new else f"{first}; a run of it goes on"]
    again = command("run", campaign, simulated=simulated)
    return [first, run_words(asked.course) or f"no run is open; to call: {again}"]


def _stopped_lines(asked: "Asked", campaign: "Campaign") -> list[str]:
    from poku_batch.cli.courses import run_name, run_words
    from poku_batch.progress.words import one_line

    run, course = asked.stopping, asked.course
    if run is None:
        return [f"no run of {campaign.identity} is open: there is nothing to stop"]
    if not course.goes_on:
        return [run_words(course) or f"the run of {campaign.identity} has ended"]
    who = "by workers" if course.shared else run_name(run)
    if asked.new:
        first = f"the run of {campaign.identity} ({who}) is asked to stop"
    else:
        by = one_line(run.stop_asked_by or "", limit=60)
        first = f"the run of {campaign.identity} ({who}) was asked to stop by {by}"
    return [first, _going_on(course.open_calls)]


def _going_on(open_calls: int) -> str:
    """What becomes of the calls that are open."""
    if not open_calls:
        return "no call is open"
    calls = "1 call goes on to its" if open_calls == 1 else f"{open_calls:,} calls go on to their"
    return f"{calls} end"
