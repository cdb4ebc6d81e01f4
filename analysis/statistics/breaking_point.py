"""The breaking point: the largest learning rate at which a method keeps its score, over seeds."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

from analysis.statistics.run_bootstrap import LEVEL

KEPT = 0.9
"""Share of the best mean score below which a seed counts as broken."""


@dataclass(frozen=True)
class BreakingPoint:
    """The largest rate of a ladder at which the score is still good."""

    rate: float
    """Geometric mean over seeds; NaN when undefined (see ``reason``)."""
    low: float
    high: float
    """Upper end of Student's 95 % interval over seeds, computed on the rate's logarithm. NaN if seeds do not differ, or
    with one seed."""
    by_seed: tuple[float, ...]
    """Breaking point of each seed."""
    unbroken: int
    """Number of seeds that hold to the ladder's last rung; their breaking point is at least that rung."""
    kept: tuple[float, ...]
    """Share of seeds still unbroken at each rung, from the best rung on; empty if the best mean is not above 0."""
    reason: str = ""
    """Why the breaking point is undefined; else empty."""
    at_once: bool = False
    """Whether the reason is a seed that has broken at the first rung."""


def breaking_point(scores: ArrayLike, rates: ArrayLike, *, sign: int = 1) -> BreakingPoint:
    """Find the breaking point of each seed and their geometric mean.

    The best rung has the highest mean over seeds. From this rung on, a seed breaks at the first rung at which its score
    is below ``KEPT`` times that mean. If lower scores are better, the best mean is the lowest. A seed then breaks at
    the first rung at which that mean is below ``KEPT`` times its score. The seed's breaking point is the rung before. A
    score that recovers at a higher rate does not count.

    If a seed is already broken at the best rung, its breaking point is the rung before. If there is no rung before, or
    the seed is broken there too, the breaking point is undefined for all seeds. Lower rungs are ignored: a low score
    there may come from a rate too small to learn.

    Args:
        scores: seeds × rungs, in points.
        rates: ascending learning rates, (rungs,).
        sign: -1 if lower scores are better.

    Raises:
        ValueError: shapes do not fit, a score is not finite, or rates do not ascend from above 0.
    """
    found, ladder = np.asarray(scores, np.float64), np.asarray(rates, np.float64)
    if found.ndim != 2 or found.shape[1:] != ladder.shape or not found.size:
        raise ValueError(f"scores must be seeds × rungs and rates (rungs,), not {found.shape} and {ladder.shape}")
    if not np.isfinite(found).all() or not (np.diff(ladder) > 0).all() or not ladder[0] > 0:
        raise ValueError("all scores must be finite, and rates must ascend from above 0")
    means = found.mean(axis=0)
    best = int((sign * means).argmax())
    none = math.nan
    if means[best] <= 0:
        return BreakingPoint(none, none, none, (), 0, (), "the best mean score is not above 0")
    below = found < KEPT * means[best] if sign > 0 else KEPT * found > means[best]
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
            none,
            none,
            none,
            (),
            unbroken,
            kept,
            "a seed has broken both at the method's best learning rate and the rate before",
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
