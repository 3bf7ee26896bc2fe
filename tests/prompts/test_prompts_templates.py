"""Rendering: cells are data, templates are bounded, and every fault has its place."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.errors import Fault, PromptError
from poku_batch.models import SheetRow
from poku_batch.prompts import RenderedRow, RowTemplates

COLUMNS = ("First Name", "phone", "language", "A b", "a-b", "row", "items")
CELLS = ("Ann", "+1", "de-DE", "1", "2", "R", "it")


def compiled(
    prompt: str,
    *,
    call: Mapping[str, str] | None = None,
    columns: Sequence[str] = COLUMNS,
    folder: Path | None = None,
    line: int = 1,
) -> RowTemplates:
    return RowTemplates.compile(
        prompt=prompt,
        prompt_name="p.md",
        prompt_line=line,
        folder=folder,
        call=call or {},
        columns=columns,
        campaign={"name": "spring", "wave": "w1"},
    )


def rendered(templates: RowTemplates, cells: Sequence[str] = CELLS) -> RenderedRow:
    row = SheetRow(row=5, cells=tuple(cells))
    return templates.render(row, to="+14155550100", key="K", number=2)


def text_of(prompt: str, cells: Sequence[str] = CELLS, folder: Path | None = None) -> str:
    return rendered(compiled(prompt, folder=folder), cells).prompt


def row_fault(prompt: str, *, folder: Path | None = None) -> Fault:
    templates = compiled(prompt, folder=folder)
    with pytest.raises(PromptError) as caught:
        rendered(templates)
    (fault,) = caught.value.faults
    assert fault.row == 5
    return fault


def syntax_faults(prompt: str, *, folder: Path | None = None, line: int = 1) -> list[str]:
    with pytest.raises(PromptError) as caught:
        compiled(prompt, folder=folder, line=line)
    return [str(fault) for fault in caught.value.faults]


def test_every_variable_is_there() -> None:
    prompt = (
        "{{ first_name }} {{ row['First Name'] }} {{ row.phone }} {{ row['row'] }} {{ row.items }} "
        "{{ contact.to }} {{ contact.key }} {{ contact.number }} "
        "{{ campaign.name }} {{ campaign.wave }}"
    )
    assert text_of(prompt) == "Ann Ann +1 R it +14155550100 K 2 spring w1"


def test_call_values_are_rendered_stripped_and_left_out_when_empty() -> None:
    call = {
        "from": " +14155550100 ",
        "transfer_to": "{{ phone }}",
        "language": "\n{{ language or 'en-US' }} ",
        "voice": "{% if phone == 'x' %}male{% endif %}",
    }
    assert dict(rendered(compiled("hi", call=call)).call) == {
        "from": "+14155550100",
        "transfer_to": "+1",
        "language": "de-DE",
    }


def test_empty_cells_are_empty_texts() -> None:
    cells = ("", *CELLS[1:])
    assert text_of("a{% if first_name %}b{% endif %}{{ first_name }}c", cells) == "ac"


@pytest.mark.parametrize(
    "cell",
    ["{{ 7*7 }}", "{% raw %}", "{% include 'x' %}", "{# c #}", "<b>O'Hara & Söhne</b>", "%s"],
)
def test_a_cell_is_never_evaluated_nor_escaped(cell: str) -> None:
    call = {"voice": "{{ first_name }}", "language": "{{ row['First Name'] }}"}
    out = rendered(
        compiled("{{ first_name }}|{{ row['First Name'] }}", call=call), (cell, *CELLS[1:])
    )
    assert out.prompt == f"{cell}|{cell}"
    assert set(out.call.values()) == {cell}


@given(st.text())
def test_any_cell_comes_out_without_control_characters(cell: str) -> None:
    out = text_of("<{{ first_name }}>", (cell, *CELLS[1:]))
    assert not any(ord(c) < 32 and c not in ("\n", "\t") for c in out)
    out.encode("utf-8")
    plain = "".join(c for c in cell if c.isprintable() and c != " ")
    if cell == plain:
        assert out == f"<{cell}>"


def test_blank_lines_are_made_one_and_ends_stripped() -> None:
    assert text_of("\n\n a\r\n\r\n \n\n\nb\x00\x07\tc\n\nd\x85\n") == "a\n\nb\tc\n\nd"


def test_block_tags_leave_no_lines_behind() -> None:
    assert text_of("a\n  {% if phone %}\nb\n  {% endif %}\nc") == "a\nb\nc"


# --- what can be known without a row -----------------------------------------------------------


def missing(prompt: str, **more: object) -> list[str]:
    return [str(fault) for fault in compiled(prompt, **more).missing()]  # type: ignore[arg-type]  # test's shorthand


def test_a_template_whose_names_all_exist_misses_nothing() -> None:
    assert missing("{% set x = phone %}{% for c in row %}{{ loop.index }}{{ x }}{{ c }}{% endfor %}"
                   "{{ range(2) | list }}{{ row.keys() | list }}") == []  # fmt: skip


def test_missing_names_are_told_with_their_line_and_the_nearest_column() -> None:
    found = missing("a\n{{ frist_name }}\n{{ FirstName }}\n{{ frist_name }}", line=10)
    assert found == [
        "p.md:11: frist_name: there is no column for frist_name (did you mean first_name?)",
        "p.md:12: FirstName: there is no column for FirstName (did you mean first_name?)",
    ]


def test_a_name_like_no_other_is_told_with_all_columns() -> None:
    assert missing("{{ zzz }}") == [
        (
            "p.md:1: zzz: there is no column for zzz "
            "(the sheet's columns: first_name, phone, language, items)"
        )
    ]


def test_a_name_of_two_columns_is_told_with_the_way_to_reach_them() -> None:
    assert missing("{{ a_b }}") == [
        "p.md:1: a_b: a_b could be any of the columns 'A b' and 'a-b' (write row[\"A b\"])"
    ]
    assert missing("{{ row['A b'] }}{{ row['a-b'] }}") == []


def test_constant_parts_of_row_contact_and_campaign_are_checked() -> None:
    prompt = "{{ row['Frist Name'] }}\n{{ row.fone }}{{ contact.nam }}{{ campaign['x'] }}"
    assert sorted(missing(prompt)) == [
        ("p.md:1: row.Frist Name: there is no column 'Frist Name' "
        '(did you mean row["First Name"]?)'),
        "p.md:2: campaign.x: there is no campaign.x (campaign has name, wave)",
        "p.md:2: contact.nam: there is no contact.nam (contact has to, key, number)",
        "p.md:2: row.fone: there is no column 'fone' (did you mean row[\"phone\"]?)",
    ]  # fmt: skip


def test_names_asked_for_with_care_are_optional() -> None:
    prompt = "{{ x is defined }}{{ y | default('n') }}{{ row['z'] | d('m') }}"
    assert missing(prompt) == []
    assert text_of(prompt) == "Falsenm"


def test_call_values_are_checked_too() -> None:
    found = missing("hi", call={"language": "{{ langauge }}", "from": "+14155550100"})
    assert found == ["call.language: there is no column for langauge (did you mean language?)"]


def test_names_set_in_branches_or_around_an_include_are_not_missed(tmp_path: Path) -> None:
    (tmp_path / "in.j2").write_text("{{ x }}")
    prompt = (
        "{% if phone %}{% set x = 1 %}{% else %}{% set x = 2 %}{% endif %}{% include 'in.j2' %}"
    )
    assert missing(prompt, folder=tmp_path) == []
    assert text_of(prompt, folder=tmp_path) == "1"


@pytest.mark.parametrize(
    ("prompt", "part"),
    [
        ("a\n{% if %}", "p.md:8: the template does not parse"),
        ("{{ First Name }}", "(names have _ in the place of spaces: {{ first_name }})"),
        ("{{ Ready on | upper }}", "{{ ready_on }})"),
        ("{{ first_name } x", "(two braces on either side: {{ first_name }})"),
        ("{{ a | upcase }}", "there is no filter upcase"),
        ("{% for i in range(3) %}", "endfor"),
        ("{{ [1] | random }}", "there is no filter random"),
        ("{{" * 5000, "nested too deeply"),
        ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "nested too deeply"),
        ("{% for i in [1] %}" * 30 + "{% endfor %}" * 30, "nested too deeply"),
        ("{% include 'x.j2' %}", "only a template in a file can include"),
    ],
)
def test_a_template_that_does_not_parse_is_told_with_its_line(prompt: str, part: str) -> None:
    (fault,) = syntax_faults(prompt, line=7)
    assert fault.startswith("p.md:")
    assert part in fault


def test_all_faults_of_prompt_and_call_values_are_told_at_once() -> None:
    with pytest.raises(PromptError) as caught:
        compiled("{% if %}", call={"from": "{{ }", "voice": "{{ x | y }}"})
    assert [fault.column for fault in caught.value.faults] == [None, "call.from", "call.voice"]


# --- includes ----------------------------------------------------------------------------------


def test_a_template_includes_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "in.j2").write_text("Hello {{ first_name }}.\n")
    assert text_of("{% include 'sub/in.j2' %}\n\nBye", folder=tmp_path) == "Hello Ann.\n\nBye"


def test_nothing_outside_the_folder_can_be_included(tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    folder.mkdir()
    secret = tmp_path / "secret.j2"
    secret.write_text("secret")
    (folder / "link.j2").symlink_to(secret)
    for name in ("../secret.j2", str(secret), "link.j2", "./../secret.j2"):
        (fault,) = syntax_faults(f"a\n{{% include '{name}' %}}", folder=folder)
        assert fault.startswith("p.md:2: ")
        assert "outside the template's folder" in fault


def test_what_a_row_includes_cannot_depend_on_its_cells(tmp_path: Path) -> None:
    (fault,) = syntax_faults("{% include language %}", folder=tmp_path)
    assert "an include names its file in quotes" in fault


def test_faults_in_what_is_included_name_its_file(tmp_path: Path) -> None:
    (tmp_path / "bad.j2").write_text("x\n{% if %}\n")
    (tmp_path / "names.j2").write_text("\n\n{{ frist_name }}")
    (fault,) = syntax_faults("{% include 'bad.j2' %}", folder=tmp_path)
    assert fault.startswith(f"{tmp_path / 'bad.j2'}:2: the template does not parse")
    assert missing("{% include 'names.j2' %}", folder=tmp_path)[0].startswith(
        f"{tmp_path / 'names.j2'}:3: frist_name:"
    )
    at_rendering = row_fault("{% include 'names.j2' %}", folder=tmp_path)
    assert (at_rendering.file, at_rendering.line) == (str(tmp_path / "names.j2"), 3)


def test_a_missing_include_is_told_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "manners.j2").write_text("x")
    (fault,) = syntax_faults("{% include 'maners.j2' %}", folder=tmp_path)
    assert "did you mean manners.j2?" in fault
    assert text_of("a{% include 'maners.j2' ignore missing %}b", folder=tmp_path) == "ab"


# --- faults of a row ---------------------------------------------------------------------------


def test_a_missing_name_is_a_fault_of_the_row_with_the_line() -> None:
    assert str(row_fault("a\nb {{ frist_name }}")) == (
        "p.md:2, row 5: frist_name: there is no column for frist_name (did you mean first_name?)"
    )
    assert "there is no column 'x1'" in row_fault("{{ row['x' ~ 1] }}").message
    assert "no contact.nam" in row_fault("{{ contact['n' ~ 'am'] }}").message
    assert "a text has no part 'foo'" in row_fault("{{ first_name.foo }}").message


def test_a_name_set_in_one_branch_only_is_a_fault_of_the_row() -> None:
    assert (
        "no column for x"
        in row_fault("{% if not phone %}{% set x = 1 %}{% endif %}{{ x }}").message
    )


@pytest.mark.parametrize(
    "prompt", ["{{ '' }}", " {% if not phone %}x{% endif %}\n", "{{ '\\x07' }}"]
)
def test_an_empty_prompt_is_a_fault_of_the_row(prompt: str) -> None:
    assert row_fault(prompt).message == "the prompt is empty for this row"


@pytest.mark.parametrize(
    ("prompt", "part"),
    [
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ first_name + 1 }}", "the template fails for this row"),
        ("{{ range(2000) | list }}", "a range is at most 1,000 long"),
        ("{{ 'a' * 10**9 }}", "the repeated text is longer"),
        ("{{ 1000000000 * first_name }}", "the repeated text is longer"),
        ("{{ 10**10**10 }}", "the power is too large"),
        ("x{% for i in range(999) %}{% for j in range(999) %}aaaaaaaa{% endfor %}{% endfor %}",
         "longer than 100,000 characters"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ first_name | attr('__class__') }}", "unsafe"),
        ("{{ '{0.__class__}'.format(first_name) }}", "unsafe"),
        ("{{ self.__init__ }}", "unsafe"),
        ("{{ row.clear() }}", "unsafe"),
        ("{{ range.__globals__ }}", "unsafe"),
        ("{{ campaign.update(name='x') }}", "there is no campaign.update"),
    ],
)  # fmt: skip
def test_what_a_template_must_not_do_is_a_fault_of_the_row(prompt: str, part: str) -> None:
    assert part in row_fault(prompt).message


def test_a_template_that_includes_itself_ends(tmp_path: Path) -> None:
    (tmp_path / "loop.j2").write_text("x{% include 'loop.j2' %}")
    assert "without end" in row_fault("{% include 'loop.j2' %}", folder=tmp_path).message


def test_a_failing_call_value_names_its_key_and_row() -> None:
    templates = compiled("{{ nope }}", call={"language": "{{ 1 / 0 }}"})
    with pytest.raises(PromptError) as caught:
        rendered(templates)
    assert [(f.row, f.column, f.line) for f in caught.value.faults] == [
        (5, "nope", 1),
        (5, "call.language", None),
    ]


def test_rows_do_not_see_each_other() -> None:
    templates = compiled("{% set ns = namespace(n=first_name) %}{{ ns.n }}{{ contact.number }}")
    assert rendered(templates, ("A", *CELLS[1:])).prompt == "A2"
    assert rendered(templates, ("B", *CELLS[1:])).prompt == "B2"


def test_a_row_of_another_width_is_a_defect() -> None:
    with pytest.raises(ValueError, match="zip"):
        rendered(compiled("{{ row }}"), ("only one",))


@pytest.mark.parametrize("name", ["range", "dict", "namespace", "cycler", "joiner"])
def test_a_column_is_put_into_the_text_whatever_jinja_has_of_its_name(name: str) -> None:
    columns = ("phone", name.title())
    templates = compiled(f"To {{{{ {name} }}}}.", columns=columns)
    assert rendered(templates, ("+1", "the north")).prompt == "To the north."
    (fault,) = compiled(f"To {{{{ {name} }}}}.").missing()
    assert fault.message == f"there is no column for {name}"


def test_what_is_only_called_is_jinjas_own_whatever_the_columns_are() -> None:
    templates = compiled(
        "{% for i in range(2) %}{{ i }}{% endfor %}{{ row.Range }}", columns=("phone", "Range")
    )
    assert rendered(templates, ("+1", "N")).prompt == "01N"


def test_a_name_that_is_called_and_put_into_the_text_is_refused_for_the_row() -> None:
    templates = compiled("{{ range(2) }}{{ range }}", columns=("phone", "Range"))
    with pytest.raises(PromptError, match="not callable"):
        rendered(templates, ("+1", "N"))
