"""The engine: from a sheet's rows to calls that ended, through the ports alone.

``compose`` makes a row's request, ``plan`` a row's enrolment. ``runner`` feeds the ``slots`` with
due contacts until it is told to end by ``stops``; ``calling`` takes one contact through
``placing`` and ``following``; ``journal`` makes each step durable and tells it. ``lasting`` waits
for a ledger that cannot be written, ``reach`` for an API that cannot be reached.
"""
