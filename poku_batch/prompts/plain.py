"""Templates that only put cells into a text, filled without Jinja.

Most prompts are letters with gaps: ``Call {{ name }} about {{ row["Their date"] }}``. What such a
template says is known when it is parsed, and a million rows need no more than their cells. It is
the same text, character for character, as Jinja would make; whatever else a template does is left
to Jinja.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from jinja2 import nodes

from poku_batch.prompts.cleaning import MAX_LENGTH, cleaned, is_clean
from poku_batch.prompts.names import ColumnNames, picking


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainText:
    """A text with gaps: ``pattern`` is Python's own, with ``%s`` for each gap.

    ``pick`` gives the cells of a row that the gaps are for, in their order.
    """

    pattern: str
    pick: Callable[[Sequence[str]], tuple[str, ...]]

    @classmethod
    def of(
        cls, tree: nodes.Template, names: ColumnNames, campaign: Mapping[str, object]
    ) -> Self | None:
        """Read a parsed template; None where it does more than to put cells into a text."""
        pattern = ""
        places: list[int] = []
        for node in tree.body:
            if not isinstance(node, nodes.Output):
                return None
            for part in node.nodes:
                found = _read(part, names, campaign)
                if found is None or (isinstance(found, str) and not is_clean(found)):
                    return None
                if isinstance(found, str):
                    pattern += found.replace("%", "%%")
                else:
                    pattern += "%s"
                    places.append(found)
        return cls(pattern=pattern, pick=picking(places))

    def fill(self, cells: Sequence[str]) -> str | None:
        """Fill the gaps and clean the text; None where it is longer than a text may be."""
        text = self.pattern % self.pick(cells)
        return cleaned(text) if len(text) <= MAX_LENGTH else None


def _read(node: nodes.Node, names: ColumnNames, campaign: Mapping[str, object]) -> str | int | None:
    """A part of a template as its own text, or as the position of the column it stands for."""
    match node:
        case nodes.TemplateData(data=str(text)):
            return text
        case nodes.Name(name=str(name), ctx="load"):
            return names.usable.get(name)
        case nodes.Getattr(node=nodes.Name(name="campaign"), attr=str(part)):
            return str(campaign[part]) if part in campaign else None
        case (
            nodes.Getattr(node=nodes.Name(name="row"), attr=str(part))
            | nodes.Getitem(node=nodes.Name(name="row"), arg=nodes.Const(value=str(part)))
        ):
            # Of columns with one name, the last is the one in ``row``.
            return {column: at for at, column in enumerate(names.columns)}.get(part)
        case _:
            return None
