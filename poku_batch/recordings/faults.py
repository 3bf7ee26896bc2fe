"""What goes wrong with a recording, in words that hold neither its address' path nor its query."""

from dataclasses import dataclass

_EXPIRED = "the link has expired, or may not be read"
_STATUSES = {
    401: _EXPIRED,
    403: _EXPIRED,
    404: "the recording is not there",
    410: "the recording is there no longer",
    429: "it is asked for too often",
}
#: Another try may have it. Source: RFC 9110, 15; RFC 8470 for 425.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
#: The API may know another address by now.
_GONE = frozenset({401, 403, 404, 410})


class DownloadError(Exception):
    """A recording cannot be had; ``why`` is for a person.

    ``passing``: another try may do, no sooner than ``retry_after_s``. ``gone``: the address is no
    longer, or not yet, one of a recording.
    """

    def __init__(
        self,
        why: str,
        *,
        passing: bool = False,
        gone: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        self.why = why
        self.passing = passing
        self.gone = gone
        self.retry_after_s = retry_after_s
        super().__init__(why)


class FolderTroubleError(Exception):
    """The folder takes no recording, whichever it is; ``why`` is what the system says."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class FetchFaults:
    """Makes the errors of one download; a ``links.way.WayFaults``."""

    def status(self, status: int, retry_after_s: float | None) -> DownloadError:
        """An answer without a recording, by its HTTP status."""
        words = _STATUSES.get(status)
        return DownloadError(
            f"{words} (HTTP {status})" if words else f"HTTP {status}",
            passing=status in _PASSING or status > 504,
            gone=status in _GONE,
            retry_after_s=retry_after_s,
        )

    def leads_nowhere(self) -> DownloadError:
        """Something that is no address."""
        return DownloadError("its address is none, or leads on to none")

    def no_host(self, host: str) -> DownloadError:
        """A name that nobody answers to."""
        return DownloadError(f"the host {host} cannot be found", passing=True)

    def leads_inside(self, host: str, scope: str) -> DownloadError:
        """An address inside, where none may be."""
        return DownloadError(f"its address leads to {host}, a {scope} address, and is not followed")

    def leads_into_the_open(self, host: str) -> DownloadError:
        """Http to another machine."""
        return DownloadError(f"its address leads to {host} without https, and is not followed")

    def leads_on(self, times: int) -> DownloadError:
        """A way without an end."""
        return DownloadError(f"its address leads on more than {times} times")

    def unreachable(self, host: str, why: str) -> DownloadError:
        """A host that does not take a connection."""
        return DownloadError(f"{host} cannot be reached: {why}", passing=True)

    def untrusted(self, why: str) -> DownloadError:
        """A host that cannot prove who it is."""
        return DownloadError(why)

    def broken_off(self) -> DownloadError:
        """An answer that is not whole."""
        return DownloadError("it broke off before its end", passing=True)

    def too_slow(self, within_s: float) -> DownloadError:
        """A recording that takes too long."""
        return DownloadError(f"it was not there whole within {within_s:g} s", passing=True)

    def too_large(self, most: int) -> DownloadError:
        """A recording of more bytes than it may have."""
        size = f"{most >> 20:,} MiB" if most >= 1 << 20 else f"{most:,} bytes"
        return DownloadError(f"it is larger than {size}")

    def no_sound(self, why: str) -> DownloadError:
        """Something that is no recording."""
        return DownloadError(f"what is at its address {why}")

    def encoded(self) -> DownloadError:
        """An encoding that nobody asked for, and that is not known here."""
        return DownloadError("it came in an encoding that was not asked for")

    def taken_away(self) -> DownloadError:
        """A copy that somebody deleted while it was made."""
        return DownloadError("its copy was deleted while it was made")
