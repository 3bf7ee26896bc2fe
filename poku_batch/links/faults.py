"""The words for what goes wrong with a link; the query, which may hold a token, is in none."""

from dataclasses import dataclass

from poku_batch.errors import ContactsError, Fault
from poku_batch.links.addresses import Address

_DOWNLOAD = "download it, and name the file"
_LATER = f"try again later, or {_DOWNLOAD}"
_SHARE = (
    "share it with everyone who has the link, or publish it: File → Share → Publish to web → "
    "Comma-separated values"
)
_STATUSES = {
    400: ("there is no such worksheet, or the link is wrong", "copy the link again"),
    401: ("may not be read without signing in", "publish it, or share it with everyone"),
    403: ("may not be read without signing in", "publish it, or share it with everyone"),
    404: ("there is nothing at this address", "copy the link again"),
    410: ("is no longer there", "copy the link again"),
    429: ("is asked for too often", _LATER),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFaults:
    """Makes the errors of one link; ``name`` is how messages call it."""

    name: str
    address: Address

    def error(self, message: str, hint: str | None) -> ContactsError:
        """An error about the link."""
        return ContactsError([Fault(file=self.name, message=message, hint=hint)])

    def status(self, status: int) -> ContactsError:
        """An answer that is no sheet, by its HTTP status."""
        if self.address.is_google and status in {401, 403}:
            return self.page()
        words, hint = _STATUSES.get(status, ("cannot be fetched now", _LATER))
        if status not in _STATUSES and status < 500:
            words, hint = "cannot be fetched", "copy the link again"
        return self.error(f"{words} (HTTP {status})", hint)

    def page(self) -> ContactsError:
        """A web page where a sheet should be."""
        if self.address.converted:
            return self.error("the Google Sheet may not be read without signing in", _SHARE)
        if self.address.is_google:
            hint = "File → Share → Publish to web → Comma-separated values gives the right link"
            return self.error("is a web page, not a sheet", hint)
        hint = f"name the address of the CSV file itself, or {_DOWNLOAD}"
        return self.error("is a web page, not a sheet", hint)

    def no_host(self, host: str) -> ContactsError:
        """A name that nobody answers to."""
        hint = "check the link, and that this machine is online"
        return self.error(f"the host {host} cannot be found", hint)

    def unreachable(self, host: str, why: str) -> ContactsError:
        """A host that does not take a connection."""
        return self.error(f"{host} cannot be reached: {why}", _LATER)

    def untrusted(self, why: str) -> ContactsError:
        """A host that cannot prove who it is."""
        return self.error(why, None)

    def too_slow(self, within_s: float) -> ContactsError:
        """A sheet that takes too long."""
        return self.error(f"was not there whole within {within_s:g} s", _LATER)

    def too_large(self, most: int, *, unpacked: bool = False) -> ContactsError:
        """A sheet of more bytes than ``most``; ``unpacked``: of a workbook, without its packing."""
        size = f"{most >> 20:,} MiB" if most >= 1 << 20 else f"{most:,} bytes"
        if unpacked:
            hint = "link to the sheet as CSV, or see what takes so much in it"
            return self.error(f"is a workbook that is larger than {size} when unpacked", hint)
        return self.error(f"is larger than {size}", _DOWNLOAD)

    def unsound(self) -> ContactsError:
        """An archive that is damaged, or pretends to be smaller than it is."""
        return self.error("is not a sound workbook", "open it, and save it again as .xlsx")

    def broken_off(self) -> ContactsError:
        """An answer that is not whole."""
        return self.error("broke off before its end", _LATER)

    def encoded(self, encoding: str) -> ContactsError:
        """An answer in an encoding that nobody asked for."""
        return self.error(f"came in the encoding {encoding[:40]!r}, unasked", _DOWNLOAD)

    def leads_on(self, times: int) -> ContactsError:
        """A link without an end."""
        return self.error(f"leads on more than {times} times", "copy the link again")

    def leads_nowhere(self) -> ContactsError:
        """A redirect to something that is no address."""
        return self.error("leads on to something that is no address", "copy the link again")

    def leads_into_the_open(self, host: str) -> ContactsError:
        """A redirect to http."""
        hint = f"contacts must not travel in the open; {_DOWNLOAD}"
        return self.error(f"leads on to {host} without https", hint)

    def leads_inside(self, host: str, scope: str) -> ContactsError:
        """A redirect from outside to an address inside."""
        hint = f"if that is meant, name its address itself, or {_DOWNLOAD}"
        return self.error(f"leads on to {host}, a {scope} address", hint)

    def unkept(self, why: str) -> ContactsError:
        """A disk that does not take the sheet."""
        return self.error(f"cannot be kept in the temporary folder: {why}", "make room there")
