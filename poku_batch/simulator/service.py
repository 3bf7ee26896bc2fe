"""What happens to a request once it is checked: faults strike, phones ring, answers are due."""

import json

from fastapi.responses import JSONResponse, Response

from poku_batch.poku.wire import CallBody
from poku_batch.simulator import answers
from poku_batch.simulator.calls import Call, CallBook
from poku_batch.simulator.config import SimulatorConfig
from poku_batch.simulator.connections import Connections
from poku_batch.simulator.faults import FAULT_RULES, DrawnFault, FaultKind, Rings

#: How late a ``slow`` answer is, in seconds of life.
SLOW_S = 60.0
#: A request that rang nothing fails within this span of life.
_IDLE_S = 2.0
#: Faults that spoil the true answer when it is due; the others strike at any point of the call.
_AT_THE_END = frozenset({FaultKind.HALF, FaultKind.GARBAGE, FaultKind.HUGE, FaultKind.SLOW})


class Service:
    """Poku's two requests, after the key and the fields were checked."""

    def __init__(self, config: SimulatorConfig, book: CallBook, connections: Connections) -> None:
        self._config = config
        self._book = book
        self._connections = connections
        self._retry_after = answers.retry_afters()

    async def place(self, body: CallBody, raw: bytes, base_url: str) -> Response:
        """Place a call; ``raw`` is the body as it was sent."""
        if self._book.closed:
            return self._dropped()
        if not self._book.routable(body.to):
            return answers.unroutable()
        fault = self._book.draw_fault(body.to)
        if fault is not None and FAULT_RULES[fault.kind].rings is Rings.NEVER:
            return self._broken(fault.kind, _nothing())
        holds = self._holds(body)
        if fault is not None and not fault.rang:
            await self._book.pause(self._config.passes_in(_IDLE_S) * fault.point * holds)
            return self._broken(fault.kind, _nothing())
        call = self._book.place(body, json.loads(raw), fault)
        return await self._answer(call, fault, base_url, holds=holds)

    async def status(self, interaction_id: str, base_url: str) -> Response:
        """Say how a call stands."""
        call = self._book.find(interaction_id)
        if call is None:
            return JSONResponse({"error": "no interaction with this ID"}, status_code=404)
        kind = self._book.draw_status_fault(call)
        if kind is FaultKind.STATUS_SLOW:
            await self._book.pause(self._config.passes_in(SLOW_S))
        elif kind is not None:
            return self._broken(kind, _nothing())
        return answers.status(call, base_url)

    def _holds(self, body: CallBody) -> bool:
        if body.wait_for_call_end is not None:
            return body.wait_for_call_end
        return self._config.generation == "first"

    async def _answer(
        self, call: Call, fault: DrawnFault | None, base_url: str, *, holds: bool
    ) -> Response:
        if fault is not None and fault.kind not in _AT_THE_END:
            await self._book.pause(call.length_s * fault.point * holds)
            return self._broken(fault.kind, _nothing())
        if holds:
            await call.ended.wait()
        if fault is not None and fault.kind is FaultKind.SLOW:
            await self._book.pause(self._config.passes_in(SLOW_S))
        if self._book.closed:
            return self._dropped()
        if fault is not None and fault.kind is FaultKind.HUGE:
            return answers.HugeAnswer(call, base_url)
        answer = answers.ended(call, base_url) if holds else answers.started(call)
        return answer if fault is None else self._broken(fault.kind, answer)

    def _broken(self, kind: FaultKind, answer: Response) -> Response:
        """Give the fault's answer in place of the true one."""
        match kind:
            case FaultKind.DROP | FaultKind.DROP_BEFORE | FaultKind.STATUS_DROP:
                return self._dropped()
            case FaultKind.HANG | FaultKind.STATUS_HANG:
                return answers.HangingAnswer()
            case FaultKind.GARBAGE | FaultKind.STATUS_GARBAGE:
                return answers.garbage()
            case FaultKind.HALF:
                return answers.half(answer, self._connections)
            case FaultKind.SLOW:
                return answer
            case _:
                return answers.failure(kind, self._retry_after)

    def _dropped(self) -> Response:
        return answers.DroppedAnswer(self._connections)


def _nothing() -> Response:
    """Give what half an answer is cut from where no call stands behind it."""
    return JSONResponse({"interactionId": "00000000-0000-4000-8000-000000000000"})
