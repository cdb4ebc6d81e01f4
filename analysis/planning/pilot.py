"""A world from a pilot study with the pilot's uncertainty, or from the stated defaults.

The scores of both methods follow the two-way crossed random model of ``decomposition.variance``. The model's three mean
squares are here 2 × 2 matrices over the method and the baseline (Searle, Casella & McCulloch, 1992, Variance
Components, Chapter 11). Their expectations are drawn from inverse Wishart distributions: the posterior for normal
scores. The defaults are the prior. The prior's mean squares are scaled to the pilot's variance and count as ``PRIOR``
degrees of freedom.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import betabinom, invwishart

from analysis.planning.world import Effect, World
from analysis.results.comparison import Comparison

Floats = NDArray[np.float64]

DEFAULT = World(Effect(2.0, 0.5), Effect(0.5, 0.5), Effect(2.0, 0.5), 0.8, 14)
"""The population without a pilot: settings have as much effect as noise, and seeds have less."""
PRIOR = 6.0
"""Degrees of freedom of the defaults beside a pilot."""
CLUSTERINGS = np.linspace(0, 0.95, 20)
"""Possible values of the clustering of collapses."""
MIN_RUNS = 4
"""Fewest pairs of runs of a usable pilot, on a full grid of settings and seeds."""


@dataclass(frozen=True)
class Squares:
    """A pilot's mean squares of settings, seeds and noise."""

    settings: int
    seeds: int
    languages: int
    """Number of the pilot's languages, which may be fewer than the study's."""
    matrices: Floats
    """Mean cross products of the methods, averaged over languages (3 × 2 × 2), in squared points."""
    free: tuple[int, int, int]
    """Degrees of freedom."""
    between: float
    """Variance between runs of the mean over languages, times the number of languages."""
    within: float
    """Variance of a run's languages about their mean."""

    @classmethod
    def of(cls, scores: Floats) -> "Squares":
        """The mean squares of scores, 2 × settings × seeds × languages."""
        _, settings, seeds, languages = scores.shape
        whole = scores.mean(axis=(1, 2), keepdims=True)
        of_settings, of_seeds = scores.mean(axis=2, keepdims=True) - whole, scores.mean(axis=1, keepdims=True) - whole
        rest = scores - whole - of_settings - of_seeds
        free = settings - 1, seeds - 1, (settings - 1) * (seeds - 1)
        parts = zip((of_settings, of_seeds, rest), free, (seeds, settings, 1), strict=True)
        products = [
            times * np.einsum("mskl,nskl->mn", part, part) / languages / max(1, degrees)
            for part, degrees, times in parts
        ]
        deviations = (scores - whole).reshape(-1, languages)
        runs = len(deviations) - 2
        mean = deviations.mean(axis=1)
        between = languages * float((mean**2).sum()) / runs
        within = float(((deviations - mean[:, None]) ** 2).sum()) / (runs * max(1, languages - 1))
        return cls(settings, seeds, languages, np.array(products), free, between, within)

    @property
    def variance(self) -> float:
        """Variance of a baseline's run in one language."""
        of_settings, of_seeds, noise = self.matrices[:, 1, 1]
        parts = (of_settings - noise) / self.seeds, (of_seeds - noise) / self.settings
        return float(noise + sum(max(0.0, part) for part in parts)) or 1e-6


@dataclass(frozen=True)
class Pilot:
    """The sources of a plan's worlds."""

    method: str
    baseline: str
    languages: int
    squares: Squares | None
    """``None`` without enough runs (see ``reason``)."""
    collapsed: Floats
    """Number of collapsed runs by method (the baseline second) and setting, 2 × settings."""
    runs: Floats
    """Number of pairs of runs by setting, (settings,); empty without a pilot."""
    reason: str = ""
    """The reason for the defaults in place of a pilot's variance; else empty."""

    @classmethod
    def none(cls, method: str, baseline: str, languages: int, reason: str) -> "Pilot":
        """A pilot without runs: its worlds are the defaults."""
        return cls(method, baseline, languages, None, np.zeros((2, 0)), np.zeros(0), reason)

    @classmethod
    def of(cls, comparison: Comparison, languages: int) -> "Pilot":
        """The pilot in a comparison's runs; ``languages`` is the study's number of target languages."""
        grouped = comparison.collapsed.groupby(level="setting", sort=False)
        collapsed = np.asarray(grouped.sum().to_numpy().T, np.float64)
        runs = np.asarray(grouped.size().to_numpy(), np.float64)
        surviving = comparison.surviving
        pair = [frame[surviving.steady_languages] for frame in (surviving.ours, surviving.theirs)]
        scores = _full_grid(*pair) if surviving.runs else np.zeros((2, 0, 0, 0))
        reason, squares = "", None
        if not scores.size or scores.shape[1] * scores.shape[2] < MIN_RUNS:
            reason = f"fewer than {MIN_RUNS} pairs of runs without collapse form a full grid"
        else:
            squares = Squares.of(scores)
        return cls(comparison.method, comparison.base, languages, squares, collapsed, runs, reason)

    @property
    def pairs(self) -> int:
        """Number of pairs of runs behind the variance."""
        return 0 if self.squares is None else self.squares.settings * self.squares.seeds

    @cached_property
    def likely(self) -> World:
        """The world at the mean of the draws' mean squares, and at the observed collapse rates."""
        rates = self.collapsed.sum(axis=1) / self.runs.sum() if len(self.runs) else (0.0, 0.0)
        clustering = float(self._clusterings @ CLUSTERINGS) if self.collapsed[1].any() else DEFAULT.clustering
        if self.squares is None:
            return self._world(self._prior(1.0), DEFAULT.alike, rates, clustering)
        told, prior = self.squares, self._prior(self._scale)
        means = [
            (free * square + PRIOR * part) / (free + PRIOR)
            for free, square, part in zip(told.free, told.matrices, prior, strict=True)
        ]
        return self._world(np.array(means), self._alike(self._between[1]), rates, clustering)

    def drawn(self, random: np.random.Generator) -> World:
        """A world from the pilot's posterior.

        Without the pilot's mean squares, the effects are the defaults. Only collapse rates and their clustering then
        vary, and only if a run of the pilot collapsed.
        """
        if self.squares is None and not self.collapsed.any():
            return self.likely
        rates, clustering = self._rates(random), DEFAULT.clustering
        if self.collapsed[1].any():
            clustering = float(random.choice(CLUSTERINGS, p=self._clusterings))
        if self.squares is None:
            return self._world(self._prior(1.0), DEFAULT.alike, rates, clustering)
        told = self.squares
        means = [
            invwishart.rvs(free + PRIOR + 3, free * square + PRIOR * part, random_state=random)
            for free, square, part in zip(told.free, told.matrices, self._prior(self._scale), strict=True)
        ]
        free, mean = self._between
        alike = self._alike(mean * free / random.chisquare(free))
        return self._world(np.array(means), alike, rates, clustering)

    @property
    def _scale(self) -> float:
        """Variance of the pilot relative to the defaults'."""
        assert self.squares is not None
        return self.squares.variance / sum(one.std**2 for one in (DEFAULT.setting, DEFAULT.seed, DEFAULT.noise))

    def _prior(self, scale: float) -> Floats:
        """Expected mean squares under the defaults, 3 × 2 × 2."""
        of_settings, of_seeds, noise = (
            scale * one.std**2 * np.array([[1, one.pairing], [one.pairing, 1]])
            for one in (DEFAULT.setting, DEFAULT.seed, DEFAULT.noise)
        )
        settings, seeds = (self.squares.settings, self.squares.seeds) if self.squares else (1, 1)
        return np.array([seeds * of_settings + noise, settings * of_seeds + noise, noise])

    @cached_property
    def _between(self) -> tuple[float, float]:
        """Degrees of freedom and value of ``Squares.between``, pooled with the defaults."""
        assert self.squares is not None
        told, count = self.squares, self.squares.languages
        total = (told.between + (count - 1) * told.within) / count
        free = sum(told.free)
        return free + PRIOR, (free * told.between + PRIOR * total * (1 + (count - 1) * DEFAULT.alike)) / (free + PRIOR)

    def _alike(self, between: float) -> float:
        """The correlation between languages."""
        assert self.squares is not None
        within, count = self.squares.within, self.squares.languages
        found = (between - within) / (between + (count - 1) * within) if between + within else DEFAULT.alike
        return float(np.clip(found, 0, 0.999))

    def _rates(self, random: np.random.Generator) -> tuple[float, float]:
        """Collapse rates from Jeffreys' posterior; 0 if no run of either method collapsed."""
        if not self.collapsed.any():
            return 0.0, 0.0
        total = self.runs.sum()
        ours, theirs = (float(random.beta(k + 0.5, total - k + 0.5)) for k in self.collapsed.sum(axis=1))
        return ours, theirs

    @cached_property
    def _clusterings(self) -> Floats:
        """Probabilities of ``CLUSTERINGS``, from the baseline's counts by setting and a flat prior."""
        counts, runs = self.collapsed[1], self.runs
        rate = (counts.sum() + 0.5) / (runs.sum() + 1)
        sizes = 1 / np.maximum(CLUSTERINGS, 1e-3) - 1
        logs = betabinom.logpmf(counts[:, None], runs[:, None], rate * sizes, (1 - rate) * sizes).sum(axis=0)
        shares = np.exp(logs - logs.max())
        return np.asarray(shares / shares.sum())

    def _world(self, squares: Floats, alike: float, rates: Any, clustering: float) -> World:
        """The world of expected mean squares (3 × 2 × 2)."""
        settings, seeds = (self.squares.settings, self.squares.seeds) if self.squares else (1, 1)
        parts = (squares[0] - squares[2]) / seeds, (squares[1] - squares[2]) / settings, squares[2]
        setting, seed, noise = map(_effect, parts)
        return World(setting, seed, noise, alike, self.languages, (float(rates[0]), float(rates[1])), clustering)


def _effect(part: Floats) -> Effect:
    """The effect of a covariance matrix over methods, negative parts set to 0."""
    values, vectors = np.linalg.eigh(part)
    kept = (vectors * np.maximum(values, 0)) @ vectors.T
    ours, theirs = np.diag(kept)
    pairing = kept[0, 1] / np.sqrt(ours * theirs) if ours > 0 and theirs > 0 else 0.0
    return Effect(float(np.sqrt(theirs)), float(np.clip(pairing, 0, 0.99)))


def _full_grid(ours: Any, theirs: Any) -> Floats:
    """Scores of the first replicate on the largest full grid, 2 × settings × seeds × languages.

    The grid's seeds are all seeds of one of its settings.
    """
    first = ours.index.get_level_values("replicate") == ours.index.get_level_values("replicate").min()
    tables = [frame[first].droplevel("replicate") for frame in (ours, theirs)]
    seeds = tables[0].reset_index().groupby("setting", sort=False)["seed"].agg(lambda found: tuple(sorted(found)))
    best = max(set(seeds), key=lambda found: (len(found) * sum(set(found) <= set(other) for other in seeds), found))
    settings = [name for name, other in seeds.items() if set(best) <= set(other)]
    rows = [(setting, seed) for setting in settings for seed in best]
    return np.stack([table.loc[rows].to_numpy(float).reshape(len(settings), len(best), -1) for table in tables])
