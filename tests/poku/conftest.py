"""Every promise of the client is kept on both loops that the program runs on."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.poku.certificates import make

_LOOPS = [
    pytest.param(("asyncio", {"use_uvloop": False}), id="asyncio"),
    pytest.param(
        ("asyncio", {"use_uvloop": True}),
        id="uvloop",
        marks=pytest.mark.skipif(find_spec("uvloop") is None, reason="needs the extra 'fast'"),
    ),
]


@pytest.fixture(params=_LOOPS)
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """Asynchronous tests run on asyncio's own loop and on uvloop's."""
    return request.param


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of certificates for 127.0.0.1: ``good``, ``expired``, and ``other``'s."""
    folder = tmp_path_factory.mktemp("certificates")
    make(folder, "good", "127.0.0.1", 2)
    make(folder, "expired", "127.0.0.1", -1)
    make(folder, "other", "192.0.2.1", 2)
    return folder
