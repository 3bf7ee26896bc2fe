"""How often a wrong token may be tried.

Invariant: memory is bounded, whoever tries and from however many addresses.
"""

import ipaddress
from collections import OrderedDict, deque
from collections.abc import Callable

#: Wrong tries within ``WINDOW_S`` seconds: from one address, and from all of them.
PER_ADDRESS = 5
IN_ALL = 20
WINDOW_S = 60.0

_MOST_ADDRESSES = 1_024


class Tries:
    """The wrong tries of the last minute.

    An address is an IPv4 address or the /64 of an IPv6 one, which is what one subscriber has.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._all: deque[float] = deque(maxlen=IN_ALL)
        self._by_address: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Seconds until this address may try again; 0 for now."""
        own = self._by_address.get(_subscriber(address), deque[float](maxlen=PER_ADDRESS))
        return max(self._left(own), self._left(self._all))

    def wrong(self, address: str) -> None:
        """Remember a wrong try."""
        now = self._monotonic()
        key = _subscriber(address)
        own = self._by_address.setdefault(key, deque(maxlen=PER_ADDRESS))
        self._by_address.move_to_end(key)
        own.append(now)
        self._all.append(now)
        while len(self._by_address) > _MOST_ADDRESSES:
            self._by_address.popitem(last=False)

    def _left(self, tries: deque[float]) -> float:
        """Full, and its oldest within the window: as long as that one stays there."""
        if len(tries) < (tries.maxlen or 0):
            return 0.0
        return max(0.0, tries[0] + WINDOW_S - self._monotonic())


def _subscriber(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((int(found) & ~(2**64 - 1), 64)))
