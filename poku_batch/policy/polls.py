"""When a placed call is asked for again, and when asking is given up."""

#: Share of the interval by which a poll may come earlier or later, so that polls spread.
_SPREAD = 0.1

#: An interaction that the API says it does not know is asked for this many times before it counts
#: as lost: a new interaction may take a moment to be known everywhere.
MISSING_LIMIT = 5


def wait_before_poll_s(
    poll_interval_s: float, *, retry_after_s: float | None, chance: float
) -> float:
    """Seconds until a call is asked for again; ``chance`` is uniform in [0, 1)."""
    wait_s = poll_interval_s * (1 - _SPREAD + 2 * _SPREAD * chance)
    return max(wait_s, retry_after_s or 0.0)
