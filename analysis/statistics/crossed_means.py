"""The mean of paired differences at three scopes: these runs, other seeds at these settings, and other settings too."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

from analysis.statistics.run_bootstrap import LEVEL

Scope = Literal["these runs", "other seeds at these settings", "other settings too"]
RUNS: Scope = "these runs"
SEEDS: Scope = "other seeds at these settings"
SETTINGS: Scope = "other settings too"
MIN_WITHIN = 3
"""Fewest degrees of freedom within settings for an interval over crossed seeds. With fewer, collapses make it wrong."""
MANY = 1_000
"""Number of clusters above which all clusters count as equally large. The time of the exact sums grows with the cube
of this number."""
SAME = 1e-12
"""Spread, as a share of runs × largest difference, below which differences count as equal up to rounding."""

Floats = NDArray[np.float64]
Labels = NDArray[np.intp]
Part = tuple[float, float]
"""A variance and its degrees of freedom."""


@dataclass(frozen=True)
class Scoped:
    """The estimate at one scope, with its error, a 95 % interval, and the test of a true value of 0."""

    scope: Scope
    estimate: float
    """In points (a log ratio in ``crossed_ratio``); NaN when undefined."""
    low: float
    high: float
    error: float
    """Standard error, for an equivalence test. ``low``, ``high``, ``error``, ``df`` and ``p`` are NaN together (see
    ``reason``)."""
    df: float
    p: float
    reason: str = ""
    """Why there is no interval; else empty."""
    note: str = ""
    """A restriction of the interval, such as to a single seed; else empty."""


@dataclass(frozen=True)
class CrossedMeans:
    """The mean difference at three scopes."""

    runs: Scoped
    seeds: Scoped
    settings: Scoped
    n: int
    """Number of runs with a difference."""
    n_settings: int
    n_seeds: int
    """Number of distinct seeds if seeds are crossed with settings, else of pairs of setting and seed."""
    crossed: bool
    """Whether some seed occurs at more than one setting. Such a seed can shift all its settings."""

    @property
    def scopes(self) -> tuple[Scoped, Scoped, Scoped]:
        return self.runs, self.seeds, self.settings


@dataclass(frozen=True)
class Design:
    """Runs by setting and seed. Runs with the same setting and seed form one cell."""

    setting: Labels
    """Label of each run's setting, (runs,), from 0. ``seed`` and ``cell`` have the same form."""
    seed: Labels
    cell: Labels
    settings: int
    seeds: int
    cells: int

    @property
    def crossed(self) -> bool:
        return self.settings > 1 and self.seeds < self.cells


def crossed_means(differences: ArrayLike, settings: ArrayLike, seeds: ArrayLike) -> CrossedMeans:
    """Estimate the mean of ours − theirs at three scopes.

    The estimate is the plain mean at every scope. The intervals differ:

    - These runs: no interval, because the scope holds no other runs.
    - Other seeds at these settings: the settings' means are fixed. If each setting has its own seeds, the variance is
      pooled within settings. If seeds are crossed with settings, one seed can shift all runs that share it. The
      variance of the seeds' means is then added.
    - Other settings too: settings and crossed seeds are random factors. Two cluster-robust variances are added
      (Cameron, Gelbach & Miller, 2011): the variance of the settings' means and the variance of the seeds' means. Both
      variances include the noise of single runs. The noise is not subtracted, so the interval is wider. The degrees of
      freedom (see ``_sum``) are from min(S, K) − 1 to twice this number, for S settings and K seeds. For other seeds
      they are from K − 1 to twice this number. With one seed, or if each setting has its own seeds, the variance is
      the settings' part alone, with S − 1 degrees of freedom.

    On incomplete grids each part is scaled to be unbiased if only its own effects exist. Its degrees of freedom follow
    from the same case (Bell & McCaffrey, 2002).

    Size at 5 % for other settings / other seeds, from 4,000 simulated studies a cell (2 s.e. 0.007). A method × setting
    or method × seed effect has the std of the noise. The lognormal column has both effects too. In the last column 10 %
    of runs collapse by 50 points.

    | settings × seeds | normal | × setting | × seed | both | t5 | lognormal | collapse |
    |---|---|---|---|---|---|---|---|
    | 4 × 2 | .00 / .00 | .01 / .00 | .02 / .02 | .01 / .02 | .00 / .01 | .01 / .01 | .00 / .02 |
    | 5 × 1 | .05 / – | .05 / – | .32 / – | .22 / – | .05 / – | .18 / – | .02 / – |
    | 5 × 3 | .01 / .01 | .01 / .01 | .02 / .03 | .02 / .03 | .00 / .00 | .01 / .01 | .00 / .00 |
    | 10 × 2 | .00 / .00 | .00 / .00 | .03 / .04 | .01 / .04 | .00 / .00 | .01 / .01 | .00 / .00 |
    | 20 × 3 | .00 / .00 | .00 / .00 | .04 / .03 | .03 / .04 | .00 / .00 | .01 / .01 | .00 / .00 |
    | own seeds, all but 5 × 1 | .05 / .05 | .05 / .05 | – | – | .05 / .05 | .04 / .04 | .03 / .04 |

    With a fifth of the runs absent the size is 0.05 or less. Larger effects raise it to 0.055, and to 0.06 at 40 × 2.
    Coverage is one minus the size. One seed says nothing about other seeds: the claim is wrong in 0.18 to 0.32 of
    studies unless it names that seed. One-sided skew of the differences raises the size to 0.12 with one seed and 5
    settings. ``python -m tests.benchmarks.scopes`` measures the rows of crossed seeds.

    Alternatives that were rejected:

    - The maximum of V_setting + V_seed − V_run, V_setting and V_seed, with min(S, K) − 1 degrees of freedom, is valid.
      With two seeds its size is 0.00 to 0.04 and its intervals are 1.8 to 2.6 times as long.
    - Satterthwaite's degrees of freedom on that maximum are invalid: size 0.08 to 0.11 with 10 to 40 settings of two
      seeds.
    - Student's t of the seeds' means with K − 1 is invalid. With two seeds and 10 to 40 % collapse its size is 0.09 to
      0.13.

    Args:
        differences: ours − theirs of each run, (runs,), in points. NaN marks a run to leave out.
        settings: label of each run's setting, (runs,).
        seeds: label of each run's seed, (runs,).

    Raises:
        ValueError: shapes do not fit, or a difference is infinite.
    """
    values = np.asarray(differences, np.float64)
    labels = [np.asarray(given) for given in (settings, seeds)]
    if values.ndim != 1 or any(given.shape != values.shape for given in labels):
        raise ValueError(
            "differences, settings and seeds must have the shape (runs,), not "
            f"{values.shape}, {[g.shape for g in labels]}"
        )
    if np.isinf(values).any():
        raise ValueError("all differences must be finite")
    there = ~np.isnan(values)
    values, design = values[there], design_of(*(given[there] for given in labels))
    mean = float(values.mean()) if len(values) else math.nan
    return CrossedMeans(
        none(RUNS, mean, "there are no runs" if not len(values) else "the mean of these runs has no error"),
        _of_seeds(values, mean, design),
        _of_settings(values, mean, design),
        len(values),
        design.settings,
        design.seeds if design.crossed else design.cells,
        design.crossed,
    )


def design_of(settings: ArrayLike, seeds: ArrayLike) -> Design:
    """The design of labels (runs,) of any sortable type."""
    setting, seed = (np.unique(np.asarray(given), return_inverse=True)[1] for given in (settings, seeds))
    cell = np.unique(setting * (seed.max(initial=0) + 1) + seed, return_inverse=True)[1]
    return Design(setting, seed, cell, *(int(codes.max(initial=-1)) + 1 for codes in (setting, seed, cell)))


def none(scope: Scope, estimate: float, reason: str) -> Scoped:
    """A scope without an interval."""
    nan = math.nan
    return Scoped(scope, estimate, nan, nan, nan, nan, nan, reason)


def scoped(scope: Scope, estimate: float, variance: float, df: float, note: str = "") -> Scoped:
    """Student's t interval and two-sided p from an estimate, its variance and degrees of freedom."""
    error = math.sqrt(variance)
    half = float(student.ppf((1 + LEVEL) / 2, df)) * error
    p = float(2 * student.sf(abs(estimate) / error, df))
    return Scoped(scope, estimate, estimate - half, estimate + half, error, df, p, note=note)


def _of_seeds(values: Floats, mean: float, design: Design) -> Scoped:
    if not len(values):
        return none(SEEDS, mean, "there are no runs")
    if design.seeds == 1:
        return none(SEEDS, mean, "there is one seed")
    if design.cells == design.settings:
        return none(SEEDS, mean, "each setting has one seed, so seeds and settings cannot be separated")

    within = values - (np.bincount(design.setting, values) / np.bincount(design.setting))[design.setting]
    if _same(within, values):
        return none(SEEDS, mean, "all seeds of a setting have the same difference")
    by_cell = _clustered(within, design.cell, design.setting)
    if not design.crossed:
        return scoped(SEEDS, mean, *by_cell)
    if by_cell[1] < MIN_WITHIN:
        return none(SEEDS, mean, f"there are fewer than {MIN_WITHIN} comparisons of seeds within settings")
    by_seed = _clustered(within, design.seed, design.setting)
    return scoped(SEEDS, mean, *_sum(by_cell, by_seed, by_seed[1]))


def _of_settings(values: Floats, mean: float, design: Design) -> Scoped:
    if not len(values):
        return none(SETTINGS, mean, "there are no runs")
    if design.settings == 1:
        return none(SETTINGS, mean, "there is one setting")

    centred, whole = values - mean, np.zeros(len(values), np.intp)
    if _same(centred, values):
        return none(SETTINGS, mean, "all differences are the same, so there is no spread for an error")
    by_setting = _clustered(centred, design.setting, whole)
    if design.crossed and design.seeds > 1:
        by_seed = _clustered(centred, design.seed, whole)
        return scoped(SETTINGS, mean, *_sum(by_setting, by_seed, min(by_setting[1], by_seed[1])))
    if _same(np.bincount(design.setting, centred), values):
        return none(SETTINGS, mean, "all settings have the same mean difference")
    return scoped(SETTINGS, mean, *by_setting, "at the one seed of these runs" if design.seeds == 1 else "")


def _clustered(deviations: Floats, clusters: Labels, groups: Labels) -> Part:
    """The mean's variance, from sums over clusters of deviations from group means (runs,), and its degrees of freedom.

    The variance is unbiased if each cluster has a normal effect and no other effect exists. The degrees of freedom are
    Satterthwaite's for that case (Bell & McCaffrey, 2002). With equal clusters in one group it is the variance of the
    cluster means divided by their number.
    """
    counts = np.zeros((groups.max() + 1, clusters.max() + 1))
    np.add.at(counts, (groups, clusters), 1)
    sizes, levels = counts.sum(axis=0), counts.shape[1]
    raw = float((np.bincount(clusters, deviations) ** 2).sum()) / len(clusters) ** 2
    if levels > MANY:
        free = levels - len(counts)
        return raw * levels / free, free
    form = np.diag(sizes) - counts.T @ (counts / counts.sum(axis=1, keepdims=True))
    square = form @ form
    expected = float(np.trace(square))
    return raw * float((sizes**2).sum()) / expected, expected**2 / float((square**2).sum())


def _sum(one: Part, other: Part, least: float) -> Part:
    """The sum of two variances, with degrees of freedom between ``least`` and twice ``least``.

    The degrees of freedom are Satterthwaite's, with the larger part in place of the sum. The sum would give too many if
    one part is small by chance. The upper bound covers the same case: without the bound the size is up to 0.10 with two
    seeds.
    """
    errors = sum(variance**2 / free for variance, free in (one, other))
    df = max(one[0], other[0]) ** 2 / errors
    return one[0] + other[0], float(np.clip(df, least, 2 * least))


def _same(deviations: NDArray[Any], values: Floats) -> bool:
    return bool(np.abs(deviations).max() <= SAME * np.abs(values).max() * max(1, len(values)))
