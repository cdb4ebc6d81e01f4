"""Paired scores of two methods with swapped method names, run by run or setting by setting."""

import itertools
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.statistics.run_bootstrap import SEED

Floats = NDArray[np.float64]

EXACT = 12
"""Number of units up to which all swaps are made: 2¹¹ at most, because a swap and its opposite are equivalent."""
DRAWN, DRAWN_OF_MANY, MANY_UNITS = 9_999, 1_999, 500
"""Number of random swaps above ``EXACT`` units, and above ``MANY_UNITS`` units."""
CLOSE = 1e-9
"""Difference of log ratios below which two statistics count as equal up to rounding."""
ROUNDING = 1e-12
"""Variation after a swap, relative to both methods' squares, below which all scores count as equal up to rounding."""
SAME = 1e-9
"""Deviation, relative to the largest score, below which scores count as equal up to rounding."""
BLOCK = 1 << 14
"""Log ratios in one block: 128 KiB, which stays in the processor's cache."""
KEPT = 1 << 18
"""Largest number of signs (2 MiB) of random swaps that are kept for the next test."""
FARTHEST = 1e30
"""Ratio of variances when one method's scores are all equal after a swap: beyond any other ratio."""


def paired(ours: ArrayLike, theirs: ArrayLike) -> tuple[Floats, Floats]:
    """Both methods' scores as runs × languages, centred by method and language on the median.

    The mean is unsuitable: a collapsed run shifts it, and so shifts the centred scores of the method's other runs.
    Raises ``ValueError`` if the shapes do not fit or a score is not finite.
    """
    a, b = (np.asarray(scores, np.float64) for scores in (ours, theirs))
    if a.ndim == 1:
        a, b = a[:, None], b[:, None] if b.ndim == 1 else b
    if a.ndim != 2 or a.shape != b.shape or not a.shape[1]:
        raise ValueError(
            "scores must be (runs,) or runs × languages, the same shape for both, not "
            f"{np.shape(ours)} and {np.shape(theirs)}"
        )
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("all scores must be finite")
    return (centred(a), centred(b)) if len(a) else (a, b)


def centred(scores: Floats) -> Floats:
    """Scores (runs × languages) minus each language's median; exactly 0 if they differ by rounding alone."""
    found = scores - np.median(scores, axis=0)
    return np.where(np.abs(found).max(axis=0) <= SAME * np.abs(scores).max(axis=0), 0, found)


def members_of(groups: ArrayLike | None, runs: int) -> Floats | None:
    """Membership of runs in groups that are swapped together (groups × runs); ``None`` without groups.

    Raises ``ValueError`` if groups are not (runs,).
    """
    if groups is None:
        return None
    labels = np.asarray(groups)
    if labels.shape != (runs,):
        raise ValueError(f"groups must have the shape (runs,), not {labels.shape}")
    places = np.unique(labels, return_inverse=True)[1]
    return np.asarray(places == np.arange(places.max(initial=-1) + 1)[:, None], np.float64)


def varies(scores: Floats) -> NDArray[np.bool_]:
    """Whether each language of centred scores (runs × languages) varies over runs."""
    return np.asarray(np.abs(scores).max(axis=0) > 0)


def drawn_of(units: int) -> int:
    """Number of random swaps for a number of units too large for all swaps."""
    return DRAWN if units <= MANY_UNITS else DRAWN_OF_MANY


def least_p(units: int, drawn: int | None = None) -> float:
    """The smallest possible p with this number of runs or settings; ``drawn`` is as in ``run_swaps``."""
    return 2.0 ** (1 - units) if units <= EXACT else 1 / (1 + (drawn or drawn_of(units)))


def swaps(units: int, drawn: int) -> Floats:
    """Signs of the units in each swap, −1 if swapped, else 1 (swaps × units): all up to overall sign, or ``drawn``
    random swaps."""
    if units <= EXACT or drawn * units <= KEPT:
        return _kept_swaps(units, 0 if units <= EXACT else drawn)
    return _drawn_swaps(units, drawn)


@lru_cache(maxsize=32)
def _kept_swaps(units: int, drawn: int) -> Floats:
    """``swaps``, kept for the next test; all swaps if ``drawn`` is 0."""
    if drawn:
        found = _drawn_swaps(units, drawn)
    else:
        rest = np.array([*itertools.product([1.0, -1.0], repeat=units - 1)])
        found = np.column_stack([np.ones(len(rest)), rest])
    found.flags.writeable = False
    return found


def _drawn_swaps(units: int, drawn: int) -> Floats:
    return np.random.default_rng(SEED).choice([-1.0, 1.0], size=(drawn, units))


def run_swaps(runs: int, members: Floats | None, drawn: int | None = None) -> Floats:
    """The swaps of a test (swaps × runs): of runs, or of groups of runs (``members``, groups × runs).

    ``drawn`` is the number of random swaps; the default is ``drawn_of``.
    """
    units = runs if members is None else len(members)
    found = swaps(units, drawn or drawn_of(units))
    return found if members is None else found @ members


def p_of(observed: Floats, after: Floats, units: int) -> Floats:
    """Two-sided p of statistics (any shape), given the statistics after every swap (swaps × that shape).

    With random swaps the data count as one more swap.
    """
    extreme = (np.abs(after) >= np.abs(observed) - CLOSE).sum(axis=0)
    drawn = int(units > EXACT)
    return np.asarray((drawn + extreme) / (drawn + len(after)))


def log_ratios(a: Floats, b: Floats, signs: Floats) -> Floats:
    """Log std ratio of every language after every swap (swaps × languages), from centred scores (runs × languages).

    Scores of several studies (studies × runs × languages) give a result with the same leading axis.
    """
    return np.concatenate([_log_ratios(a, b, block) for block in _blocks(signs, a)], axis=-2)


def mean_log_ratios(a: Floats, b: Floats, signs: Floats) -> Floats:
    """The mean of ``log_ratios`` over languages, kept as an axis of length one."""
    weights = np.full((a.shape[-1], 1), 1 / a.shape[-1])
    return np.concatenate([_log_ratios(a, b, block) @ weights for block in _blocks(signs, a)], axis=-2)


def _blocks(signs: Floats, scores: Floats) -> Iterator[Floats]:
    rows = max(1, BLOCK * scores.shape[-2] // scores.size)
    return (signs[start : start + rows] for start in range(0, len(signs), rows))


def _log_ratios(a: Floats, b: Floats, signs: Floats) -> Floats:
    """Log std ratios after one block of swaps.

    With sums s and differences d, the swapped scores are (s ± εd)/2. Two matrix products therefore suffice: Σ εsd and Σ
    εd.
    """
    sums, differences = a + b, a - b
    runs = a.shape[-2]
    total = sums.sum(axis=-2, keepdims=True)
    shared = (sums**2 + differences**2).sum(axis=-2, keepdims=True) / 4
    swapped, moved = signs @ differences, signs @ (sums * differences / 2)
    both = shared - (total**2 + swapped**2) / (4 * runs)
    moved -= swapped * (total / (2 * runs))
    ours, theirs, least = both + moved, both - moved, ROUNDING * shared
    if (both - np.abs(moved) > least).all():
        return np.log(ours / theirs) / 2
    none, other = ours <= least, theirs <= least
    ratio = np.divide(ours, theirs, out=np.ones_like(ours), where=~other)
    return np.log(np.select([none & other, none, other], [1.0, 1 / FARTHEST, FARTHEST], ratio)) / 2


def observed(a: Floats, b: Floats) -> Floats:
    """Log std ratio of every language (languages,), from centred scores that vary (runs × languages)."""
    squares = (((scores - scores.mean(axis=0)) ** 2).sum(axis=0) for scores in (a, b))
    return np.asarray(np.log(next(squares) / next(squares)) / 2)
