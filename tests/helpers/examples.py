"""Number of examples per property test: few in a normal run, all in a nightly run."""

from hypothesis import settings

NIGHTLY = "nightly"
"""The hypothesis profile of a nightly run: ``pytest --hypothesis-profile nightly``."""
SHARE = 0.1
"""Share of the nightly examples in a normal run."""
MIN_EXAMPLES = 25


def examples(nightly: int) -> int:
    """Number of examples in this run, given the nightly number."""
    if settings.get_current_profile_name() == NIGHTLY:
        return nightly
    return min(nightly, max(MIN_EXAMPLES, round(SHARE * nightly)))
