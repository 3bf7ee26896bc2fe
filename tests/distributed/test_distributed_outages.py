"""Workers whose database is gone: what a call said is kept, whatever becomes of them."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.distributed.fleet import Fleet, fleet
from tests.postgresql import MISSING, Server, programs, server

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(programs() is None, reason=MISSING),
]


@pytest.fixture
def own_server() -> Iterator[Server]:
    with server() as made:
        yield made


def test_what_a_worker_could_not_write_is_in_a_file_once_it_must_leave(
    tmp_path: Path, own_server: Server
) -> None:
    with fleet(tmp_path, own_server, contacts=2, concurrency=2, span_s=(2, 2.5)) as made:
        worker = made.start_worker(2)
        run = made.start_run()
        made.wait_for_rings(2)
        own_server.stop()
        while time.time() < max(ring.end for ring in made.rings()) + 0.5:
            time.sleep(0.05)
        worker.send_signal(signal.SIGTERM)
        wait_until_said(made, "draining")
        assert worker.poll() is None, "it goes on to try"
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0, made.said()
        [rescued] = made.folder.glob("poku-batch-worker-*.rescued-*.jsonl")
        kept = [json.loads(line) for line in rescued.read_text().splitlines()]
        assert {(line["what"], line["said"]["summary"]) for line in kept} == {
            ("ended", told.text) for told in made.told()
        }
        assert {line["key"] for line in kept} == {"k0", "k1"}
        assert rescued.stat().st_mode & 0o777 == 0o600
        said = made.said()
        assert f"the ledger has not taken 2 results: kept in the file {rescued}" in said
        assert "Traceback" not in said, said
        run.kill()
        run.wait()
        own_server.start()


def wait_until_said(made: Fleet, what: str) -> None:
    give_up = time.monotonic() + 20
    while what not in made.said():
        assert time.monotonic() < give_up, made.said()
        time.sleep(0.05)
