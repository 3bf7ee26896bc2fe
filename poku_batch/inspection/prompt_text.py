"""What a rendered prompt looks like that somebody should look at before an agent speaks by it.

Pure: text in, remarks out. Warnings are what is very likely a mistake; hints are what good prompts
have and this one seems not to have, by the words of the larger languages of the API.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

#: An agent that is told less than this, in characters, has to guess.
_SHORT = 100
#: How many remarks of one kind are made; a template repeats its mistakes.
_EACH = 3
#: How much of a line is shown on either side of what is wrong.
_AROUND = 24


class Weight(StrEnum):
    """How likely it is that something is wrong."""

    WARNING = "warning"
    HINT = "hint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing to look at; ``line`` counts from 1 in the prompt, None for all of it."""

    weight: Weight
    message: str
    line: int | None = None


#: What people write where a value should come, in brackets of any kind; folded.
_STAND_INS = (
    r"(?:(?:your|their|the|client|customer|patient|first|last|full|family|company|business|agent|"
    r"contact|caller|appointment|phone)[ _-]?)*"
    r"(?:name|firstname|lastname|surname|company|business|date|time|day|phone|number|address|"
    r"email|location|product|service|amount|title)"
)
_ROUND_WORDS = rf"(?:{_STAND_INS}|(?:insert|enter|add|put|fill in|your)\b[^\]>\n]{{1,40}})"

#: Kinds of left-overs: what they are called, and how they look.
_LEFT_OVER: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a template's mark", re.compile(r"\{\{.{0,60}?\}\}|\{%.{0,60}?%\}|\{\{|\}\}|\{%|%\}")),
    ("a placeholder", re.compile(r"(?<![${\w])\{[^\W\d][\w .-]{0,40}\}(?!\})")),
    ("a placeholder", re.compile(r"\[[A-Z][A-Z0-9 _/-]{1,40}\](?!\()")),
    ("a placeholder", re.compile(rf"\[{_ROUND_WORDS}\](?!\()", re.IGNORECASE)),
    ("a placeholder", re.compile(rf"<{_ROUND_WORDS}>", re.IGNORECASE)),
    ("a placeholder", re.compile(r"\$\{\w{1,40}\}|%[A-Z_]{3,40}%|\b_{4,}\b|(?<!\w)X{3,}(?!\w)")),
    ("a note to yourself", re.compile(r"\b(?:TODO|TBD|FIXME)\b")),
    ("filler text", re.compile(r"lorem ipsum(?: dolor)?", re.IGNORECASE)),
    (
        "a program's word for nothing",
        re.compile(
            r"(?<![\w'’-])(?:None(?! of\b)|nan|NaN|NaT|null|NULL|undefined|<NA>)(?![\w'’-])"
        ),
    ),
    ("a spreadsheet's error", re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!)")),
)

#: What an empty value leaves behind between the words around it.
_HOLES: tuple[re.Pattern[str], ...] = (
    re.compile(r"(?<=\w)[ \t]+[,.;](?=\s|$)"),
    re.compile(r",[ \t]*,|\([ \t]*\)|\"[ \t]*\"|“[ \t]*”"),
    re.compile(r"(?<=[\w,;])[ \t]{2,}(?=\w)"),
)

_ASSISTANT = re.compile(
    r"assist|asist|artificial|künstlich|intelligen|\bA\.?I\b|\bKI\b|\bIA\b|\bИИ\b|automat|automát|"
    r"virtu|virtuel|robot|\bbot\b|comput|digital|numérique|машин|робот|ассистент|помощник|"
    r"人工|智能|助手|助理|アシスタント|인공지능|비서|सहायक|مساعد|ذكاء|עוזר|βοηθ|asystent|yapay|"
    r"trợ lý",
    re.IGNORECASE,
)
_VOICEMAIL = re.compile(
    r"voice-?\s?mail|answering machine|answerphone|mailbox|leave (?:a|no|the) message|the tone|"
    r"the beep|buz[oó]n|contestador|anrufbeantworter|mobilbox|messagerie|répondeur|"
    r"segreteria|caixa postal|correio de voz|voicemail|poczt\w* głosow|автоответчик|голосов|"
    r"留守|留言|语音信箱|音声メール|음성\s?사서함|वॉइसमेल|البريد الصوتي",
    re.IGNORECASE,
)


def prompt_remarks(prompt: str, *, has_empty_values: bool) -> tuple[Remark, ...]:
    """Say what should be looked at in a prompt as the agent would read it, warnings first.

    ``has_empty_values``: a value that the template uses is empty in this row; only then are doubled
    spaces within a line taken for a hole.
    """
    warnings = [*_left_overs(prompt), *_holes(prompt, has_empty_values=has_empty_values)]
    warnings.sort(key=lambda remark: remark.line or 0)
    return (*warnings, *_on_the_whole(prompt))


def about_tokens(text: str) -> int:
    """About how many tokens a language model makes of a text, by the usual rule of thumb.

    Four letters of the Latin alphabet are one; a character of a script without spaces is one; two
    of any other script are. Models differ by a third.
    """
    latin = sum(ord(character) < 0x250 for character in text)
    dense = sum(ord(character) >= 0x2E80 for character in text)
    return round(latin / 4 + dense + (len(text) - latin - dense) / 2 + 0.49)


def _left_overs(prompt: str) -> Iterator[Remark]:
    taken: set[tuple[int, int]] = set()
    for what, pattern in _LEFT_OVER:
        for number, line, found in _found(prompt, pattern):
            if _closed_later(found, prompt) or any(
                found.start() < end and start < found.end() for start, end in taken
            ):
                continue
            taken.add(found.span())
            yield Remark(
                weight=Weight.WARNING,
                line=number,
                message=f"{found.group()!r} looks like {what} that was left over: "
                f"{_excerpt(line, found, prompt)}",
            )


def _closed_later(found: re.Match[str], prompt: str) -> bool:
    """Whether ``<name>`` begins a part of the prompt that ``</name>`` ends."""
    return found.group().startswith("<") and f"</{found.group()[1:]}" in prompt


def _holes(prompt: str, *, has_empty_values: bool) -> Iterator[Remark]:
    for pattern in _HOLES if has_empty_values else _HOLES[:2]:
        for number, line, found in _found(prompt, pattern):
            yield Remark(
                weight=Weight.WARNING,
                line=number,
                message=f"a hole, as an empty value leaves it: {_excerpt(line, found, prompt)}",
            )


def _on_the_whole(prompt: str) -> Iterator[Remark]:
    if len(prompt) < _SHORT:
        yield Remark(
            weight=Weight.WARNING,
            message=f"the prompt is {len(prompt):,} characters long: it is all that the agent "
            "knows. Say who it is, what the call is for, and what to do in each case",
        )
    if not _ASSISTANT.search(prompt):
        yield Remark(
            weight=Weight.HINT,
            message="no word says that an AI or an assistant is calling. Say so at the beginning; "
            "artificial voices are under rules of their own (in the US, FCC 24-17)",
        )
    if not _VOICEMAIL.search(prompt):
        yield Remark(
            weight=Weight.HINT,
            message="no word says what to do when a voicemail answers: which message to leave, or "
            "to leave none",
        )


def _found(prompt: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, int, re.Match[str]]]:
    """The first places of a pattern, with the number of the line and where the line begins."""
    for at, found in enumerate(pattern.finditer(prompt)):
        if at == _EACH:
            return
        number = prompt.count("\n", 0, found.start()) + 1
        yield number, prompt.rfind("\n", 0, found.start()) + 1, found


def _excerpt(line: int, found: re.Match[str], prompt: str) -> str:
    """What is wrong with the words around it, in quotes."""
    stop = prompt.find("\n", found.end())
    end = len(prompt) if stop < 0 else stop
    first, last = max(line, found.start() - _AROUND), min(end, found.end() + _AROUND)
    before, after = prompt[first : found.start()], prompt[found.end() : last]
    if first > line:
        before = f"…{before.lstrip()}"
    if last < end:
        after = f"{after.rstrip()}…"
    return f"“{before}{found.group()}{after}”"
