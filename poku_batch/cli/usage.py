"""What typer says of a command line that is wrong, in the program's own words."""

import re
from pathlib import Path
from typing import Any

#: typer takes some phrases from pydantic; the first that matches is said in plain words.
_PLAIN: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"Input should be greater than or equal to (\S+)"), r"is less than \1"),
    (re.compile(r"Input should be less than or equal to (\S+)"), r"is more than \1"),
    (re.compile(r"Input should be a valid integer.*"), "is not a whole number"),
    (re.compile(r"Input should be a valid number.*"), "is not a number"),
    (re.compile(r"Value error, (.*)"), r"\1"),
)
_INVALID = re.compile(r"Invalid value(?: for (?P<where>[^:]+))?: (?P<what>.*)", re.DOTALL)
_NEAR = re.compile(r"\. Did you mean (.+)\?$|\s*\(Possible options: (.+)\)$")


def is_usage_error(error: BaseException) -> bool:
    """Whether an exception is typer's, about the command line."""
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def usage_words(error: Any) -> str:
    """Say what is wrong with a command line, and where to look.

    ``error`` is one that ``is_usage_error``.
    """
    text = str(error.format_message()).strip()
    found = _INVALID.fullmatch(text)
    if found is not None:
        what = _plain(found["what"])
        text = f"{found['where'].strip(chr(39))}: {what}" if found["where"] else what
    text, near = _without_suggestion(text)
    hint = f"did you mean {near}? " if near else _campaigns_here(text)
    return f"{_begun(text).rstrip('.')} ({hint}{_help(error)} says what there is)"


def _campaigns_here(text: str) -> str:
    """The campaigns of the working directory, where the command line lacks one."""
    if not text.startswith("Missing argument 'CAMPAIGN'"):
        return ""
    try:
        names = sorted(p.name for p in Path().iterdir() if p.suffix.lower() in {".yaml", ".yml"})
    except OSError:
        return ""
    return f"here: {', '.join(names[:5])}; " if names else ""


def _without_suggestion(text: str) -> tuple[str, str | None]:
    found = _NEAR.search(text)
    if found is None:
        return text, None
    return text[: found.start()], (found[1] or found[2]).replace("'", "").replace(", ", " or ")


def _plain(what: str) -> str:
    for pattern, words in _PLAIN:
        if pattern.fullmatch(what):
            return pattern.sub(words, what)
    return what


def _begun(text: str) -> str:
    """A message begins in lower case, as all do."""
    return text[:1].lower() + text[1:]


def _help(error: Any) -> str:
    context = getattr(error, "ctx", None)
    path = str(getattr(context, "command_path", "")).removeprefix("poku-batch").strip(" -")
    return " ".join(part for part in ("poku-batch", path, "--help") if part)
