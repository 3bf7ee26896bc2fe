"""A campaign's prompt and call values, compiled once and rendered for each row.

Rendering depends on the row, the contact and the campaign alone: the same input gives the same
prompt. Cells are data: nothing in them is evaluated.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from jinja2 import TemplateNotFound
from jinja2.exceptions import SecurityError

from poku_batch.errors import Fault, PromptError
from poku_batch.languages import known_language
from poku_batch.models import SheetRow
from poku_batch.prompts.cleaning import MAX_LENGTH, cleaned
from poku_batch.prompts.inspection import (
    Origin,
    Unit,
    column_at_fault,
    first_line,
    missing_names,
    read_units,
)
from poku_batch.prompts.listener import (
    Listener,
    SpeechError,
    Whereabouts,
    current,
    listening,
)
from poku_batch.prompts.names import (
    CAMPAIGN_FIELDS,
    CONTACT_FIELDS,
    ColumnNames,
    trouble_in_fields,
)
from poku_batch.prompts.plain import PlainText
from poku_batch.prompts.sandbox import MissingNameError, PromptEnvironment
from poku_batch.prompts.text import Text, TooLongError
from poku_batch.prompts.values import KnownValues

#: How many values of one row are told that cannot be spoken.
_FAULTS_OF_A_ROW = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedRow:
    """What one call says: ``call`` holds the values that are not empty, by campaign key."""

    prompt: str
    call: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTemplates:
    """Everything of a campaign that is rendered for each row.

    ``names`` are the sheet's columns as templates see them; ``used`` are those that are used, with
    their positions. ``speaks``: what is said may depend on where a contact is, and the language.
    ``plain`` is the prompt where it needs no Jinja.
    """

    names: ColumnNames
    campaign: Mapping[str, object]
    prompt: Text
    call: Mapping[str, Text | str]
    used: tuple[tuple[str, int], ...]
    used_wholes: frozenset[str]
    speaks: bool
    plain: PlainText | None
    known: KnownValues

    @classmethod
    def compile(
        cls,
        *,
        prompt: str,
        prompt_name: str,
        prompt_line: int = 1,
        folder: Path | None,
        call: Mapping[str, str],
        columns: Sequence[str],
        campaign: Mapping[str, object],
    ) -> Self:
        """Compile a prompt and the call values (by campaign key) for sheets of these columns.

        Keys are those of the section ``call``, or dotted ones of another: ``contacts.priority``.

        ``prompt_name`` is the file that faults name, and ``prompt_line`` the line in it on which
        the prompt begins; ``folder`` is what the prompt may include from. ``campaign`` holds
        ``name`` and ``wave``. Raises ``PromptError`` with every fault of syntax; those of call
        values name their key (``call.language``) and no file.
        """
        environment = PromptEnvironment(folder)
        faults: list[Fault] = []
        text = _compiled(environment, prompt, Origin(file=prompt_name, line=prompt_line), faults)
        values = {
            key: _compiled(environment, value, Origin(column=_dotted(key)), faults)
            if _is_template(value)
            else cleaned(value)
            for key, value in call.items()
        }
        if text is None or faults:
            raise PromptError(faults)
        texts = {key: value for key, value in values.items() if value is not None}
        names = ColumnNames.of(columns)
        wanted = {name for unit in _units(text, texts) for name in unit.wanted}
        told = MappingProxyType({key: campaign.get(key, "") for key in CAMPAIGN_FIELDS})
        return cls(
            names=names,
            campaign=told,
            prompt=text,
            call=MappingProxyType(texts),
            used=tuple((name, at) for name, at in names.usable.items() if name in wanted),
            used_wholes=frozenset(wanted),
            speaks=any(one.speaks for one in (text, *texts.values()) if isinstance(one, Text)),
            plain=PlainText.of(text.units[0].tree, names, told),
            known=KnownValues(texts, names),
        )

    @property
    def included(self) -> tuple[str, ...]:
        """The files that templates include, each once."""
        texts = {key: text for key, text in self.call.items() if isinstance(text, Text)}
        files = [unit.origin.file for unit in _units(self.prompt, texts)]
        return tuple(dict.fromkeys(file for file in files[1:] if file is not None))

    def missing(self) -> list[Fault]:
        """Find every name that the templates use and that no column provides, in reading order.

        Parts of ``row`` are found where they are constant; others show when a row is rendered.
        """
        faults = missing_names(self.prompt.units, self.names)
        for text in self.call.values():
            if isinstance(text, Text):
                faults += missing_names(text.units, self.names)
        return faults

    def render(
        self,
        row: SheetRow,
        *,
        to: str,
        key: str,
        number: int,
        where: Whereabouts = Whereabouts(),  # noqa: B008  # frozen
    ) -> RenderedRow:
        """Render a row for attempt ``number``, from 1, of a contact who is ``where``.

        Prompts are stripped, without control characters, runs of blank lines made one; values are
        spoken in the row's own ``language``. Raises ``PromptError`` with the row's faults where a
        name is missing, a value cannot be spoken, the template fails, or the prompt is empty or
        over 100,000 characters.
        """
        if not self.speaks:
            return self._of_cells(row, to, key, number)
        context = self._context(row, to=to, key=key, number=number)
        late: list[Fault] = []
        with listening(Listener(where=where)):
            language = self._call_value("language", context, row, late)
        with listening(_listener(language, where)):
            faults: list[Fault] = []
            prompt = self._prompt(context, row, faults)
            call = self._call(context, row, late, language)
            return _made(prompt, call, faults + late)

    def _of_cells(self, row: SheetRow, to: str, key: str, number: int) -> RenderedRow:
        """Render a row of which nothing is spoken; what it can have without Jinja it has."""
        cells = row.cells
        prompt = self.plain.fill(cells) if self.plain is not None else None
        call = self.known.of(cells)
        if prompt and call is not None:
            return RenderedRow(prompt=prompt, call=call)
        context = self._context(row, to=to, key=key, number=number)
        faults: list[Fault] = []
        late: list[Fault] = []
        prompt = prompt or self._prompt(context, row, faults)
        if call is None:
            call = self._call(context, row, late)
            if not late:
                self.known.keep(cells, call)
        return _made(prompt, call, faults + late)

    def _prompt(self, context: Mapping[str, Any], row: SheetRow, faults: list[Fault]) -> str:
        prompt = self._rendered(self.prompt, context, row, faults)
        if not prompt and not faults:
            message = "the prompt is empty for this row"
            faults.append(_of_row(self.prompt.origin, row, message, line=None))
        return prompt

    def _call(
        self,
        context: Mapping[str, Any],
        row: SheetRow,
        faults: list[Fault],
        language: str | None = None,
    ) -> dict[str, str]:
        """The call values that are not empty; ``language`` if that is rendered already."""
        values = {
            name: language
            if name == "language" and language is not None
            else self._call_value(name, context, row, faults)
            for name in self.call
        }
        return {name: value for name, value in values.items() if value}

    def _call_value(
        self, name: str, context: Mapping[str, Any], row: SheetRow, faults: list[Fault]
    ) -> str:
        text = self.call.get(name, "")
        if isinstance(text, str):
            return text
        return self._rendered(text, context, row, faults, is_value=True)

    def _context(self, row: SheetRow, *, to: str, key: str, number: int) -> dict[str, Any]:
        cells = row.cells
        context: dict[str, Any] = {name: cells[at] for name, at in self.used}
        if "row" in self.used_wholes:
            context["row"] = dict(zip(self.names.columns, cells, strict=True))
        if "contact" in self.used_wholes:
            context["contact"] = {"to": to, "key": key, "number": number}
        context["campaign"] = self.campaign
        return context

    def _rendered(
        self,
        text: Text,
        context: Mapping[str, Any],
        row: SheetRow,
        faults: list[Fault],
        *,
        is_value: bool = False,
    ) -> str:
        while True:
            try:
                return text.render_value(context) if is_value else text.render(context)
            except SpeechError as error:
                faults.append(self._row_fault(text, context, row, error))
                if len(faults) >= _FAULTS_OF_A_ROW:
                    return ""
                current().told.add(error.mark)
            except Exception as error:  # a template can raise whatever its expressions can
                faults.append(self._row_fault(text, context, row, error))
                return ""

    def _row_fault(
        self, text: Text, context: Mapping[str, Any], row: SheetRow, error: Exception
    ) -> Fault:
        origin, line = _place(text, error.__traceback__)
        name = None
        hint = None
        match error:
            case TooLongError():
                message = f"the text is longer than {MAX_LENGTH:,} characters"
                line = None
            case MissingNameError():
                name = error.name
                message, hint = self._missing(error, context)
            case SpeechError():
                message, hint = error.message, error.hint
                name = column_at_fault(
                    text.units, error, row.cells, self.names, place=(origin, line)
                )
            case SecurityError() | TemplateNotFound():
                message = first_line(error)
            case RecursionError():
                message = "the template includes itself without end"
            case _:
                message = f"the template fails for this row: {first_line(error)}"
        return _of_row(origin, row, message, hint, line=line, name=name)

    def _missing(
        self, error: MissingNameError, context: Mapping[str, Any]
    ) -> tuple[str, str | None]:
        if error.on is None:
            return self.names.trouble(error.name)
        if error.on is context.get("row"):
            return self.names.trouble_in_row(error.name)
        if error.on is context.get("contact"):
            return trouble_in_fields("contact", error.name, CONTACT_FIELDS)
        if error.on is context.get("campaign"):
            return trouble_in_fields("campaign", error.name, CAMPAIGN_FIELDS)
        kind = "text" if isinstance(error.on, str) else type(error.on).__name__
        return f"a {kind} has no part {error.name!r}", None


def _made(prompt: str, call: Mapping[str, str], faults: list[Fault]) -> RenderedRow:
    if faults:
        raise PromptError(faults)
    return RenderedRow(prompt=prompt, call=call)


def _listener(language: str, where: Whereabouts) -> Listener:
    # What is no language of the API is not called in; until that is said, any will do.
    tag = known_language(language)
    if tag is None:
        return Listener(where=where)
    return Listener(language=tag, chosen=True, where=where)


def _compiled(
    environment: PromptEnvironment, text: str, origin: Origin, faults: list[Fault]
) -> Text | None:
    units = []
    before = len(faults)
    for found in read_units(environment, text, origin):
        if isinstance(found, Fault):
            faults.append(found)
        else:
            units.append(found)
    if len(faults) > before:
        return None
    return Text(template=environment.from_string(text), units=tuple(units))


def _units(prompt: Text, call: Mapping[str, Text | str]) -> Iterator[Unit]:
    yield from prompt.units
    for text in call.values():
        if isinstance(text, Text):
            yield from text.units


def _dotted(key: str) -> str:
    return key if "." in key else f"call.{key}"


def _is_template(text: str) -> bool:
    return any(mark in text for mark in ("{{", "{%", "{#"))


def _of_row(
    origin: Origin,
    row: SheetRow,
    message: str,
    hint: str | None = None,
    *,
    line: int | None,
    name: str | None = None,
) -> Fault:
    fault = origin.fault(message, hint, line=line, name=name)
    return Fault(
        file=fault.file,
        line=fault.line,
        row=row.row,
        column=fault.column,
        message=message,
        hint=hint,
    )


def _place(text: Text, trace: TracebackType | None) -> tuple[Origin, int | None]:
    """Find the innermost template line of a traceback; Jinja writes template lines into it."""
    origins = {unit.origin.file: unit.origin for unit in text.units[1:]}
    found: tuple[Origin, int | None] = (text.origin, None)
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file == "<template>":
            found = (text.origin, trace.tb_lineno)
        elif file in origins:
            found = (origins[file], trace.tb_lineno)
        trace = trace.tb_next
    return found
