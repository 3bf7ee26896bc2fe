"""A recording of a call that never was: a ring, then the murmur of two voices taking turns.

8 kHz, mono, 16 bits, a few seconds; the same interaction ID always gives the same bytes, so
nothing is stored. Making one takes some tens of milliseconds: keep it off the event loop.
"""

import array
import functools
import io
import math
import random
import sys
import wave

from poku_batch.simulator.chance import chance

RATE_HZ = 8_000
_RING_HZ = (440.0, 480.0)  # the ring-back tone of North America (ITU-T E.180)
_RING_S = 0.8
_VOICES_HZ = ((95.0, 135.0), (175.0, 235.0))


@functools.lru_cache(maxsize=32)
def recording(interaction_id: str) -> bytes:
    """Give the WAV file of an interaction; cached, since players ask for it range by range."""
    odds = chance("recording", interaction_id)
    samples = array.array("h", _ring())
    samples.extend([0] * (RATE_HZ // 4))
    voices = [odds.uniform(*pitch) for pitch in _VOICES_HZ]
    for turn in range(odds.randint(3, 5)):
        samples.extend(_murmur(odds, voices[turn % 2]))
        samples.extend([0] * int(RATE_HZ * odds.uniform(0.1, 0.25)))
    if sys.byteorder == "big":
        samples.byteswap()
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE_HZ)
        wav.writeframes(samples.tobytes())
    return file.getvalue()


def _ring() -> list[int]:
    step = 2 * math.pi / RATE_HZ
    low, high = _RING_HZ
    return [
        int(4_500 * (math.sin(low * step * n) + math.sin(high * step * n)))
        for n in range(int(RATE_HZ * _RING_S))
    ]


def _murmur(odds: random.Random, pitch_hz: float) -> list[int]:
    """Give one voice's turn: syllables, each a hum with two overtones that swells and fades."""
    samples: list[int] = []
    for _ in range(odds.randint(3, 6)):
        length = int(RATE_HZ * odds.uniform(0.09, 0.2))
        step = 2 * math.pi * pitch_hz * odds.uniform(0.88, 1.15) / RATE_HZ
        colour = odds.uniform(0.2, 0.8)
        samples.extend(
            int(
                5_000
                * math.sin(math.pi * n / length)
                * (
                    math.sin(step * n)
                    + colour * math.sin(3 * step * n)
                    + 0.3 * math.sin(5 * step * n)
                )
            )
            for n in range(length)
        )
    return samples
