"""Whether points and logits disagree about the spread of two methods."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.statistics.tails import RESOLUTION, SAME, logits_of

FACTOR, OPPOSITE = 1.25, 1.10
"""Ratios disagree if they differ by more than ``FACTOR``; on opposite sides of 1, by more than ``OPPOSITE``."""


@dataclass(frozen=True)
class Scales:
    """The std ratio of two methods, ours over theirs, on both scales."""

    points: float
    """With several languages the geometric mean; NaN when undefined (see ``reason``)."""
    logits: float
    disagree: bool
    """Whether the ratios disagree, so that a caution is due."""
    opposite: bool
    """Whether one ratio is above 1 and the other below."""
    reason: str = ""
    """Why there are no ratios; else empty."""


def scales_disagree(ours: ArrayLike, theirs: ArrayLike, resolution: float = RESOLUTION) -> Scales:
    """Compare the std ratio of scores, (runs,) or (runs × languages) in points from 0 to 100, with the ratio of their
    logits.

    A std in points is roughly proportional to the std in logits times p(1 − p). Near a ceiling the std in points is
    smaller: 0.37 times as large at 95 % as at 85 %. Ratios disagree if they differ by a factor above ``FACTOR``, or
    above ``OPPOSITE`` on different sides of 1.

    Share of 1,000 simulated studies of 8 / 15 / 30 / 60 runs with a caution:

    - Equal logit std of 0.3 at 85 and 95 %: 1.00 at all sizes. At 85 and 90 %: 0.84 / 0.88 / 0.95 / 0.97. At 90 and 92
      %: 0.48 / 0.52 / 0.52 / 0.58.
    - Equal std of 2 points at 60 and 62 %: 0.00 at all sizes, with 10 % collapse too.
    - The same at 70 and 75 %, where logit stds differ by a factor of 1.12: 0.08 / 0.16 / 0.20 / 0.29.

    Raises ``ValueError`` as ``tails``, and for shapes that do not fit.
    """
    both = [np.asarray(scores, np.float64) for scores in (ours, theirs)]
    if both[0].shape != both[1].shape or both[0].ndim not in (1, 2) or 0 in both[0].shape[1:]:
        raise ValueError(f"scores must be (runs,) or runs × languages, not {both[0].shape} and {both[1].shape}")
    logits = [logits_of(scores, resolution) for scores in both]
    none = math.nan
    if len(both[0]) < 2:
        return Scales(none, none, False, False, "there are fewer than 2 runs")
    if any((np.ptp(scores, axis=0) <= SAME * np.abs(scores).max(axis=0)).any() for scores in (*both, *logits)):
        return Scales(none, none, False, False, "all runs of a method have the same score")
    points, odds = (float(np.log(a.std(axis=0) / b.std(axis=0)).mean()) for a, b in (both, logits))
    opposite = points * odds < 0
    disagree = abs(points - odds) > math.log(OPPOSITE if opposite else FACTOR)
    return Scales(math.exp(points), math.exp(odds), disagree, opposite)
