"""What a worker needs to know of a campaign, as the ledger keeps it for the time of a run.

Texts and numbers, in JSON: the campaign file without what is the watching process' own (its sheet,
its outputs, its hooks), the template and what it includes. No secret is in a campaign file; what
workers need of them is in their environment. Who is on do-not-call files may change while the run
goes on, and is not here: the ledger asks about it at every call (see ``listing``).
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from poku_batch.app.preparing import Prepared, compile_templates
from poku_batch.campaign import Campaign, campaign_of, parse_document
from poku_batch.engine.compose import Composer
from poku_batch.engine.permits import PermitColumns
from poku_batch.engine.whereabouts import WhereContactsAre
from poku_batch.errors import LedgerError, UsageError
from poku_batch.prompts import RowTemplates, read_prompt

#: Of a definition; workers of another version do not touch its run.
_VERSION = 1

#: What is the watching process' own, and what workers do not need of ``contacts``.
_OWN = ("output", "hooks", "do_not_call", "prompt", "contacts")
_OF_CONTACTS = ("region", "timezone", "not_before", "not_after", "consent", "priority")

#: What can differ between a run and the campaign as it is now, and what holds it.
_WORDS = {
    "the campaign file": ("campaign",),
    "the template": ("prompt", "included"),
    "the columns of the sheet": ("columns", "permit_columns", "decimal"),
    "--limit": ("limit",),
    "--until": ("until",),
}

#: Stands for the sheet, which no worker opens.
_NO_SHEET = "sheet.csv"
_PROMPT = "prompt.md.j2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A campaign as a worker has it; ``limit`` and ``until`` (aware) are those of its run."""

    campaign: Campaign
    composer: Composer
    columns: PermitColumns
    limit: int | None
    until: datetime | None
    history: int


def definition_text(
    prepared: Prepared, *, limit: int | None, until: datetime | None, history: int
) -> str:
    """What workers are to know of a campaign that was made ready.

    ``history`` is how far the ledger's went before the run began, for whoever comes to watch it.
    Raises ``UsageError`` where its file is not any more what it was when it was read.
    """
    campaign = prepared.campaign
    tree = _tree(campaign)
    text, included = _texts(campaign, prepared.composer.templates)
    return json.dumps(
        {
            "version": _VERSION,
            "campaign": tree,
            "prompt": text,
            "included": included,
            "columns": prepared.sheet.columns,
            "permit_columns": asdict(prepared.permit_columns),
            "decimal": prepared.sheet.decimal,
            "limit": limit,
            "until": None if until is None else until.isoformat(),
            "history": history,
        }
    )


def changes(before: str, after: str) -> list[str]:
    """What is otherwise in a campaign's later definition, in words."""
    old, new = json.loads(before), json.loads(after)
    return [what for what, keys in _WORDS.items() if any(old.get(key) != new[key] for key in keys)]


@contextmanager
def opened(text: str) -> Iterator[Definition]:
    """A definition as a worker uses it, with its templates in a private folder.

    Raises ``LedgerError`` where it is another version's.
    """
    said: dict[str, Any] = json.loads(text)
    if said.get("version") != _VERSION:
        raise LedgerError(
            "this run was begun by another version of poku-batch: work and watch with that one, or "
            "end the run with poku-batch stop"
        )
    with tempfile.TemporaryDirectory(prefix="poku-batch-") as name:
        folder = Path(name)
        yield _definition(said, folder)


def _definition(said: dict[str, Any], folder: Path) -> Definition:
    templates = folder / "prompt"
    for place, text in {**said["included"], _PROMPT: said["prompt"]}.items():
        path = templates / PurePosixPath(place)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    tree = said["campaign"] | {"prompt": {"file": str(templates / _PROMPT)}}
    campaign = campaign_of(tree, path=folder / "campaign.yaml")
    columns = said["permit_columns"]
    names = tuple(said["columns"])
    until = said["until"]
    return Definition(
        campaign=campaign,
        composer=Composer(
            compile_templates(campaign, names),
            region=campaign.contacts.region,
            places=WhereContactsAre(
                region=campaign.contacts.region,
                timezone=columns["timezone"],
                default_timezone=campaign.calling_hours.default_timezone,
                decimal=said["decimal"],
            ),
        ),
        columns=PermitColumns(**(columns | {"names": names})),
        limit=said["limit"],
        until=None if until is None else datetime.fromisoformat(until),
        history=said["history"],
    )


def _tree(campaign: Campaign) -> dict[str, object]:
    """The campaign's file as it was read, without what workers have no use for."""
    text = campaign.path.read_text(encoding="utf-8-sig")
    tree = parse_document(text, file=str(campaign.path)).tree
    contacts = tree.get("contacts")
    kept = contacts if isinstance(contacts, dict) else {}
    shared = {key: value for key, value in tree.items() if key not in _OWN} | {
        "contacts": {"file": _NO_SHEET}
        | {key: value for key, value in kept.items() if key in _OF_CONTACTS}
    }
    again = campaign_of({**shared, "prompt": {"text": "…"}}, path=campaign.path)
    if _compared(again) != _compared(campaign):
        raise UsageError(
            f"{campaign.path} has been changed since it was read; run again. Nobody was called."
        )
    return shared


def _compared(campaign: Campaign) -> dict[str, Any]:
    """All of a campaign that workers go by."""
    dumped = campaign.model_dump(exclude={*_OWN})
    contacts = campaign.contacts.model_dump(include={*_OF_CONTACTS})
    return dumped | {"contacts": contacts}


def _texts(campaign: Campaign, templates: RowTemplates) -> tuple[str, dict[str, str]]:
    """The template, and what it includes, by paths relative to its folder."""
    prompt = campaign.prompt
    if prompt.file is None:
        return prompt.text or "", {}
    folder = prompt.file.parent.resolve()
    included = {
        str(PurePosixPath(path.relative_to(folder))): path.read_text(encoding="utf-8-sig")
        for path in map(Path, templates.included)
        if path.is_relative_to(folder)
    }
    return read_prompt(prompt.file), included
