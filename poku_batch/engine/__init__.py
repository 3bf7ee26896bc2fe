"""The engine: from a sheet's rows to calls that ended, through the ports alone.

``compose`` makes a row's request, ``plan`` a row's enrolment. ``runner`` feeds the ``slots`` with
due contacts until it is told to end by ``stops``: ``permits`` says whether one may be called now,
``gate`` how many may (by ``pace``, ``window``, ``breaker`` and ``spending``, told by ``reports``).
``calling`` takes one contact through ``caller_ids``, ``placing`` and ``following`` to ``ends``;
``journal`` makes each step durable and tells it, ``telling`` empties the outbox. ``lasting`` waits
for a ledger that cannot be written, ``reach`` for an API that cannot be reached.
"""
