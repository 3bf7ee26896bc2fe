"""What a template says before any row is rendered: its names, its includes, its faults.

A name that is only ever asked for with care, ``x is defined`` or ``x | default(…)``, is optional.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jinja2 import Environment, TemplateNotFound, TemplateSyntaxError, meta, nodes

from poku_batch.errors import Fault
from poku_batch.prompts.filters import unfit_filters
from poku_batch.prompts.listener import SpeechError
from poku_batch.prompts.names import (
    CAMPAIGN_FIELDS,
    CONTACT_FIELDS,
    RESERVED,
    ColumnNames,
    identifier,
    trouble_in_fields,
)

#: How much of a line is looked at for what was meant.
_LONGEST = 2_000
_INCLUDING = (nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a template's text stands: lines of a file from ``line`` on, or a campaign's key."""

    file: str | None = None
    line: int | None = None
    column: str | None = None

    def fault(
        self, message: str, hint: str | None = None, *, line: int | None, name: str | None = None
    ) -> Fault:
        """Make a fault at a line, from 1, of the template's text."""
        return Fault(
            file=self.file,
            line=self.line + line - 1 if self.line is not None and line is not None else None,
            column=self.column or name,
            message=message,
            hint=hint,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One template's parsed text, and the names that it takes from outside.

    A name that is only ever called, such as ``range(3)``, may be one of Jinja's; one that is put
    into the text, ``{{ range }}``, is a column's.
    ``wanted`` are all of them; ``needed`` are those that it cannot do without.
    """

    origin: Origin
    tree: nodes.Template
    wanted: frozenset[str]
    needed: frozenset[str]


def read_units(environment: Environment, text: str, origin: Origin) -> Iterator[Unit | Fault]:
    """Give the template and all that it includes, each once, or what keeps them from being used."""
    waiting = [(text, origin)]
    seen: set[str] = set()
    while waiting:
        text, origin = waiting.pop()
        unit, faults = _parsed(environment, text, origin)
        yield from faults
        if unit is None:
            continue
        yield unit
        for found in _included(environment, unit):
            if isinstance(found, Fault):
                yield found
            elif found[1].file not in seen:
                seen.add(found[1].file or "")
                waiting.append(found)


def _parsed(environment: Environment, text: str, origin: Origin) -> tuple[Unit | None, list[Fault]]:
    try:
        tree = environment.parse(text)
        faults = [
            origin.fault(message, hint or None, line=line)
            for line, message, hint in unfit_filters(environment, tree)
        ]
        if faults:
            return None, faults
        environment.compile(text)
        names = frozenset(meta.find_undeclared_variables(tree))
    except TemplateSyntaxError as error:
        message = f"the template does not parse: {error.message}"
        return None, [origin.fault(message, _as_meant(text, error), line=error.lineno)]
    except (RecursionError, MemoryError, SyntaxError):
        return None, [origin.fault("the template is nested too deeply", line=1)]
    wanted = names | (_bare(tree) & set(environment.globals))
    unit = Unit(origin=origin, tree=tree, wanted=wanted, needed=wanted - _optional(tree))
    return unit, []


#: A name as the sheet has it, with its spaces; and one brace where two belong.
_SPACED = re.compile(r"\{\{[-+]?\s*([^\W\d]\w*(?: +\w+)+)\s*(?=[|}])")
_ONE_BRACE = re.compile(r"\{\{\s*([^\W\d]\w*)\s*\}(?!\})")


def _as_meant(text: str, error: TemplateSyntaxError) -> str | None:
    """What was probably meant in the line of a fault, for somebody who does not know Jinja."""
    lines = text.split("\n")
    line = lines[error.lineno - 1][:_LONGEST] if 0 < error.lineno <= len(lines) else ""
    if found := _SPACED.search(line):
        return f"names have _ in the place of spaces: {{{{ {identifier(found[1])} }}}}"
    if found := _ONE_BRACE.search(line):
        return f"two braces on either side: {{{{ {found[1]} }}}}"
    return None


def _included(environment: Environment, unit: Unit) -> Iterator[tuple[str, Origin] | Fault]:
    """Give the texts that a template includes; a name made from a row's cells is refused."""
    for node in unit.tree.find_all(_INCLUDING):
        for name in _constants(getattr(node, "template", None)):
            if name is None:
                yield unit.origin.fault(
                    "an include names its file in quotes",
                    "choose between files with {% if %}",
                    line=node.lineno,
                )
            elif found := _loaded(environment, name, node, unit.origin):
                yield found


def _loaded(
    environment: Environment, name: str, node: nodes.Node, origin: Origin
) -> tuple[str, Origin] | Fault | None:
    if environment.loader is None:
        return None
    try:
        text, file, _ = environment.loader.get_source(environment, name)
    except TemplateNotFound as error:
        optional = getattr(node, "ignore_missing", False)
        return None if optional else origin.fault(str(error.message), line=node.lineno)
    return text, Origin(file=file, line=1)


def _constants(node: object) -> list[str | None]:
    match node:
        case nodes.Const(value=str(name)):
            return [name]
        case nodes.Tuple() | nodes.List():
            return [name for item in node.items for name in _constants(item)]
        case _:
            return [None]


def missing_names(units: tuple[Unit, ...], names: ColumnNames) -> list[Fault]:
    """Find every name and every constant part of ``row`` that no column provides."""
    given = {*names.usable, *RESERVED}
    set_somewhere = {
        node.name for unit in units for node in unit.tree.find_all(nodes.Name) if node.ctx != "load"
    }
    faults: list[Fault] = []
    for unit in units:
        # Jinja counts a name that is set in branches, or around an include, as not set. Where it is
        # truly missing, the row's rendering says so.
        faults += _unknown_names(unit, unit.needed - given - set_somewhere, names)
        faults += _unknown_parts(unit, names)
    return faults


def _unknown_names(unit: Unit, unknown: frozenset[str], names: ColumnNames) -> Iterator[Fault]:
    lines: dict[str, int] = {}
    for node in unit.tree.find_all(nodes.Name):
        if node.name in unknown:
            lines[node.name] = min(node.lineno, lines.get(node.name, node.lineno))
    for name, line in sorted(lines.items(), key=lambda item: (item[1], item[0])):
        message, hint = names.trouble(name)
        yield unit.origin.fault(message, hint, line=line, name=name)


def _unknown_parts(unit: Unit, names: ColumnNames) -> Iterator[Fault]:
    careful = {id(node) for node in _careful(unit.tree)}
    for node in (*unit.tree.find_all(nodes.Getitem), *unit.tree.find_all(nodes.Getattr)):
        whole, part = _whole_and_part(node)
        if whole not in unit.wanted or id(node) in careful:
            continue
        if trouble := _trouble_in(whole, part, names, attribute=isinstance(node, nodes.Getattr)):
            yield unit.origin.fault(*trouble, line=node.lineno, name=f"{whole}.{part}")


def _whole_and_part(node: nodes.Node) -> tuple[str, str]:
    """Read ``row.part`` and ``row["part"]``; empty where the part is not known beforehand."""
    match node:
        case nodes.Getattr(node=nodes.Name(name=whole), attr=part):
            return str(whole), str(part)
        case nodes.Getitem(node=nodes.Name(name=whole), arg=nodes.Const(value=str(part))):
            return str(whole), part
        case _:
            return "", ""


def _trouble_in(
    whole: str, part: str, names: ColumnNames, *, attribute: bool
) -> tuple[str, str | None] | None:
    if whole == "row":
        known = part in names.columns or (attribute and hasattr(dict, part))
        return None if known else names.trouble_in_row(part)
    fields = {"contact": CONTACT_FIELDS, "campaign": CAMPAIGN_FIELDS}.get(whole)
    return trouble_in_fields(whole, part, fields) if fields and part not in fields else None


def _careful(tree: nodes.Template) -> Iterator[nodes.Node]:
    for test in tree.find_all(nodes.Test):
        if test.name in {"defined", "undefined"}:
            yield test.node
    for filtered in tree.find_all(nodes.Filter):
        if filtered.name in {"default", "d"} and filtered.node is not None:
            yield filtered.node


def _bare(tree: nodes.Template) -> set[str]:
    """The names that are used otherwise than to call them, and that the template never sets."""
    called = {id(call.node) for call in tree.find_all(nodes.Call)}
    found = list(tree.find_all(nodes.Name))
    bare = {node.name for node in found if node.ctx == "load" and id(node) not in called}
    return bare - {node.name for node in found if node.ctx != "load"}


def _optional(tree: nodes.Template) -> set[str]:
    return {node.name for node in _careful(tree) if isinstance(node, nodes.Name)}


def first_line(error: Exception) -> str:
    """Give the first line of an error's text, or its kind where it has none; 200 characters."""
    text = str(error).strip().split("\n")[0][:200]
    return text or type(error).__name__


def column_at_fault(
    units: Sequence[Unit],
    error: SpeechError,
    cells: Sequence[str],
    names: ColumnNames,
    *,
    place: tuple[Origin, int | None],
) -> str | None:
    """Name the column whose cell a filter could not say, at a line of one of these texts.

    None where no single one is known to hold it: texts may be put together of several.
    """
    if error.value is None:
        return None
    near = [
        at
        for unit in units
        if unit.origin is place[0]
        for at in _filtered_columns(unit, error.filter, place[1], names)
    ]
    same = [at for at in near if _same(cells[at], error.value)]
    if not same and len(set(near)) != 1:
        same = near = [at for at in names.usable.values() if _same(cells[at], error.value)]
    found = same or near
    return names.columns[found[0]] if same or len(set(found)) == 1 else None


def _same(cell: str, value: str) -> bool:
    return cell == value or " ".join(cell.split()) == value


def _filtered_columns(unit: Unit, name: str, line: int | None, names: ColumnNames) -> Iterator[int]:
    """Give the positions of the columns that a filter is used on in a line of the template."""
    for node in unit.tree.find_all(nodes.Filter):
        if node.name != name or node.lineno != line or node.node is None:
            continue
        for part in (node.node, *node.node.find_all((nodes.Name, nodes.Getitem, nodes.Getattr))):
            whole, column = _whole_and_part(part)
            if whole == "row" and column in names.columns:
                yield names.columns.index(column)
            elif isinstance(part, nodes.Name) and part.name in names.usable:
                yield names.usable[part.name]
