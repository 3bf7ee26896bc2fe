"""What pydantic found wrong with a campaign, in plain words, with the line of each."""

from collections.abc import Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from poku_batch.campaign.document import KeyPath, Place, dotted
from poku_batch.campaign.fields import quoted
from poku_batch.campaign.keys import known_keys, suggestion
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
    "enum": "is a single word",
    "literal_error": "is a single word",
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
            section = path[0] if len(path) > 1 else ""
            return "is not a known key", suggestion(str(section), str(path[-1]))
        case "int_parsing" | "int_from_float" | "int_parsing_size":
            return f"{quoted(details['input'])} is not a whole number", None
        case "greater_than_equal":
            return f"{details['input']} is less than {context['ge']:,}", None
        case "less_than_equal":
            return f"{details['input']} is more than {context['le']:,}", None
        case kind:
            return _SHAPES.get(kind, "cannot be used as it is"), _keys_of(kind, path)


def _keys_of(kind: str, path: KeyPath) -> str | None:
    if kind != "model_type" or len(path) != 1:
        return None
    keys = known_keys().get(str(path[0]), ())
    return f"its keys: {', '.join(keys)}" if keys else None


def _example(path: KeyPath) -> str | None:
    examples = {
        "name": "name: my-campaign",
        "contacts": "contacts: contacts.csv",
        "prompt": "prompt: prompts/call.md.j2",
        "contacts.file": "file: contacts.csv",
        "output.file": "file: results.csv",
    }
    example = examples.get(dotted(path))
    return f"add a line such as {example}" if example else None


def _line(path: KeyPath, places: Mapping[KeyPath, Place]) -> int:
    while path:
        if path in places:
            return places[path].line
        path = path[:-1]
    return min((place.line for place in places.values()), default=1)
