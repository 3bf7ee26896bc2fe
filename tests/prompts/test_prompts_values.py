"""What is remembered of templates from row to row, and what must not be."""

from hypothesis import given, settings
from hypothesis import strategies as st

from poku_batch.models import SheetRow
from poku_batch.prompts import RenderedRow, RowTemplates

_COLUMNS = ("name", "language", "day")


def compiled(prompt: str, **call: str) -> RowTemplates:
    return RowTemplates.compile(
        prompt=prompt,
        prompt_name="prompt.md.j2",
        folder=None,
        call=call,
        columns=_COLUMNS,
        campaign={"name": "clinic", "wave": ""},
    )


def rendered(templates: RowTemplates, *cells: str, to: str = "+14155550100") -> RenderedRow:
    return templates.render(SheetRow(row=2, cells=cells), to=to, key="k", number=1)


_CELL = st.text(max_size=12) | st.sampled_from(
    ("", "en-US", "a\r\nb", "a\n\n\n\nb", "\x00", "\ud800")
)


@settings(deadline=None)
@given(st.lists(st.tuples(_CELL, _CELL), min_size=1, max_size=12))
def test_a_row_is_rendered_as_if_it_were_the_only_one(rows: list[tuple[str, str]]) -> None:
    text = "Call {{ name }}.\n\n{{ language }}\n"
    value = "{{ language or 'en-US' }}{% if name %}-{{ name | upper }}{% endif %}"
    many = compiled(text, transfer_to=value)
    for name, language in rows:
        alone = rendered(compiled(text, transfer_to=value), name, language, "")
        assert rendered(many, name, language, "") == alone


def test_a_value_of_the_contact_is_its_own() -> None:
    templates = compiled("Hello", transfer_to="{{ contact.to }}")
    for to in ("+14155550100", "+14155550101"):
        assert rendered(templates, "A", "", "", to=to).call == {"transfer_to": to}


def test_a_spoken_value_follows_the_rows_language() -> None:
    templates = compiled("Hello", language="{{ language }}", transfer_to="{{ day | spoken_date }}")
    english = rendered(templates, "A", "en-US", "2026-12-01").call["transfer_to"]
    german = rendered(templates, "A", "de-DE", "2026-12-01").call["transfer_to"]
    assert english != german
    mapped = compiled(
        "Hello", language="{{ language }}", transfer_to="{{ [day] | map('spoken_date') | join }}"
    )
    assert rendered(mapped, "A", "en-US", "2026-12-01").call["transfer_to"] == english
    assert rendered(mapped, "A", "de-DE", "2026-12-01").call["transfer_to"] == german
