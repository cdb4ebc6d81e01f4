"""This says how many examples a property is tried on: few in every run, all of them in a nightly one."""

from hypothesis import settings

NIGHTLY = "nightly"
"""The hypothesis profile of a nightly run: ``pytest --hypothesis-profile nightly``."""
SHARE = 0.1
"""Share of the examples that a run by day takes."""
MIN_EXAMPLES = 25


def examples(nightly: int) -> int:
    """So many examples are tried in this run, of those of a nightly one."""
    if settings.get_current_profile_name() == NIGHTLY:
        return nightly
    return min(nightly, max(MIN_EXAMPLES, round(SHARE * nightly)))
