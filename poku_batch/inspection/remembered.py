"""Pairs of numbers in little memory: 16 bytes a place, where a dict of them takes over 100 a pair.

A hash table with open addressing (linear probing), of which at most half is taken. Source of the
multiplier: Knuth, The Art of Computer Programming 3, 6.4 (2^64 divided by the golden ratio).
"""

from array import array

_MULTIPLIER = 0x9E37_79B9_7F4A_7C15
_ALL_BITS = 0xFFFF_FFFF_FFFF_FFFF
_FIRST_BITS = 10


class Remembered:
    """The first value of each key, for as many keys as there is room for.

    Keys are from 1 to 2**64 - 1, values from 0 to 2**64 - 1.
    """

    def __init__(self, most: int) -> None:
        """Remember up to ``most`` keys."""
        self._most = most
        self._count = 0
        self._clear(_FIRST_BITS)

    def first(self, key: int, value: int) -> int | None:
        """The value that the key had first; None if that is now, and it is remembered from now."""
        keys, mask = self._keys, self._mask
        at = (key * _MULTIPLIER & _ALL_BITS) >> self._shift
        while (found := keys[at]) != key:
            if not found:
                self._add(at, key, value)
                return None
            at = (at + 1) & mask
        return self._values[at]

    def _add(self, at: int, key: int, value: int) -> None:
        if self._count >= self._most:
            return
        self._keys[at], self._values[at] = key, value
        self._count += 1
        if self._count * 2 > self._mask:
            self._grow()

    def _grow(self) -> None:
        keys, values = self._keys, self._values
        # By four, since the old places are there until all are moved.
        self._clear(64 - self._shift + 2)
        self._count = 0
        for key, value in zip(keys, values, strict=True):
            if key:
                self.first(key, value)

    def _clear(self, bits: int) -> None:
        self._shift, self._mask = 64 - bits, (1 << bits) - 1
        self._keys = array("Q", (0,)) * (1 << bits)
        self._values = array("Q", (0,)) * (1 << bits)
