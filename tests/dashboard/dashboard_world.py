"""A folder whose ledgers a test writes, and its dashboard as ``run --dashboard`` serves it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal

from poku_batch.app.dashboards import Address, Opened, dashboard_beside
from poku_batch.ledger import SqlLedger, open_ledger
from poku_batch.models import (
    AttemptId,
    CallResult,
    CampaignId,
    ContactKey,
    ContactState,
    DuplicateRule,
    Enrolment,
    InteractionId,
    RunEnding,
    Sequel,
)
from poku_batch.ports import LedgerRun
from tests.app.desk_world import write_campaign
from tests.ledger.ledger_clinic import admitted, begun

DEMO = CampaignId(name="demo")
NOW = datetime.now(UTC).replace(microsecond=0)


def at(seconds: float) -> datetime:
    """A time near to now: a real campaign's contacts are due by the real time."""
    return NOW + timedelta(seconds=seconds)


def row(n: int, *cells: str, key: str | None = None, **said: Any) -> Enrolment:
    """Row ``n`` of a sheet: contact ``kn`` of the number ``+1415555nnnn``."""
    return Enrolment(
        row=n,
        cells=cells or (f"Person {n}",),
        key=ContactKey(key or f"k{n}"),
        to=f"+1415555{n:04}",
        **said,
    )


@dataclass(slots=True)
class World:
    """One folder, its real and its rehearsed ledger, and a browser's view of them."""

    folder: Path
    url: str
    ledger: SqlLedger
    rehearsed: SqlLedger
    portal: BlockingPortal
    client: httpx.Client

    def do(self, act: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Call something asynchronous of a ledger."""

        async def call() -> Any:
            return await act(*args, **named)

        return self.portal.call(call)

    def enrol(
        self,
        rows: Sequence[Enrolment],
        campaign: CampaignId = DEMO,
        columns: Sequence[str] = ("name",),
        *,
        simulated: bool = False,
    ) -> None:
        ledger = self.rehearsed if simulated else self.ledger

        async def enrol() -> None:
            async with ledger.enrolment(campaign, columns, DuplicateRule.ALL) as session:
                await session.add(rows)
                await session.commit(now=at(-3_600))

        self.portal.call(enrol)

    def run(self, campaign: CampaignId = DEMO) -> "Run":
        """Begin a run of this process."""
        return Run(self, self.do(self.ledger.open_run, campaign, at=at(-600)))

    def get(self, path: str, status: int = 200, /, **query: Any) -> str:
        """The text of a page."""
        answer = self.client.get(path, params=query or None)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:500])
        return answer.text

    def post(self, path: str, **fields: Any) -> str:
        """Send a form as its page does; gives the page that follows."""
        token = self.get("/calls").partition("x-csrf-token&#34;: &#34;")[2].partition("&")[0]
        answer = self.client.post(path, data={"_csrf": token, **fields}, follow_redirects=True)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
        return answer.text


class Run:
    """A run of a real campaign, call by call."""

    def __init__(self, world: World, run: LedgerRun) -> None:
        self.ledger_run = run
        self._do = world.do

    def dial(self, key: str, seconds: float = -60) -> AttemptId:
        async def dial() -> AttemptId:
            admission = await admitted(self.ledger_run, key, at=at(0))
            return begun(await self.ledger_run.begin(admission, prompt_sha256="p", at=at(seconds)))

        return self._do(dial)  # type: ignore[no-any-return]

    def start(self, key: str, seconds: float = -60) -> AttemptId:
        attempt = self.dial(key, seconds)
        self._do(
            self.ledger_run.started, attempt, InteractionId(f"i-{attempt}"), at=at(seconds + 1)
        )
        return attempt

    def finish(
        self,
        attempt: AttemptId,
        outcome: str = "completed",
        summary: str | None = None,
        seconds: float = -30,
        *,
        again_at: datetime | None = None,
        **result: Any,
    ) -> None:
        sequel = Sequel()
        if again_at is not None:
            sequel = Sequel(state=ContactState.PENDING, due_at=again_at)
        self._do(
            self.ledger_run.finish,
            attempt,
            CallResult(outcome=outcome, summary=summary, **result),
            sequel=sequel,
            at=at(seconds),
        )

    def doubt(self, attempt: AttemptId, why: str, seconds: float = -20) -> None:
        self._do(self.ledger_run.doubt, attempt, why, at=at(seconds))

    def reject(self, attempt: AttemptId, why: str, seconds: float = -20) -> None:
        self._do(self.ledger_run.reject, attempt, why, at=at(seconds))

    def close(self, ending: RunEnding = RunEnding.FINISHED) -> None:
        self._do(self.ledger_run.close, ending, at=at(-1))


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder's dashboard; gives its address without the last slash."""
    told: list[Opened] = []
    faults: list[str] = []
    with dashboard_beside(folder, Address(port=0), on_ready=told.append, on_fault=faults.append):
        assert not faults, faults
        yield told[0].url.rstrip("/")
    assert not faults, faults


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Serve a folder with one campaign, and ledgers that nobody has written to yet."""
    write_campaign(folder)
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())
        hidden = folder / ".poku-batch"
        ledger, rehearsed = (
            stack.enter_context(portal.wrap_async_context_manager(open_ledger(hidden / name)))
            for name in ("ledger.db", "simulated.db")
        )
        url = stack.enter_context(served(folder))
        client = stack.enter_context(httpx.Client(base_url=url, timeout=30))
        yield World(folder, url, ledger, rehearsed, portal, client)
