"""When a message that was not taken is told again."""

#: The first wait and the longest, in seconds.
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 600.0


def wait_before_telling_s(failures: int, *, chance: float) -> float:
    """Seconds to wait after so many failures, counted from 1.

    Exponential back-off with equal jitter: half of the step for certain, the other half by
    ``chance`` (uniform in [0, 1)); the steps are 1 s, 2 s, 4 s … and 10 minutes at the most.

    Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    step = min(FIRST_WAIT_S * 2.0 ** min(failures - 1, 60), LONGEST_WAIT_S)
    return step / 2 + step / 2 * chance
