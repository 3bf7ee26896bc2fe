"""Contacts who live where each language is spoken, and rows rendered for them."""

from functools import cache

from poku_batch.errors import Fault, PromptError
from poku_batch.models import SheetRow
from poku_batch.prompts import RowTemplates, Whereabouts

#: Of a language: the sheet's country, a number of it, and its time zone.
PLACES = {
    "en-US": ("US", "+14155550100", "America/Los_Angeles"),
    "en-GB": ("GB", "+442079460958", "Europe/London"),
    "de-DE": ("DE", "+4930901820", "Europe/Berlin"),
    "es-419": ("MX", "+525555550100", "America/Mexico_City"),
    "fr-FR": ("FR", "+33140205050", "Europe/Paris"),
    "ja-JP": ("JP", "+81332245500", "Asia/Tokyo"),
}
NOWHERE = Whereabouts()
COLUMNS = ("cell", "other", "language")


@cache
def compiled(prompt: str) -> RowTemplates:
    """A prompt whose rows name their language."""
    return RowTemplates.compile(
        prompt=prompt,
        prompt_name="p.md",
        folder=None,
        call={"language": "{{ language }}"},
        columns=COLUMNS,
        campaign={"name": "demo", "wave": ""},
    )


def said(
    prompt: str,
    cell: str = "",
    language: str = "en-US",
    *,
    where: Whereabouts = NOWHERE,
    other: str = "",
) -> str:
    """Render a prompt for one row."""
    templates = compiled(f"<{prompt}>")
    row = SheetRow(row=7, cells=(cell, other, language))
    return templates.render(row, to="+1", key="k", number=1, where=where).prompt[1:-1]


def fault(
    prompt: str, cell: str = "", language: str = "en-US", *, where: Whereabouts = NOWHERE
) -> Fault:
    """The one fault of a prompt, or of a row's rendering of it."""
    try:
        text = said(prompt, cell, language, where=where)
    except PromptError as error:
        [found] = error.faults
        return found
    raise AssertionError(f"no fault: {text}")


def trouble(
    prompt: str, cell: str = "", language: str = "en-US", *, where: Whereabouts = NOWHERE
) -> str:
    """What a fault says, without its place."""
    found = fault(prompt, cell, language, where=where)
    return f"{found.message} ({found.hint})" if found.hint else found.message


def from_country(country: str | None) -> Whereabouts:
    """A contact of whom the country alone is known."""
    return Whereabouts(country=lambda: country)
