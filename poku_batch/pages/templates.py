"""Templates of pages: all that is put into one is escaped, and what is missing is an error."""

from datetime import tzinfo
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from poku_batch.pages.words import filters

#: The folder of the templates, the style and the scripts that all pages share.
SHARED = Path(__file__).parent


def page_templates(folder: Path, *, zone: tzinfo | None = None) -> Environment:
    """The templates of a folder, and the shared ones, with the filters of ``pages.words``.

    Times are written on the clock of ``zone``; None for this machine's.
    """
    # Always: what ends in .svg or .txt is put into pages too.
    templates = Environment(
        loader=FileSystemLoader([folder, SHARED]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(filters(zone))
    return templates


def style() -> str:
    """The style of all pages (CSS)."""
    return (SHARED / "style.css").read_text(encoding="utf-8")
