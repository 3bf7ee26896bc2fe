"""The filters that put a cell into words, as templates name them.

What they do is in ``speech``, which brings Babel along and is imported when a template uses one.
"""

import inspect
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Any

from jinja2 import Environment, nodes, pass_context

from poku_batch.prompts.listener import Listener, SpeechError, current

#: The filters of ``speech``.
SPOKEN = (
    "spoken_date",
    "spoken_time",
    "spoken_datetime",
    "spoken_number",
    "spoken_currency",
    "digits",
    "spelled",
    "spoken_list",
)


def spoken_filters() -> dict[str, Callable[..., str]]:
    """Give the filters by name, as Jinja takes them."""
    return {name: _filter(name) for name in SPOKEN}


def _filter(name: str) -> Callable[..., str]:
    # A filter of the context is not worked out when the template is compiled: what a constant
    # sounds like depends on the row's language.
    @pass_context
    def speak(_context: object, value: object, *args: Any, **options: Any) -> str:
        return _spoken(name, value, args, options)

    speak.__name__ = name
    return speak


def _spoken(name: str, value: object, args: tuple[Any, ...], options: dict[str, Any]) -> str:
    listener = current()
    try:
        return _called(name, listener, value, args, options)
    except SpeechError as error:
        error.filter = name
        if error.mark in listener.told:
            return ""
        raise


def _called(
    name: str,
    listener: Listener,
    value: object,
    args: tuple[Any, ...],
    options: dict[str, Any],
) -> str:
    from poku_batch.prompts.speech import FILTERS

    try:
        return FILTERS[name](listener, value, *args, **options)
    except TypeError:
        if wrong := _wrong_arguments(name, args, options):
            raise wrong from None
        raise


def _wrong_arguments(
    name: str, args: tuple[Any, ...], options: dict[str, Any]
) -> SpeechError | None:
    from poku_batch.prompts.speech import FILTERS

    signature = inspect.signature(FILTERS[name])
    try:
        signature.bind(None, None, *args, **options)
    except TypeError as error:
        taken = ", ".join(list(signature.parameters)[2:])
        return SpeechError(f"{name}: {error}", f"{name} takes {taken}")
    return None


def unfit_filters(environment: Environment, tree: nodes.Template) -> Iterator[tuple[int, str, str]]:
    """Find filters and tests that do not exist, and arguments that no row can make right.

    Gives the line in the template, what is wrong, and a hint or nothing.
    """
    for test in tree.find_all(nodes.Test):
        if test.name not in environment.tests:
            near = _nearest(test.name, environment.tests)
            yield test.lineno, f"there is no test {test.name}", near
    for node in tree.find_all(nodes.Filter):
        if node.name not in environment.filters:
            near = _nearest(node.name, environment.filters)
            yield node.lineno, f"there is no filter {node.name}", near
        elif node.name in SPOKEN and (wrong := _argument_trouble(node)) is not None:
            yield node.lineno, wrong.message, wrong.hint or ""


def _nearest(name: str, known: dict[str, Any]) -> str:
    usual = {"ordinal": "spoken_date", "currency": "spoken_currency", "number": "spoken_number"}
    near = get_close_matches(name, known, n=1, cutoff=0.6) or [usual.get(name, "")]
    return f"did you mean {near[0]}?" if near[0] else ""


def _argument_trouble(node: nodes.Filter) -> SpeechError | None:
    """Say what is wrong with arguments that are constant, and with how many there are."""
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        return None
    options = {str(pair.key): pair.value for pair in node.kwargs}
    wrong = _wrong_arguments(node.name, tuple(node.args), options)
    if wrong is not None:
        return wrong
    try:
        values = tuple(argument.as_const() for argument in node.args)
        named = {key: value.as_const() for key, value in options.items()}
        _spoken(node.name, "", values, named)
    except nodes.Impossible:
        return None  # a cell of the row: its rendering says
    except SpeechError as error:
        return error
    return None
