"""From a path to a checked campaign, or to every fault that its file has."""

from difflib import get_close_matches
from pathlib import Path

from pydantic import ValidationError

from poku_batch.campaign.document import Document, KeyPath, parse_document
from poku_batch.campaign.faults import plain_faults
from poku_batch.campaign.fields import Origin, expanded
from poku_batch.campaign.model import Campaign
from poku_batch.campaign.secrets import secret_faults
from poku_batch.errors import CampaignError, Fault

#: A campaign is a page or two; whatever is larger is some other file.
MAX_BYTES = 1024 * 1024


def load_campaign(path: Path | str) -> Campaign:
    """Read and check a campaign file; the sheet and the template it names are not opened.

    Raises ``CampaignError`` with every fault found, in the order of their lines.
    """
    source = expanded(path).absolute()
    file = str(path)
    document = parse_document(_read(source, file), file=file)
    try:
        campaign = Campaign.model_validate(
            document.tree, context=Origin(path=source, places=document.places)
        )
    except ValidationError as error:
        faults = plain_faults(error, document.places, file=file)
        raise CampaignError(_sorted(document, faults, file)) from None
    if faults_left := _sorted(document, [], file):
        raise CampaignError(faults_left)
    return campaign


def campaign_of(tree: dict[str, object], *, path: Path) -> Campaign:
    """Check a campaign that was read elsewhere; paths in it are relative to the folder of ``path``.

    ``tree`` is as ``parse_document`` gives it. Raises ``CampaignError``.
    """
    try:
        return Campaign.model_validate(tree, context=Origin(path=path, places={}))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or None
        fault = Fault(file=str(path), column=where, message=first["msg"])
        raise CampaignError([fault]) from None


def _sorted(document: Document, checked: list[tuple[KeyPath, Fault]], file: str) -> list[Fault]:
    """Join all faults; one about a secret hides the others of its key, which may show the value.

    Where a value was left out of the tree for a fault of its own, that it is missing is no news.
    """
    secrets = secret_faults(document, file=file)
    kept = [fault for path, fault in checked if path not in secrets]
    known = {fault.column for fault in document.faults}
    kept = [fault for fault in kept if fault.column not in known]
    return sorted([*document.faults, *secrets.values(), *kept], key=lambda fault: fault.line or 0)


def _read(path: Path, file: str) -> str:
    try:
        if path.is_dir():
            raise CampaignError([_fault(file, "is a folder", _campaigns_in(path))])
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise CampaignError(
            [_fault(file, "there is no such file", _nearest_to(path, file))]
        ) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        message = f"cannot be read: {reason or 'not a path'}"
        raise CampaignError([_fault(file, message)]) from None
    if len(data) > MAX_BYTES:
        message = "is larger than 1 MiB: not a campaign file"
        raise CampaignError([_fault(file, message, "name the .yaml file, not the sheet")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        fault = Fault(
            file=file, line=line, message="is not UTF-8 text", hint="save it again as UTF-8"
        )
        raise CampaignError([fault]) from None


def _fault(file: str, message: str, hint: str | None = None) -> Fault:
    return Fault(file=file, message=message, hint=hint)


def _campaigns(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(p.name for p in folder.iterdir() if p.suffix.lower() in {".yaml", ".yml"})


def _campaigns_in(folder: Path) -> str:
    names = _campaigns(folder)
    if not names:
        return "name the campaign file; there is none in it"
    return f"name the campaign file in it: {', '.join(names[:5])}"


def _nearest_to(path: Path, file: str) -> str | None:
    """The campaign that may be meant; ``file`` is the path as it was given, and so is the hint."""
    names = _campaigns(path.parent)
    if near := get_close_matches(path.name, names, n=1, cutoff=0.5):
        return f"did you mean {Path(file).with_name(near[0])}?"
    if names:
        return f"in that folder: {', '.join(names[:5])}"
    return None if path.parent.is_dir() else f"there is no folder {path.parent}"
