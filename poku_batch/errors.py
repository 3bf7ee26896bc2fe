"""Everything that can go wrong and is worth telling a person.

    PokuBatchError
    ├── UsageError            the command line or the environment asks for something impossible
    │   └── MissingKeyError   a real run without POKU_API_KEY
    ├── InputError            the campaign, its template or its sheet has faults; carries them all
    │   ├── CampaignError     … in the campaign file
    │   ├── PromptError       … in the template, or in a row's rendering of it
    │   └── ContactsError     … in the sheet
    ├── PhoneError            a cell is not a number that can be called; one row's matter
    ├── LedgerError           the ledger cannot be used
    │   ├── CampaignBusyError another run of the same campaign is going on
    │   ├── LedgerUnwritableError  … just now: full or failing disk, or locked
    │   └── NotReservedError  a contact has gone another way since it was admitted
    ├── ResultsError          the results cannot be written where they should go
    │   └── ResultsUnwrittenError … and people were called; the ledger has everything
    └── ApiError              the Poku API would not place a single call (``PokuClient`` only)

A call that fails is not an error but an outcome: see ``models.Answer``.
Every text says what is wrong, where, and what to do; none holds a secret.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with what a person wrote, and where they find it.

    ``line`` counts from 1 in a text file; ``row`` counts from 1 in a sheet, as a spreadsheet
    program shows it (the header is row 1); ``column`` is a column's name or a dotted campaign key.
    """

    message: str
    file: str | None = None
    line: int | None = None
    row: int | None = None
    column: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        place = self.file or ""
        if self.line is not None:
            place += f":{self.line}"
        if self.row is not None:
            place += f"{', ' if place else ''}row {self.row}"
        parts = [part for part in (place, self.column, self.message) if part]
        text = ": ".join(parts)
        return f"{text} ({self.hint})" if self.hint else text


class PokuBatchError(Exception):
    """The root of the tree; ``exit_code`` is what the command ends with."""

    exit_code: ClassVar[int] = 2


class UsageError(PokuBatchError):
    """The command line or the environment asks for something that cannot be done."""


class MissingKeyError(UsageError):
    """A real call is asked for, and ``POKU_API_KEY`` is not set."""


class InputError(PokuBatchError):
    """What a person wrote has faults; nothing was dialled. Carries every fault found."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


class CampaignError(InputError):
    """The campaign file is missing, is not YAML, or holds keys or values that cannot be used."""


class PromptError(InputError):
    """The template cannot be read or compiled, or a row cannot be rendered with it."""


class ContactsError(InputError):
    """The sheet is missing, empty, malformed, or lacks a column that the campaign names."""


class PhoneTrouble(StrEnum):
    """What keeps a cell from being a number that can be called, for those who look into it."""

    #: nothing, or nothing that can be seen
    EMPTY = "empty"
    #: words, without a digit
    WORDS = "words"
    #: a number in scientific notation
    SCIENTIFIC = "scientific"
    SEVERAL = "several"
    EXTENSION = "extension"
    LETTERS = "letters"
    #: a character that no number holds
    ODD = "odd"
    #: neither a country code nor a region to take it from
    NO_COUNTRY = "no country"
    #: no country has such a code
    UNKNOWN_CODE = "unknown code"
    TOO_SHORT = "too short"
    TOO_LONG = "too long"
    NOT_IN_USE = "not in use"
    OTHER = "other"


class PhoneError(PokuBatchError):
    """A cell is not a number that can be called; ``reason`` is for the row's ``call_error``."""

    def __init__(self, reason: str, kind: PhoneTrouble = PhoneTrouble.OTHER) -> None:
        self.reason = reason
        self.kind = kind
        super().__init__(reason)


class LedgerError(PokuBatchError):
    """The ledger cannot be opened, read or written, or comes from a newer version."""


class CampaignBusyError(LedgerError):
    """Another run of the same campaign is going on; ``host`` and ``pid`` name its process."""

    def __init__(self, message: str, *, host: str, pid: int) -> None:
        self.host = host
        self.pid = pid
        super().__init__(message)


class LedgerUnwritableError(LedgerError):
    """The ledger does not take a write now; trying again later may do.

    Raised where the disk is full or fails, the file is locked, or the right to write is gone.
    """


class NotReservedError(LedgerError):
    """A contact has gone another way since it was admitted: nobody may dial it for that."""


class ResultsError(PokuBatchError):
    """The results cannot be written where the campaign wants them."""


class ResultsUnwrittenError(ResultsError):
    """A run called people, and its results could not be written; the ledger has everything."""

    exit_code: ClassVar[int] = 4


class ApiError(PokuBatchError):
    """The Poku API turned away, rejected or refused a single call made through ``PokuClient``."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        self.status = status
        super().__init__(message)
