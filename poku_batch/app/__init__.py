"""The wiring: the one place that builds concrete parts and reads the environment.

``environment`` reads it, ``preparing`` makes a campaign ready, ``running`` runs it, ``checking``
looks without dialling, ``reading`` and ``remembering`` tell what the ledger holds, ``deciding``
writes down what a person decides, ``ledgers`` looks after the file. Heavy parts (pandas, the HTTP
client, the simulator) are imported where they are needed, so that ``--help`` stays quick.
"""
