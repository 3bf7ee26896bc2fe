"""The page of all keys of a campaign file: ``python -m scripts.campaign_page [--update]``.

It is made from the JSON Schema, so that each key is told in the words that an editor shows.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

from scripts.stage import ROOT
from scripts.transcripts import settle

_PAGE = ROOT / "docs" / "campaign.md"
_INTRO = """<!-- Made by scripts/campaign_page.py from the JSON Schema; edit the descriptions. -->
# Campaign file

A campaign is one YAML file. Three keys are required: `name`, `contacts` and `prompt`. Paths are
relative to the file. Durations are written as `90s`, `30m`, `4h` or `2d`. `poku-batch check` finds
what is wrong with a file and says in which line; an unknown key is an error that names the one that
was probably meant.

An editor completes and checks the file with the JSON Schema, which `poku-batch schema` prints; name
it in the first line:

```yaml
# yaml-language-server: $schema=campaign.schema.json
```
"""


def page() -> str:
    """The whole page."""
    from poku_batch.campaign import campaign_schema

    schema = campaign_schema()
    parts = [_INTRO, "## At the top\n", _table(schema, schema)]
    for key, value in schema["properties"].items():
        if section := _section(value, schema):
            parts += [f"## {key}\n", f"{_text(section.get('description', ''))}\n"]
            parts += [_table(section, schema, above=f"{key}.")]
    return "\n".join(parts)


def _table(part: dict[str, Any], schema: dict[str, Any], *, above: str = "") -> str:
    rows = [
        f"| `{name}` | {default} | {means} |" for name, default, means in _rows(part, schema, above)
    ]
    return "\n".join(["| key | default | means |", "|---|---|---|", *rows, ""])


def _rows(
    part: dict[str, Any], schema: dict[str, Any], above: str
) -> Iterator[tuple[str, str, str]]:
    """Each key with its default and meaning; the keys of inner sections follow theirs."""
    for name, value in part["properties"].items():
        required = name in part.get("required", ()) and "Default:" not in str(value)
        default = "required" if required else _default(value)
        yield f"{above}{name}", default, _means(value, schema)
        inner = _section(value, schema)
        if above and inner:
            yield from _rows(inner, schema, f"{above}{name}.")


def _section(value: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any] | None:
    """The first object with keys of its own that a value may be."""
    for one in _alternatives(value):
        found = _resolved(one, schema)
        if "properties" in found:
            return found
    return None


def _alternatives(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield value
    for one in [*value.get("anyOf", ()), *value.get("oneOf", ()), *value.get("allOf", ())]:
        yield from _alternatives(one)


def _resolved(value: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = value.get("$ref", "").removeprefix("#/$defs/")
    found: dict[str, Any] = schema["$defs"][name] if name else value
    return found


def _default(value: dict[str, Any]) -> str:
    default = value.get("default")
    if default in (None, [], {}, "") or isinstance(default, dict):
        return ""
    return f"`{default if isinstance(default, str) else json.dumps(default, ensure_ascii=False)}`"


def _means(value: dict[str, Any], schema: dict[str, Any]) -> str:
    text = value.get("description") or _resolved(value, schema).get("description", "")
    choices = [choice for choice in _choices(value, schema) if choice not in text]
    return _text(text) + (f" One of {', '.join(f'`{one}`' for one in choices)}." if choices else "")


def _choices(value: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    for one in _alternatives(value):
        found = _resolved(one, schema)
        if 1 < len(found.get("enum", ())) <= 8:
            return [str(choice) for choice in found["enum"]]
    return []


def _text(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")


def main(arguments: list[str]) -> int:
    """Write the page, or say how it would differ; 1 then."""
    update = "--update" in arguments
    told = settle(_PAGE, page(), update=update)
    sys.stdout.write(told)
    return int(bool(told) and not update)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
