"""The wiring: the one place that builds concrete parts and reads the environment.

``environment`` reads it, ``sources`` opens sheets from wherever they come, ``preparing`` makes a
campaign ready. ``running`` opens all that a run speaks to (``outside``: ``lists``, ``others``) and
hands it to ``job``, which enrols, asks, calls and closes, with the ``parts`` and ``rules`` of the
campaign. ``checking`` looks without dialling, ``forecasting`` says what a run would come to,
``reading`` and ``remembering`` tell what the ledger holds, ``deciding`` and ``do_not_calling``
write down what a person decides, ``ledgers`` looks after the file. Heavy parts (pandas, the HTTP
client, the simulator) are imported where they are needed, so that ``--help`` stays quick.
"""
