"""Pure decisions: no I/O, no clock, no randomness of their own.

``answers`` says what the API's answer to a placement means, ``standings`` what its word on a
placed call means, ``outcomes`` what came of an ended call (by its English ``phrases``),
``readings`` what a model may say of it, ``redials`` what it makes of the contact, ``reached``
whether a person was talked to. ``permissions`` says whether somebody may be called now, by
``hours``, ``calendars`` and ``offsets``; ``caller_ids`` from which number, ``spending`` for how
much; ``forecast`` what a run would come to, by a ``flow`` of calls. ``waits``, ``polls`` and
``telling`` say when a placement, a question and a message are tried again, ``trust`` whether a
connection failed for good.
"""
