"""Words about how a campaign goes on: paused, being run, or neither."""

from typing import TYPE_CHECKING, Any

from poku_batch.cli.terminal import shown

if TYPE_CHECKING:
    from poku_batch.app.courses import Course
    from poku_batch.campaign import Campaign
    from poku_batch.models import Doing, RunRecord, WorkerRecord


def command(name: str, campaign: "Campaign", *, simulated: bool) -> str:
    """A command on a campaign, as one would type it here."""
    return f"poku-batch {name} {shown(campaign.path)}{' --simulate' if simulated else ''}"


def course_lines(course: "Course", campaign: "Campaign", *, simulated: bool) -> list[str]:
    """What is to be known of a campaign that is paused or being run; nothing where it is neither.

    A run says by itself that it is paused.
    """
    from poku_batch.progress.notes import local
    from poku_batch.progress.words import one_line

    lines = []
    if course.pause is not None:
        resume = command("resume", campaign, simulated=simulated)
        by, since = one_line(course.pause.by, limit=60), local(course.pause.at)
        lines.append(f"paused by {by} since {since}: no call begins until {resume}")
    if (words := run_words(course)) is not None:
        lines.append(words)
    if course.attendance is not None and not course.attendance.watched:
        again = f"{command('run', campaign, simulated=False)} --distributed"
        over = course.attendance.is_over
        lines.append(
            f"{'to write its results' if over else 'nobody watches it; to do so'}: {again}"
        )
    lines += [worker_words(worker) for worker in course.workers]
    if course.goes_on and course.pause is None and (note := _note(course)):
        lines.append(f"it says: {note}")
    return lines


def run_words(course: "Course") -> str | None:
    """Whether a run goes on, where, and since when; None where the last one ended."""
    from poku_batch.policy.liveness import Liveness
    from poku_batch.progress.notes import local

    run = course.run
    if run is None:
        return None
    if course.shared:
        return _shared_words(course, run)
    who = run_name(run)
    match course.liveness:
        case Liveness.ALIVE:
            return f"a run goes on: {who}, since {local(run.started_at)}{_asked(run)}"
        case Liveness.SILENT:
            seen = "has never said anything"
            if run.seen_at is not None:
                seen = f"has not been heard of since {local(run.seen_at)}"
            return f"a run ({who}) {seen}: it cannot write its ledger, or is no longer alive"
        case Liveness.DEAD:
            return f"the last run ({who}) is no longer alive; the next run settles what it left"
        case _:
            return None


def _shared_words(course: "Course", run: "RunRecord") -> str:
    """How an open run stands whose calls workers make."""
    from poku_batch.policy.liveness import Liveness
    from poku_batch.progress.notes import local

    since = local(run.started_at)
    if course.liveness is Liveness.FINISHED:
        return f"a run by workers, begun {since}, has finished; nobody has watched its end"
    if course.workers:
        return f"a run goes on by workers, since {since}{_asked(run)}"
    return (
        f"a run by workers, begun {since}, waits for them{_asked(run)}; start some with: "
        "poku-batch worker"
    )


def run_name(run: "RunRecord") -> str:
    """Where a run goes on."""
    from poku_batch.progress.words import one_line

    return f"process {run.pid} on {one_line(run.host, limit=60)}"


def worker_words(worker: "WorkerRecord") -> str:
    """A worker in a line: what it holds, and when it was last heard of."""
    from poku_batch.progress.words import one_line

    drains = ", draining" if worker.draining else ""
    return (
        f"worker {one_line(worker.name, limit=80)}: {worker.calls:,} of {worker.concurrency:,} "
        f"calls, heard of {worker.silent.total_seconds():.0f} s ago{drains}"
    )


def _worker_json(worker: "WorkerRecord") -> dict[str, Any]:
    return {
        "name": worker.name,
        "concurrency": worker.concurrency,
        "calls": worker.calls,
        "started_at": worker.started_at.isoformat(),
        "silent_s": round(worker.silent.total_seconds(), 3),
        "draining": worker.draining,
    }


def course_json(course: "Course") -> dict[str, Any]:
    """What ``status --json`` gives of the pause and of the latest run."""
    pause, run = course.pause, course.run
    shared: dict[str, Any] = {}
    if course.shared:
        shared["workers"] = [_worker_json(worker) for worker in course.workers]
    return shared | {
        "paused": None if pause is None else {"by": pause.by, "at": pause.at.isoformat()},
        "run": None
        if run is None
        else {
            "liveness": str(course.liveness),
            "host": run.host,
            "pid": run.pid,
            "started_at": run.started_at.isoformat(),
            "seen_at": None if run.seen_at is None else run.seen_at.isoformat(),
            "ended_at": None if run.ended_at is None else run.ended_at.isoformat(),
            "ending": None if run.ending is None else str(run.ending),
            "stop_asked_by": run.stop_asked_by,
            "doing": None if run.doing is None else _doing_json(run.doing),
            **({} if course.attendance is None else {"watched": course.attendance.watched}),
        },
    }


def _doing_json(doing: "Doing") -> dict[str, Any]:
    return {
        "now": doing.now.isoformat(),
        "concurrency": doing.concurrency,
        "slots": doing.slots,
        "in_call": doing.in_call,
        "note": doing.note,
        "until": None if doing.until is None else doing.until.isoformat(),
    }


def _asked(run: "RunRecord") -> str:
    from poku_batch.progress.words import one_line

    by = run.stop_asked_by
    return "" if by is None else f"; {one_line(by, limit=60)} asked it to stop"


def _note(course: "Course") -> str:
    from poku_batch.progress.words import one_line

    doing = None if course.run is None else course.run.doing
    return "" if doing is None else one_line(doing.note, limit=400)
