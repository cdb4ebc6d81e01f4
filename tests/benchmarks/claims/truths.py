"""The truth of every kind of claim about a simulated study."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from analysis.claims.claim import Quantity, Scope
from tests.benchmarks.claims.worlds import CEILING_LOGITS, CEILING_NOISE, COMMON, NOISE, Floats, World

Kind = tuple[Quantity, Scope]

CENTRE = 60.0
"""Mean score, in points."""
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
"""Nodes and weights of integrals over a normal deviate."""


@dataclass(frozen=True)
class Drawn:
    """A study without the noise of its runs. The method is first, the baseline second."""

    world: World
    settings: Floats
    """The effect of each run's setting (2 × runs × languages)."""
    seeds: Floats
    """The effect of each run's seed."""
    seed: NDArray[np.int_]
    """Each run's seed (runs,)."""
    chances: Floats
    """Each run's chance to collapse (2 × runs)."""

    def points(self, deviates: Floats) -> Floats:
        """Scores from effects and noise (2 × …), in points."""
        shape = (2, *[1] * (deviates.ndim - 1))
        if self.world.ceiling:
            return np.asarray(100 * expit(np.reshape(CEILING_LOGITS, shape) + CEILING_NOISE * deviates))
        ratio, shift = np.reshape([self.world.ratio, 1.0], shape), np.reshape([self.world.difference, 0.0], shape)
        return np.asarray(CENTRE + shift + ratio * NOISE * deviates)

    def moments(self, effects: Floats, std: float = 1.0) -> tuple[Floats, Floats]:
        """Mean and variance of scores with these effects (2 × …) plus random deviates of this std."""
        points = np.stack([self.points(effects + std * node) for node in NODES], axis=-1)
        weights = WEIGHTS / WEIGHTS.sum()
        mean = points @ weights
        return mean, points**2 @ weights - mean**2


def truths(drawn: Drawn, surviving: NDArray[np.bool_]) -> dict[Kind, float]:
    """The truths of a study, in the claims' units; ``surviving`` are the pairs in which neither run collapsed.

    With ``Scope.THESE``, settings and seeds keep their effects and chances to collapse, and only the noise is redrawn.
    With ``SEEDS``, settings keep their effects. With ``SETTINGS``, the truth is the population's. If all runs have one
    seed, the seed then keeps its effect and settings are redrawn.
    """
    world = drawn.world
    chances = drawn.chances[0] - drawn.chances[1]
    found: dict[Kind, float] = {
        (Quantity.COLLAPSE, Scope.THESE): float(chances.mean()),
        (Quantity.COLLAPSE, Scope.SETTINGS): world.collapse[0] - world.collapse[1],
        (Quantity.SENSITIVITY, Scope.SETTINGS): 0.0,
        (Quantity.SPREAD_SENSITIVITY, Scope.SETTINGS): 0.0,
    }
    one_seed = len(np.unique(drawn.seed)) == 1
    std = math.sqrt(1 + COMMON**2 + world.own_settings**2 + (0 if one_seed else world.own_seeds**2))
    mean, variance = drawn.moments(drawn.seeds[:, 0] if one_seed else np.zeros((2, 1)), std)
    found |= {
        (Quantity.MEAN, Scope.SETTINGS): float((mean[0] - mean[1]).mean()),
        (Quantity.SPREAD, Scope.SETTINGS): float(np.exp(np.log(variance[0] / variance[1]).mean() / 2)),
    }
    if surviving.sum() < 2:
        return found
    settings, seeds = drawn.settings[:, surviving], drawn.seeds[:, surviving]
    mean, variance = drawn.moments(settings)
    return found | {
        (Quantity.MEAN, Scope.SEEDS): float((mean[0] - mean[1]).mean()),
        (Quantity.SPREAD, Scope.SEEDS): _ratio(_squares(mean, variance) + _of_seeds(drawn, surviving)),
        (Quantity.SPREAD, Scope.THESE): _ratio(_squares(*drawn.moments(settings + seeds))),
    }


def _squares(mean: Floats, variance: Floats) -> Floats:
    """The expected squares about the mean over runs (2 × languages), from the runs' means and variances."""
    runs = mean.shape[1]
    return ((mean - mean.mean(axis=1, keepdims=True)) ** 2).sum(axis=1) + variance.sum(axis=1) * (1 - 1 / runs)


def _of_seeds(drawn: Drawn, surviving: NDArray[np.bool_]) -> Floats:
    """The contribution of random seed effects to the squares (2 × 1)."""
    counts = np.bincount(drawn.seed[surviving])
    expected = counts.sum() - (counts**2).sum() / counts.sum()
    return expected * (drawn.world.own_seeds * NOISE * np.array([[drawn.world.ratio], [1.0]])) ** 2


def _ratio(squares: Floats) -> float:
    """The geometric mean over languages of std ratios."""
    return float(np.exp(np.log(squares[0] / squares[1]).mean() / 2))
