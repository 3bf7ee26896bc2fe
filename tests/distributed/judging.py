"""Whether the promises were kept: the API's record held against the ledger's, and the results'.

Every function gives faults, in words. ``Evidence`` is all that is known of a campaign at its end;
``Blow`` is one that the harness struck at it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from tests.distributed.fleet import Ring, Told, live_at, most_live
from tests.distributed.record import Attempt, Contact

#: What was told to a worker so long before it was struck may not be in the ledger yet, in seconds.
_GRACE_S = 5.0

#: By how much the workers' time may differ from that of the record, in seconds.
_CLOCKS_S = 1.0

#: So long after its intent was recorded no call begins, in seconds: what its slot is kept for.
_INTENT_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """What was struck at ``at``: all, or one worker, which was itself again at ``until``, or never.

    ``answers``: whether the worker heard the API's answers meanwhile.
    """

    what: str
    at: float
    worker: str | None = None
    until: float | None = None
    answers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that is known; ``names`` has the workers by their processes, ``sheet`` the rows' keys."""

    mode: str
    concurrency: int
    redials: int
    rings: list[Ring]
    told: list[Told]
    attempts: list[Attempt]
    contacts: dict[str, Contact]
    sheet: list[str]
    rows: list[dict[str, str]]
    names: dict[int, str]
    blows: list[Blow]
    code: int
    ending: str | None


def faults(evidence: Evidence) -> list[str]:
    """What was promised and was not so."""
    return [
        fault
        for judge in (twice, lost, too_many, unexplained, wrong_results, wrong_end)
        for fault in judge(evidence)
    ]


def twice(evidence: Evidence) -> Iterator[str]:
    """Nobody rings more often than there are attempts, and no more of these than are allowed."""
    attempts = Counter(attempt.key for attempt in evidence.attempts)
    for key, rang in Counter(ring.key for ring in evidence.rings).items():
        if rang > attempts[key]:
            yield f"called twice: {key} rang {rang} times by {attempts[key]} attempts"
    ended = {(a.key, a.number): a.summary or "" for a in evidence.attempts if a.state == "ended"}
    for key, count in attempts.items():
        if count > evidence.redials:
            yield f"called twice: {key} has {count} attempts of {evidence.redials}"
        for number in range(1, count):
            if not ended.get((key, number), "").startswith("Nobody answered"):
                yield f"called twice: {key} had no redial coming after attempt {number}"


def lost(evidence: Evidence) -> Iterator[str]:
    """Every contact has an end, every ring an attempt, and what was told is known."""
    for key in evidence.sheet:
        contact = evidence.contacts.get(key)
        if contact is None or contact.state not in ("done", "unknown") or contact.is_reserved:
            yield f"lost: {key} ends as {contact}"
    for attempt in evidence.attempts:
        if attempt.state == "unknown" and not attempt.why:
            yield f"lost: {attempt.key} is unknown, and nobody knows why"
        if attempt.state not in ("ended", "unknown"):
            yield f"lost: an attempt of {attempt.key} ends as {attempt.state}"
    yield from _lost_rings(evidence)
    yield from _lost_words(evidence)


def _lost_rings(evidence: Evidence) -> Iterator[str]:
    known = {attempt.id for attempt in evidence.attempts if attempt.id}
    rung = {ring.id: ring.key for ring in evidence.rings}
    doubted = Counter(a.key for a in evidence.attempts if a.state == "unknown" and not a.id)
    for key, count in Counter(r.key for r in evidence.rings if r.id not in known).items():
        if count > doubted[key]:
            yield f"lost: {key} rang {count} times of which the ledger knows nothing"
    for attempt in evidence.attempts:
        if attempt.id and rung.get(attempt.id) != attempt.key:
            yield f"lost: {attempt.key} has the call {attempt.id}, which is another's"


def _lost_words(evidence: Evidence) -> Iterator[str]:
    summaries = {attempt.id: attempt.summary for attempt in evidence.attempts if attempt.id}
    for told in evidence.told:
        found = summaries.get(told.id)
        if found is not None and found != told.text:
            yield f"lost: {told.key} said {told.text!r}, and the ledger has {found!r}"
        # An ID outlives the worker: another one asks.
        if found is None and (evidence.mode == "poll" or not _struck(evidence, told)):
            yield f"lost: {told.worker} was told what {told.key} said, and the ledger was not"
    texts = {told.id for told in evidence.told}
    for attempt in evidence.attempts:
        if attempt.state == "ended" and attempt.id not in texts:
            yield f"lost: {attempt.key} ended, and nobody was told so"


def _struck(evidence: Evidence, told: Told) -> Blow | None:
    """What kept a worker from writing what it was told, if anything."""
    for blow in evidence.blows:
        if blow.worker != told.worker or told.at < blow.at - _GRACE_S or blow.answers:
            continue
        if blow.until is None or told.at <= blow.until + _GRACE_S:
            return blow
    return None


def too_many(evidence: Evidence) -> Iterator[str]:
    """Never more than the limit were live, and nobody rang by an intent of long ago."""
    began = {attempt.id: attempt.placed_at for attempt in evidence.attempts if attempt.id}
    for ring in evidence.rings:
        if ring.start - began.get(ring.id, ring.start) > _INTENT_S:
            yield f"{ring.key} rang {ring.start - began[ring.id]:.0f} s after the intent to call"
    most = most_live(evidence.rings)
    if most > evidence.concurrency:
        yield f"{most} of {evidence.concurrency} were live at once"


def unexplained(evidence: Evidence) -> Iterator[str]:
    """Whoever is unknown was in flight when a worker was struck: no more than those, at no time."""
    unknown = [attempt for attempt in evidence.attempts if attempt.state == "unknown"]
    for attempt in unknown:
        if not any(_explains(evidence, blow, attempt) for blow in evidence.blows):
            name = evidence.names.get(attempt.pid or 0)
            struck = [
                round(b.at - attempt.placed_at, 1) for b in evidence.blows if b.worker == name
            ]
            yield (
                f"{attempt.key} is unknown for no reason: {attempt.why} ({name} was struck so many "
                f"seconds after it began: {struck})"
            )
    open_, never_rang = in_flight(evidence), _never_rang(evidence)
    if len(unknown) - never_rang > open_:
        yield f"{len(unknown) - never_rang} unknown of {open_} in flight"


def _explains(evidence: Evidence, blow: Blow, attempt: Attempt) -> bool:
    worker = evidence.names.get(attempt.pid or 0)
    if blow.what in ("restart", "outage"):
        return _cut_off(evidence, blow, attempt)
    if blow.worker is None or blow.worker != worker:
        return False
    if attempt.placed_at > (blow.until or blow.at) + _CLOCKS_S:
        return False
    rung = [r for r in evidence.rings if r.key == attempt.key and r.worker == worker]
    # One that is polled has its ID a moment after its beginning, and is followed by others then.
    return not rung or _doubtful_until(evidence, rung[-1]) > blow.at - _GRACE_S


def _cut_off(evidence: Evidence, blow: Blow, attempt: Attempt) -> bool:
    """Whether a database that crashed may have left it open whether the intent was written."""
    rang = any(ring.key == attempt.key for ring in evidence.rings)
    return not rang and abs(attempt.placed_at - blow.at) < _GRACE_S


def _doubtful_until(evidence: Evidence, ring: Ring) -> float:
    return ring.start if evidence.mode == "poll" else ring.end


def in_flight(evidence: Evidence) -> int:
    """How many calls were live, or had just been, of each worker when it was struck."""
    rings: dict[str, list[Ring]] = defaultdict(list)
    for ring in evidence.rings:
        rings[ring.worker].append(ring)
    count = 0
    for blow in evidence.blows:
        if blow.worker is not None:
            mine, until = rings[blow.worker], blow.until or blow.at
            count += live_at(mine, blow.at)
            count += sum(blow.at - _GRACE_S < ring.end <= blow.at for ring in mine)
            count += sum(blow.at < ring.start <= until for ring in mine)
    return count


def _never_rang(evidence: Evidence) -> int:
    rang = {ring.key for ring in evidence.rings}
    return sum(a.state == "unknown" and a.key not in rang for a in evidence.attempts)


def wrong_results(evidence: Evidence) -> Iterator[str]:
    """The sheet comes back in order, with what the ledger knows of each contact's last call."""
    if [row["id"] for row in evidence.rows] != evidence.sheet:
        yield "the rows of the results are not those of the sheet"
    last = {attempt.key: attempt for attempt in evidence.attempts}
    for row in evidence.rows:
        contact, attempt = evidence.contacts.get(row["id"]), last.get(row["id"])
        if contact is None or attempt is None:
            yield f"the results have {row['id']}, of whom the ledger knows no call"
            continue
        found = (row["call_status"], row["call_summary"], row["call_attempts"])
        known = (contact.state, attempt.summary or "", str(attempt.number))
        if found != known:
            yield f"the results have {found} of {row['id']}, the ledger {known}"
        if contact.state == "unknown" and not row["call_error"]:
            yield f"the results do not say why {row['id']} is unknown"


def wrong_end(evidence: Evidence) -> Iterator[str]:
    """The watcher ends as it should: 3 where somebody is unknown."""
    some = any(contact.state == "unknown" for contact in evidence.contacts.values())
    if evidence.code != (3 if some else 0):
        yield f"left with {evidence.code} where {'some are' if some else 'nobody is'} unknown"
    if evidence.ending != "finished":
        yield f"the run ended as {evidence.ending}"
