"""What pydantic found wrong with a campaign, in plain words, with the line of each."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from poku_batch.campaign.document import KeyPath, Place, dotted
from poku_batch.campaign.fields import quoted
from poku_batch.campaign.keys import known_keys, section_of, suggestion
from poku_batch.errors import Fault

#: Of a section: what it is when it should be a mapping, and the like. Keyed by pydantic's types.
_SHAPES = {
    "model_type": "holds keys of its own, not a single value",
    "mapping_type": "holds keys of its own, not a single value",
    "dict_type": "holds keys of its own, not a single value",
    "tuple_type": "is a list, not a mapping",
    "list_type": "is a list, not a mapping",
    "string_type": "is a single text, not a list or a mapping",
    "path_type": "is a single path, not a list or a mapping",
    "time_delta_type": "is a single length of time, such as 90s",
    "int_type": "is a single whole number",
    "float_type": "is a single number",
    "decimal_type": "is a single number",
    "date_type": "is a single date, such as 2026-12-24",
    "bool_type": "is true or false",
    "bool_parsing": "is true or false",
    "enum": "is a single word",
    "literal_error": "is a single word",
    "string_too_short": "is empty",
}


def plain_faults(
    error: ValidationError, places: Mapping[KeyPath, Place], *, file: str
) -> list[tuple[KeyPath, Fault]]:
    """Translate every error, each with the path of the key that is at fault."""
    return [_fault(details, places, file) for details in error.errors(include_url=False)]


def _fault(
    details: ErrorDetails, places: Mapping[KeyPath, Place], file: str
) -> tuple[KeyPath, Fault]:
    context = details.get("ctx", {})
    path = (*(step for step in details["loc"] if step != "[key]"), *context.get("key", ()))
    while path and isinstance(path[-1], int) and path not in places:
        path = path[:-1]  # a single value was read as a list of one
    message, hint = _words(details, path)
    fault = Fault(
        file=file,
        line=_line(path, places),
        column=dotted(path) or None,
        message=message,
        hint=hint,
    )
    return path, fault


def _words(details: ErrorDetails, path: KeyPath) -> tuple[str, str | None]:
    context = details.get("ctx", {})
    match details["type"]:
        case "campaign":
            return context["message"], context["hint"]
        case "missing":
            return "is missing", _example(path)
        case "extra_forbidden":
            return "is not a known key", suggestion(section_of(path[:-1]), str(path[-1]))
        case kind:
            message = _number_words(kind, details["input"], context)
            return message or _SHAPES.get(kind, "cannot be used as it is"), _keys_of(kind, path)


def _number_words(kind: str, value: object, context: Mapping[str, Any]) -> str | None:
    match kind:
        case "int_parsing" | "int_from_float" | "int_parsing_size":
            return f"{quoted(value)} is not a whole number"
        case "float_parsing" | "decimal_parsing" | "finite_number":
            return f"{quoted(value)} is not a number"
        case "greater_than":
            return f"{value} is not more than {context['gt']:,.0f}"
        case "greater_than_equal":
            return f"{value} is less than {context['ge']:,.0f}"
        case "less_than_equal":
            return f"{value} is more than {context['le']:,.0f}"
        case "string_too_long":
            return f"is longer than {context['max_length']} characters"
        case _:
            return None


def _keys_of(kind: str, path: KeyPath) -> str | None:
    keys = known_keys().get(section_of(path), ()) if kind == "model_type" else ()
    return f"its keys: {', '.join(keys)}" if keys else None


def _example(path: KeyPath) -> str | None:
    examples = {
        "name": "name: my-campaign",
        "contacts": "contacts: contacts.csv",
        "prompt": "prompt: prompts/call.md.j2",
        "contacts.file": "file: contacts.csv",
        "output.file": "file: results.csv",
        "contacts.consent.column": "column: consent",
        "outcomes_by.model": "model: gpt-4.1-mini",
    }
    example = examples.get(dotted(path))
    return f"add a line such as {example}" if example else None


def _line(path: KeyPath, places: Mapping[KeyPath, Place]) -> int:
    while path:
        if path in places:
            return places[path].line
        path = path[:-1]
    return min((place.line for place in places.values()), default=1)
