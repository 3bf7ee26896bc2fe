"""The campaign file of a first campaign, commented for somebody who has never seen one.

Only what is needed stands in it; what is usual besides stands behind ``#``, ready to be taken up.
"""

import re
from collections.abc import Iterable, Iterator

import yaml

from poku_batch.drafting.choices import Choices
from poku_batch.drafting.columns import column_named
from poku_batch.drafting.purposes import PLANS

#: What YAML reads as the same text without quotes, whatever its version.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:[ /.-][A-Za-z0-9_]+)*")
_NOT_PLAIN = frozenset("y n yes no on off true false null".split())


def scalar(text: str) -> str:
    """Any text as YAML reads it back: plain where that is certain, else in quotes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _NOT_PLAIN:
        return text
    dumped = yaml.safe_dump(text, default_style='"', allow_unicode=True, width=10**9)
    return str(dumped).strip()


def draft_campaign(choices: Choices) -> str:
    """Write the campaign file's text."""
    parts = (
        _head(choices),
        _contacts(choices),
        _call(choices),
        _outcomes(choices),
        _options(choices),
    )
    return "\n".join("\n".join(part) + "\n" for part in parts)


def _head(choices: Choices) -> Iterator[str]:
    yield "# A campaign: who is called, what is said, and how. What stands behind # does nothing."
    yield f"# To look at it, without calling anybody:  poku-batch check {choices.name}.yaml"
    yield "# To use an option that stands behind #, take the # and the space after it away."
    yield ""
    yield "# Who was called under this name is not called again under it."
    yield f"name: {choices.name}"


def _contacts(choices: Choices) -> Iterator[str]:
    sheet, roles = choices.sheet, choices.roles
    yield "contacts:"
    yield f"  file: {scalar(sheet.file)} # the sheet, seen from the folder of this file"
    if sheet.worksheet is not None:
        yield f"  sheet: {scalar(sheet.worksheet)} # the worksheet of the workbook"
    if sheet.header_row is not None:
        yield f"  header_row: {sheet.header_row} # the row with the names of the columns"
    yield f"  phone: {scalar(choices.phone)} # the column with the number to call"
    yield from _key(choices)
    if choices.region is not None:
        yield f"  region: {choices.region} # the country of numbers without +"
    for name, column, note in (
        ("timezone", roles.timezone, "where each person is"),
        ("not_before", roles.not_before, "from when a row may be called"),
        ("not_after", roles.not_after, "until when"),
    ):
        if column is not None:
            yield f"  {name}: {scalar(column.name)} # {note}"
    if roles.permission is not None:
        yield "  consent: # who may be called; everybody else is skipped"
        yield f"    column: {scalar(roles.permission.column.name)}"
        yield f"    values: [{_items(roles.permission.values)}]"


def _key(choices: Choices) -> Iterator[str]:
    if not choices.key:
        yield "  # key: Booking # a column that tells rows apart; without it, the number does"
        return
    single = len(choices.key) == 1
    written = scalar(choices.key[0]) if single else f"[{_items(choices.key)}]"
    yield f"  key: {written} # what tells a row from the others when the sheet is read again"
    if _has_repeats(choices):
        yield "  # duplicates: all # without it, a number in several rows is called for one of them"


def _has_repeats(choices: Choices) -> bool:
    phone = column_named(choices.phone, choices.sheet.columns)
    return phone is not None and len(set(phone.filled)) < len(phone.filled)


def _call(choices: Choices) -> Iterator[str]:
    yield "# What the assistant is told for each row. This is where to change what it says."
    yield f"prompt: prompts/{choices.name}.md.j2"
    yield ""
    yield "call:"
    if choices.caller_id is None:
        yield '  # from: "+14155550100" # what people see; without it, your account\'s own'
    else:
        yield f"  from: {scalar(choices.caller_id)} # the number that people see"
    yield f"  language: {scalar(choices.language)}"
    yield '  # transfer_to: "+14155550101" # who takes over when somebody asks for a human'
    yield "  # voice: male"


def _outcomes(choices: Choices) -> Iterator[str]:
    yield "# What can come of a call, each with words to look for in what the assistant reports."
    yield "# The first that is found counts; voicemail, wrong number and the like are known."
    yield "outcomes:"
    for outcome, phrases in PLANS[choices.purpose].outcomes.items():
        yield f"  {outcome}: [{_items(phrases)}]"


def _options(choices: Choices) -> Iterator[str]:
    plan = PLANS[choices.purpose]
    yield "# The sheet again, with what came of every call; and the rows that could not be called."
    yield "output:"
    yield f"  file: results/{choices.name}.csv # or .xlsx"
    yield f"  # rejects: results/{choices.name}-rejects.csv"
    yield ""
    yield "# People are called from 08:00 to 21:00 where they are, unless this says otherwise."
    yield '# calling_hours: {days: mon-fri, between: ["09:00", "18:00"]}'
    yield ""
    yield "# Who is called again, how often in all, and after how long."
    yield f"# redial: {plan.redial}"
    yield ""
    yield "# Calls at the same time, calls a run, and what all of them may cost in US dollars."
    yield "# limits: {concurrency: 5, max_calls: 100, budget: 50.00}"
    if plan.extras:
        yield ""
        yield from plan.extras


def _items(texts: Iterable[str]) -> str:
    return ", ".join(map(_item, texts))


def _item(text: str) -> str:
    """A text in a list: always in quotes, but for single words."""
    written = scalar(text)
    return written if written.startswith('"') or text.isalnum() else f'"{text}"'
