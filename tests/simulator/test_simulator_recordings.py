"""Recordings are playable, and a browser can seek in them."""

import io
import wave
from array import array

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.simulator import Scenarios, SimulatorConfig, running_simulator
from poku_batch.simulator.ranges import requested_range
from poku_batch.simulator.recording import RATE_HZ, recording

KEY = {"Authorization": "Bearer any"}


def test_a_recording_is_a_few_seconds_of_sound() -> None:
    with wave.open(io.BytesIO(recording("one")), "rb") as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (1, 2, RATE_HZ)
        assert 2 < wav.getnframes() / RATE_HZ < 10
        samples = array("h", wav.readframes(wav.getnframes()))
    assert max(samples) > 5_000
    assert len(set(samples)) > 1_000


def test_each_interaction_has_a_recording_of_its_own() -> None:
    assert recording("one") != recording("two")
    first = recording("one")
    recording.cache_clear()
    assert recording("one") == first


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("", None),
        ("bytes=0-9", range(10)),
        ("Bytes = 5-", range(5, 100)),
        ("bytes=-10", range(90, 100)),
        ("bytes=-1000", range(100)),
        ("bytes=90-200", range(90, 100)),
        ("bytes=100-", range(0)),
        ("bytes=-0", range(0)),
        ("bytes=9-5", None),
        ("bytes=0-1,4-5", None),
        ("bytes=-", None),
        ("items=0-9", None),
        ("bytes=٣-٤", None),
        ("bytes=0-" + "9" * 5_000, None),
    ],
)
def test_ranges_are_read_as_rfc_9110_says(header: str | None, expected: range | None) -> None:
    asked = requested_range(header, 100)
    if not expected:
        assert asked == expected
    else:
        assert asked is not None
        assert list(asked) == list(expected)


@given(st.text(max_size=20) | st.from_regex(r"bytes=[0-9]{0,5}-[0-9]{0,5}"), st.integers(1, 999))
def test_a_range_never_leaves_the_recording(header: str, size: int) -> None:
    asked = requested_range(header, size)
    if asked:
        assert 0 <= asked.start < asked.stop <= size


@pytest.mark.anyio
async def test_a_recording_is_served_whole_in_part_and_as_a_head() -> None:
    config = SimulatorConfig(speed=10_000, scenarios=Scenarios.parse("confirmed=1"))
    async with running_simulator(config) as simulator, httpx.AsyncClient() as client:
        body = {"prompt": "Say hello", "to": "+14155550100"}
        answer = await client.post(f"{simulator.url}/calls", json=body, headers=KEY)
        url = answer.json()["call"]["recordingUrl"]
        assert url == f"{simulator.url}/recordings/{answer.json()['interactionId']}.wav"

        whole = await client.get(url)
        assert whole.status_code == 200
        assert whole.headers["content-type"] == "audio/wav"
        assert whole.headers["accept-ranges"] == "bytes"
        wave.open(io.BytesIO(whole.content), "rb").close()

        head = await client.head(url)
        assert head.status_code == 200
        assert head.content == b""
        assert head.headers["content-length"] == str(len(whole.content))

        part = await client.get(url, headers={"Range": "bytes=44-143"})
        assert part.status_code == 206
        assert part.content == whole.content[44:144]
        assert part.headers["content-range"] == f"bytes 44-143/{len(whole.content)}"

        beyond = await client.get(url, headers={"Range": "bytes=99999999-"})
        assert beyond.status_code == 416
        assert beyond.headers["content-range"] == f"bytes */{len(whole.content)}"

        assert (await client.get(f"{simulator.url}/recordings/none.wav")).status_code == 404
