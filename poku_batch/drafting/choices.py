"""All that is settled before a campaign is written."""

from dataclasses import dataclass

from poku_batch.drafting.columns import Column
from poku_batch.drafting.purposes import Purpose
from poku_batch.drafting.roles import Roles


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The sheet as a campaign names it: ``file`` relative to the campaign file.

    ``worksheet`` and ``header_row`` are None where the program finds them by itself.
    """

    file: str
    columns: tuple[Column, ...]
    worksheet: str | None = None
    header_row: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a person, or the sheet, has decided. ``key`` is empty for the number itself.

    ``language`` is the value of ``call.language``, and may be an expression; ``tag`` is that of
    rows that say none, and ``by_row`` says that rows may have their own. ``speaks``: days and times
    are put into words by the template's filters, which must be able to read all of them.
    """

    name: str
    purpose: Purpose
    company: str
    about: str
    sheet: Sheet
    phone: str
    region: str | None
    key: tuple[str, ...]
    language: str
    tag: str
    by_row: bool
    caller_id: str | None
    roles: Roles
    speaks: bool = False
