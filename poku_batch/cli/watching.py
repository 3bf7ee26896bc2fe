"""``status --watch``: a campaign looked at until Ctrl-C, while it is run elsewhere."""

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from poku_batch.app.watching import Glance
    from poku_batch.campaign import Campaign
    from poku_batch.progress.tally import Tally
    from poku_batch.progress.watched import Watched


def watch_campaign(campaign: "Campaign", *, simulated: bool) -> None:
    """Show how a campaign stands until somebody leaves by Ctrl-C."""
    import anyio

    from poku_batch.app.watching import watch
    from poku_batch.cli.terminal import out
    from poku_batch.progress.watched import choose_watch_display

    with choose_watch_display(out, simulated=simulated) as display, suppress(KeyboardInterrupt):

        def show(glance: "Glance") -> None:
            display.show(watched(glance, campaign, simulated=simulated))

        anyio.run(partial(watch, campaign, simulate=simulated, show=show))


def watched(glance: "Glance", campaign: "Campaign", *, simulated: bool) -> "Watched":
    """What is shown of a glance; open calls of a run that is dead are nobody's at this moment."""
    from poku_batch.cli.courses import course_lines
    from poku_batch.progress.notes import local
    from poku_batch.progress.watched import Watched

    counts, course = glance.counts, glance.course
    said = course_lines(course, campaign, simulated=simulated)
    if course.run is not None and not said:
        said.append(f"no run goes on; the last one ended: {course.run.ending}")
    if counts.next_due_at is not None and not counts.due:
        said.append(f"the next is due at {local(counts.next_due_at)}")
    return Watched(
        tally=_tally(glance, campaign),
        now=glance.now,
        said=said,
        calls=glance.calls if course.goes_on else (),
        open_calls=course.open_calls,
    )


def _tally(glance: "Glance", campaign: "Campaign") -> "Tally":
    from collections import Counter

    from poku_batch.models import ContactState
    from poku_batch.progress.tally import Tally

    counts, run = glance.counts, glance.course.run
    doing = run.doing if run is not None and glance.course.goes_on else None
    return Tally(
        campaign=str(campaign.identity),
        concurrency=0 if doing is None else doing.concurrency,
        slots=0 if doing is None else doing.slots,
        total=counts.total,
        waiting=counts.of(ContactState.PENDING),
        later=counts.of(ContactState.PENDING) - counts.due,
        in_call=counts.of(ContactState.DIALING),
        done=counts.of(ContactState.DONE),
        failed=counts.of(ContactState.FAILED),
        unknown=counts.of(ContactState.UNKNOWN),
        skipped=counts.of(ContactState.SKIPPED),
        outcomes=Counter(counts.outcomes),
        rate=glance.per_minute,
    )
