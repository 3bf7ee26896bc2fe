"""The program, campaign folders and stand-ins of the API, for tests of whole commands."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.program import Folder, Program
from tests.standin import StandIn


@pytest.fixture(scope="session")
def program(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Program]:
    cache = getattr(pytestconfig, "cache", None)  # pytest may be told to keep none
    modules = cache.mkdir("modules") if cache else tmp_path_factory.mktemp("modules")
    program = Program(tmp_path_factory.mktemp("program"), modules)
    yield program
    program.close()


@pytest.fixture
def make_folder(tmp_path: Path, program: Program) -> Iterator[Callable[[str], Folder]]:
    """A factory of campaign folders; at the end none of them may hold the API key."""
    made: list[Folder] = []

    def make(name: str) -> Folder:
        path = tmp_path / name
        path.mkdir()
        folder = Folder(path, program)
        folder.write()
        made.append(folder)
        return folder

    yield make
    for folder in made:
        folder.assert_no_key()


@pytest.fixture
def folder(make_folder: Callable[[str], Folder]) -> Folder:
    """A folder with a good campaign, and no sheet yet."""
    return make_folder("campaign folder")


@pytest.fixture
def standin() -> Iterator[StandIn]:
    """The first generation of the API; ``generation`` may be changed before anybody calls."""
    with StandIn() as api:
        yield api


@pytest.fixture
def served(folder: Folder, standin: StandIn) -> Folder:
    """A campaign folder whose environment names the stand-in."""
    folder.serve(standin.url)
    return folder


@pytest.fixture
def standins() -> Iterator[Callable[[], StandIn]]:
    """A factory of further stand-ins."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(StandIn())
