"""The project's own client against every fault: what it concludes is never against the truth."""

import pytest

from poku_batch.models import CallRequest, Doubtful, Ended, Started, TurnedAway
from poku_batch.poku.client import PokuClient
from poku_batch.simulator import (
    FAULT_RULES,
    FaultKind,
    Faults,
    Rings,
    Scenario,
    Scenarios,
    SimulatorConfig,
    running_simulator,
)

pytestmark = pytest.mark.anyio

NUMBERS = [f"+1415555{n:04}" for n in range(8)]
PLACEMENT_FAULTS = [kind for kind in FaultKind if not kind.on_status]


@pytest.mark.parametrize("kind", PLACEMENT_FAULTS)
async def test_what_a_client_can_conclude_from_a_fault_is_true(kind: FaultKind) -> None:
    config = SimulatorConfig(speed=20_000, faults=Faults(((kind, 1.0),)))
    async with running_simulator(config) as simulator:
        async with PokuClient("any", base_url=simulator.url, call_timeout_s=0.3) as client:
            answers = {
                to: await client.place(CallRequest(to=to, prompt="Speak to Ana.")) for to in NUMBERS
            }
        rang = {call.to for call in simulator.log().calls}
    for to, answer in answers.items():
        match answer:
            case TurnedAway():
                assert to not in rang
            case Ended() | Started():
                assert to in rang
            case _:
                assert isinstance(answer, Doubtful)
                assert FAULT_RULES[kind].rings is not Rings.NEVER or kind is FaultKind.DROP_BEFORE


@pytest.mark.parametrize("scenario", sorted(Scenario))
@pytest.mark.parametrize("generation", ["first", "second"])
async def test_every_end_is_understood_in_both_generations(
    scenario: Scenario, generation: str
) -> None:
    config = SimulatorConfig(
        speed=20_000,
        generation="first" if generation == "first" else "second",
        scenarios=Scenarios(((scenario, 1.0),)),
    )
    async with (
        running_simulator(config) as simulator,
        PokuClient("any", base_url=simulator.url) as client,
    ):
        answer = await client.place(CallRequest(to=NUMBERS[0], prompt="Speak to Ana."))
        if scenario is Scenario.UNROUTABLE or generation == "first":
            assert isinstance(answer, Ended)
        else:
            assert isinstance(answer, Started)
