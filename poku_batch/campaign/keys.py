"""The tree of known keys, and what somebody may have meant by one that is not in it.

A section is named by its dotted path, ``contacts.consent``; ``*`` stands for a name that the person
chooses, as in ``redial.by_outcome.*``. The top level has the empty name.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from poku_batch.campaign.document import KeyPath
from poku_batch.campaign.fields import nearest
from poku_batch.campaign.model import Campaign


@cache
def known_keys() -> Mapping[str, tuple[str, ...]]:
    """Give the keys of each section."""
    return MappingProxyType(dict(_sections("", Campaign)))


def section_of(path: KeyPath) -> str:
    """Give the name of the section in which a path would stand if it is one."""
    names = known_keys()
    found = ""
    for step in path:
        if isinstance(step, str):
            here = f"{found}.{step}".lstrip(".")
            known = any(name == here or name.startswith(f"{here}.") for name in names)
            found = here if known else f"{found}.*"
    return found


def suggestion(section: str, key: str) -> str:
    """Say what was probably meant by an unknown key of a section."""
    tree = known_keys()
    named = {name: keys for name, keys in tree.items() if name and "*" not in name}
    if key not in tree and (homes := [name for name, keys in named.items() if key in keys]):
        return f"belongs under {' or '.join(homes)}"
    if key in tree[""] and section:
        return "belongs at the top level"
    here = {_plain(known): known for known in tree.get(section, ())}
    everywhere = {_plain(known): f"{name}.{known}" for name in named for known in named[name]}
    everywhere |= {_plain(known): known for known in tree[""]}
    return (
        nearest(_plain(key), here)
        or nearest(_plain(key), everywhere, cutoff=0.75)
        or f"known here: {', '.join(tree.get(section, ()))}"
    )


def _sections(name: str, model: type[BaseModel]) -> Iterator[tuple[str, tuple[str, ...]]]:
    fields = {info.alias or key: info for key, info in model.model_fields.items()}
    yield name, tuple(fields)
    for key, info in fields.items():
        for below, kind in _models(info.annotation):
            yield from _sections(f"{name}.{key}{below}".lstrip("."), kind)


def _models(kind: Any) -> Iterator[tuple[str, type[BaseModel]]]:
    """The sections that a value can be, or that stand under names in it."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield "", kind
    elif get_origin(kind) is Annotated:
        yield from _models(get_args(kind)[0])
    elif get_origin(kind) in {Union, UnionType}:
        for one in get_args(kind):
            yield from _models(one)
    elif get_origin(kind) is Mapping:
        for below, model in _models(get_args(kind)[1]):
            yield f".*{below}", model


def _plain(key: str) -> str:
    """Fold ``transferTo``, ``Transfer-To`` and ``transfer_to`` into one."""
    return re.sub(r"[^a-z0-9]", "", key.casefold())
