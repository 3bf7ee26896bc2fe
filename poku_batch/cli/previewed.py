"""What ``preview`` found, in words."""

import json

from poku_batch.app.previewing import Preview
from poku_batch.cli.terminal import out, say
from poku_batch.models import CallRequest
from poku_batch.progress.notes import local
from poku_batch.progress.words import one_line


def print_preview(found: Preview) -> None:
    """Show a row's request as JSON, then its prompt as the agent reads it."""
    say(out, f"row {found.row.row}, key {one_line(found.key or 'none')}", style="bold")
    if found.request is None:
        say(out, f"would not be called: {found.reason}")
        return
    if found.later is not None:
        until = local(found.later.until)
        say(out, f"would be called from {until}: {one_line(found.later.why, limit=200)}")
    say(out, json.dumps(_fields(found.request), indent=2))
    out.print()
    say(out, found.request.prompt)


def _fields(request: CallRequest) -> dict[str, str]:
    fields = {
        "to": request.to,
        "from": request.from_,
        "transferTo": request.transfer_to,
        "language": request.language,
        "voice": request.voice,
    }
    return {name: value for name, value in fields.items() if value is not None}
