"""May this contact be called now: the answers, and what bounds how often a number is called."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from poku_batch.models.states import ContactState


class WaitKind(StrEnum):
    """Why a pending contact is not due yet."""

    #: what came of the last call asks for a later attempt
    REDIAL = "redial"
    #: the API turned the placement away; no phone rang
    TURNED_AWAY = "turned_away"
    #: it is outside calling hours, or a holiday, where the contact is
    CALLING_HOURS = "calling_hours"
    #: the row says not to call earlier
    NOT_BEFORE = "not_before"
    #: the number was called as often as a rule allows
    NUMBER_CAP = "number_cap"
    #: the contact's caller ID was used as often as a rule allows
    CALLER_ID_CAP = "caller_id_cap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """The contact may be called now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """The contact may be called from ``until`` (aware UTC), as far as can be said now."""

    until: datetime
    kind: WaitKind
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Never:
    """A rule says that the contact is not to be called; ``why`` is for its ``call_error``."""

    why: str


#: What a rule can say of a contact.
Permission = Go | Later | Never

#: From when, or until when, a row may be called. Without a zone: by the clock at the contact; a
#: time of day holds each day.
Moment = date | datetime | time


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """At the most ``calls`` calls ``within`` any span of that length, ending now."""

    calls: int
    within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What the ledger checks in the step that records an intent to call.

    ``number_caps`` bound calls to the contact's number, over all campaigns of the ledger;
    ``caller_id_caps`` those from the caller ID ``from_number`` (E.164; None: the account's own,
    which is not counted). The do-not-call list is checked always.
    """

    number_caps: tuple[Cap, ...] = ()
    from_number: str | None = None
    caller_id_caps: tuple[Cap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequel:
    """What an ended call makes of its contact.

    ``done``; ``failed`` with ``why``; or ``pending``, to be redialled from ``due_at``.
    ``kind`` is what the reasons of many contacts have in common, so that they can be counted.
    """

    state: ContactState = ContactState.DONE
    due_at: datetime | None = None
    why: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """How many contacts wait for one kind of reason, and when the first of them is due."""

    contacts: int
    first_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a campaign has used up, over all its runs.

    ``minutes`` are started minutes of calls that ended; ``open`` counts calls whose length is not
    known: those in flight and the unknown ones.
    """

    minutes: int = 0
    open: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DoNotCallEntry:
    """A number that must not be called, by any campaign of the ledger.

    ``source`` says where it comes from: ``added``, ``imported from FILE``, ``heard in a call``;
    ``reason`` is what was said, or why. ``by`` is the person who added it; None for a call's.
    """

    number: str
    source: str
    at: datetime
    reason: str | None = None
    by: str | None = None
