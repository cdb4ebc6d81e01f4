"""The log std ratio of two methods with seeds crossed with settings, for other seeds and for other settings too."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.statistics.crossed_means import SEEDS, SETTINGS, Design, Scoped, design_of, none, scoped
from analysis.statistics.spread.swaps import SAME, paired, varies

MIN_LEVELS = 3
"""Fewest seeds for a crossed interval, and fewest settings for the interval of other settings too.

With two, each end is a factor of 6 to 100 from the ratio.
"""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CrossedRatio:
    """Log std ratios at two scopes; ``exp`` of ``estimate``, ``low`` and ``high`` gives ratios."""

    seeds: Scoped
    settings: Scoped


def crossed_ratio(ours: ArrayLike, theirs: ArrayLike, settings: ArrayLike, seeds: ArrayLike) -> CrossedRatio:
    """Compare the stds of paired scores, given each run's setting and seed.

    The estimate is the mean over languages of log(std ours / std theirs). Its variance has two jackknife estimates. The
    seeds' estimate leaves out one seed at all settings. The settings' estimate leaves out one setting with all its
    seeds. S × K stands for S settings with K seeds each.

    - Other seeds: the seeds' variance, with K − 1 degrees of freedom.
    - Other settings too: the larger variance, with min(S, K) − 1 degrees of freedom.

    Non-coverage of the 95 % interval was simulated with equal and unequal noise, t5 and lognormal draws, and 1 to 14
    languages. Settings and seeds had common effects and each method's own effects, with stds of 1 to 3 times the
    noise's. For other seeds the non-coverage is 0.011 to 0.059 at 5 × 3, 20 × 3 and 10 × 5. For other settings too:

    - 5 × 3: 0.002 to 0.013.
    - 20 × 3: 0.000 to 0.012.
    - 10 × 5: 0.005 to 0.058.

    With 3 seeds the interval for other settings too is conservative, and has less power. At a ratio of 0.5 the power
    is 0.21 at 5 × 3, 0.90 at 20 × 3 and 0.99 at 10 × 5. If each method has its own setting and seed effects, the power
    is 0.14, 0.54 and 0.82. An interval from the sum of both variances, as in ``crossed_means``, misses the ratio in
    0.11 of studies at 10 × 2. With two seeds the larger variance has power of 0.02 or less at any ratio, so there is no
    interval.

    ``std_ratio`` over whole settings ignores seeds that shift all settings. If each method has seed effects as large as
    the noise, the error rate is 0.09 (4 × 2) to 0.36 (20 × 3). With one seed, or if each setting has its own seeds,
    there is no crossed interval: use ``std_ratio`` for other settings.

    Args:
        ours, theirs: paired scores, (runs,) or (runs × languages), in points.
        settings: label of each run's setting, (runs,).
        seeds: label of each run's seed, (runs,).

    Raises:
        ValueError: as ``std_ratio``, or labels are not (runs,).
    """
    a, b = paired(ours, theirs)
    labels = [np.asarray(given) for given in (settings, seeds)]
    if any(given.shape != (len(a),) for given in labels):
        raise ValueError(f"settings and seeds must have the shape (runs,), not {[given.shape for given in labels]}")
    design = design_of(*labels)
    if len(a) < 2 or not (varies(a).all() and varies(b).all()):
        why = "there are fewer than 2 runs" if len(a) < 2 else "all runs of a method have the same score"
        return CrossedRatio(none(SEEDS, math.nan, why), none(SETTINGS, math.nan, why))
    log = float(_logs(a, b, np.ones((1, len(a))))[0])
    if not design.crossed or design.seeds == 1:
        why = "there is one seed" if design.seeds == 1 else "seeds are not shared by settings"
        return CrossedRatio(none(SEEDS, log, why), none(SETTINGS, log, why))
    return CrossedRatio(*_crossed(a, b, design, log))


def _crossed(a: Floats, b: Floats, design: Design, log: float) -> tuple[Scoped, Scoped]:
    few = [
        f"there are {count} {unit}, and an interval needs {MIN_LEVELS}"
        for count, unit in ((design.seeds, "seeds"), (design.settings, "settings"))
    ]
    if design.seeds < MIN_LEVELS:
        return none(SEEDS, log, few[0]), none(SETTINGS, log, few[0])
    by_seed, by_setting = (_jackknife(a, b, codes) for codes in (design.seed, design.setting))
    if not SAME**2 < by_seed < math.inf:
        return tuple(none(scope, log, _alike("seeds")) for scope in (SEEDS, SETTINGS))  # type: ignore[return-value]
    of_seeds = scoped(SEEDS, log, by_seed, design.seeds - 1)
    if design.settings < MIN_LEVELS:
        return of_seeds, none(SETTINGS, log, few[1])
    if not by_setting < math.inf:
        return of_seeds, none(SETTINGS, log, _alike("settings"))
    least = min(design.settings, design.seeds) - 1
    return of_seeds, scoped(SETTINGS, log, max(by_seed, by_setting), least)


def _alike(unit: str) -> str:
    return f"leaving out one of the {unit} makes all scores of a method the same, or never changes the ratio"


def _jackknife(a: Floats, b: Floats, clusters: NDArray[np.intp]) -> float:
    """Jackknife variance of the log ratio; infinite if the ratio is undefined without some cluster.

    ``clusters`` (runs,) has the number of each run's cluster, from 0.
    """
    count = int(clusters.max()) + 1
    logs = _logs(a, b, np.asarray(clusters != np.arange(count)[:, None], np.float64))
    return float((count - 1) * logs.var(ddof=0)) if np.isfinite(logs).all() else math.inf


def _logs(a: Floats, b: Floats, kept: Floats) -> Floats:
    """Mean log std ratio over languages (samples,) of the runs that each sample keeps (samples × runs, 0 or 1)."""
    size, total = kept.sum(axis=1, keepdims=True), np.zeros(len(kept))
    with np.errstate(divide="ignore", invalid="ignore"):
        for scores, sign in ((a, 0.5), (b, -0.5)):
            variance = kept @ scores**2 / size - (kept @ scores / size) ** 2
            variance[variance <= SAME**2 * (scores**2).max(axis=0)] = 0
            total += sign * np.log(variance).mean(axis=1)
    return total
