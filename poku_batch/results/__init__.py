"""The sheet given back: every input row and column as it was, then what came of each call.

A results file appears whole or not at all; what stood in its place stays until it is complete.
Text from outside can neither become a formula nor break a file.
"""

from poku_batch.results.columns import CALL_COLUMNS, REJECT_COLUMNS, check_columns, taken_columns
from poku_batch.results.fields import Fields, fields_of
from poku_batch.results.frame import results_frame
from poku_batch.results.outputs import check_outputs, check_place, simulated_path
from poku_batch.results.overview import Overview
from poku_batch.results.placing import draft_beside, put_in_place, sync
from poku_batch.results.rejects import Rejects, check_rejects, is_reject
from poku_batch.results.rescue import rescue
from poku_batch.results.writing import is_plain, write_plain, write_rejects, write_results

__all__ = [
    "CALL_COLUMNS",
    "REJECT_COLUMNS",
    "Fields",
    "Overview",
    "Rejects",
    "check_columns",
    "check_outputs",
    "check_place",
    "check_rejects",
    "draft_beside",
    "fields_of",
    "is_plain",
    "is_reject",
    "put_in_place",
    "rescue",
    "results_frame",
    "simulated_path",
    "sync",
    "taken_columns",
    "write_plain",
    "write_rejects",
    "write_results",
]
