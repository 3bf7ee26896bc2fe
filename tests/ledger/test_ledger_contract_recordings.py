"""Local copies of recordings: the contract of ``ports.Recordings``."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from poku_batch.ledger import SqlLedger, erase, forget_ledger, inspect, open_ledger
from poku_batch.models import (
    AttemptId,
    CallResult,
    CampaignId,
    Claim,
    InteractionId,
    KeptRecording,
    MissingRecording,
    RecordingCounts,
    RunEnding,
    WantedRecording,
)
from tests.ledger.ledger_clinic import CLINIC, LATER, NOW, OTHER, dial, enrol
from tests.ledger.ledger_raw import raw

pytestmark = pytest.mark.anyio

SHA = "a" * 64


@pytest.fixture
async def ledger(ledger_url: str) -> AsyncIterator[SqlLedger]:
    async with open_ledger(ledger_url) as opened:
        yield opened


async def recorded(
    ledger: SqlLedger, keys: str = "k2 k3", *, campaign: CampaignId = CLINIC
) -> list[AttemptId]:
    """Calls that ended with a recording each, in this order; k9 has none."""
    await enrol(ledger, 8, campaign=campaign)
    run = await ledger.open_run(campaign, at=NOW)
    attempts = []
    for key in [*keys.split(), "k9"]:
        attempt = await dial(run, key)
        url = None if key == "k9" else f"https://r.test/{key}.wav?token=SECRET"
        await run.started(attempt, InteractionId(f"i-{key}"), at=NOW)
        await run.finish(attempt, CallResult(outcome="completed", recording_url=url), at=NOW)
        attempts.append(attempt)
    await run.close(RunEnding.FINISHED, at=NOW)
    return attempts[:-1]


async def wanted(ledger: SqlLedger, campaign: CampaignId = CLINIC) -> list[WantedRecording]:
    return [each async for batch in ledger.recordings.wanted(campaign, batch=1) for each in batch]


def copy(folder: Path, name: str = "k2-1.wav") -> KeptRecording:
    return KeptRecording(file=folder / name, size=10, sha256=SHA, at=NOW)


async def test_ended_calls_with_an_address_are_wanted_in_order(ledger: SqlLedger) -> None:
    first, second = await recorded(ledger)
    assert await wanted(ledger) == [
        WantedRecording(
            attempt_id=attempt,
            row=n,
            key=f"k{n}",  # type: ignore[arg-type]
            attempt=1,
            url=f"https://r.test/k{n}.wav?token=SECRET",
            interaction_id=InteractionId(f"i-k{n}"),
        )
        for attempt, n in ((first, 2), (second, 3))
    ]
    assert await wanted(ledger, OTHER) == []
    assert await ledger.recordings.counts(CLINIC) == RecordingCounts(untried=2)
    assert await ledger.recordings.of_attempt(first) is None


async def test_those_of_some_contacts_are_found_by_key(ledger: SqlLedger) -> None:
    _, second = await recorded(ledger)
    found = await ledger.recordings.wanted_of(CLINIC, ["k3", "k9", "nobody"])
    assert [each.attempt_id for each in found] == [second]
    many = await ledger.recordings.wanted_of(CLINIC, [f"k{n}" for n in range(1_200)])
    assert len(many) == 2


async def test_a_kept_copy_is_wanted_no_more(ledger: SqlLedger, tmp_path: Path) -> None:
    first, second = await recorded(ledger)
    assert await ledger.recordings.keep(first, copy(tmp_path))
    assert [each.attempt_id for each in await wanted(ledger)] == [second]
    assert await ledger.recordings.of_attempt(first) == copy(tmp_path)
    ((known, kept),) = [each async for batch in ledger.recordings.kept(CLINIC) for each in batch]
    assert (known.attempt_id, known.place, kept) == (first, copy(tmp_path).file, copy(tmp_path))
    assert await ledger.recordings.counts(CLINIC) == RecordingCounts(kept=1, untried=1)


async def test_a_place_is_recorded_before_anything_lies_there(
    ledger: SqlLedger, tmp_path: Path
) -> None:
    first, second = await recorded(ledger)
    place = tmp_path / "a.wav"
    assert await ledger.recordings.begin(first, place, at=NOW) is Claim.CLAIMED
    assert await ledger.recordings.begin(first, place, at=NOW) is Claim.CLAIMED
    assert await ledger.recordings.begin(second, place, at=NOW) is Claim.TAKEN
    assert [(each.place, each.tries) for each in await wanted(ledger)] == [(place, 0), (None, 0)]
    assert await ledger.recordings.counts(CLINIC) == RecordingCounts(untried=2)
    other = tmp_path / "b.wav"
    assert await ledger.recordings.begin(first, other, at=NOW) is Claim.CLAIMED
    assert await ledger.recordings.begin(second, place, at=NOW) is Claim.CLAIMED


async def test_failures_are_counted_and_the_last_reason_stands(
    ledger: SqlLedger, tmp_path: Path
) -> None:
    first, _ = await recorded(ledger)
    await ledger.recordings.miss(first, "HTTP 404", at=NOW)
    await ledger.recordings.miss(first, "HTTP 410", at=LATER, place=tmp_path / "a.wav")
    assert await ledger.recordings.of_attempt(first) == MissingRecording(
        why="HTTP 410", tries=2, at=LATER
    )
    missed = (await wanted(ledger))[0]
    assert (missed.tries, missed.why, missed.place) == (2, "HTTP 410", tmp_path / "a.wav")
    assert await ledger.recordings.counts(CLINIC) == RecordingCounts(missing=1, untried=1)
    await ledger.recordings.miss(first, "HTTP 404", at=LATER)
    assert (await wanted(ledger))[0].place is None


async def test_a_failure_does_not_undo_a_kept_copy(ledger: SqlLedger, tmp_path: Path) -> None:
    first, _ = await recorded(ledger)
    await ledger.recordings.keep(first, copy(tmp_path))
    await ledger.recordings.miss(first, "late", at=LATER)
    assert await ledger.recordings.begin(first, tmp_path / "b.wav", at=LATER) is Claim.CLAIMED
    assert await ledger.recordings.of_attempt(first) == copy(tmp_path)


async def test_a_lost_copy_is_wanted_again_at_its_place(ledger: SqlLedger, tmp_path: Path) -> None:
    first, _ = await recorded(ledger)
    await ledger.recordings.lose(first, "never there", at=LATER)
    assert await ledger.recordings.of_attempt(first) is None
    await ledger.recordings.keep(first, copy(tmp_path))
    await ledger.recordings.lose(first, "gone", at=LATER)
    lost = (await wanted(ledger))[0]
    assert (lost.attempt_id, lost.place, lost.why) == (first, copy(tmp_path).file, "gone")


# --- erasing -----------------------------------------------------------------------------------


def files(place: Path) -> list[Path]:
    """What may lie at a place and beside it."""
    return [place, Path(f"{place}.part"), Path(f"{place}.part.json")]


async def test_erasing_a_person_deletes_what_lies_at_their_places(
    tmp_path: Path, ledger_url: str
) -> None:
    async with open_ledger(ledger_url) as ledger:
        first, second, third = await recorded(ledger, "k2 k3 k4")
        folder = tmp_path / "copies"
        folder.mkdir()
        await ledger.recordings.keep(first, copy(folder, "k2.wav"))
        await ledger.recordings.begin(second, folder / "k3.wav", at=NOW)
        await ledger.recordings.keep(third, copy(folder, "k4.wav"))
    for name in ("k2.wav", "k3.wav"):
        for path in files(folder / name):
            path.write_bytes(b"voice")
    (folder / "k5.wav").write_bytes(b"another's")

    erased = [
        erase(ledger_url, number, keep_hash=False, by="ann", at=NOW)
        for number in ("+2", "+3", "+4")
    ]
    assert [(each.recordings, each.absent) for each in erased] == [(1, 0), (1, 0), (0, 1)]
    assert [path.name for path in folder.iterdir()] == ["k5.wav"]
    async with open_ledger(ledger_url) as ledger:
        for attempt in (first, second, third):
            assert await ledger.recordings.of_attempt(attempt) is None
            assert await ledger.recordings.begin(attempt, folder / "x", at=NOW) is Claim.ERASED
            assert not await ledger.recordings.keep(attempt, copy(folder))
            await ledger.recordings.miss(attempt, "late", at=NOW)
            assert await ledger.recordings.of_attempt(attempt) is None
    assert inspect(ledger_url).problems == ()


async def test_files_go_before_the_rows_that_name_them(
    tmp_path: Path, ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_ledger(ledger_url) as ledger:
        (first,) = await recorded(ledger, "k2")
        await ledger.recordings.keep(first, copy(tmp_path, "k2.wav"))
    (tmp_path / "k2.wav").write_bytes(b"voice")

    class PulledError(Exception):
        pass

    def pull_the_plug(*_: object) -> None:
        raise PulledError

    with monkeypatch.context() as patched:
        patched.setattr("poku_batch.ledger.copies.sync_folder", pull_the_plug)
        with pytest.raises(PulledError):
            erase(ledger_url, "+2", keep_hash=False, by="ann", at=NOW)
    (tmp_path / "k2.wav.part").write_bytes(b"a power cut brought this back")
    erased = erase(ledger_url, "+2", keep_hash=False, by="ann", at=NOW)
    assert (erased.contacts, erased.recordings) == (1, 1)
    assert not (tmp_path / "k2.wav.part").exists()


async def test_what_cannot_be_deleted_keeps_the_person(tmp_path: Path, ledger_url: str) -> None:
    from poku_batch.errors import LedgerError

    async with open_ledger(ledger_url) as ledger:
        (first,) = await recorded(ledger, "k2")
        await ledger.recordings.keep(first, copy(tmp_path, "k2.wav"))
    (tmp_path / "k2.wav").mkdir()
    with pytest.raises(LedgerError, match=r"k2\.wav: this recording cannot be deleted"):
        erase(ledger_url, "+2", keep_hash=False, by="ann", at=NOW)
    async with open_ledger(ledger_url) as ledger:
        assert await ledger.recordings.of_attempt(first) == copy(tmp_path, "k2.wav")
        assert await ledger.contact(CLINIC, "k2")


async def test_a_forgotten_ledger_takes_its_copies_along(tmp_path: Path) -> None:
    async with open_ledger(tmp_path / "ledger.db") as ledger:
        (first,) = await recorded(ledger, "k2")
        await ledger.recordings.keep(first, copy(tmp_path, "k2.wav"))
    (tmp_path / "k2.wav").write_bytes(b"voice")
    (tmp_path / "other.wav").write_bytes(b"another's")
    forget_ledger(tmp_path / "ledger.db")
    assert not (tmp_path / "k2.wav").exists()
    assert (tmp_path / "other.wav").exists()


async def test_a_row_that_does_not_fit_is_found(
    ledger: SqlLedger, ledger_url: str, tmp_path: Path
) -> None:
    first, second = await recorded(ledger)
    await ledger.recordings.keep(first, copy(tmp_path))
    assert inspect(ledger_url).problems == ()
    with raw(ledger_url) as connection:
        connection.execute("UPDATE recordings SET sha256 = 'x'")
        connection.execute(
            "INSERT INTO recordings (attempt_id, state, why, at) VALUES (?, 'missing', 'x', 0)",
            (second,),
        )
        connection.execute(
            "UPDATE answers SET recording_url = NULL WHERE attempt_id = ?", (second,)
        )
    assert [problem.what.split(": ")[1] for problem in inspect(ledger_url).problems] == [
        "a local copy is recorded of a call that has no recording (attempt 1)",
        "the local copy of a recording has a place that is not its own (attempt 1)",
    ]


async def test_time_is_kept_to_the_microsecond(ledger: SqlLedger, tmp_path: Path) -> None:
    first, _ = await recorded(ledger)
    at = NOW + timedelta(microseconds=1)
    kept = KeptRecording(file=tmp_path / "a.wav", size=1, sha256=SHA, at=at)
    await ledger.recordings.keep(first, kept)
    assert await ledger.recordings.of_attempt(first) == kept
