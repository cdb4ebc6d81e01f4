"""Variance components of one method's scores: setting, seed, their interaction and the noise floor; exact on full
grids.

The model is the two-way crossed random model. A score is a mean plus the effects of its setting, its seed and their
interaction, and noise. Noise is the difference between runs with the same setting and seed. All effects count as
independent draws, including the effects of settings. The settings' component is the variance among settings like these.

Mean squares are set equal to their expectations (Searle, Casella & McCulloch, 1992, Variance Components, Chapter 4). If
only some cells of the grid have reruns, mean squares of the cells' means are used (unweighted means analysis; Chapter
5).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from analysis.statistics.run_bootstrap import LEVEL
from analysis.statistics.run_bootstrap import SEED as FIXED

Floats = NDArray[np.float64]
MeanSquare = tuple[Floats, int]
"""The mean square by language (languages,) on the scale of a cell's mean (noise: a run), and its degrees of freedom."""

SETTING, SEED, INTERACTION, NOISE = "setting", "seed", "setting × seed", "noise"
DRAWS, TOGETHER = 4_000, 50
"""Number of draws for the intervals of shares, and number of languages per block."""
ROUNDING = 1e-24
"""A mean square below this share of the mean square of the scores themselves is rounding error and counts as 0."""


@dataclass(frozen=True)
class Components:
    """Variance components of some languages' scores, in squared points."""

    names: tuple[str, ...]
    """Name of each component; empty when undefined (see ``reason``).

    Inseparable effects form one component, with names joined by `` + ``.
    """
    variance: Floats
    """Components × languages. ANOVA's components are unbiased, so a small component may be negative. REML's components
    are never negative, and are biased."""
    low: Floats
    """Lower ends of 95 % intervals for normal effects (components × languages), not below 0. Empty for REML."""
    high: Floats
    settings: int
    seeds: int
    runs: int
    way: str
    """``anova`` or ``reml``."""
    reason: str = ""
    """Why there are no components; else empty."""
    share_low: Floats = field(default_factory=lambda: np.empty((0, 1)))
    """Lower ends of 95 % intervals of ``shares`` for normal effects (components × languages); NaN if no score varies.

    Empty for REML, and for a single component, whose share is 1.
    """
    share_high: Floats = field(default_factory=lambda: np.empty((0, 1)))

    @property
    def shares(self) -> Floats:
        """Shares of the components' sum (components × languages), for display: a negative component counts as 0.

        All shares are 0 if no score varies.
        """
        clipped = np.maximum(self.variance, 0)
        total = clipped.sum(axis=0, keepdims=True)
        varies = np.broadcast_to(total > 0, clipped.shape)
        shares: Floats = np.divide(clipped, total, out=np.zeros_like(clipped), where=varies)
        return shares

    @property
    def note(self) -> str:
        """Sentences on inseparable components, each with its cause; else empty."""
        notes = []
        if self.names and self.seeds == 1:
            notes.append(
                "there is one seed: the effect of another seed is unknown, and so is whether it would be the same at "
                "all settings"
            )
        if self.names and self.settings == 1:
            notes.append(
                "there is one setting: the effect of another setting is unknown, and so is whether it would be the "
                "same for all seeds"
            )
        if self.names and NOISE not in self.names:
            notes.append(f"no pair of setting and seed was run twice: {NOISE} cannot be separated from {INTERACTION}")
        return "; ".join(notes)


def no_components(settings: int, seeds: int, runs: int, way: str, reason: str) -> Components:
    """A result without components, for the given reason."""
    empty = np.empty((0, 0))
    return Components((), empty, empty, empty, settings, seeds, runs, way, reason)


def grid(frame: pd.DataFrame) -> tuple[Floats, list[str]]:
    """Arrange a frame's scores as languages × settings × seeds × replicates (NaN for none), and list its languages.

    Args:
        frame: one row per run × language, with columns setting, seed and score, and optionally language and replicate.
            Rows without a score are left out. Several rows of one language, setting and seed are replicates.

    Raises:
        ValueError: several rows have the same language, setting, seed and replicate.
    """
    scored = frame[np.isfinite(frame["score"].to_numpy(np.float64))]
    key = [scored[name] if name in scored else pd.Series("", scored.index) for name in ("language", "setting", "seed")]
    if "replicate" in scored and pd.concat([*key, scored["replicate"]], axis=1).duplicated().any():
        raise ValueError("there are several scores of one run and language")
    codes, names = zip(*(pd.factorize(column, sort=True) for column in key), strict=True)
    replicate = scored.groupby(list(codes)).cumcount().to_numpy(np.int64)
    scores = np.full((*map(len, names), replicate.max(initial=0) + 1), np.nan)
    scores[(*codes, replicate)] = scored["score"].to_numpy(np.float64)
    return scores, [str(name) for name in names[0]]


def components(scores: ArrayLike) -> Components:
    """The components of scores on a full grid (languages × settings × seeds, or × replicates too); NaN is no score.

    On a full grid every cell, a setting × seed, has a score; replicates may be in some cells only. Intervals of a
    component from one mean square are chi-squared. For a difference of two mean squares they are modified large-sample
    intervals (Burdick & Graybill, 1992, Confidence Intervals on Variance Components, Section 3.3). Intervals of shares
    are generalised intervals (see ``_shares``). With an incomplete grid or a single run, the result has a reason
    instead.

    Raises ``ValueError`` for other shapes, or if languages have scores in different places.
    """
    values = np.asarray(scores, np.float64)
    values = values[..., None] if values.ndim == 3 else values
    if values.ndim != 4 or not len(values):
        raise ValueError(f"scores must be languages × settings × seeds (× replicates), not of shape {values.shape}")
    there = np.isfinite(values)
    if (there != there[0]).any():
        raise ValueError(
            "components need the same runs in all languages; decompose languages with other runs separately"
        )
    _, settings, seeds, _ = values.shape
    counts = there[0].sum(axis=2)
    runs, lacking = int(counts.sum()), int((counts == 0).sum())
    if lacking:
        return no_components(
            settings, seeds, runs, "anova", f"{lacking} of {counts.size} pairs of setting and seed have no score"
        )
    if runs < 2:
        return no_components(settings, seeds, runs, "anova", "there are fewer than two runs, and so no variance")
    squares = _mean_squares(np.where(there, values, 0), counts, there[0])
    spread = (1 / counts).mean()  # variance of the noise in a cell's mean, relative to the noise of one run
    told = _equations(settings, seeds, NOISE in squares)
    equations = [(name, at, less, spread if less == NOISE else 1, by) for name, at, less, by in told]
    found = {name: _scaled(_less(squares[at], squares.get(less), times), by) for name, at, less, times, by in equations}
    variance, low, high = (np.stack(part) for part in zip(*found.values(), strict=True))
    shares = _shares(equations, squares)
    return Components(
        tuple(found), variance, np.maximum(low, 0), np.maximum(high, 0), settings, seeds, runs, "anova", "", *shares
    )


def _equations(settings: int, seeds: int, rerun: bool) -> list[tuple[str, str, str, int]]:
    """Each component's name, its mean square, the mean square to subtract (or none), and the divisor."""
    error = NOISE if rerun else ""
    mixed = INTERACTION if rerun else f"{INTERACTION} + {NOISE}"
    if settings > 1 and seeds > 1:
        found = [
            (SETTING, SETTING, INTERACTION, seeds),
            (SEED, SEED, INTERACTION, settings),
            (mixed, INTERACTION, error, 1),
        ]
    elif settings > 1:
        found = [(f"{SETTING} + {mixed}", SETTING, error, 1)]
    elif seeds > 1:
        found = [(f"{SEED} + {mixed}", SEED, error, 1)]
    else:
        found = []
    return [*found, (NOISE, NOISE, "", 1)] if rerun else found


def _mean_squares(values: Floats, counts: NDArray[np.int64], there: NDArray[np.bool_]) -> dict[str, MeanSquare]:
    """The mean squares with at least one degree of freedom.

    ``values`` are languages × settings × seeds × replicates, 0 where ``there`` is false.
    """
    settings, seeds = counts.shape
    means = values.sum(axis=3) / counts
    of_settings, of_seeds, grand = (
        means.mean(axis=2, keepdims=True),
        means.mean(axis=1, keepdims=True),
        means.mean(axis=(1, 2), keepdims=True),
    )
    deviations = {
        SETTING: (seeds, of_settings - grand, settings - 1),
        SEED: (settings, of_seeds - grand, seeds - 1),
        INTERACTION: (1, means - of_settings - of_seeds + grand, (settings - 1) * (seeds - 1)),
        NOISE: (1, (values - means[..., None]) * there, int((counts - 1).sum())),
    }
    least = ROUNDING * np.square(values).sum(axis=(1, 2, 3)) / counts.sum()
    squares = {
        name: (times * np.square(deviation).reshape(len(values), -1).sum(axis=1) / free, free)
        for name, (times, deviation, free) in deviations.items()
        if free
    }
    return {name: (np.where(square > least, square, 0), free) for name, (square, free) in squares.items()}


def _less(one: MeanSquare, other: MeanSquare | None, times: float) -> tuple[Floats, Floats, Floats]:
    """Estimate and interval ends, (languages,) each: one mean square's expectation minus ``times`` another's
    expectation."""
    (x, n), tail = one, (1 - LEVEL) / 2
    few, many = n / stats.chi2.isf([tail, 1 - tail], n)  # 1/F with infinite denominator degrees of freedom
    if other is None:
        return x, few * x, many * x
    y, m = times * other[0], other[1]
    g1, h1 = 1 - few, many - 1
    g2, h2 = 1 - m / stats.chi2.isf(tail, m), m / stats.chi2.isf(1 - tail, m) - 1
    f, f_low = stats.f.isf([tail, 1 - tail], n, m)
    g12 = ((f - 1) ** 2 - (g1 * f) ** 2 - h2**2) / f
    h12 = ((1 - f_low) ** 2 - (h1 * f_low) ** 2 - g2**2) / f_low
    below = np.sqrt(np.maximum((g1 * x) ** 2 + (h2 * y) ** 2 + g12 * x * y, 0))
    above = np.sqrt(np.maximum((h1 * x) ** 2 + (g2 * y) ** 2 + h12 * x * y, 0))
    return x - y, x - y - below, x - y + above


def _shares(
    equations: Sequence[tuple[str, str, str, float, int]], squares: dict[str, MeanSquare]
) -> tuple[Floats, Floats]:
    """Ends of the shares' intervals: generalised confidence intervals (Weerahandi, 1993), exact for two components.

    The generalised distribution of an expected mean square is n·MS/χ²ₙ. Every draw gives components, with negative
    components set to 0, and their shares.
    """
    languages = len(next(iter(squares.values()))[0])
    if len(equations) < 2:
        return np.empty((0, languages)), np.empty((0, languages))
    random = np.random.default_rng(FIXED)
    drawn = {name: free / random.chisquare(free, (DRAWS, 1)) for name, (_, free) in squares.items()}
    ends = []
    for start in range(0, languages, TOGETHER):
        expected = {name: draws * squares[name][0][start : start + TOGETHER] for name, draws in drawn.items()}
        parts = np.stack(
            [
                np.maximum(expected[at] - (times * expected[less] if less else 0), 0) / by
                for _, at, less, times, by in equations
            ]
        )
        total = parts.sum(axis=0)
        shares = np.divide(parts, total, out=np.full_like(parts, np.nan), where=total > 0)
        ends.append(np.quantile(shares, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=1))
    low, high = np.concatenate(ends, axis=2)
    return low, high


def _scaled(found: tuple[Floats, Floats, Floats], divisor: int) -> tuple[Floats, Floats, Floats]:
    estimate, low, high = found
    return estimate / divisor, low / divisor, high / divisor
