"""Pure decisions: no I/O, no clock, no randomness of their own.

``answers`` says what the API's answer to a placement means, ``standings`` what its word on a placed
call means, ``outcomes`` what came of an ended call (by its English ``phrases``), ``waits`` when a
turned-away placement is tried again, ``polls`` when a placed call is asked for again.
"""
