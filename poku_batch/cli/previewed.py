"""What ``preview`` found, in words and as JSON.

Colours say what words say too: nothing is lost where there are none.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from poku_batch.app.previewing import NumberFacts, Preview, UsedCell, Verdict, Would
from poku_batch.app.rulings import Ruling, Says
from poku_batch.cli.terminal import out, printable, say
from poku_batch.inspection.prompt_text import Remark, Weight
from poku_batch.models import CallRequest
from poku_batch.progress.notes import local
from poku_batch.progress.words import one_line

#: A piece of a line and how it looks.
Piece = tuple[str, str]

_SAYS = {Says.YES: "green", Says.LATER: "yellow", Says.NO: "bold red", Says.NOTE: "dim"}
_WOULD = {Would.NOW: "bold green", Would.LATER: "bold yellow", Would.NEVER: "bold red"}
_WEIGHT = {Weight.WARNING: "yellow", Weight.HINT: "dim"}
#: How much of a cell is shown.
_CELL = 120
#: A line of indented JSON: its name, and its value.
_JSON_LINE = re.compile(r'(\s*)("(?:[^"\\]|\\.)*")(: )(.*?)(,?)')


def print_preview(found: Preview) -> None:
    """Show a row: whether it would be called, its cells, each decision, its request, its prompt."""
    if not found.found:
        say(out, "No row of the sheet would be called, now or later. This is the first:")
    say(out, f"row {found.row.row}, key {one_line(found.key or 'none')}", style="bold")
    _line((verdict_text(found.verdict), _WOULD[found.verdict.would]))
    if found.number is not None:
        say(out, number_text(found.number))
    _print_part("cells that the templates use", _cell_lines(found.cells))
    _print_part("decisions", _ruling_lines(found.rulings))
    if found.request is not None:
        _print_request(found, found.request)
        _print_prompt(found, found.request)
    _print_part("to look at", _remark_lines(found.remarks))


def verdict_text(verdict: Verdict) -> str:
    """What a run would do with the row, in a line."""
    why = f": {one_line(verdict.why, limit=300)}" if verdict.why else ""
    match verdict.would:
        case Would.NOW:
            return "would be called now"
        case Would.LATER:
            until = f" from {local(verdict.until)}" if verdict.until is not None else " later"
            return f"would be called{until}{why}"
        case Would.NEVER:
            return f"would not be called{why}"


def number_text(number: NumberFacts) -> str:
    """A number as its country writes it, and what it tells of itself."""
    return ", ".join(filter(None, (number.e164, number.national, number.country, number.kind)))


def remark_text(remark: Remark) -> str:
    """A remark with its place in the prompt."""
    place = "" if remark.line is None else f"line {remark.line} of the prompt: "
    return f"{place}{one_line(remark.message, limit=300)}"


def request_fields(request: CallRequest, *, waits: bool | None) -> dict[str, Any]:
    """A request as the API takes it, but for the prompt."""
    fields = {
        "to": request.to,
        "from": request.from_,
        "transferTo": request.transfer_to,
        "language": request.language,
        "voice": request.voice,
        "waitForCallEnd": waits,
    }
    return {name: value for name, value in fields.items() if value is not None}


def preview_json(found: Preview) -> dict[str, Any]:
    """A preview as ``--json`` gives it."""
    verdict, request = found.verdict, found.request
    return {
        "row": found.row.row,
        "key": found.key,
        "would_be_called": str(verdict.would),
        "why": verdict.why,
        "until": verdict.until.isoformat() if verdict.until else None,
        "number": None
        if found.number is None
        else {
            "e164": found.number.e164,
            "national": found.number.national,
            "country": found.number.country,
            "kind": found.number.kind,
        },
        "cells": [
            {"place": cell.place, "column": cell.column, "value": cell.value}
            for cell in found.cells
        ],
        "decisions": [
            {
                "about": ruling.about,
                "says": str(ruling.says),
                "why": ruling.why,
                "until": ruling.until.isoformat() if ruling.until else None,
            }
            for ruling in found.rulings
        ],
        "request": None
        if request is None
        else {**request_fields(request, waits=found.waits), "prompt": request.prompt},
        "characters": 0 if request is None else len(request.prompt),
        "about_tokens": found.tokens,
        "remarks": [
            {"weight": str(remark.weight), "line": remark.line, "message": remark.message}
            for remark in found.remarks
        ],
    }


def _print_request(found: Preview, request: CallRequest) -> None:
    out.print()
    would = "as it would be sent" if found.verdict.would is not Would.NEVER else "but not sent"
    _line(("request", "bold"), (f"  POST {found.base_url}/calls, {would}; its prompt is below", ""))
    for line in json.dumps(request_fields(request, waits=found.waits), indent=2).splitlines():
        _line(*_coloured(line))


def _coloured(line: str) -> Iterator[Piece]:
    parts = _JSON_LINE.fullmatch(line)
    if parts is None:
        yield line, ""
        return
    margin, name, colon, value, comma = parts.groups()
    yield from ((margin, ""), (name, "cyan"), (colon, ""), (value, "green"), (comma, ""))


def _print_prompt(found: Preview, request: CallRequest) -> None:
    out.print()
    size = f"{len(request.prompt):,} characters, about {found.tokens:,} tokens"
    _line(("prompt", "bold"), (f"  {size}", ""))
    say(out, request.prompt)


def _print_part(title: str, lines: Sequence[Sequence[Piece]]) -> None:
    if not lines:
        return
    out.print()
    say(out, title, style="bold")
    for line in lines:
        _line(*line)


def _cell_lines(cells: Sequence[UsedCell]) -> list[list[Piece]]:
    places = _widest(cell.place for cell in cells)
    names = _widest(one_line(cell.column, limit=40) for cell in cells)
    return [
        [
            (f"  {cell.place:{places}}  ", "dim"),
            (f"{one_line(cell.column, limit=40):{names}}  ", "cyan"),
            (one_line(cell.value, limit=_CELL), "")
            if cell.value.strip()
            else ("(empty)", "yellow"),
        ]
        for cell in cells
    ]


def _ruling_lines(found: Sequence[Ruling]) -> list[list[Piece]]:
    about = _widest(ruling.about for ruling in found)
    return [
        [
            (f"  {'' if ruling.says is Says.NOTE else ruling.says:5}  ", _SAYS[ruling.says]),
            (f"{ruling.about:{about}}  ", "" if ruling.says is not Says.NOTE else "dim"),
            (one_line(ruling.why, limit=400), ""),
        ]
        for ruling in found
    ]


def _remark_lines(remarks: Sequence[Remark]) -> list[list[Piece]]:
    return [
        [(f"  {remark.weight:7}  ", _WEIGHT[remark.weight]), (remark_text(remark), "")]
        for remark in remarks
    ]


def _widest(words: Iterator[str]) -> int:
    return max(map(len, words), default=0)


def _line(*pieces: Piece) -> None:
    """Write a line of pieces as they are, each in its style."""
    out.print(Text.assemble(*((printable(text), style) for text, style in pieces)), soft_wrap=True)
