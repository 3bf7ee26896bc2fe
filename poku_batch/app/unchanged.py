"""A sheet that the ledger has already, and how it is known: by what its enrolment came from.

An enrolment is made of the sheet's bytes, of what the campaign says about them, of its templates
and of the programs that read all that. Where every one of these is what it was, the sheet is not
read again: ``EnrolmentSession.again`` asks only about the rows that time and rules may change.
What is not certainly the same is read: files alone are known, not addresses, standard input or
patterns, nor rejects, nor templates that may take in others.
"""

import hashlib
import json
import platform
import re
import sys
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from poku_batch.app import environment
from poku_batch.campaign import Campaign
from poku_batch.models import SourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poku_batch.contacts import Sheet

#: What reads sheets, numbers and templates, beside the program itself.
_PACKAGES = (
    "poku-batch",
    "phonenumbers",
    "jinja2",
    "markupsafe",
    "babel",
    "pandas",
    "pyarrow",
    "python-calamine",
    "tzdata",
)
#: What may take in another file.
_TAKES_IN = re.compile(r"\{%[-+]?\s*(?:include|import|from|extends)\b")

#: What of an open sheet is needed to go on without it.
_FACTS = (
    "encoding",
    "delimiter",
    "worksheet",
    "worksheets",
    "letters",
    "decimal",
    "header_row",
    "last_row",
)


@dataclass(slots=True, kw_only=True)
class Recognition:
    """What a campaign's sheet comes from, by a digest; and the sheet, if the ledger has it.

    ``source`` is what the ledger knows the sheet by, where it has it.
    """

    campaign: Campaign
    path: Path
    digest: str
    source: str | None = None
    sheet: "Sheet | None" = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The person's files that the sheet is in."""
        return (self.path,)

    @classmethod
    async def of(cls, campaign: Campaign, *, simulate: bool) -> "Recognition | None":
        """Look whether the ledger has a campaign's sheet; None where it can never be known."""
        return await anyio.to_thread.run_sync(partial(_recognised, campaign, simulate=simulate))

    async def source_of(self, sheet: "Sheet") -> str | None:
        """What the ledger is to know a sheet by that was read; None where its file has changed."""
        if self.source is not None:
            return self.source
        return await anyio.to_thread.run_sync(self._source_of, sheet)

    def _source_of(self, sheet: "Sheet") -> str | None:
        from poku_batch.contacts import CorrectedSheet

        if isinstance(sheet, CorrectedSheet) or _digest(self.campaign, self.path) != self.digest:
            return None
        facts = {name: getattr(sheet, name) for name in _FACTS}
        return json.dumps({"digest": self.digest, "columns": sheet.columns, **facts})


def _recognised(campaign: Campaign, *, simulate: bool) -> Recognition | None:
    from poku_batch.ledger import enrolled_from

    path = campaign.contacts.file.file
    if campaign.contacts.file.kind is not SourceKind.FILE or path is None:
        return None
    digest = _digest(campaign, path)
    if digest is None:
        return None
    found = Recognition(campaign=campaign, path=path, digest=digest)
    url = environment.ledger_url(campaign, simulate=simulate)
    source = enrolled_from(url, campaign.identity)
    if source is None:
        return found
    facts = json.loads(source)
    if facts["digest"] == digest:
        found.source, found.sheet = source, _sheet(campaign, path, facts)
    return found


def _sheet(campaign: Campaign, path: Path, facts: dict[str, Any]) -> "Sheet":
    """The sheet as it was open when it was enrolled; opened where its rows are wanted after all."""
    from poku_batch.contacts import Sheet, open_sheet
    from poku_batch.contacts.files import changed

    name, contacts = str(campaign.contacts.file), campaign.contacts
    columns = tuple(facts["columns"])

    def read(batch: int) -> "Iterator[Any]":
        with open_sheet(
            path,
            name=name,
            worksheet=contacts.sheet,
            header_row=contacts.header_row,
            decimal=contacts.decimal,
        ) as sheet:
            if sheet.columns != columns:
                raise changed(name)
            yield from sheet.read(batch)

    given = {name: facts[name] for name in _FACTS}
    given |= {name: tuple(given[name]) for name in ("worksheets", "letters")}
    return Sheet(name=name, columns=columns, read=read, **given)


def _digest(campaign: Campaign, path: Path) -> str | None:
    """A digest of all that an enrolment of a sheet comes from; None where that is not certain."""
    prompt = campaign.prompt
    try:
        text = prompt.file.read_bytes() if prompt.file else (prompt.text or "").encode()
        with path.open("rb") as file:
            sheet = hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, UnicodeEncodeError):
        return None  # whoever reads it says what is wrong
    call = campaign.call.model_dump_json()
    if _TAKES_IN.search(text.decode(errors="replace")) or _TAKES_IN.search(call):
        return None
    made_of = (
        sheet,
        hashlib.sha256(text).hexdigest(),
        str(path),
        campaign.name,
        campaign.wave,
        str(campaign.folder),
        campaign.contacts.model_dump_json(),
        prompt.model_dump_json(),
        call,
        campaign.calling_hours.default_timezone,
        *_programs(),
    )
    return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()


def _programs() -> "Iterator[str]":
    """What reads sheets and templates: versions, and the program's own files as they stand."""
    yield sys.version
    yield platform.platform()
    for package in _PACKAGES:
        try:
            yield f"{package} {version(package)}"
        except PackageNotFoundError:
            yield package
    here = Path(__file__).parent.parent
    for file in sorted(here.rglob("*.py")):
        found = file.stat()
        yield f"{file.relative_to(here)} {found.st_size} {found.st_mtime_ns}"
