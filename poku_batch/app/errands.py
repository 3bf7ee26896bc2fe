"""What the task engine hands to a worker, done: each job has its end, whatever happens.

Invariants: a job that is done has its call's end written, or nothing was begun for it; jobs that
the engine has taken back begin no call.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import anyio
from anyio.abc import TaskGroup

from poku_batch.app.duty import Duty, Say
from poku_batch.app.pacing import Turn
from poku_batch.distributed import Job
from poku_batch.engine.race import first_of
from poku_batch.engine.unwritten import UnwrittenError
from poku_batch.errors import LedgerError
from poku_batch.models import AttemptId, ContactId, JobKind, RunId, WorkerId
from poku_batch.ports import Clock, Distribution


class Errands:
    """The jobs of one worker, as many at once as it has slots."""

    def __init__(
        self,
        distribution: Distribution,
        duties: Mapping[RunId, Duty],
        *,
        concurrency: int,
        clock: Clock,
        is_draining: Callable[[], bool],
        say: Say,
        tell_trouble: Callable[[str], None],
    ) -> None:
        """Take the ledger, the runs that the worker takes part in, and who hears of what breaks."""
        self._distribution = distribution
        self._duties = duties
        self._clock = clock
        self._is_draining = is_draining
        self._say = say
        self._tell_trouble = tell_trouble
        self._slots = anyio.CapacityLimiter(concurrency)
        self._open: dict[Job, Duty] = {}
        self._tasks: TaskGroup | None = None
        self._worker: WorkerId | None = None

    def begin(self, tasks: TaskGroup, worker: WorkerId) -> None:
        """Do jobs from now on, as a worker that the ledger knows."""
        self._tasks, self._worker = tasks, worker

    @property
    def calls(self) -> int:
        """How many calls are open."""
        return len(self._open)

    def is_busy_with(self, duty: Duty) -> bool:
        """Whether a call of a run is open."""
        return any(busy is duty for busy in self._open.values())

    def take(self, job: Job) -> None:
        """Begin a job; ``done`` is set at its end."""
        if self._tasks is None:
            job.done.set()
            return
        self._tasks.start_soon(self._do, job)

    async def _do(self, job: Job) -> None:
        """Do what a job is for; whatever happens, the job has its end."""
        duty: Duty | None = None
        try:
            async with self._slots:
                duty = self._duties.get(RunId(job.run))
                if duty is not None and not job.done.is_set():
                    await self._do_for(duty, job)
        except UnwrittenError:
            pass
        except LedgerError as error:
            # Nothing was begun: what is written of a call is written until it is in.
            self._tell_trouble(str(error))
        except Exception as fault:
            if duty is None:
                raise
            self._say(f"a fault in the program: {type(fault).__name__}: {fault}", level="error")
            duty.stop.request_by_fault(fault)
        finally:
            job.done.set()
            if duty is not None:
                duty.look_again()

    async def _do_for(self, duty: Duty, job: Job) -> None:
        if job.kind is JobKind.CALL:
            await self._call(duty, job)
            return
        assert self._worker is not None  # noqa: S101 – registered before
        call = await self._distribution.take_call(duty.run.id, AttemptId(job.id), self._worker)
        if call is not None:
            with self._counted(duty, job):
                await duty.follow(call)

    async def _call(self, duty: Duty, job: Job) -> None:
        handed = await self._distribution.take(duty.run.id, ContactId(job.id))
        if handed is None:
            return
        turn = self._turn(duty, job, handed.wait_s)
        if turn is not None:
            await turn.come()
        while duty.reach.down and not self._hindered(duty, job):
            # One contact finds out whether the API is there again; the others wait.
            changed, wait_s = duty.reach.changed(), duty.reach.wait_s()
            if wait_s <= 0:
                duty.reach.probe()
                break
            await first_of(changed.wait, partial(self._clock.sleep, wait_s), job.done.wait)
        if self._hindered(duty, job):
            await duty.lasting.release(handed.admission)
            return
        with self._counted(duty, job):
            await duty.call(handed.admission, None if turn is None else turn.come_again)

    def _turn(self, duty: Duty, job: Job, wait_s: float) -> Turn | None:
        """The time of a job's call; None where calls are not paced."""
        if duty.rules.calls_per_minute is None:
            return None

        async def wait(seconds: float) -> None:
            await first_of(partial(self._clock.sleep, seconds), job.done.wait, duty.stop.wait)

        return Turn(
            wait_s,
            now_s=self._clock.monotonic,
            wait=wait,
            space_anew=partial(self._distribution.space_anew, duty.run.id, duty.rules),
            hindered=partial(self._hindered, duty, job),
        )

    def _hindered(self, duty: Duty, job: Job) -> bool:
        """Whether a call may not begin here: its contact is given out again."""
        return self._is_draining() or duty.hindrance or job.done.is_set()

    @contextmanager
    def _counted(self, duty: Duty, job: Job) -> Iterator[None]:
        self._open[job] = duty
        try:
            yield
        finally:
            del self._open[job]
