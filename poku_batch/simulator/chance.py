"""Seeded chance that is the same on every machine, in every process and in any order.

Every decision draws from a generator of its own, seeded by what the decision is about. So the fate
of one call never depends on which calls came before it. ``hash()`` is salted per process and is
not used.
"""

import hashlib
import random


def chance(*about: str | int) -> random.Random:
    """Give the generator that belongs to ``about``; equal arguments give equal draws."""
    text = "\x1f".join(map(str, about)).encode("utf-8", "surrogatepass")
    return random.Random(int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "big"))
