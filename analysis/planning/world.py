"""A population of runs of a method and its baseline, and draws of studies from it."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MAX_CLUSTERING = 0.95
"""Largest clustering of collapses: at 1 the beta distribution of the settings' rates does not exist."""


@dataclass(frozen=True)
class Effect:
    """One source of variance of a run's scores: its setting, its seed, or the run itself."""

    std: float
    """Standard deviation of the baseline in one language, in points."""
    pairing: float
    """Correlation between the two methods' effects, from 0 to 1."""


@dataclass(frozen=True)
class World:
    """The distribution of scores and collapses. Effects are normal."""

    setting: Effect
    seed: Effect
    noise: Effect
    alike: float
    """Correlation of every effect between languages, from 0 to 1."""
    languages: int
    rates: tuple[float, float] = (0.0, 0.0)
    """Collapse rates of the method and the baseline in the tests of spread and mean."""
    clustering: float = 0.0
    """Correlation between the collapses of two runs of one setting; 0 if all settings have the same rate."""


@dataclass(frozen=True)
class Drawn:
    """One study without a difference: scores, as deviations from the methods' means, and collapses."""

    setting: NDArray[np.intp]
    """Setting of every run, (runs,). ``seed`` has the same form."""
    seed: NDArray[np.intp]
    ours: Floats
    """Scores of the method, runs × languages."""
    theirs: Floats
    collapsed: Flags
    """Collapses of the method and the baseline, 2 × runs, at the world's rates."""
    other_collapsed: Flags
    """Collapses at the target's rates, 2 × runs."""


def draw(world: World, settings: int, seeds: int, rates: tuple[float, float], random: np.random.Generator) -> Drawn:
    """A study in which all settings share their seeds. ``rates`` are the target's rates, the method's first."""
    setting, seed = np.divmod(np.arange(settings * seeds), seeds)
    scores = np.zeros((2, len(setting), world.languages))
    for effect, count, place in (
        (world.setting, settings, setting),
        (world.seed, seeds, seed),
        (world.noise, len(setting), np.arange(len(setting))),
    ):
        if effect.std:
            scores += _effects(effect, world, count, random)[:, place]
    hard = random.random(settings)
    flags = [_collapses(world, of, hard[setting], random) for of in (world.rates, rates)]
    return Drawn(setting, seed, scores[0], scores[1], *flags)


def _effects(effect: Effect, world: World, count: int, random: np.random.Generator) -> Floats:
    """Effects of both methods, 2 × count × languages."""

    def deviates(methods: int) -> Floats:
        common, own = random.normal(size=(methods, count, 1)), random.normal(size=(methods, count, world.languages))
        return math.sqrt(world.alike) * common + math.sqrt(1 - world.alike) * own

    both, each = deviates(1), deviates(2)
    return effect.std * (math.sqrt(effect.pairing) * both + math.sqrt(1 - effect.pairing) * each)


def _collapses(world: World, rates: tuple[float, float], hard: Floats, random: np.random.Generator) -> Flags:
    """Collapses of both methods, 2 × runs.

    With clustering, a setting's rate is the beta quantile at ``hard`` (runs,), the setting's hardness for both methods.
    """
    chances = np.array([np.broadcast_to(_chances(rate, world.clustering, hard), hard.shape) for rate in rates])
    return np.asarray(random.random(chances.shape) < chances)


def _chances(rate: float, clustering: float, hard: Floats) -> Floats | float:
    if not clustering or not 0 < rate < 1:
        return rate
    size = 1 / min(clustering, MAX_CLUSTERING) - 1
    return np.asarray(beta.ppf(hard, rate * size, (1 - rate) * size))
