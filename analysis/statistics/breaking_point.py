"""Up to which learning rate a method keeps what it can do, over seeds."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

from analysis.statistics.run_bootstrap import LEVEL

KEPT = 0.9
"""Share of the best score that has to be kept."""


@dataclass(frozen=True)
class BreakingPoint:
    """The largest rate of a ladder at which the score is still good."""

    rate: float
    """Geometric mean over seeds; NaN where there is none, for ``reason``."""
    low: float
    high: float
    """Student's 95 % interval over seeds, on the logarithm of the rate; NaN where seeds do not differ, or there is
    one."""
    by_seed: tuple[float, ...]
    """Of each seed."""
    unbroken: int
    """Seeds that keep it up to the ladder's last rung: their breaking point is at least that."""
    kept: tuple[float, ...]
    """Share of seeds that keep it, by rung from the best on; empty where no score is above 0."""
    reason: str = ""
    """Why there is none; else empty."""
    at_once: bool = False
    """Whether that is because a seed has broken at the first rung already."""


def breaking_point(scores: ArrayLike, rates: ArrayLike) -> BreakingPoint:
    """Of scores (seeds × rungs), in points, at ascending rates (rungs,).

    The best is the highest mean over seeds of a rung. From there on a seed's breaking point is the last rung before the
    first at which its score is below ``KEPT`` of that best: where the score comes back at a still higher rate, it does
    not count. A seed that is below at the best rung itself has broken there: its point is the rung before, where it is
    not below, too. Else there is none, of the seed or of all; lower rungs are not looked at, as a seed may be below
    there for a rate too small to learn at.

    Raises ``ValueError`` where the shapes do not fit, a score is not finite, or the rates do not ascend.
    """
    found, ladder = np.asarray(scores, np.float64), np.asarray(rates, np.float64)
    if found.ndim != 2 or found.shape[1:] != ladder.shape or not found.size:
        raise ValueError(f"scores are seeds × rungs and rates (rungs,), not {found.shape} and {ladder.shape}")
    if not np.isfinite(found).all() or not (np.diff(ladder) > 0).all() or ladder[0] <= 0:
        raise ValueError("scores are finite, and rates ascend from above 0")
    means = found.mean(axis=0)
    best = int(means.argmax())
    none = math.nan
    if means[best] <= 0:
        return BreakingPoint(none, none, none, (), 0, (), "no score is above 0")
    below = found < KEPT * means[best]
    broken = below[:, best:]
    first = np.where(broken.any(axis=1), best + broken.argmax(axis=1), len(ladder))
    kept = tuple(float(share) for share in (first[:, None] > np.arange(best, len(ladder))).mean(axis=0))
    unbroken = int((first == len(ladder)).sum())
    if (first == 0).any():
        return BreakingPoint(
            none, none, none, (), unbroken, kept, "a seed has broken at the first rate already", at_once=True
        )
    if below[first == best, best - 1].any():
        return BreakingPoint(
            none, none, none, (), unbroken, kept, "a seed is as low at the method's best rate and at the one before it"
        )
    logs = np.log(ladder[first - 1])
    spread = float(logs.std(ddof=1)) if np.ptp(logs) > 0 else 0.0
    half = float(student.ppf((1 + LEVEL) / 2, len(logs) - 1)) * spread / math.sqrt(len(logs)) if spread > 0 else none
    middle = float(logs.mean())
    return BreakingPoint(
        math.exp(middle),
        math.exp(middle - half),
        math.exp(middle + half),
        tuple(map(float, ladder[first - 1])),
        unbroken,
        kept,
    )
