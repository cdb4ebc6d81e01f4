"""Paired scores of two methods in which the methods are swapped, run by run or setting by setting."""

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.statistics.run_bootstrap import SEED

Floats = NDArray[np.float64]

EXACT = 12
"""Units up to which all swaps are made: 2¹¹ of them, as the swap of every unit but the first and its opposite say the
same."""
DRAWN, DRAWN_OF_MANY, MANY_UNITS = 9_999, 1_999, 500
"""Swaps drawn at random of more units, and of more than so many units."""
CLOSE = 1e-9
"""Log ratio below which two statistics are equal but for rounding."""
ROUNDING = 1e-12
"""Part of the two methods' squares below which those of swapped scores are 0: all the same but for rounding."""
SAME = 1e-9
"""Deviation, relative to the largest score, below which scores are the same but for rounding."""
BLOCK = 1 << 14
"""Log ratios that are computed at once: 128 KiB, so that they stay in the processor's cache."""
FARTHEST = 1e30
"""Ratio of variances where one method's scores are all the same after a swap: farther off than any other."""


def paired(ours: ArrayLike, theirs: ArrayLike) -> tuple[Floats, Floats]:
    """Both as runs × languages, centred by method and language on the median.

    The mean would not do: a collapsed run shifts it, and with it all other runs of its method. Raises ``ValueError``
    where the shapes do not fit or a score is not finite.
    """
    a, b = (np.asarray(scores, np.float64) for scores in (ours, theirs))
    if a.ndim == 1:
        a, b = a[:, None], b[:, None] if b.ndim == 1 else b
    if a.ndim != 2 or a.shape != b.shape or not a.shape[1]:
        raise ValueError(
            f"scores are (runs,) or runs × languages, the same of both, not {np.shape(ours)} and {np.shape(theirs)}"
        )
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("scores are finite")
    return (centred(a), centred(b)) if len(a) else (a, b)


def centred(scores: Floats) -> Floats:
    """Scores (runs × languages) less each language's median; exactly 0 where they differ by rounding alone."""
    found = scores - np.median(scores, axis=0)
    return np.where(np.abs(found).max(axis=0) <= SAME * np.abs(scores).max(axis=0), 0, found)


def members_of(groups: ArrayLike | None, runs: int) -> Floats | None:
    """Which runs are swapped together (groups × runs); ``None`` where each is by itself."""
    if groups is None:
        return None
    labels = np.asarray(groups)
    if labels.shape != (runs,):
        raise ValueError(f"groups are (runs,), not {labels.shape}")
    places = np.unique(labels, return_inverse=True)[1]
    return np.asarray(places == np.arange(places.max(initial=-1) + 1)[:, None], np.float64)


def varies(scores: Floats) -> NDArray[np.bool_]:
    """Which columns are not the same in all runs (languages,)."""
    return np.asarray(np.abs(scores).max(axis=0) > 0)


def drawn_of(units: int) -> int:
    """How many swaps are drawn at random of so many units, where not all are made."""
    return DRAWN if units <= MANY_UNITS else DRAWN_OF_MANY


def least_p(units: int) -> float:
    """The smallest p that so many runs, or settings, can give."""
    return 2.0 ** (1 - units) if units <= EXACT else 1 / (1 + drawn_of(units))


def swaps(units: int, drawn: int) -> Floats:
    """Which units are swapped, as −1, and which not, as 1 (swaps × units): all up to sign, or so many at random."""
    if units <= EXACT:
        rest = np.array([*itertools.product([1.0, -1.0], repeat=units - 1)])
        return np.column_stack([np.ones(len(rest)), rest])
    return np.random.default_rng(SEED).choice([-1.0, 1.0], size=(drawn, units))


def run_swaps(runs: int, members: Floats | None) -> Floats:
    """The swaps of a test (swaps × runs): of runs, or of groups of runs (``members``, groups × runs)."""
    units = runs if members is None else len(members)
    found = swaps(units, drawn_of(units))
    return found if members is None else found @ members


def p_of(observed: Floats, after: Floats, units: int) -> Floats:
    """Two-sided p of statistics (any shape), given those after every swap (swaps × that shape).

    Of swaps drawn at random the data count as one more.
    """
    extreme = (np.abs(after) >= np.abs(observed) - CLOSE).sum(axis=0)
    drawn = int(units > EXACT)
    return np.asarray((drawn + extreme) / (drawn + len(after)))


def log_ratios(a: Floats, b: Floats, signs: Floats) -> Floats:
    """Log std ratio of every language after every swap (swaps × languages), of centred scores (runs × languages).

    The scores may be those of several studies (studies × runs × languages): so is the result.
    """
    return np.concatenate([_log_ratios(a, b, block) for block in _blocks(signs, a)], axis=-2)


def mean_log_ratios(a: Floats, b: Floats, signs: Floats) -> Floats:
    """The mean of ``log_ratios`` over languages, which stay as an axis of one."""
    weights = np.full((a.shape[-1], 1), 1 / a.shape[-1])
    return np.concatenate([_log_ratios(a, b, block) @ weights for block in _blocks(signs, a)], axis=-2)


def _blocks(signs: Floats, scores: Floats) -> Iterator[Floats]:
    rows = max(1, BLOCK * scores.shape[-2] // scores.size)
    return (signs[start : start + rows] for start in range(0, len(signs), rows))


def _log_ratios(a: Floats, b: Floats, signs: Floats) -> Floats:
    """With sums s and differences d the swapped scores are (s ± εd)/2, so that two matrix products say all: Σ εsd and
    Σ εd."""
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
    """Log std ratio of every language (languages,), of centred scores that vary (runs × languages)."""
    squares = (((scores - scores.mean(axis=0)) ** 2).sum(axis=0) for scores in (a, b))
    return np.asarray(np.log(next(squares) / next(squares)) / 2)
