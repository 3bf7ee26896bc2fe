"""Which columns of the sheet a campaign's templates use, and whether they look before they speak.

A column is looked at where a template asks for it in a condition, or names what to say instead.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from jinja2 import nodes

from poku_batch.prompts import RowTemplates
from poku_batch.prompts.inspection import Unit

_INSTEAD = frozenset({"default", "d"})


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedColumn:
    """A column that is used, by its position from 0.

    ``blindly``: the prompt has its value wherever it stands, empty or not.
    """

    position: int
    blindly: bool


def used_columns(templates: RowTemplates) -> tuple[UsedColumn, ...]:
    """Find the columns that the prompt and the call values use, in the order of the sheet.

    All of them where a template takes ``row`` as a whole; then none of them is used blindly.
    """
    prompt = templates.prompt.units
    others = [
        unit for text in templates.call.values() if not isinstance(text, str) for unit in text.units
    ]
    spoken = {at for unit in prompt for at in _positions(unit, unit.tree, templates)}
    looked_at = {
        at
        for unit in prompt
        for part in _looked_at(unit)
        for at in _positions(unit, part, templates)
    }
    used = spoken | {at for unit in others for at in _positions(unit, unit.tree, templates)}
    if any(_takes_whole_row(unit, templates) for unit in (*prompt, *others)):
        used = set(range(len(templates.names.columns)))
    return tuple(
        UsedColumn(position=at, blindly=at in spoken and at not in looked_at) for at in sorted(used)
    )


def _positions(unit: Unit, part: nodes.Node, templates: RowTemplates) -> Iterator[int]:
    usable, columns = templates.names.usable, templates.names.columns
    for node in _with_itself(part):
        match node:
            case nodes.Name(name=str(name)) if name in unit.wanted and name in usable:
                yield usable[name]
            case nodes.Getattr() | nodes.Getitem():
                column = _row_part(node)
                if column in columns:
                    yield columns.index(column)
            case _:
                pass


def _with_itself(part: nodes.Node) -> Iterator[nodes.Node]:
    yield part
    yield from part.find_all(nodes.Node)


def _row_part(node: nodes.Node) -> str | None:
    """The constant part of ``row`` that an expression asks for."""
    match node:
        case nodes.Getattr(node=nodes.Name(name="row"), attr=str(part)):
            return part
        case nodes.Getitem(node=nodes.Name(name="row"), arg=nodes.Const(value=str(part))):
            return part
        case _:
            return None


def _takes_whole_row(unit: Unit, templates: RowTemplates) -> bool:
    columns = templates.names.columns
    asked = sum(node.name == "row" for node in unit.tree.find_all(nodes.Name))
    parts = (*unit.tree.find_all(nodes.Getattr), *unit.tree.find_all(nodes.Getitem))
    return "row" in unit.wanted and asked > sum(_row_part(node) in columns for node in parts)


def _looked_at(unit: Unit) -> Iterator[nodes.Node]:
    for branch in unit.tree.find_all(nodes.If):
        yield branch.test
    for choice in unit.tree.find_all(nodes.CondExpr):
        yield choice.test
    for either in unit.tree.find_all(nodes.Or):
        yield either.left
    for filtered in unit.tree.find_all(nodes.Filter):
        if filtered.name in _INSTEAD and filtered.node is not None:
            yield filtered.node
