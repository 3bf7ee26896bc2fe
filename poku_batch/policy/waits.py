"""When a placement that was turned away is tried again."""

#: The first wait, in seconds, where the API named none.
FIRST_WAIT_S = 0.5

#: Longest wait slept inside a slot, in seconds; a longer one gives the slot to another contact.
SLOT_PATIENCE_S = 1.0


def wait_before_retry_s(
    placements: int, *, retry_after_s: float | None, max_wait_s: float, chance: float
) -> float:
    """Seconds to wait after a contact's ``placements``-th placement, counted from 1.

    Without ``Retry-After``: exponential back-off with equal jitter, capped at ``max_wait_s``: half
    of the step for certain, the other half by ``chance`` (uniform in [0, 1)), so that many contacts
    turned away at once do not come back at once. With it: never sooner, even beyond the cap, and
    up to a tenth later (at most ``max_wait_s`` later), for the same reason.

    Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015; RFC 9110,
    10.2.3 for ``Retry-After``.
    """
    if retry_after_s is not None:
        return retry_after_s + min(retry_after_s * 0.1, max_wait_s) * chance
    step = min(FIRST_WAIT_S * 2.0 ** min(placements - 1, 60), max_wait_s)
    return step / 2 + step / 2 * chance
