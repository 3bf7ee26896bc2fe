"""Values as they are spoken: each filter takes the listener, a cell, and its own options.

Every one gives ``""`` for an empty cell, the same words for the same input, and raises
``SpeechError`` for what cannot be read; none guesses. Options are checked before the cell is, so
that an empty cell shows whether they are right.
"""

from collections.abc import Callable, Mapping

from poku_batch.prompts.speech.amounts import spoken_currency, spoken_number
from poku_batch.prompts.speech.letters import digits, spelled
from poku_batch.prompts.speech.lists import spoken_list
from poku_batch.prompts.speech.moments import spoken_date, spoken_datetime, spoken_time

#: By the name that templates use.
FILTERS: Mapping[str, Callable[..., str]] = {
    "spoken_date": spoken_date,
    "spoken_time": spoken_time,
    "spoken_datetime": spoken_datetime,
    "spoken_number": spoken_number,
    "spoken_currency": spoken_currency,
    "spoken_list": spoken_list,
    "digits": digits,
    "spelled": spelled,
}

__all__ = ["FILTERS"]
