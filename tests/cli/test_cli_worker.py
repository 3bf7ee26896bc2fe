"""What a worker says to whoever has started it the wrong way: a line, and no traceback."""

from pathlib import Path

import pytest

from tests.program import KEY, Program

DATABASE = "postgresql://nobody@127.0.0.1:1/ledger?connect_timeout=2"


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"POKU_BATCH_LEDGER": DATABASE}, ("POKU_API_KEY is not set",)),
        ({"POKU_API_KEY": " ", "POKU_BATCH_LEDGER": DATABASE}, ("POKU_API_KEY is not set",)),
        ({"POKU_API_KEY": KEY}, ("POKU_BATCH_LEDGER", "postgresql://")),
        ({"POKU_API_KEY": KEY, "POKU_BATCH_LEDGER": "ledger.db"}, ("postgresql://",)),
        ({"POKU_API_KEY": KEY, "POKU_BATCH_LEDGER": DATABASE}, ("127.0.0.1",)),
    ],
    ids=["no key", "an empty key", "no ledger", "a file", "no server"],
)
def test_a_worker_that_cannot_begin_says_why(
    program: Program, tmp_path: Path, env: dict[str, str], words: tuple[str, ...]
) -> None:
    done = program.run("worker", cwd=tmp_path, env=env)
    assert done.code == 2
    assert done.out == ""
    for word in words:
        assert word in done.err
    # It rehearses nothing.
    assert "--simulate" not in done.err
    assert list(tmp_path.iterdir()) == []
