"""Minimum detectable ratios and differences: effects that a test finds at 5 % with 80 % power."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import levene, norm
from scipy.stats import t as student

from analysis.statistics.run_bootstrap import SEED
from analysis.statistics.spread.brown_forsythe import MIN_RUNS
from analysis.statistics.spread.crossing import crossings
from analysis.statistics.spread.swap_test import MIN_UNITS
from analysis.statistics.spread.swaps import BLOCK, CLOSE, mean_log_ratios, paired, swaps, varies

LEVEL, POWER = 0.05, 0.8
SIMULATED = 40
"""Number of runs up to which the power is simulated."""
STUDIES, SWAPS, PART = 200, 399, 0.01
"""Simulated studies (twice as many for Brown and Forsythe), random swaps of each, relative precision of a log ratio."""
FEW_SWAPPED = 9
"""Number of runs up to which a simulated study gets all swaps, at most ``SWAPS``."""
MIN_RATIO = 0.01
MANY_RUNS = 300
"""Number of runs above which Brown and Forsythe's ratio is extrapolated: the error of its logarithm falls with 1/√n."""
FEW_RUNS = 12
"""Number of runs below which a report warns."""


@dataclass(frozen=True)
class MinimumDetectable:
    """The smallest difference that this number of runs is likely to show."""

    ratio: float
    """Std ratio below 1; its reciprocal is equally detectable. NaN when undefined (see ``reason``)."""
    runs: int
    reason: str = ""


def minimum_detectable_ratio(ours: ArrayLike, theirs: ArrayLike) -> MinimumDetectable:
    """The ratio that ``swap_test`` finds at 5 % with 80 % power, for paired scores (runs,) or (runs × languages).

    The power is computed for normal scores with the correlations of these scores. R is the correlation between
    languages over runs, pooled over the methods. ρ is the correlation between the two methods' scores of a run: the
    mean over languages by Fisher's z, and at least 0.

    Up to 40 runs the power is simulated. With more runs the mean log std ratio has nearly the variance (1 − ρ²)
    mean(R²) / n: languages that move together add little. The result depends on the number of runs and the
    correlations, not on the observed ratio. It is no "post hoc" power.

    At the mean of 25 studies' ratios the power is 0.71 to 0.84. A small study estimates its correlations badly. In 25
    studies of 8 runs and 14 languages the ratio was 0.45 on average, 0.34 in one study and 0.57 in another. These
    figures are by ``python -m tests.benchmarks.spread``.

    Raises ``ValueError`` as ``std_ratio``.
    """
    a, b = paired(ours, theirs)
    runs = len(a)
    if runs < MIN_UNITS:
        return MinimumDetectable(math.nan, runs, f"there are fewer than {MIN_UNITS} runs")
    if 2.0 ** (1 - runs) > LEVEL:
        return MinimumDetectable(
            math.nan, runs, f"with {runs} runs no p is below {2.0 ** (1 - runs):.2g}: no difference can be shown"
        )
    if not (varies(a).all() and varies(b).all()):
        return MinimumDetectable(math.nan, runs, "all runs of a method have the same score")
    a, b = (scores / np.sqrt((scores**2).mean(axis=0)) for scores in (a, b))
    pair = float(np.clip(np.tanh(np.arctanh(np.clip((a * b).mean(axis=0), -0.999, 0.999)).mean()), 0, 0.99))
    if runs <= SIMULATED:
        return _simulated(a, b, pair)
    return MinimumDetectable(math.exp(-_sum_of_quantiles(runs) * _error(a, b, pair)), runs)


@cache
def minimum_detectable_by_brown_forsythe(runs: int) -> MinimumDetectable:
    """The minimum detectable std ratio of Brown and Forsythe's test in one language, at 5 % with 80 % power.

    It is simulated for independent normal scores, before any correction for the number of languages. After a correction
    a ratio must be farther from 1.
    """
    if runs < MIN_RUNS:
        return MinimumDetectable(math.nan, runs, f"there are fewer than {MIN_RUNS} runs")
    few = min(runs, MANY_RUNS)
    mine, its = np.random.default_rng(SEED).standard_normal((2, STUDIES * 2, few))

    def power(log: float) -> float:
        return float((levene(math.exp(log) * mine, its, center="median", axis=1).pvalue <= LEVEL).mean())

    log = _log_found(power, 2 * STUDIES, _sum_of_quantiles(few) / math.sqrt(few))
    if math.isnan(log):
        return MinimumDetectable(
            math.nan,
            runs,
            f"with {runs} runs the minimum detectable ratio of Brown and Forsythe's test is below {MIN_RATIO:g}",
        )
    return MinimumDetectable(math.exp(log * math.sqrt(few / runs)), runs)


def minimum_detectable_difference(error: float, df: float) -> float:
    """The difference that a t test with this standard error and degrees of freedom finds at 5 % with 80 % power."""
    return float(student.ppf([1 - LEVEL / 2, POWER], df).sum() * error)


def _simulated(a: NDArray[np.float64], b: NDArray[np.float64], pair: float) -> MinimumDetectable:
    """The ratio by simulation. Every ratio gets the same studies, so that the power grows with the distance from 1."""
    runs = len(a)
    random = np.random.default_rng(SEED)
    mixing = np.concatenate([a, b]) / math.sqrt(2 * runs)
    shared, one, other = (random.standard_normal((STUDIES, runs, 2 * runs)) @ mixing for _ in range(3))
    mine, its = (math.sqrt(pair) * shared + math.sqrt(1 - pair) * own for own in (one, other))
    mine, its = (scores - np.median(scores, axis=1, keepdims=True) for scores in (mine, its))
    signs = _some_swaps(runs)
    block = max(1, BLOCK // (len(signs) * a.shape[1]))

    def power(log: float) -> float:
        ratio = math.exp(log)
        blocks = (_found(ratio * mine[i : i + block], its[i : i + block], signs) for i in range(0, STUDIES, block))
        return float(np.concatenate([*blocks]).mean())

    log = _log_found(power, STUDIES, _sum_of_quantiles(runs) * _error(a, b, pair))
    if math.isnan(log):
        return MinimumDetectable(
            math.nan, runs, f"with {runs} runs the minimum detectable ratio is below {MIN_RATIO:g}"
        )
    return MinimumDetectable(math.exp(log), runs)


def _log_found(power: Callable[[float], float], studies: int, guess: float) -> float:
    """The log ratio below 0 at which the power, a share of ``studies``, reaches ``POWER``; NaN below ``MIN_RATIO``.

    A normal deviate of the power is nearly linear in the log ratio, so few steps are needed.
    """
    goal, limit = float(norm.ppf(POWER)), -math.log(MIN_RATIO)

    def excess(distance: NDArray[np.float64]) -> NDArray[np.float64]:
        share = power(-float(distance[0]))
        return np.array([norm.ppf(min(max(share, 0.5 / studies), 1 - 0.5 / studies)) - goal])

    at_zero = float(norm.ppf(LEVEL)) - goal
    far = crossings(excess, at_zero, (np.array([min(guess, limit)]),), limit=limit, part=PART)[1][0]
    return -float(far) if far <= limit else math.nan


def _some_swaps(runs: int) -> NDArray[np.float64]:
    """The identity, then all swaps of a few runs, or ``SWAPS`` random swaps.

    Above ``FEW_SWAPPED`` runs the test makes more, which adds little power.
    """
    few = runs <= FEW_SWAPPED
    some = swaps(runs, SWAPS) if few else np.random.default_rng(SEED).choice([-1.0, 1.0], (SWAPS, runs))
    return np.vstack([np.ones(runs), some])


def _found(a: NDArray[np.float64], b: NDArray[np.float64], signs: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Studies in which the swap test finds a difference, from centred scores (studies × runs × languages)."""
    logs = np.abs(mean_log_ratios(a, b, signs)[..., 0])
    # With random swaps the data, in the first row, count as one more swap.
    extreme = (logs >= logs[:, :1] - CLOSE)[:, int(a.shape[1] <= FEW_SWAPPED) :]
    return np.asarray(extreme.mean(axis=1) <= LEVEL)


def _sum_of_quantiles(runs: int) -> float:
    """Number of standard errors by which a log ratio must differ from 0 to be found with a probability of ``POWER``."""
    return float(student.ppf([1 - LEVEL / 2, POWER], runs - 2).sum())


def _error(a: NDArray[np.float64], b: NDArray[np.float64], pair: float) -> float:
    """The standard error of the mean log std ratio for many runs."""
    return math.sqrt((1 - pair**2) * _shared(a, b) / (len(a) - 2))


def _shared(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """The mean squared correlation of languages, each also with itself; 1 for one language."""
    runs, languages = a.shape
    squares = ((a.T @ a + b.T @ b) / (2 * runs)) ** 2
    off = ~np.eye(languages, dtype=bool)
    squares[off] -= (1 - squares[off]) / (2 * (runs - 1))
    return float(np.clip(squares.mean(), 1 / languages, 1))
