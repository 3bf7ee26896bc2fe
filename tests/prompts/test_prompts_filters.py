"""The filters within templates: their language, their options, their faults."""

import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from poku_batch.errors import PromptError
from poku_batch.models import SheetRow
from poku_batch.prompts import RowTemplates, Whereabouts
from poku_batch.prompts.filters import SPOKEN
from poku_batch.prompts.listener import current
from tests.prompts.speech_rows import COLUMNS, fault, said, trouble

DAY = "2026-03-03"


def compiled(prompt: str, folder: Path | None = None, **call: str) -> RowTemplates:
    return RowTemplates.compile(
        prompt=prompt,
        prompt_name="p.md",
        folder=folder,
        call=call,
        columns=COLUMNS,
        campaign={"name": "demo", "wave": ""},
    )


def row_faults(templates: RowTemplates, *cells: str) -> list[str]:
    with pytest.raises(PromptError) as caught:
        templates.render(SheetRow(row=7, cells=cells), to="+1", key="k", number=1)
    return [str(found) for found in caught.value.faults]


def rendered(templates: RowTemplates, *cells: str) -> str:
    row = SheetRow(row=7, cells=cells)
    return templates.render(row, to="+1", key="k", number=1).prompt


# --- the language ------------------------------------------------------------------------------


def test_values_are_spoken_in_the_rows_language() -> None:
    templates = compiled("{{ cell | spoken_date }}", language="{{ language or 'fr_fr' }}")
    assert rendered(templates, DAY, "", "de-DE") == "Dienstag, 3. März"
    assert rendered(templates, DAY, "", "DE_de") == "Dienstag, 3. März"
    assert rendered(templates, DAY, "", "") == "mardi 3 mars"
    assert rendered(templates, DAY, "", "xx-XX") == "Tuesday, March 3rd"


def test_a_filters_own_language_goes_before_the_rows() -> None:
    assert said("{{ cell | spoken_date('es_es') }}", DAY, "de-DE") == "martes, 3 de marzo"
    assert said("{{ cell | spoken_date(other) }}", DAY, other="nl-NL") == "dinsdag 3 maart"


def test_constants_are_spoken_in_each_rows_language() -> None:
    templates = compiled("{{ '2026-03-03' | spoken_date }}", language="{{ language }}")
    assert rendered(templates, "", "", "de-DE") == "Dienstag, 3. März"
    assert rendered(templates, "", "", "en-US") == "Tuesday, March 3rd"


@pytest.mark.parametrize("context", ["", " with context"])
def test_what_a_template_includes_speaks_the_rows_language(tmp_path: Path, context: str) -> None:
    macros = "{% set day = '2026-03-03' | spoken_date %}{% macro on(x) %}{{ x | spoken_date }}"
    (tmp_path / "macros.j2").write_text(macros + "{% endmacro %}")
    (tmp_path / "part.j2").write_text("{{ cell | spoken_date }}")
    prompt = (
        f"{{% from 'macros.j2' import on, day{context} %}}"
        "{{ on(cell) }}|{{ day }}|{% include 'part.j2' %}"
    )
    templates = compiled(prompt, tmp_path, language="{{ language }}")
    for tag, words in (("de-DE", "Dienstag, 3. März"), ("en-US", "Tuesday, March 3rd")) * 2:
        assert rendered(templates, DAY, "", tag) == "|".join([words] * 3)


def test_no_language_is_left_behind_by_a_row() -> None:
    before = current()
    said("{{ cell | spoken_date }}", DAY, "de-DE")
    fault("{{ cell | spoken_date }}", "x", "de-DE")
    assert current() is before


def test_threads_speak_each_their_own_language() -> None:
    templates = compiled("{{ cell | spoken_date }}" * 20, language="{{ language }}")
    wrong: list[str] = []

    def speak(tag: str, words: str) -> None:
        for _ in range(60):
            text = rendered(templates, DAY, "", tag)
            if text != words * 20:
                wrong.append(text)

    pairs = [("de-DE", "Dienstag, 3. März"), ("en-US", "Tuesday, March 3rd")] * 2
    threads = [threading.Thread(target=speak, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_call_values_are_spoken_too() -> None:
    templates = compiled("hi", language="de-DE", voice="{{ cell | spoken_date }}")
    row = SheetRow(row=7, cells=(DAY, "", ""))
    call = templates.render(row, to="+1", key="k", number=1).call
    assert dict(call) == {"language": "de-DE", "voice": "Dienstag, 3. März"}


# --- empty cells and other values --------------------------------------------------------------


@pytest.mark.parametrize("name", SPOKEN)
@pytest.mark.parametrize("cell", ["", " ", "\u200b", "\n\t\u00a0"])
def test_an_empty_cell_says_nothing(name: str, cell: str) -> None:
    assert said(f"{{{{ cell | {name} }}}}{{{{ none | {name} }}}}", cell) == ""
    assert said(f"{{% if cell | {name} %}}yes{{% else %}}no{{% endif %}}", cell) == "no"


@pytest.mark.parametrize("name", SPOKEN)
def test_a_very_long_cell_is_refused(name: str) -> None:
    found = trouble(f"{{{{ cell | {name} }}}}", "1" * 5_000)
    assert len(found) < 200


@pytest.mark.parametrize("name", SPOKEN)
def test_what_is_no_cell_is_refused(name: str) -> None:
    assert trouble(f"{{{{ {{1: 2}} | {name} }}}}") == (
        "a dict cannot be spoken (give it a cell of the row)"
    )
    assert trouble(f"{{{{ true | {name} }}}}") == (
        "a bool cannot be spoken (give it a cell of the row)"
    )
    assert trouble(f"{{{{ row.nothing | {name} }}}}").startswith("there is no column 'nothing'")


# --- faults ------------------------------------------------------------------------------------


def test_a_fault_names_the_line_the_row_and_the_column() -> None:
    templates = compiled("a\n{{ cell }}\nb {{ other | trim | spoken_date }}")
    assert row_faults(templates, "", "31/02/2026", "") == [
        (
            "p.md:3, row 7: other: '31/02/2026' is not a date "
            "(write 2026-03-31, 31 March 2026 or 31/03/2026)"
        )
    ]


@pytest.mark.parametrize(
    "prompt",
    [
        "{{ row['cell'] | spoken_date }}",
        "{{ row.cell | spoken_date }}",
        "{% set when = cell %}{{ when | spoken_date }}",
        "{{ (cell | upper | lower) | spoken_date }}",
        "{{ other | spoken_date }}{{ cell | spoken_date }}",
        "{% if cell | spoken_date %}x{% endif %}",
        "{{ other ~\n cell |\n spoken_date }}",
        "{% macro say(x) %}{{ x | spoken_date }}{% endmacro %}{{ say(cell) }}",
    ],
)
def test_the_column_is_found_wherever_the_value_comes_from(prompt: str) -> None:
    assert fault(prompt, " tomorrow ").column == "cell"


def test_every_cell_of_a_row_that_cannot_be_spoken_is_told() -> None:
    templates = compiled("{{ cell | spoken_date }}{{ other | digits }}\n{{ cell | spoken_time }}")
    assert [found.partition(" (")[0] for found in row_faults(templates, "x", "-", "")] == [
        "p.md:1, row 7: cell: 'x' is not a date",
        "p.md:1, row 7: other: '-' has no digits",
        "p.md:2, row 7: cell: 'x' is not a time of day",
    ]
    many = compiled("{% for n in range(90) %}{{ ('x' ~ n) | spoken_date }}{% endfor %}")
    assert len(row_faults(many, "", "", "")) == 20


def test_no_column_is_named_for_a_value_of_several() -> None:
    assert fault("{{ (cell ~ language) | spoken_date }}", "x").column is None


def test_a_fault_in_a_call_value_names_its_key() -> None:
    templates = compiled("hi", language="{{ cell | spoken_date }}", voice="{{ other | digits }}")
    assert row_faults(templates, "x", "-", "") == [
        "row 7: call.language: 'x' is not a date (write 2026-03-31, 31 March 2026 or 31/03/2026)",
        "row 7: call.voice: '-' has no digits",
    ]


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("{{ cell | spoken_dat }}", "there is no filter spoken_dat (did you mean spoken_date?)"),
        ("{% if x %}{{ cell | spokendate }}{% endif %}",
         "there is no filter spokendate (did you mean spoken_date?)"),
        ("{{ cell | currency }}", "there is no filter currency (did you mean spoken_currency?)"),
        ("{{ cell | zzz }}", "there is no filter zzz"),
        ("{{ cell is defned }}", "there is no test defned (did you mean defined?)"),
        ("{{ cell | spoken_date('german') }}",
         "'german' is not a language of the API (did you mean de-DE?)"),
        ("{{ cell | spoken_date('de') }}",
         "'de' is not a language of the API (did you mean de-DE?)"),
        ("{{ cell | spoken_date(yaer=true) }}",
         ("spoken_date: got an unexpected keyword argument 'yaer' "
         "(spoken_date takes language, year, weekday, first, zone)")),
        ("{{ cell | spoken_time('de-DE', 1, 2) }}",
         "spoken_time: too many positional arguments (spoken_time takes language, first, zone)"),
        ("{{ cell | spoken_date(year=2026) }}",
         "year is 2026 (write year=true or year=false)"),
        ("{{ cell | spoken_date(first='year') }}",
         'first is "year" (write first="day" or first="month")'),
        ("{{ cell | spoken_time(zone='Berlin') }}",
         "'Berlin' is not a time zone (write an area and a place, such as Europe/Berlin)"),
        ("{{ cell | spoken_time(zone='../../etc/passwd') }}",
         ("'../../etc/passwd' is not a time zone "
         "(write an area and a place, such as Europe/Berlin)")),
        ("{{ cell | spoken_currency('dollars') }}",
         "'dollars' is not a currency (write its three letters, such as USD)"),
        ("{{ cell | spoken_number(decimal=';') }}",
         'decimal is ";" (write decimal="." or decimal=",")'),
        ("{{ cell | digits(0) }}", "the size of groups is 0 (write a number from 1 to 9)"),
        ("{{ cell | digits(true) }}", "the size of groups is True (write a number from 1 to 9)"),
        ("{{ cell | spelled('morse') }}", 'alphabet is "morse" (write alphabet="nato")'),
        ("{{ cell | spoken_list('nor') }}", 'style is "nor" (write style="and" or style="or")'),
    ],
)  # fmt: skip
def test_a_wrong_use_is_told_before_any_row(prompt: str, told: str) -> None:
    with pytest.raises(PromptError) as caught:
        compiled(f"a\n{prompt}")
    assert [str(found) for found in caught.value.faults] == [f"p.md:2: {told}"]


def test_every_wrong_use_is_told_at_once() -> None:
    with pytest.raises(PromptError) as caught:
        compiled("{{ cell | zzz }}\n{{ cell | digits(0) }}", voice="{{ cell | digit }}")
    assert [str(found) for found in caught.value.faults] == [
        "p.md:1: there is no filter zzz",
        "p.md:2: the size of groups is 0 (write a number from 1 to 9)",
        "call.voice: there is no filter digit (did you mean digits?)",
    ]


def test_an_option_out_of_a_cell_is_looked_at_in_each_row() -> None:
    assert said("{{ cell | spoken_currency(other) }}", "5", other="USD") == "5 dollars"
    assert trouble("{{ '5' | spoken_currency(cell) }}", "USX") == (
        "'USX' is not a currency (write its three letters, such as USD)"
    )
    assert trouble("{{ '5' | digits(*[1, 2, 3, 4, 5]) }}").startswith("digits: too many")


def test_templates_cannot_reach_what_the_filters_use() -> None:
    for prompt in ("{{ spoken_date }}", "{{ listener }}", "{{ babel }}"):
        with pytest.raises(PromptError):
            said(prompt)
    where = Whereabouts(country=lambda: "US")
    assert said("{{ (cell | spoken_date).__class__ is undefined }}", DAY, where=where) == "True"


def test_babel_is_imported_for_a_filter_alone() -> None:
    code = (
        "import sys; from poku_batch.prompts import RowTemplates as T\n"
        "def use(p): T.compile(prompt=p, prompt_name='p', folder=None, call={}, columns=['c'],"
        " campaign={})\n"
        "use('{{ c | trim }}'); print('babel' in sys.modules)\n"
        "use('{{ c | spoken_date }}'); print('babel' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert re.findall(r"\w+", done.stdout) == ["False", "True"]
