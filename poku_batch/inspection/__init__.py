"""What looks wrong in a sheet, row by row, and how it could be mended; nothing is decided here.

``Inspector`` looks over the rows as they are planned, ``Mender`` repairs what surely is wrong.
"""

from poku_batch.inspection.findings import Finding, Kind, Note, Place, Severity
from poku_batch.inspection.inspector import Inspector
from poku_batch.inspection.mender import Mender, Repair
from poku_batch.inspection.scope import Scope
from poku_batch.inspection.words import mending, title

__all__ = [
    "Finding",
    "Inspector",
    "Kind",
    "Mender",
    "Note",
    "Place",
    "Repair",
    "Scope",
    "Severity",
    "mending",
    "title",
]
