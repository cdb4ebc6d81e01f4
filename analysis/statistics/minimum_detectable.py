"""Minimum detectable ratios and differences: the ones that a test finds at 5 % with 80 % power."""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import levene
from scipy.stats import t as student

from analysis.statistics.brown_forsythe import MIN_RUNS
from analysis.statistics.run_bootstrap import SEED
from analysis.statistics.swap_test import MIN_UNITS
from analysis.statistics.swaps import CLOSE, mean_log_ratios, paired, swaps, varies

LEVEL, POWER = 0.05, 0.8
SIMULATED = 40
"""Runs up to which the power is simulated."""
STUDIES, SWAPS, STEPS = 200, 399, 8
"""Simulated studies, the random swaps of each, and halvings of the log ratio's range."""
BLOCK = 1 << 15
"""Swaps × languages that are computed at once: 256 KiB, so that they stay in the processor's cache."""
FEW_SWAPPED = 9
"""Runs up to which all swaps of a simulated study are made: no more than ``SWAPS``."""
MIN_RATIO = 0.01
MANY_RUNS = 300
"""Runs above which the power of Brown and Forsythe's test is that of so many, as its log ratio's error goes with
1/√n."""
FEW_RUNS = 12
"""Runs below which a study is called small."""


@dataclass(frozen=True)
class MinimumDetectable:
    """The smallest difference that so many runs are likely to show."""

    ratio: float
    """Std ratio below 1; its reciprocal is as detectable. NaN where there is none, for ``reason``."""
    runs: int
    reason: str = ""


def minimum_detectable_ratio(ours: ArrayLike, theirs: ArrayLike) -> MinimumDetectable:
    """Of paired scores (runs,) or (runs × languages) the ratio that ``swap_test`` finds at 5 % with 80 % power.

    The power is that for normal scores that go together as these do: R, the correlation between languages over runs,
    and ρ, that between the two methods' scores of a run, both pooled over the methods. Up to 40 runs it is found by
    simulation and bisection. Of more the mean log std ratio has nearly the variance (1 − ρ²) mean(R²) / n: languages
    that move together add little. It is of the number of runs and of how the scores move together, not of the ratio
    observed: no power "post hoc". The power at the mean of some studies' ratios is 0.73 to 0.83, but a small study
    knows its correlations badly: of 25 studies of 8 runs and 14 languages with a ratio of 0.49 on average, one said
    0.37 and one 0.63. ``python -m tests.benchmarks.spread`` measures these.

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
    quantiles = student.ppf([1 - LEVEL / 2, POWER], runs - 2).sum()
    error = math.sqrt((1 - pair**2) * _shared(a, b) / (runs - 2))
    return MinimumDetectable(math.exp(-float(quantiles) * error), runs)


@cache
def minimum_detectable_by_brown_forsythe(runs: int) -> MinimumDetectable:
    """The minimum detectable std ratio of Brown and Forsythe's test in one language, at 5 % with 80 % power, for
    independent normal scores.

    By simulation and bisection. It is before any correction for the number of languages, after which a ratio must be
    farther from 1.
    """
    random = np.random.default_rng(SEED)
    mine, its = random.standard_normal((2, STUDIES * 2, min(runs, MANY_RUNS)))

    def power(log: float) -> float:
        return float((levene(math.exp(log) * mine, its, center="median", axis=1).pvalue <= LEVEL).mean())

    low, high = math.log(MIN_RATIO), 0.0
    if runs < MIN_RUNS:
        return MinimumDetectable(math.nan, runs, f"there are fewer than {MIN_RUNS} runs")
    if power(low) < POWER:
        return MinimumDetectable(
            math.nan,
            runs,
            f"with {runs} runs the minimum detectable ratio of Brown and Forsythe's test is below {MIN_RATIO:g}",
        )
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if power(middle) >= POWER else (low, middle)
    return MinimumDetectable(math.exp(low * math.sqrt(min(runs, MANY_RUNS) / runs)), runs)


def minimum_detectable_difference(error: float, df: float) -> float:
    """The difference that a t test with this standard error and degrees of freedom finds at 5 % with 80 % power."""
    return float(student.ppf([1 - LEVEL / 2, POWER], df).sum() * error)


def _simulated(a: NDArray[np.float64], b: NDArray[np.float64], pair: float) -> MinimumDetectable:
    """Bisect the log ratio over one set of simulated studies, so that the power grows with it."""
    runs = len(a)
    random = np.random.default_rng(SEED)
    mixing = np.concatenate([a, b]) / math.sqrt(2 * runs)
    shared, one, other = (random.standard_normal((STUDIES, runs, 2 * runs)) @ mixing for _ in range(3))
    mine, its = (math.sqrt(pair) * shared + math.sqrt(1 - pair) * own for own in (one, other))
    mine, its = (scores - np.median(scores, axis=1, keepdims=True) for scores in (mine, its))
    signs = (
        swaps(runs, SWAPS) if runs <= FEW_SWAPPED else np.random.default_rng(SEED).choice([-1.0, 1.0], (SWAPS, runs))
    )
    block = max(1, BLOCK // (len(signs) * a.shape[1]))

    def power(log: float) -> float:
        ratio = math.exp(log)
        blocks = (_found(ratio * mine[i : i + block], its[i : i + block], signs) for i in range(0, STUDIES, block))
        return float(np.concatenate([*blocks]).mean())

    low, high = math.log(MIN_RATIO), 0.0
    if power(low) < POWER:
        return MinimumDetectable(
            math.nan,
            runs,
            f"with {runs} runs the minimum detectable ratio is below {MIN_RATIO:g}",
        )
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if power(middle) >= POWER else (low, middle)
    return MinimumDetectable(math.exp(low), runs)


def _some_swaps(runs: int) -> NDArray[np.float64]:
    """All swaps of a few runs, else ``SWAPS`` at random: fewer than the test makes, which costs little power."""
    return swaps(runs, SWAPS) if runs <= FEW_SWAPPED else np.random.default_rng(SEED).choice([-1.0, 1.0], (SWAPS, runs))


def _found(a: NDArray[np.float64], b: NDArray[np.float64], signs: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The studies in which the swap test finds a difference, of centred scores (studies × runs × languages)."""
    runs = a.shape[1]
    observed, after = np.split(np.abs(mean_log_ratios(a, b, np.vstack([np.ones(runs), signs]))[..., 0]), [1], axis=1)
    extreme = (after >= observed - CLOSE).sum(axis=1)
    exact = runs <= FEW_SWAPPED
    return np.asarray((extreme if exact else 1 + extreme) / (len(signs) + (not exact)) <= LEVEL)


def _shared(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """The mean over pairs of languages of their squared correlation; 1 of one language."""
    runs, languages = a.shape
    squares = ((a.T @ a + b.T @ b) / (2 * runs)) ** 2
    off = ~np.eye(languages, dtype=bool)
    squares[off] -= (1 - squares[off]) / (2 * (runs - 1))
    return float(np.clip(squares.mean(), 1 / languages, 1))
