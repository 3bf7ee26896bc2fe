"""What a prompt says that a summary of the call would mention: whom, what about, when.

Prompts are anybody's text: only their beginning is read, by patterns that cannot run away, and a
detail is dropped where it holds words that an outcome is recognised by. Every detail is one line,
without control characters.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

#: Characters of a prompt that are read.
_READ = 8_000
_LONGEST = 80

#: Words that decide outcomes: in a detail they would make one outcome look like another.
TELLING = re.compile(
    r"confirm|schedul|voice\s*-?\s*mail|answering machine|wrong (?:number|person)|\bhuman\b"
    r"|again|not (?:to )?(?:be )?call|declin|refus|busy|transfer|call(?:ed|ing)?\s?-?back"
    r"|no answer|will be there|interested|remove|stop|unsubscribe|opt\w*.?out|cancel",
    re.IGNORECASE,
)

_WORD = r"[^\W\d_][\w'’-]{0,30}"
_TITLE = r"(?:(?:Dr|Mr|Mrs|Ms|Mx|Prof)\.? )?"
_NAME = rf"({_TITLE}{_WORD}(?: {_WORD}){{0,4}})"
_ROLE = r"(?:(?:the |our |a )?(?:patient|customer|client|member|guest|person|contact)[,:]? )?"
_PERSON_LEADS = (
    r"you are calling",
    r"(?:you(?:'re|’re)|agent|assistant) calling",
    r"(?:speak|talk)(?:ing)? (?:to|with)",
    r"ask for",
    r"(?:call|calling|phone|phoning|ring|reach|contact|greet)",
    r"(?:patient|customer|client|guest|contact|recipient|callee)(?: name)?(?: is|:)",
)
_ORGANISATION_LEADS = (
    r"on behalf of",
    r"calling from",
    r"(?:assistant|receptionist|agent|caller|clerk|team|representative) (?:of|for|at|from|with)",
    r"(?:work|working) (?:for|at)",
    r"(?:from|with|at)",
)
_PARTICLES = frozenset(
    "al and bin da de del della der di do dos du el ibn la le of ten ter the van von y &".split()
)
#: Words that begin a sentence or a request after a lead, and no name.
_NOT_NAMES = frozenset(
    "a about an and any ask call calling confirm goal her him if in it me my no objective on or "
    "our please she someone somebody task the their them they this to topic us voice we you "
    "your monday tuesday wednesday thursday friday saturday sunday january february march april "
    "may june july august september october november december am pm today tomorrow".split()
)
_SUBJECT = re.compile(
    r"\b(appointment|check-up|consultation|delivery|booking|reservation|order|invoice|payment"
    r"|meeting|interview|viewing|inspection|event|survey|renewal|subscription|demo|visit|offer"
    r"|shipment|repair|quote|webinar|membership)s?\b",
    re.IGNORECASE,
)
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?"
    r"|Sep(?:t(?:ember)?)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_WEEKDAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_DATES = (
    re.compile(
        rf"\b(?:{_WEEKDAY},? )?(?:the )?(?:\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH}"
        rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?)\b(?:,? \d{{4}}\b)?"
    ),
    re.compile(r"\b\d{4}-\d{2}-\d{2}(?=\b|T)"),
    re.compile(r"\b\d{1,2}[/.]\d{1,2}[/.](?:\d{4}|\d{2})\b"),
    re.compile(rf"\b(?:(?:next |this )?{_WEEKDAY}|[Tt]omorrow|[Tt]oday)\b"),
)
_TIMES = (
    re.compile(r"\b\d{1,2}(?:[:.]\d{2})? ?(?:[ap]\.m\.|[ap]m\b)", re.IGNORECASE),
    re.compile(r"(?<![\d:])\d{1,2}:\d{2}(?![\d:])"),
)
_QUOTED = re.compile(r"“([^“”\n]{3,60})”|\"([^\"\n]{3,60})\"|«([^«»\n]{3,60})»")
_SENTENCE = re.compile(r"[^.!?\n]{3,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What was found; None for what was not. ``opening`` is how the prompt begins."""

    person: str | None = None
    organisation: str | None = None
    subject: str | None = None
    date: str | None = None
    time: str | None = None
    quoted: str | None = None
    opening: str | None = None


def read_details(prompt: str) -> Details:
    """Find what a summary of this prompt's call would mention; never raises."""
    text = _plain(prompt[:_READ])
    person = _first(_named(text, _PERSON_LEADS))
    organisation = _first(name for name in _named(text, _ORGANISATION_LEADS) if name != person)
    subject = _SUBJECT.search(text)
    return Details(
        person=person,
        organisation=organisation,
        subject=subject[1].lower() if subject else None,
        date=_first(match[0] for pattern in _DATES for match in pattern.finditer(text)),
        time=_first(match[0] for pattern in _TIMES for match in pattern.finditer(text)),
        quoted=_first(match[match.lastindex or 0] for match in _QUOTED.finditer(text)),
        opening=_first(match[0] for match in _SENTENCE.finditer(text)),
    )


def _plain(text: str) -> str:
    """Drop what cannot be printed; keep line ends, since names and sentences end there."""
    lines = (
        " ".join("".join(c if c.isprintable() else " " for c in line).split())
        for line in text.splitlines()
    )
    return "\n".join(lines)


def _first(found: Iterator[str]) -> str | None:
    for text in found:
        short = text.strip(" ,;:-")
        if len(short) > _LONGEST:
            short = short[: _LONGEST - 1].rstrip() + "…"
        if short and not TELLING.search(short):
            return short
    return None


def _named(text: str, leads: tuple[str, ...]) -> Iterator[str]:
    for lead in leads:
        for match in re.finditer(rf"\b(?i:{lead}) {_ROLE}{_NAME}", text):
            if name := _capitalised(match[1]):
                yield name


def _capitalised(words: str) -> str:
    """Keep the leading words that can belong to a name: capitals, and particles between them."""
    kept: list[str] = []
    for word in words.split():
        is_particle = word.lower() in _PARTICLES
        if not is_particle and (word[0].islower() or word.lower() in _NOT_NAMES):
            break
        kept.append(word)
    while kept and kept[-1].lower() in _PARTICLES:
        kept.pop()
    named = [word for word in kept if word.lower() not in _PARTICLES]
    return " ".join(kept).removesuffix("'s").removesuffix("’s") if named else ""
