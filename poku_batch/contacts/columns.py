"""Columns by name: the one a campaign asks for, the one that holds numbers, the nearest one.

Names are compared without regard to case, accents, spaces, underscores and hyphens where a person
may have meant the same; a column asked for by name must match exactly.
"""

import difflib
import unicodedata
from collections.abc import Iterable, Sequence

from poku_batch.errors import ContactsError, Fault

#: Usual names of the column with the number to call, folded, the likeliest first.
_PHONE_NAMES: tuple[str, ...] = tuple(
    """
    phone phonenumber phoneno telephone telephonenumber tel mobile mobilephone mobilenumber mobileno
    cell cellphone cellnumber msisdn contactnumber contactphone callnumber tonumber to number
    telefon telefonnummer handy handynummer mobiltelefon mobilnummer rufnummer
    numerodetelephone numerotelephone portable telephoneportable telephonemobile
    telefono numerodetelefono movil telefonomovil celular numerodecelular
    telefoon telefoonnummer mobiel gsm mobielnummer
    cellulare telefonocellulare numeroditelefono numerotelefono
    telefone numerodetelefone telemovel
    """.split()
)

_SHOWN_COLUMNS = 30


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that a person most likely meant, or None where none is near."""
    by_fold: dict[str, str] = {}
    for candidate in candidates:
        by_fold.setdefault(_fold(candidate), candidate)
    found = difflib.get_close_matches(_fold(name), by_fold, n=1)
    return by_fold[found[0]] if found else None


def find_phone_column(columns: Sequence[str]) -> str | None:
    """Return the column with a usual name for numbers to call, or None.

    Where several have one, the likelier name wins, then the earlier column.
    """
    ranks = {name: rank for rank, name in enumerate(_PHONE_NAMES)}
    named = [column for column in columns if _fold(column) in ranks]
    return min(named, key=lambda column: ranks[_fold(column)], default=None)


def find_column(columns: Sequence[str], names: Sequence[str]) -> int | None:
    """Return the position, from 0, of the first column with one of these names, or None."""
    folded = [_fold(column) for column in columns]
    return next((folded.index(_fold(name)) for name in names if _fold(name) in folded), None)


def require_column(name: str, columns: Sequence[str], *, file: str, key: str) -> int:
    """Return the position, from 0, of the column that the campaign key ``key`` names.

    Raises ``ContactsError`` with the nearest column and a list of them if there is none.
    """
    if name in columns:
        return list(columns).index(name)
    near = nearest(name, columns)
    hint = f'did you mean "{near}"? ' if near is not None else ""
    raise ContactsError(
        [
            Fault(
                file=file,
                column=key,
                message=f'there is no column "{name}"',
                hint=f"{hint}the columns are {_listed(columns)}",
            )
        ]
    )


def _listed(columns: Sequence[str]) -> str:
    shown = ", ".join(columns[:_SHOWN_COLUMNS])
    more = len(columns) - _SHOWN_COLUMNS
    return f"{shown} and {more} more" if more > 0 else shown


def _fold(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(
        letter for letter in plain if not unicodedata.combining(letter) and letter not in " \t\n_-"
    )
