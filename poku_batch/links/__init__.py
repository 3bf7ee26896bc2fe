"""Sheets at an address: fetched into a private file, within bounds.

``addresses`` turns links that people copy into those of the sheet itself, ``network`` decides where
a link may lead, ``answers`` reads one answer, ``way`` follows an address to its end, ``fetching``
keeps the sheet that is there, ``faults`` has the words for what goes wrong.

Invariants: no cookie, no password, no proxy of the environment; https, or this machine; an address
on the public internet never leads into a private network.
"""

from poku_batch.links.fetching import Bounds, Fetched, fetch

__all__ = ["Bounds", "Fetched", "fetch"]
