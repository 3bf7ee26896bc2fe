"""The event loop of what takes long, and a garbage collector that lets it work."""

import gc
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

#: How many new objects there are between two collections, and every how many of these the older
#: generations are looked at. Python's own (700, 10, 10) walk through all open calls again and
#: again: with 1,000 of them, about a fifth of what the engine does for a call.
_THRESHOLDS = (10_000, 20, 50)


def run_for_long(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run what lasts, a run or a large sheet, on the event loop that the environment asks for.

    Raises ``UsageError`` where that is none.
    """
    import anyio

    from poku_batch.app.environment import uses_uvloop

    options = {"use_uvloop": uses_uvloop()}
    with _calm_collector():
        return anyio.run(main, backend_options=options)


@contextmanager
def _calm_collector() -> Iterator[None]:
    """Collect less often in the block, and leave out what was there before: modules, mostly."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
