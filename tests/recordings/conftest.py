"""A certificate that this machine trusts, for hosts of the tests' own world."""

from tests.links.conftest import certificate, tls

__all__ = ["certificate", "tls"]
