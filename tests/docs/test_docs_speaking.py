"""Every example of docs/speaking.md, rendered as a row of a campaign would be."""

import re
from pathlib import Path

import pytest

from poku_batch.engine.compose import Composed, Composer
from poku_batch.engine.whereabouts import WhereContactsAre
from poku_batch.models import SheetRow
from poku_batch.prompts import RowTemplates
from poku_batch.prompts.filters import SPOKEN
from tests.prompts.speech_rows import PLACES

PAGE = Path(__file__).parents[2] / "docs" / "speaking.md"
TEXT = PAGE.read_text(encoding="utf-8")
COLUMNS = ("phone", "cell", "language", "timezone")


def examples() -> list[tuple[str, str, str, str]]:
    """What the page shows: language, cell, template, words."""
    found = []
    for block in re.findall(r"^```jinja\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL):
        language = cell = ""
        for line in block.splitlines():
            if heading := re.fullmatch(r"\{# (\S+): cell is (.*) #\}", line):
                language, cell = heading.groups()
            else:
                template, said = line.split(" → ")
                found.append((language, cell, template, said))
    return found


@pytest.mark.parametrize(("language", "cell", "template", "said"), examples())
def test_an_example_says_what_the_page_shows(
    language: str, cell: str, template: str, said: str
) -> None:
    templates = RowTemplates.compile(
        prompt=template,
        prompt_name="prompt.md.j2",
        folder=None,
        call={"language": "{{ language }}"},
        columns=COLUMNS,
        campaign={"name": "demo", "wave": ""},
    )
    region, to, zone = PLACES[language]
    places = WhereContactsAre(region=region, timezone=3)
    composer = Composer(templates, region=region, places=places)
    row = SheetRow(row=2, cells=(to, cell, language, zone))
    made = composer.compose(row, to=to, key=to, number=1)
    assert isinstance(made, Composed)
    assert made.request.prompt == said
    assert made.request.language == language


def test_every_filter_is_on_the_page_and_has_an_example() -> None:
    table = TEXT[: TEXT.index("## Dates")]
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(SPOKEN)
    shown = " ".join(template for _, _, template, _ in examples())
    assert all(f"| {name}" in shown for name in SPOKEN)


def test_every_form_that_the_page_says_is_read_is_read() -> None:
    from poku_batch.prompts.listener import Listener, Whereabouts
    from poku_batch.prompts.speech.reading import Reader

    listed = TEXT[TEXT.index("These forms are read") : TEXT.index("own\nnumbers of days")]
    forms = re.findall(r"`([^`]+)`", listed)
    assert len(forms) == 15
    where = Listener(where=Whereabouts(country=lambda: "US"))
    for form in forms:
        reader = Reader(tag=where.language, order=lambda: "month", wanted="date")
        read = reader.read(form)
        assert read.day is not None or read.clock is not None
        assert read.day is None or str(read.day) == "2026-03-03"
