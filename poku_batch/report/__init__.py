"""A campaign's calls as one HTML file: figures, charts, and every contact to search and to hear.

``outputs`` says where it may go; ``writing`` writes it, and alone brings the drawing of charts
along. ``contents`` asks the ledger, ``local_hours`` puts calls onto the contacts' clocks,
``people`` makes the table's values, ``page`` the page, with ``libraries`` in it. Nothing in it is
fetched.
"""

from poku_batch.report.outputs import check_report, default_report

__all__ = ["check_report", "default_report"]
