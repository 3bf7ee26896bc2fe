"""A stand-in for the Poku API: a real HTTP server that answers like it, and rings no phone.

It speaks both generations of the API, compresses time, plays seeded outcomes whose summaries speak
of each row's own prompt, serves a recording of every answered call, and injects faults on demand.
What is read of configuration imports no web framework; the server is imported on first use.
"""

from typing import TYPE_CHECKING

from poku_batch.simulator.config import SimulatorConfig
from poku_batch.simulator.faults import FAULT_RULES, FaultKind, FaultRule, Faults, Rings
from poku_batch.simulator.scenarios import Scenario, Scenarios

if TYPE_CHECKING:
    from poku_batch.simulator.calls import Log, LoggedCall
    from poku_batch.simulator.server import (
        RunningSimulator,
        run_forever,
        running_simulator,
        start_simulator,
    )

__all__ = [
    "FAULT_RULES",
    "FaultKind",
    "FaultRule",
    "Faults",
    "Log",
    "LoggedCall",
    "Rings",
    "RunningSimulator",
    "Scenario",
    "Scenarios",
    "SimulatorConfig",
    "run_forever",
    "running_simulator",
    "start_simulator",
]


def __getattr__(name: str) -> object:
    if name in {"Log", "LoggedCall"}:
        from poku_batch.simulator import calls

        return getattr(calls, name)
    if name in __all__:
        from poku_batch.simulator import server

        return getattr(server, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
