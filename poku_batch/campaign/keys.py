"""The tree of known keys, and what somebody may have meant by one that is not in it."""

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from pydantic import BaseModel

from poku_batch.campaign.fields import nearest
from poku_batch.campaign.model import Campaign


@cache
def known_keys() -> Mapping[str, tuple[str, ...]]:
    """Give the keys of each section; those of the top level under the empty name."""
    tree = {"": _keys(Campaign)}
    for name, info in Campaign.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            tree[name] = _keys(info.annotation)
    return MappingProxyType(tree)


def suggestion(section: str, key: str) -> str:
    """Say what was probably meant by an unknown key of a section."""
    tree = known_keys()
    if key not in tree and (homes := _homes(key)):
        return f"belongs under {' or '.join(homes)}"
    if key in tree[""] and section:
        return "belongs at the top level"
    here = {_plain(known): known for known in tree.get(section, ())}
    everywhere = {_plain(k): f"{s}.{k}" for s, keys in tree.items() if s for k in keys}
    everywhere |= {_plain(known): known for known in tree[""]}
    return (
        nearest(_plain(key), here)
        or nearest(_plain(key), everywhere, cutoff=0.75)
        or f"known here: {', '.join(tree.get(section, ()))}"
    )


def _homes(key: str) -> list[str]:
    return [section for section, keys in known_keys().items() if section and key in keys]


def _plain(key: str) -> str:
    """Fold ``transferTo``, ``Transfer-To`` and ``transfer_to`` into one."""
    return re.sub(r"[^a-z0-9]", "", key.casefold())


def _keys(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(info.alias or name for name, info in model.model_fields.items())
