"""Simple tests of the mean difference of paired run scores: they take the test examples as given, and each pair of runs
as a draw."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from analysis.statistics.run_bootstrap import SEED

FLIPS, FLIPS_OF_MANY, MANY_PAIRS = 9_999, 1_999, 500
"""Sign flips drawn where there are more of them, and of more than so many pairs; of up to 13 pairs all are tried."""
MIN_PAIRS = 2
SAME = 1e-12
"""Spread of the differences, relative to the largest score, below which they are one number but for rounding."""


@dataclass(frozen=True)
class PairedTest:
    """A two-sided test that the differences ours − theirs are about 0."""

    name: str
    statistic: float
    """NaN where there is none, for ``reason``."""
    p: float
    """NaN where there is none, for ``reason``."""
    least_p: float
    """The smallest p that differences of these sizes could have: that of all with one sign. NaN for ``reason``."""
    n: int
    """Pairs in which both have a score."""
    reason: str = ""
    """Why there is no test; else empty."""


def paired_tests(ours: ArrayLike, theirs: ArrayLike) -> tuple[PairedTest, ...]:
    """Student's t test, Wilcoxon's signed ranks and the sign-flip permutation test, of scores in the same order
    (pairs).

    NaN is no score: its pair is left out. Raises ``ValueError`` where there are not equally many of both.
    """
    return t_test(ours, theirs), wilcoxon(ours, theirs), sign_flips(ours, theirs)


def t_test(ours: ArrayLike, theirs: ArrayLike) -> PairedTest:
    """``scipy.stats.ttest_rel``: exact for normal differences. Its ``least_p`` is 0, as it knows no smallest p."""
    differences, scale = _differences(ours, theirs)
    if len(differences) >= MIN_PAIRS and np.ptp(differences) <= SAME * scale:
        return _none(
            "paired t", len(differences), "all differences are the same, so that they have no spread to measure them by"
        )
    return _test("paired t", differences, lambda values: stats.ttest_1samp(values, 0), least=0.0)


def wilcoxon(ours: ArrayLike, theirs: ArrayLike) -> PairedTest:
    """``scipy.stats.wilcoxon``: exact for few pairs without ties, else by permutation or a normal approximation.

    Differences of 0 are left out of it, but count in ``n``.
    """
    differences, _ = _differences(ours, theirs)
    if len(differences) >= MIN_PAIRS and not differences.any():
        return _none("Wilcoxon", len(differences), "all differences are 0, which Wilcoxon's test leaves out")
    return _test("Wilcoxon", differences, stats.wilcoxon)


def sign_flips(ours: ArrayLike, theirs: ArrayLike) -> PairedTest:
    """``scipy.stats.permutation_test`` of the mean difference: exact if the methods' names could be swapped in any
    pair.

    All flips are tried where there are at most ``FLIPS``, else so many are drawn and the data counted as one more.
    """
    differences, _ = _differences(ours, theirs)

    def test(values: NDArray[np.float64]) -> Any:
        return stats.permutation_test(
            (values,),
            lambda sample, axis: sample.mean(axis=axis),
            permutation_type="samples",
            vectorized=True,
            n_resamples=FLIPS if len(values) <= MANY_PAIRS else FLIPS_OF_MANY,
            rng=np.random.default_rng(SEED),
        )

    return _test("sign flips", differences, test)


def _differences(ours: ArrayLike, theirs: ArrayLike) -> tuple[NDArray[np.float64], float]:
    """Differences of the pairs that have both scores, those of rounding only made 0, and the largest score's size."""
    one, other = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    if one.ndim != 1 or one.shape != other.shape:
        raise ValueError(f"paired scores need one shape, not {one.shape} and {other.shape}")
    both = np.isfinite(one) & np.isfinite(other)
    scale = float(np.abs([one[both], other[both]]).max(initial=0))
    differences = one[both] - other[both]
    return np.where(np.abs(differences) <= SAME * scale, 0, differences), scale


def _test(
    name: str, differences: NDArray[np.float64], test: Callable[[Any], Any], least: float | None = None
) -> PairedTest:
    count = len(differences)
    if count < MIN_PAIRS:
        return _none(name, count, f"there are fewer than {MIN_PAIRS} pairs")
    found = test(differences)
    least = float(test(np.abs(differences)).pvalue) if least is None else least
    return PairedTest(name, float(found.statistic), float(found.pvalue), least, count)


def _none(name: str, count: int, why: str) -> PairedTest:
    return PairedTest(name, math.nan, math.nan, math.nan, count, why)
