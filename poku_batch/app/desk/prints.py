"""What a check was made of, in one word: where it is another, something was changed.

Blocks, as long as it takes to read the sheet.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from poku_batch.app.preparing import compile_templates
from poku_batch.app.sources import matching
from poku_batch.campaign import Campaign
from poku_batch.models import SourceKind
from poku_batch.prompts.text import Text


def fingerprint(campaign: Campaign) -> str:
    """A digest of the files that a run of a campaign reads, by their names and contents.

    They are the campaign file, the sheet, the templates with all that they take in, and the
    do-not-call files. Raises ``InputError`` where a template or a sheet cannot be found.
    """
    files = [campaign.path, *_sheets(campaign), *_templates(campaign), *campaign.do_not_call]
    parts = [(str(file), _digest(file)) for file in dict.fromkeys(files)]
    return hashlib.sha256(json.dumps([str(campaign.identity), parts]).encode()).hexdigest()


def _sheets(campaign: Campaign) -> tuple[Path, ...]:
    source = campaign.contacts.file
    match source.kind:
        case SourceKind.FILE:
            return (source.path,) if source.path is not None else ()
        case SourceKind.PATTERN:
            return matching(campaign)
        case SourceKind.LINK | SourceKind.STDIN:
            raise AssertionError("what is not a file here is kept as an upload first")


def _templates(campaign: Campaign) -> Iterator[Path]:
    """The files of all templates; an inline prompt is in the campaign file."""
    templates = compile_templates(campaign, None)
    for text in (templates.prompt, *templates.call.values()):
        for unit in text.units if isinstance(text, Text) else ():
            if unit.origin.file is not None:
                yield Path(unit.origin.file)


def _digest(file: Path) -> str:
    """A digest of a file's contents; "" where it cannot be read."""
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return ""
