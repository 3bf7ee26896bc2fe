"""A campaign file as a tree of texts that knows the line of every key and value.

Every scalar stays the text that the person wrote, so ``region: NO``, ``wave: 2026-11`` and
``from: +14155550100`` mean what they look like; what a text becomes is up to the key it stands
under. Nothing is constructed from tags. Trees are bounded in depth and size, aliases included.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from poku_batch.campaign.syntax import syntax_fault
from poku_batch.errors import CampaignError, Fault

#: More than any campaign needs; an alias counts as often as it is used.
MAX_NODES = 20_000
MAX_DEPTH = 20

#: Where a value stands: names of keys, and positions in lists from 0.
KeyPath = tuple[str | int, ...]

_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}"
    for kind in ("str", "int", "float", "bool", "null", "timestamp", "value", "seq", "map")
)
_NULL = "tag:yaml.org,2002:null"
_Loader: type[yaml.SafeLoader] | type[yaml.CSafeLoader] = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a key or an item stands, lines from 1, and its value as written if it is a text.

    ``text_line`` is the line of the value's first line: one further down for ``|`` and ``>``.
    """

    line: int
    text_line: int
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The tree (dict, list and str; keys without a value left out) and the places of its values.

    ``faults`` are those that do not keep the rest from being read.
    """

    tree: dict[str, object]
    places: Mapping[KeyPath, Place]
    faults: tuple[Fault, ...]


def dotted(path: KeyPath) -> str:
    """Write a path as a person would: ``contacts.key[2]``, items counted from 1."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step + 1}]"
        else:
            text += f".{step}" if text else step
    return text


def parse_document(text: str, *, file: str) -> Document:
    """Read one YAML mapping. Raises ``CampaignError`` where it cannot be read as one."""
    node = _compose(text, file)
    if node is None:
        raise CampaignError([Fault(file=file, message="the campaign file is empty")])
    if not isinstance(node, yaml.MappingNode):
        fault = Fault(
            file=file,
            line=node.start_mark.line + 1,
            message="a campaign is a list of keys and values",
            hint="begin with a line such as name: my-campaign",
        )
        raise CampaignError([fault])
    walker = _Walker(file)
    tree = walker.mapping(node, ())
    return Document(tree=tree, places=walker.places, faults=tuple(walker.faults))


def _compose(text: str, file: str) -> yaml.Node | None:
    try:
        _check_nesting(text, file)
        return yaml.compose(text, _Loader)
    except yaml.YAMLError as error:
        raise CampaignError([syntax_fault(error, text, file=file)]) from error


def _check_nesting(text: str, file: str) -> None:
    """Refuse deep nesting before nodes are made: the C composer recurses without a limit."""
    depth = 0
    for event in yaml.parse(text, _Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            mark = event.start_mark
            raise CampaignError([_too_much(file, mark.line + 1 if mark else None)])


def _too_much(file: str, line: int | None) -> Fault:
    message = "the file holds too many values, or nests them too deeply"
    return Fault(file=file, line=line, message=message)


@dataclass
class _Walker:
    """Turns nodes into the tree, and notes places and faults on the way."""

    file: str
    places: dict[KeyPath, Place] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    nodes: int = 0

    def value(self, node: yaml.Node, path: KeyPath) -> object:
        """A value: str, list, dict, or None where none is given."""
        self.nodes += 1
        if self.nodes > MAX_NODES or len(path) > MAX_DEPTH:
            fault = _too_much(self.file, node.start_mark.line + 1)
            raise CampaignError([*self.faults, fault])
        if node.tag not in _PLAIN_TAGS:
            self._fault(node, path, f"the tag {node.tag} is not known here", "leave it out")
            return None
        match node:
            case yaml.MappingNode():
                return self.mapping(node, path)
            case yaml.SequenceNode():
                return self._sequence(node, path)
            case _:
                return None if node.tag == _NULL else str(node.value)

    def mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, object]:
        """A mapping without the keys that have no value."""
        tree: dict[str, object] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, path)
            if key is None:
                continue
            line = key_node.start_mark.line + 1
            if key in lines:
                self._fault(key_node, (*path, key), f"stands on line {lines[key]} already")
                continue
            lines[key] = line
            self.places[*path, key] = _place(value_node, line)
            value = self.value(value_node, (*path, key))
            if value is not None:
                tree[key] = value
        return tree

    def _sequence(self, node: yaml.SequenceNode, path: KeyPath) -> list[object]:
        items: list[object] = []
        for item_node in node.value:
            item_path = (*path, len(items))
            self.places[item_path] = _place(item_node, item_node.start_mark.line + 1)
            before = len(self.faults)
            item = self.value(item_node, item_path)
            if item is not None:
                items.append(item)
            elif len(self.faults) == before:
                self._fault(item_node, item_path, "is empty", "give it a value or leave it out")
        return items

    def _key(self, node: yaml.Node, path: KeyPath) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            hint = 'put the value in quotes: "{{ column }}"' if _braces(node) else None
            self._fault(node, path, "a key is a word, not a list or a mapping", hint)
            return None
        if node.tag == "tag:yaml.org,2002:merge":
            self._fault(node, path, "'<<' is not known here", "write the keys out")
            return None
        return str(node.value)

    def _fault(self, node: yaml.Node, path: KeyPath, message: str, hint: str | None = None) -> None:
        self.faults.append(
            Fault(
                file=self.file,
                line=node.start_mark.line + 1,
                column=dotted(path) or None,
                message=message,
                hint=hint,
            )
        )


def _braces(node: yaml.Node) -> bool:
    """Whether a key is itself ``{…}``, as in a Jinja expression without quotes."""
    return isinstance(node, yaml.MappingNode) and bool(node.flow_style)


def _place(value: yaml.Node, line: int) -> Place:
    if not isinstance(value, yaml.ScalarNode):
        return Place(line=line, text_line=value.start_mark.line + 1)
    block = value.style in {"|", ">"}
    text = None if value.tag == _NULL else value.value
    return Place(line=line, text_line=value.start_mark.line + (2 if block else 1), text=text)
