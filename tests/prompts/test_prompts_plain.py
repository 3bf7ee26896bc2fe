"""A prompt that only puts cells into a text is filled without Jinja, to the same letter."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from poku_batch.errors import PromptError
from poku_batch.models import SheetRow
from poku_batch.prompts import RenderedRow, RowTemplates

#: ``a-b`` and ``A b`` have one name for templates; there are two columns ``day``.
COLUMNS = ("Name", "city", "day", "day", "A b", "a-b", "row", "range")

_PLAIN = (
    "{{ name }}",
    "{{city}}",
    "{{- range -}}",
    '{{ row["A b"] }}',
    '{{ row["day"] }}',
    "{{ row.Name }}",
    '{{ row["row"] }}',
    "{{ campaign.name }}",
    "{{ campaign.wave }}",
    "{# a comment #}",
    "{% raw %}{{ name }}{% endraw %}",
)
_OTHERS = (
    "{{ name | upper }}",
    "{{ contact.to }}",
    "{{ 'constant' }}",
    "{% if city %}there{% endif %}",
    "{% set name = 'other' %}",
    "{{ unknown | default('-') }}",
    "{{ row.items }}",
    "{{ campaign }}",
    "{{ name ~ city }}",
)

_static = st.text(alphabet="a% \n\t}s\u00a0\u2028", max_size=6)
_cell = st.text(max_size=8) | st.sampled_from(
    ("", " ", "\n", "a\r\nb", "%s", "%", "{{ name }}", "\x00", "\ud800", "\u202e", "x" * 60_000)
)
_rows = st.tuples(*[_cell] * len(COLUMNS))


def compiled(prompt: str, **call: str) -> RowTemplates:
    return RowTemplates.compile(
        prompt=prompt,
        prompt_name="p.md",
        folder=None,
        call=call,
        columns=COLUMNS,
        campaign={"name": "spring 100 %", "wave": ""},
    )


def rendered(templates: RowTemplates, cells: Sequence[str]) -> RenderedRow | list[str]:
    try:
        return templates.render(
            SheetRow(row=5, cells=tuple(cells)), to="+14155550100", key="K", number=1
        )
    except PromptError as error:
        return [str(fault) for fault in error.faults]


@settings(deadline=None)
@given(st.lists(_static | st.sampled_from(_PLAIN), max_size=8), _rows)
@example(["a\n\n", "{{ name }}", "\n\nb"], (" ",) * len(COLUMNS))
@example(["{{ name }}", "{{ city }}"], ("x" * 60_000,) * len(COLUMNS))
def test_a_plain_prompt_is_what_jinja_makes_of_it(parts: list[str], cells: Sequence[str]) -> None:
    templates = compiled("".join(parts))
    by_jinja = replace(templates, plain=None)
    assert templates.plain is not None
    # As they are from the second row on.
    templates.known.keep(cells, {})
    assert rendered(templates, cells) == rendered(by_jinja, cells)


@settings(deadline=None)
@given(
    st.lists(_static | st.sampled_from(_PLAIN), max_size=4),
    st.sampled_from(_OTHERS),
    st.lists(_static | st.sampled_from(_PLAIN), max_size=4),
)
def test_whatever_else_a_prompt_does_is_left_to_jinja(
    before: list[str], other: str, after: list[str]
) -> None:
    assert compiled("".join((*before, other, *after))).plain is None


@pytest.mark.parametrize("text", ["a\x07b {{ name }}", "{{ name }}\x85"])
def test_a_prompt_that_has_to_be_cleaned_itself_is_left_to_jinja(text: str) -> None:
    templates = compiled(text)
    assert templates.plain is None
    cleaned = text.replace("\x07", "").replace("\x85", "").replace("{{ name }}", "Ann")
    found = rendered(templates, ("Ann", *("",) * 7))
    assert isinstance(found, RenderedRow)
    assert found.prompt == cleaned


@settings(deadline=None)
@given(st.lists(_rows, min_size=1, max_size=6))
def test_values_are_remembered_by_all_cells_that_decide_them(rows: list[Sequence[str]]) -> None:
    call = {"language": "{{ city }}", "voice": "{% if row %}{{ name }}{% endif %}"}
    for values in ({"language": call["language"], "from": "{{ name or city }}"}, call):
        many = compiled("Hello {{ name }}.", **values)
        for cells in rows:
            alone = compiled("Hello {{ name }}.", **values)
            assert rendered(many, cells) == rendered(alone, cells) == rendered(many, cells)


def test_a_value_that_cannot_be_rendered_is_told_for_each_row() -> None:
    templates = compiled("Hello", language="{{ name.nothing }}")
    for _ in range(2):
        assert isinstance(rendered(templates, ("",) * 8), list)
