"""The style of pages: what is written can be read, by light and in the dark."""

import re

import pytest

from poku_batch.models import ContactState
from poku_batch.pages.templates import style

_TEXT = [
    ("ink", "ground"),
    ("ink", "surface"),
    ("ink", "accent-soft"),
    ("ink", "danger-soft"),
    ("ink-soft", "ground"),
    ("ink-soft", "surface"),
    ("ink-soft", "sunken"),
    ("ink-faint", "ground"),
    ("ink-faint", "surface"),
    ("ink-faint", "sunken"),
    ("accent", "ground"),
    ("accent", "surface"),
    ("accent", "accent-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("danger", "surface"),
    ("danger", "danger-soft"),
    ("danger-strong", "danger-soft"),
    ("chart-ink", "surface"),
    *((f"{state}-ink", state) for state in ContactState),
    ("reached-ink", "reached"),
]
#: What is not text must still be seen: WCAG 2.2, success criterion 1.4.11.
_SHAPES = [
    ("line-strong", "surface"),
    ("focus", "ground"),
    ("focus", "surface"),
    ("done-dot", "done"),
    ("failed-dot", "failed"),
    ("unknown-dot", "unknown"),
]


def _colours(scheme: str) -> dict[str, str]:
    """The colours by their names, as a reader with this scheme sees them."""
    light, dark = re.findall(r":root \{(.*?)\n\s*\}", style(), re.DOTALL)[:2]
    parts = light if scheme == "light" else light + dark
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", parts))


def _luminance(colour: str) -> float:
    """Relative luminance. Source: WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), _TEXT)
def test_text_stands_out_from_its_ground(scheme: str, text: str, ground: str) -> None:
    colours = _colours(scheme)
    assert _contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), _SHAPES)
def test_shapes_stand_out_from_their_ground(scheme: str, shape: str, ground: str) -> None:
    colours = _colours(scheme)
    assert _contrast(colours[shape], colours[ground]) >= 3


def test_a_page_fetches_nothing() -> None:
    assert "url(" not in style()
    assert "@import" not in style()
