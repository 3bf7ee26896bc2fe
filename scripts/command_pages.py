"""A page for each command, made from the program: ``python -m scripts.command_pages [--update]``.

Arguments, options and their help come from the commands as they are registered; the examples are
run. The pages are committed, so that they can be read where the project is, and a change of an
option shows what it does to them; a test says when they are not as they would be made.
"""

import inspect
import sys
from collections.abc import Iterator
from typing import Any

import typer

from scripts.examples import EXAMPLES, EXITS
from scripts.stage import ROOT
from scripts.transcripts import play_all, settle

_FOLDER = ROOT / "docs" / "commands"
_PROGRAM = "poku-batch"
_MADE = "<!-- Made by scripts/command_pages.py from the program; edit that. -->\n"


def commands() -> dict[str, Any]:
    """Every command by its name; those of a group are named with it."""
    from poku_batch.cli.main import app

    return dict(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def page(name: str, command: Any) -> str:
    """The page of one command or group; its examples are not run yet."""
    parts = [_MADE, f"# {_PROGRAM} {name}\n"]
    group = getattr(command, "commands", None)
    if group is None:
        parts += _described(name, command)
    else:
        parts.append(f"{inspect.cleandoc(command.help or '')}\n")
        for inner, one in group.items():
            parts.append(f"## {name} {inner}\n")
            parts += _described(f"{name} {inner}", one)
    parts += _exits(name)
    if example := EXAMPLES.get(name):
        parts += ["## Example\n", inspect.cleandoc(example) + "\n"]
    return "\n".join(parts)


def index() -> str:
    """The list of all commands."""
    lines = [
        _MADE,
        "# Commands\n",
        "`poku-batch COMMAND --help` says what stands here.\n",
        "| command | does |\n|---|---|",
    ]
    for name, command in commands().items():
        first = inspect.cleandoc(command.help or "").split("\n\n")[0]
        lines.append(f"| [`{name}`]({name}.md) | {_cell(' '.join(first.split()))} |")
    return "\n".join([*lines, "", inspect.cleandoc(EXITS["all"]), ""])


def _described(name: str, command: Any) -> Iterator[str]:
    context = command.make_context(f"{_PROGRAM} {name}", [], resilient_parsing=True)
    usage = " ".join(command.collect_usage_pieces(context)).replace("{", "").replace("}", "")
    yield f"{inspect.cleandoc(command.help or '')}\n"
    yield f"```text\n{_PROGRAM} {name} {usage}\n```\n"
    for kind, title in (("argument", "argument"), ("option", "option")):
        records = [
            record
            for parameter in command.get_params(context)
            if parameter.param_type_name == kind
            and not parameter.hidden
            and parameter.name != "help"
            and (record := parameter.get_help_record(context))
        ]
        if records:
            yield f"| {title} | |\n|---|---|"
            yield "".join(f"| `{_name(left)}` | {_cell(right)} |\n" for left, right in records)


def _exits(name: str) -> Iterator[str]:
    if codes := EXITS.get(name):
        yield f"Exit codes: {codes} [All exit codes](index.md#exit-codes).\n"


def _name(text: str) -> str:
    """An argument or option as it is typed, without the kind of its value."""
    return text.partition(" <")[0].replace("|", "\\|")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def main(arguments: list[str]) -> int:
    """Write the pages, or say which are not as they would be; 1 then."""
    update = "--update" in arguments
    pages = {"index": index()}
    pages |= {name: page(name, command) for name, command in commands().items()}
    played = dict(zip(pages, play_all(list(pages.values())), strict=True))
    told = [settle(_FOLDER / f"{name}.md", text, update=update) for name, text in played.items()]
    for gone in {path.stem for path in _FOLDER.glob("*.md")} - set(pages):
        told.append(f"docs/commands/{gone}.md: there is no such command\n")
        if update:
            (_FOLDER / f"{gone}.md").unlink()
    sys.stdout.write("".join(told))
    return int(any(told) and not update)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
