"""Shares, prices and ranks as a campaign writes them."""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from poku_batch.campaign.fields import is_template, quoted, worded

_MOST_PRIORITY = 100


def _share(value: object) -> object:
    """Read ``0.5`` or ``50%`` as a number from 0 to 1."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    try:
        number = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise worded(f"{quoted(value)} is not a share", "such as 0.5 or 50%") from None
    if not 0 <= number <= 1:
        raise worded(f"{quoted(value)} is not between 0 and 1", "such as 0.5 or 50%")
    return number


#: A number from 0 to 1.
Share = Annotated[
    float,
    BeforeValidator(
        _share,
        json_schema_input_type=Annotated[float, Field(ge=0, le=1)]
        | Annotated[str, Field(pattern=r"^[0-9]{1,3}(\.[0-9]+)?%$")],
    ),
]

_MOST_MONEY = 1_000_000_000

Money = Annotated[
    Decimal,
    Field(ge=0, le=_MOST_MONEY, allow_inf_nan=False),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": _MOST_MONEY}),
]


def _priority(value: object) -> object:
    text = str(value) if isinstance(value, int) else value
    if not isinstance(text, str) or is_template(text):
        return text
    text = text.strip()
    if re.fullmatch(r"[0-9]{1,3}", text) and int(text) <= _MOST_PRIORITY:
        return text
    raise worded(
        f"{quoted(text)} is not a whole number from 0 to {_MOST_PRIORITY}",
        'for the value of a column write "{{ column }}"',
    )


#: A whole number from 0 to 100 as text, or an expression that gives one for each row.
Priority = Annotated[
    str,
    BeforeValidator(
        _priority,
        json_schema_input_type=Annotated[int, Field(ge=0, le=_MOST_PRIORITY)]
        | Annotated[str, Field(pattern=r"\{[{%]")],
    ),
]
