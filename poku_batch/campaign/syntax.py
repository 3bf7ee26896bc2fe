"""What a YAML parser complains about, in words for a person who does not know YAML."""

import re

import yaml

from poku_batch.errors import Fault

_QUOTE = 'put a text that holds ": " or " #" or begins with one of @ ` % & * ! | > in quotes'

#: A part of the parser's words, ours, and what to do. The first that fits is taken.
_WORDS: tuple[tuple[str, str, str | None], ...] = (
    ("another document", "holds more than one document", "remove the line ---, and what follows"),
    ("mapping values are not allowed", "a ':' where none can be", _QUOTE),
    ("could not find expected ':'", "a line without ':', or a key that is not ended", None),
    ("cannot start any token", "a character that cannot begin a value", _QUOTE),
    ("found unexpected end of stream", "a quote is opened and not closed", None),
    ("unexpected document indicator", "a quote is opened and not closed", None),
    ("expected ',' or ']'", "a list [ … ] lacks a comma or its end", None),
    ("expected ',' or '}'", "a mapping { … } lacks a comma or its end", "a text needs quotes"),
    ("did not find expected key", "does not fit the lines above", "check the indentation"),
    ("expected <block end>", "does not fit the lines above", "check the indentation"),
    ("expected node content", "a value is missing, or a bracket is not closed", None),
    ("did not find expected '-' indicator", "a list item does not begin with '- '", None),
    ("undefined alias", "an alias (*) without its anchor (&)", _QUOTE),
    ("escape", "a backslash in double quotes", "use single quotes, or write it twice"),
    ("nesting", "nested too deeply", None),
)


#: A key with its value right behind the colon; ``https://`` is none.
_CLOSE = re.compile(r"\s*([a-z_]+):([^\s/:\"'][^#]{0,60})")


def syntax_fault(error: yaml.YAMLError, text: str, *, file: str) -> Fault:
    """Say where the text is not YAML, and why."""
    if isinstance(error, yaml.MarkedYAMLError):
        return _marked(error, text, file)
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, _position(error)) + 1
        return Fault(
            file=file,
            line=line,
            message="holds a control character",
            hint="retype that line in a plain text editor",
        )
    return Fault(file=file, message="cannot be read as YAML")


def _marked(error: yaml.MarkedYAMLError, text: str, file: str) -> Fault:
    problem = error.problem or ""
    mark = error.problem_mark or error.context_mark
    if "quoted scalar" in (error.context or ""):
        mark = error.context_mark or mark  # where the quote begins: its end may be pages away
    if mark is None:
        return Fault(file=file, message=f"cannot be read as YAML: {problem}")
    place = f"column {mark.column + 1}"
    lines = text.split("\n")
    if fault := _without_space(lines, mark.line, file):
        return fault
    rest = lines[mark.line][mark.column :] if mark.line < len(lines) else ""
    tab = rest.startswith("\t") or ("cannot start" in problem and "\t" in rest)
    message, hint = ("a tab", "indent with spaces") if tab else _in_words(problem)
    return Fault(file=file, line=mark.line + 1, message=f"{place}: {message}", hint=hint)


def _without_space(lines: list[str], at: int, file: str) -> Fault | None:
    """The fault of a key whose ':' has no space behind it, in a line or in the one before."""
    above = [n for n in range(max(0, at - 9), min(at, len(lines))) if _says_something(lines[n])]
    for number in (at, *above[-1:]):
        found = _CLOSE.match(lines[number][:200]) if number < len(lines) else None
        if found is not None:
            hint = f"write {found[1]}: {found[2].strip()}"
            message = "a ':' without a space behind it"
            return Fault(file=file, line=number + 1, message=message, hint=hint)
    return None


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _in_words(problem: str) -> tuple[str, str | None]:
    for part, message, hint in _WORDS:
        if part in problem:
            return message, hint
    return f"cannot be read as YAML: {problem}", None


def _position(error: yaml.reader.ReaderError) -> int:
    position = error.position
    return position if isinstance(position, int) and position >= 0 else 0
