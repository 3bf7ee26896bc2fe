"""The template of a first campaign, made of a purpose's text and the sheet's own columns.

The purpose's text is itself a template, in square brackets, since what it gives is one in braces.
Only columns that are there are named, and every sentence reads well where a cell is empty.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from jinja2 import DictLoader, Environment, StrictUndefined

from poku_batch.drafting.choices import Choices
from poku_batch.drafting.columns import Column
from poku_batch.drafting.expressions import Expressions, literal
from poku_batch.drafting.purposes import PLANS
from poku_batch.drafting.roles import Roles

_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fact:
    label: str
    cell: str
    spoken: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Name:
    """``given`` is the cell that is spoken, ``full`` what the agent is told, with its braces."""

    given: str
    full: str


def draft_prompt(choices: Choices, texts: Mapping[str, str]) -> str:
    """Write the template. ``texts`` are the purposes' and the skeleton's, by file name."""
    # Its result is a text for an agent, and what goes in is made safe by literal and Expressions.
    environment = Environment(  # noqa: S701
        block_start_string="[%",
        block_end_string="%]",
        variable_start_string="[[",
        variable_end_string="]]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        loader=DictLoader(dict(texts)),
    )
    text = environment.get_template(f"{choices.purpose}.md").render(_values(choices))
    return _BLANK_LINES.sub("\n\n", text).strip() + "\n"


def _values(choices: Choices) -> dict[str, object]:
    roles = choices.roles
    cells = Expressions([column.name for column in choices.sheet.columns])
    name = _name(roles, cells)
    moments = _moments(choices)
    return {
        "campaign": choices.name,
        "company": literal(choices.company),
        "about": literal(choices.about),
        "name": name,
        "of_company": _cell(roles.company, cells),
        "hello": ""
        if name is None
        else f"{{% if {name.given} %}} {{{{ {name.given} }}}}{{% endif %}}",
        "place": _cell(roles.place, cells),
        "subject": _cell(roles.subject, cells),
        "when": _if(roles.day, cells, " on ", moments.day)
        + _if(roles.clock, cells, " at ", moments.clock),
        "whom": _if(roles.provider, cells, " with "),
        "facts": _facts(roles, cells, moments),
        "language": _language(choices),
        "outcomes": [f"Outcome: {o.replace('_', ' ')}" for o in PLANS[choices.purpose].outcomes],
    }


def _cell(column: Column | None, cells: Expressions) -> str:
    return "" if column is None else cells.of(column.name)


def _if(column: Column | None, cells: Expressions, before: str, after: str = "") -> str:
    """A few words and a cell with what is done to it, left out where the cell is empty."""
    cell = _cell(column, cells)
    return f"{{% if {cell} %}}{before}{{{{ {cell}{after} }}}}{{% endif %}}" if cell else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moments:
    """What is done to a day and to a time of day: a filter, or nothing."""

    day: str = ""
    clock: str = ""


def _moments(choices: Choices) -> _Moments:
    if not choices.speaks:
        return _Moments()
    day = " | spoken_datetime" if choices.roles.day_has_clock else " | spoken_date"
    return _Moments(day=day, clock=" | spoken_time")


def _name(roles: Roles, cells: Expressions) -> _Name | None:
    given = roles.first_name or roles.name or roles.last_name
    if given is None:
        return None
    cell = cells.of(given.name)
    last = roles.last_name if roles.first_name is not None else None
    full = f"{{{{ {cell} }}}}" + (f" {{{{ {cells.of(last.name)} }}}}" if last is not None else "")
    return _Name(given=cell, full=full)


def _facts(roles: Roles, cells: Expressions, moments: _Moments) -> list[_Fact]:
    found = (
        ("Date", roles.day, moments.day),
        ("Time", roles.clock, moments.clock),
        ("With", roles.provider, ""),
        ("Place", roles.place, ""),
        ("About", roles.subject, ""),
        ("Amount", roles.amount, ""),
    )
    return [
        _Fact(label=label, cell=cells.of(column.name), spoken=spoken)
        for label, column, spoken in found
        if column is not None
    ]


_LANGUAGE_NAMES: Mapping[str, str] = {
    "en": "English",
    "de": "German, formally (Sie)",
    "fr": "French, formally (vous)",
    "es": "Spanish, formally (usted)",
    "pt": "Portuguese, formally",
    "it": "Italian, formally (Lei)",
    "nl": "Dutch, formally (u)",
}


def _language(choices: Choices) -> str:
    if choices.by_row:
        return "Speak the language of this call, and formally."
    name = _LANGUAGE_NAMES.get(choices.tag.partition("-")[0])
    return f"Speak {name}." if name else f"Speak the language {choices.tag}, and formally."
