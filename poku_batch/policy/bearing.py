"""How many calls the API bears of all workers together, as the ledger keeps it between looks.

The same window and circuit breaker as those of a run in one process. Workers tell what they were
answered; whoever admits asks. Times are seconds of one clock, the ledger's.
"""

import json
from collections.abc import Sequence
from typing import Any

from poku_batch.models import AdmissionRules, ApiNews, CallNews, Circuit, ContactId
from poku_batch.policy.breaker import Breaker, Tripped
from poku_batch.policy.window import Window


class Bearing:
    """What is known of the API; make it of what was kept, and keep it again."""

    def __init__(self, rules: AdmissionRules, kept: str | None) -> None:
        """Take the run's bounds, and what ``kept`` gave; None knows nothing yet."""
        known: dict[str, Any] = {} if kept is None else json.loads(kept)
        self._window = Window(rules.slots, ramp_up_s=0.0, started_s=0.0)
        self._window.recall(known.get("window"))
        self._breaker = Breaker.of(rules.breaker)
        if self._breaker is not None:
            self._breaker.recall(known.get("breaker"))
        self._tripped: dict[str, Any] | None = known.get("tripped")
        self._probe: list[float] | None = known.get("probe")
        self._slot_s = rules.slot.total_seconds()

    def kept(self) -> str:
        """All of it, as a text."""
        known = {
            "window": self._window.kept(),
            "breaker": None if self._breaker is None else self._breaker.kept(),
            "tripped": self._tripped,
            "probe": self._probe,
        }
        return json.dumps(known)

    def hear(self, news: ApiNews, now_s: float) -> Tripped | None:
        """Take what a worker was answered; gives what there is to tell if the breaker opens."""
        for age_s in news.turned_away:
            self._window.turned_away(now_s, placed_s=now_s - age_s)
        for _ in range(news.taken):
            self._window.taken(now_s)
        if self._breaker is None:
            return None
        # One that opens it is told of; those after it in the same breath change nothing.
        told = [self._judge(self._breaker, call, now_s) for call in news.calls]
        return next((tripped for tripped in told if tripped is not None), None)

    def slots(self, now_s: float) -> int:
        """How many slots the API bears."""
        return self._window.size(now_s)

    @property
    def probed(self) -> ContactId | None:
        """The contact whose call finds out whether the trouble is over."""
        return None if self._probe is None else ContactId(int(self._probe[0]))

    def miss_probe(self, now_s: float, *, given_back: bool) -> None:
        """Let another call find out where the one that was to will not say any more."""
        is_lost = self._probe is not None and now_s - self._probe[1] > self._slot_s
        if self._breaker is not None and (given_back or is_lost):
            self._breaker.no_probe()
            self._probe = None

    def most(self, wanted: int, now_s: float) -> int:
        """How many of the calls that there is room for may begin."""
        may = None if self._breaker is None else self._breaker.may_begin(now_s)
        return wanted if may is None else min(wanted, may)

    def chosen(self, chosen: Sequence[tuple[int, ContactId]], now_s: float) -> None:
        """These are about to be called: rows, and whose they are."""
        if self._breaker is None or not chosen or self._breaker.may_begin(now_s) is None:
            return
        row, contact = chosen[0]
        self._breaker.probe(row)
        self._probe = [contact, now_s]

    def circuit(self) -> Circuit | None:
        """How the breaker stands; None while calls begin as they are due."""
        return (
            None
            if self._tripped is None
            else Circuit(
                until_s=self._tripped["until_s"],
                why=self._tripped["why"],
                calls=tuple((row, what) for row, what in self._tripped["calls"]),
                final=self._tripped["final"],
                probing=self._probe is not None,
            )
        )

    def _judge(self, breaker: Breaker, call: CallNews, now_s: float) -> Tripped | None:
        if call.bad is None:
            if breaker.probes(call.row):
                breaker.no_probe()
                self._probe = None
            return None
        was_probe = breaker.probes(call.row)
        tripped = breaker.note(call.row, call.what, bad=call.bad, now_s=now_s)
        if was_probe:
            self._probe = self._tripped = None
        if tripped is not None:
            self._tripped = {
                "until_s": tripped.until_s,
                "why": tripped.why,
                "calls": tripped.calls,
                "final": tripped.final,
            }
        return tripped
