"""Equivalence: whether two methods are the same within bounds, by two one-sided tests (TOST)."""

import math
from dataclasses import dataclass

from scipy.stats import t as student

ALPHA = 0.05


@dataclass(frozen=True)
class Equivalence:
    """Two one-sided tests of the null hypotheses that the truth is below ``bound_low`` or above ``bound_high``."""

    p: float
    """The larger p of the two tests; NaN when undefined (see ``reason``)."""
    equivalent: bool
    """Whether p < 5 %, that is, whether the 90 % interval lies inside the bounds."""
    low: float
    high: float
    """Upper end of the 90 % interval; ``low`` is the lower end. Both ends are on the scale of the bounds."""
    bound_low: float
    bound_high: float
    reason: str = ""
    """Why there is no test; else empty."""


def mean_equivalence(estimate: float, error: float, df: float, low: float, high: float) -> Equivalence:
    """Test a mean difference for equivalence (Schuirmann, 1987).

    A difference that is not significant is no evidence of equivalence. A small difference with a short interval can be
    both significant and equivalent. The test is as valid as ``error`` and ``df``: a t interval of 90 % coverage gives a
    size of 5 % at the bounds. The results of ``crossed_means`` and ``crossed_ratio`` have a suitable ``estimate``,
    ``error`` and ``df``.

    Args:
        estimate: mean difference, in points.
        error: standard error, in points; NaN gives a result with a reason.
        df: degrees of freedom of the error.
        low, high: equivalence bounds, in points.

    Raises:
        ValueError: the error is negative, or the bounds are not in order.
    """
    if not low < high:
        raise ValueError(f"the lower bound must be below the upper bound, not {low} and {high}")
    if error < 0:
        raise ValueError(f"a standard error must be at least 0, not {error}")
    none = math.nan
    if not all(map(math.isfinite, (estimate, error))) or not df > 0:
        return Equivalence(none, False, none, none, low, high, "there is no standard error")
    if error == 0:
        return Equivalence(none, False, none, none, low, high, "the standard error is 0")
    p = max(float(student.sf((estimate - low) / error, df)), float(student.cdf((estimate - high) / error, df)))
    half = float(student.isf(ALPHA, df)) * error
    return Equivalence(p, p < ALPHA, estimate - half, estimate + half, low, high)


def ratio_equivalence(log_ratio: float, error: float, df: float, low: float, high: float) -> Equivalence:
    """Test a std ratio from its natural logarithm and the standard error of that logarithm.

    Bounds and interval are ratios. Raises ``ValueError`` as ``mean_equivalence``, and for bounds that are not above 0.
    """
    if not 0 < low < high:
        raise ValueError(f"bounds of a ratio must be above 0 and in order, not {low} and {high}")
    found = mean_equivalence(log_ratio, error, df, math.log(low), math.log(high))
    return Equivalence(found.p, found.equivalent, math.exp(found.low), math.exp(found.high), low, high, found.reason)
