"""The simulator reads summaries in a model's place, by the JSON Schema of the request alone."""

import json
import ssl
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import jsonschema_rs
import pytest

from poku_batch.campaign import OutcomesBy, ReadField
from poku_batch.chat import ChatReader
from poku_batch.clock import SystemClock
from poku_batch.models import Ended
from poku_batch.policy.readings import Asked, asked_of, schema_of
from poku_batch.ports import SummaryReading
from poku_batch.simulator import Faults, Scenario, SimulatorConfig, start_simulator
from poku_batch.simulator.summaries import summarise

pytestmark = pytest.mark.anyio

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
AT = datetime(2031, 5, 6, 12, tzinfo=UTC)
FIELDS = {
    "new_date": ReadField(kind="date"),
    "guests": ReadField(kind="integer"),
    "price": ReadField(kind="number"),
    "transferred": ReadField(kind="boolean"),
    "mood": ReadField(kind="choice", choices=("good", "bad")),
    "note": ReadField(),
}
OWN = {"confirmed": ["confirmed"], "rescheduled": ["rescheduled"]}
ASKED = asked_of(OutcomesBy(model="any", fields=FIELDS), OWN)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    # Faults strike calls alone.
    config = SimulatorConfig(seed=7, faults=Faults.parse("500=1"))
    simulator = start_simulator(config)
    yield simulator.url
    simulator.stop()


def summaries(scenario: Scenario, count: int = 8) -> list[str]:
    prompt = "You are calling Maria Lopez about her appointment on 3 May at 10 am."
    found = [
        summarise(scenario, prompt=prompt, seed=n, to="+14155550100", attempt=1, transferred=True)
        for n in range(count)
    ]
    return [text for text in found if text is not None]


async def read(url: str, summary: str, *, asked: Asked = ASKED) -> SummaryReading:
    reader = ChatReader("any", base_url=f"{url}/v1", asked=asked, clock=SystemClock())
    async with reader:
        reading = await reader.read(Ended(summary=summary), ended_at=AT)
    assert isinstance(reading, SummaryReading)
    return reading


@pytest.mark.parametrize(
    ("scenario", "outcome"),
    [
        (Scenario.CONFIRMED, "confirmed"),
        (Scenario.RESCHEDULED, "rescheduled"),
        (Scenario.VOICEMAIL, "voicemail"),
        (Scenario.WRONG_NUMBER, "wrong_number"),
        (Scenario.DO_NOT_CALL, "do_not_call"),
        (Scenario.DECLINED, "declined"),
        (Scenario.BUSY, "busy"),
        (Scenario.HUMAN, "completed"),
    ],
)
async def test_what_the_simulator_writes_is_read_as_what_it_played(
    url: str, scenario: Scenario, outcome: str
) -> None:
    for summary in set(summaries(scenario)):
        reading = await read(url, summary)
        assert reading.outcome == outcome
        assert reading.evidence is not None
        assert reading.evidence in summary


async def test_fields_are_of_their_kinds_and_dates_in_the_weeks_after_the_call(url: str) -> None:
    readings = [await read(url, f"Call {n} was confirmed.") for n in range(30)]
    expected: dict[str, set[type]] = {
        "new_date": {str},
        "guests": {int},
        "price": {float},
        "transferred": {bool},
        "mood": {str},
        "note": {str},
    }
    for name, kinds in expected.items():
        values = [reading.fields[name] for reading in readings]
        assert {type(value) for value in values} == kinds | {type(None)}
        assert len(set(values)) > 2
    for reading in readings:
        if isinstance(day := reading.fields["new_date"], str):
            assert timedelta() < date.fromisoformat(day) - AT.date() <= timedelta(days=28)


async def test_equal_questions_get_equal_answers(url: str) -> None:
    summary = summaries(Scenario.RESCHEDULED)[0]
    assert await read(url, summary) == await read(url, summary)
    other = start_simulator(SimulatorConfig(seed=8))
    try:
        assert (await read(other.url, summary)).fields != (await read(url, summary)).fields
    finally:
        other.stop()


async def test_labels_that_no_rule_knows_are_drawn(url: str) -> None:
    asked = Asked(labels={"sold": "", "interested": "", "lost": ""})
    drawn = {(await read(url, f"Call {n} went on.", asked=asked)).outcome for n in range(20)}
    assert drawn == set(asked.labels)
    said = await read(url, "She was not Interested at all.", asked=asked)
    assert said.outcome == "interested"


def question(schema: Any = None, text: Any = "It went well.") -> dict[str, Any]:
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    return {"model": "m", "messages": [{"role": "user", "content": text}], "response_format": form}


@pytest.mark.parametrize("key", [None, "any", "sk-whatever"])
async def test_any_key_is_taken_and_the_answer_fits_the_schema(url: str, key: str | None) -> None:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    schema = schema_of(ASKED)
    checker = jsonschema_rs.validator_for(schema, validate_formats=True)
    async with httpx.AsyncClient(verify=NO_TLS, headers=headers) as client:
        answer = await client.post(f"{url}/v1/chat/completions", json=question(schema))
    body = answer.json()
    assert (answer.status_code, body["object"]) == (200, "chat.completion")
    assert body["choices"][0]["finish_reason"] == "stop"
    assert checker.is_valid(json.loads(body["choices"][0]["message"]["content"]))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({}, "response_format of json_schema"),
        ([], "response_format of json_schema"),
        ({**question({}), "response_format": {"type": "json_object"}}, "response_format"),
        (question("no schema"), "response_format"),
        ({**question({}), "messages": []}, "messages must be"),
        ({**question({}), "messages": "text"}, "messages must be"),
        (question({}, text=None), "messages must be"),
    ],
)
async def test_a_question_that_cannot_be_answered_is_refused_with_the_reason(
    url: str, body: object, why: str
) -> None:
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        answer = await client.post(f"{url}/v1/chat/completions", json=body)
    assert answer.status_code == 400
    assert why in answer.json()["error"]


async def test_it_is_no_part_of_pokus_api_nor_of_the_log(url: str) -> None:
    await read(url, "It went well.")
    async with httpx.AsyncClient(verify=NO_TLS) as client:
        assert (
            "/v1/chat/completions" not in (await client.get(f"{url}/openapi.json")).json()["paths"]
        )
        log = (await client.get(f"{url}/log")).json()
        assert "/v1/chat/completions" in (await client.get(url)).text
    assert log["calls"] == []
    assert log["requests"] == 0
