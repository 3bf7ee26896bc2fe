"""The Poku voice API: the only place that knows HTTP.

``wire`` has the shapes of requests and answers, ``transport`` carries them, ``reading`` reads what
came back, ``client`` speaks them.
"""
