"""A cell of a sheet as a telephone number that can be called, or why it is none.

What ``parse_phone`` gives is always a valid E.164 number of its country: emergency and short
numbers never are. Country rules are those of Google's libphonenumber, asked in two ways that always
agree: ``reading`` has the library read what may be written anyhow; ``plain`` and ``numbering`` work
from the library's own tables, for the nearly all cells that need no reading. Memory does not grow
with the numbers that are read.
"""

from poku_batch.phone.costs import is_premium, is_short_number
from poku_batch.phone.masks import mask
from poku_batch.phone.numbering import PhoneNumber
from poku_batch.phone.reading import parse_phone, possible_number
from poku_batch.phone.zones import zones_of

__all__ = [
    "PhoneNumber",
    "is_premium",
    "is_short_number",
    "mask",
    "parse_phone",
    "possible_number",
    "zones_of",
]
