"""What an inspection has to know of a sheet and its campaign."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A sheet's columns and what they are to the campaign; positions count from 0.

    ``region`` is the country of numbers written without a plus sign. ``key`` are the key's columns;
    none where the number is the key. ``used`` are the columns that the templates use, ``required``
    those of them that the prompt tells as they are. ``consent_values`` are what means yes.
    """

    columns: tuple[str, ...]
    phone: int
    region: str | None = None
    key: tuple[int, ...] = ()
    used: frozenset[int] = frozenset()
    required: frozenset[int] = frozenset()
    timezone: int | None = None
    not_before: int | None = None
    not_after: int | None = None
    consent: int | None = None
    consent_values: tuple[str, ...] = ()

    @property
    def moments(self) -> frozenset[int]:
        """The columns that bound when a row may be called."""
        return frozenset(at for at in (self.not_before, self.not_after) if at is not None)

    @property
    def texts(self) -> tuple[int, ...]:
        """The columns whose cells matter, but for the number's, in order."""
        rules = {self.timezone, self.consent, *self.moments}
        matter = {*self.used, *self.key, *(at for at in rules if at is not None)}
        return tuple(sorted(matter - {self.phone}))

    @property
    def kept(self) -> frozenset[int]:
        """The columns that no repair may touch: another key is another contact, called again.

        Nor is consent: nobody but the person who gave it can write it down. Numbers count in one
        form however they are written, so that they may be repaired in a key too.
        """
        consent = () if self.consent is None else (self.consent,)
        return frozenset({*self.key, *consent}) - {self.phone}
