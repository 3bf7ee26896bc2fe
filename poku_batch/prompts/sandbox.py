"""The Jinja environment that prompts are rendered in.

A template reads its variables and its own folder, and nothing else: no Python attributes beyond
those of plain texts, no changing of values, no randomness (what is previewed is what is sent), no
ranges or repetitions without measure. Cells are values here; they are never read as templates.
"""

from collections.abc import Mapping, MutableMapping
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, Template, UndefinedError
from jinja2.environment import TemplateModule
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from poku_batch.prompts.cleaning import MAX_LENGTH
from poku_batch.prompts.filters import spoken_filters
from poku_batch.prompts.source import FolderLoader

#: No prompt needs more turns of a loop.
MAX_RANGE = 1_000


class MissingNameError(UndefinedError):
    """A template used a name, or a part of ``on``, that does not exist."""

    def __init__(self, message: str | None = None, *, name: str = "", on: object = None) -> None:
        super().__init__(message)
        self.name = name
        self.on = on


class _StrictName(StrictUndefined):
    """Raises ``MissingNameError`` when it is used, so that the name can be looked into."""

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: Any = UndefinedError,
    ) -> None:
        if exc is UndefinedError:
            on = None if obj is missing else obj
            exc = partial(MissingNameError, name=str(name), on=on)
        super().__init__(hint, obj, name, exc)


class _RowTemplate(Template):
    """A template that others import anew for each row: what it sets is in the row's language."""

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:  # noqa: ARG002  # Jinja's
        return self.make_module()


class PromptEnvironment(ImmutableSandboxedEnvironment):
    """One environment a campaign; its templates are compiled once.

    Autoescape is off: a prompt is text for an agent, not HTML, and O'Hara must stay O'Hara.
    """

    intercepted_binops = frozenset(("*", "**"))
    template_class = _RowTemplate

    def __init__(self, folder: Path | None) -> None:
        super().__init__(
            loader=FolderLoader(folder),
            undefined=_StrictName,
            autoescape=False,  # see the docstring
            keep_trailing_newline=True,  # of what is included; the whole is stripped
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self.globals = {
            "range": _bounded_range,
            "dict": self.globals["dict"],
            "namespace": self.globals["namespace"],
            "cycler": self.globals["cycler"],
            "joiner": self.globals["joiner"],
        }
        del self.filters["random"]
        self.filters |= spoken_filters()

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Give a template's globals as a plain dict: Jinja copies them for each row."""
        return {**self.globals, **(d or {})}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Give ``row.items`` as the column, not as Python's method."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Multiply numbers, and texts within measure."""
        sizes = [len(side) for side in (left, right) if isinstance(side, str | list | tuple)]
        counts = [side for side in (left, right) if isinstance(side, int)]
        if operator == "**" and not all(abs(count) <= 1_000 for count in counts):
            raise SecurityError("the power is too large")
        if sizes and counts and sizes[0] * counts[0] > MAX_LENGTH:
            raise SecurityError(f"the repeated text is longer than {MAX_LENGTH:,} characters")
        return super().call_binop(context, operator, left, right)


def _bounded_range(*args: int) -> range:
    values = range(*args)
    if len(values) > MAX_RANGE:
        raise SecurityError(f"a range is at most {MAX_RANGE:,} long")
    return values
