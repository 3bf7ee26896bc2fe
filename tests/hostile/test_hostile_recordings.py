"""The disk of the recordings full: calls go on, and what is missing comes later."""

import pytest

from tests.cli.recording_host import hosting
from tests.hostile.small_disk import SmallDisk
from tests.program import Folder
from tests.recordings.recordings_world import wav
from tests.standin import StandIn, numbers


@pytest.mark.parametrize("beside", [True, False], ids=["beside a run", "by the command"])
def test_a_full_disk_is_told_and_nobody_is_called_less(
    served: Folder,
    standin: StandIn,
    disk: SmallDisk,
    monkeypatch: pytest.MonkeyPatch,
    beside: bool,
) -> None:
    copies = disk.path / "copies"
    copies.mkdir()
    served.people(numbers(5))
    with hosting() as host:
        host.default = wav(200_000)
        monkeypatch.setattr("tests.standin.recording", lambda to: f"{host.url}/{to[1:]}.wav")
        if beside:
            served.write(output={"file": "out.csv", "recordings": str(copies)})
        disk.fill()
        ended = served.run()
        assert ended.code == 0, ended
        assert served.states() == ["done"] * 5
        assert standin.numbers == numbers(5)
        if not beside:
            ended = served.do("recordings", copies)
            assert ended.code == 3, ended
        assert "No space left on device" in ended.err
        assert not [path for path in copies.iterdir() if path.suffix == ".wav"]
        disk.free()
        assert served.do("recordings", copies).code == 0
    assert len([path for path in copies.iterdir() if path.suffix == ".wav"]) == 5
    assert not list(copies.glob("*.part*"))
