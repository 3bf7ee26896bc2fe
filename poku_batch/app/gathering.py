"""Faults of stages that do not depend on each other, gathered and told together."""

from collections.abc import Iterable
from types import TracebackType

from poku_batch.errors import Fault, InputError, PokuBatchError, ResultsError


class Gathering:
    """What is wrong so far. ``raise_all`` ends it."""

    def __init__(self) -> None:
        self._errors: list[PokuBatchError] = []

    def stage(self) -> "_Stage":
        """Keep what is found wrong in a ``with`` block, and go on behind it."""
        return _Stage(self._errors)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Every fault once, in the order of files as they were met, then of lines and rows."""
        return in_order(fault for error in self._errors for fault in faults_of(error))

    def raise_all(self) -> None:
        """Raise what was found, if anything: one error as it is, several as one ``InputError``.

        That is of the class of the first of them, and carries the faults of all.
        """
        if len(self._errors) == 1:
            raise self._errors[0]
        if self._errors:
            classes = (type(error) for error in self._errors if isinstance(error, InputError))
            raise next(classes, InputError)(self.faults)


class _Stage:
    """A part of the work that may fail without keeping others from being done."""

    def __init__(self, errors: list[PokuBatchError]) -> None:
        self._errors = errors

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(error, InputError | ResultsError):
            return False
        self._errors.append(error)
        return True


def faults_of(error: PokuBatchError) -> tuple[Fault, ...]:
    """The faults that an error carries, or the one that it is."""
    return error.faults if isinstance(error, InputError) else (Fault(message=str(error)),)


def in_order(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Every fault once, file by file as they come, in the order of lines, then of rows."""
    found = list(dict.fromkeys(faults))
    files = list(dict.fromkeys(fault.file for fault in found))
    return tuple(
        sorted(found, key=lambda one: (files.index(one.file), one.line or 0, one.row or 0))
    )
