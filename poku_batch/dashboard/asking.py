"""Which contacts a page's address asks for: forgiving, since anybody can type one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from starlette.datastructures import QueryParams

from poku_batch.models import ContactOrder, ContactQuery, ContactState

#: How many contacts a page may have; the first is where nobody asks for more.
SIZES = (50, 100, 200)

#: The last page that can be asked for, and the longest search.
_MOST_PAGES = 1_000_000
_LONGEST = 200

T = TypeVar("T", ContactOrder, ContactState)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The contacts that a page shows: a query, and which page of what it finds, from 1."""

    query: ContactQuery
    page: int
    size: int

    @property
    def is_narrowed(self) -> bool:
        """Whether not everybody is asked for."""
        return bool(self.query.search or self.query.states or self.query.outcomes)

    def pairs(
        self, *, page: int | None = None, order: ContactOrder | None = None
    ) -> list[tuple[str, str]]:
        """The query of another page's address, or of this one sorted by a column.

        A column by which it is sorted already is turned round.
        """
        query = self.query
        by = order or query.order
        down = query.descending if order is None else order is query.order and not query.descending
        pairs = [
            ("q", query.search),
            *(("state", state) for state in query.states),
            *(("outcome", outcome) for outcome in query.outcomes),
            ("sort", "" if by is ContactOrder.ROW else by),
            ("down", "1" if down else ""),
            ("size", "" if self.size == SIZES[0] else str(self.size)),
            ("page", "" if page in (None, 1) else str(page)),
        ]
        return [(name, value) for name, value in pairs if value]


def asked(given: QueryParams) -> Asked:
    """Read what an address asks for; what it asks wrongly is not asked."""
    size = _number(given.get("size"), SIZES[0], SIZES[-1])
    size = size if size in SIZES else SIZES[0]
    page = _number(given.get("page"), 1, _MOST_PAGES)
    order = _known(ContactOrder, [given.get("sort", "")])
    query = ContactQuery(
        search=given.get("q", "").strip()[:_LONGEST],
        states=_known(ContactState, given.getlist("state")),
        outcomes=tuple(word[:_LONGEST] for word in given.getlist("outcome") if word)[:50],
        order=order[0] if order else ContactOrder.ROW,
        descending=given.get("down") == "1",
        offset=(page - 1) * size,
        limit=size,
    )
    return Asked(query=query, page=page, size=size)


def _known(kind: type[T], words: Iterable[str]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(kind(word) for word in words if word in kind._value2member_map_))


def _number(text: str | None, least: int, most: int) -> int:
    if text is None or not text.isascii() or not text.isdecimal() or len(text) > 9:
        return least
    return min(max(int(text), least), most)
