"""Simulated studies of two methods as views for a report, each with the truth of its claims."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.results.about import About
from analysis.results.frame import FINISHED, RUN, Results
from analysis.results.view import View
from tests.benchmarks.claims.truths import Drawn, Kind, truths
from tests.benchmarks.claims.worlds import COMMON, DEPTH, LANGUAGES, PAIRING, Floats, World

TARGETS = tuple(f"l{i:02d}" for i in range(LANGUAGES))
METHODS = ("l2", "vanilla")
SOURCE, SOURCE_SCORE = "en", 85.0
RATES = (1e-5, 1e-3)
"""Smallest and largest learning rate of the settings, in equal steps of the logarithm; no other hyperparameter
varies."""


@dataclass(frozen=True)
class Design:
    """Numbers of settings and seeds; all settings have the same seeds."""

    settings: int
    seeds: int

    def __str__(self) -> str:
        return f"{self.settings}×{self.seeds}"

    @property
    def runs(self) -> int:
        return self.settings * self.seeds


@dataclass(frozen=True)
class Study:
    """The view of a report, and the true values of its claims, in the claims' units."""

    view: View
    truths: Mapping[Kind, float]


def simulate(world: World, design: Design, random: np.random.Generator) -> Study:
    """A simulated study; row i × seeds + k of each method is setting i and seed k."""
    setting, seed = np.divmod(np.arange(design.runs), design.seeds)
    common = COMMON * world.drawn(random, (1, design.settings))
    settings = common + world.own_settings * world.drawn(random, (2, design.settings))
    seeds = world.own_seeds * world.drawn(random, (2, design.seeds))
    shared, own = (world.drawn(random, (count, design.runs), world.noise) for count in (1, 2))
    noise = math.sqrt(PAIRING) * shared + math.sqrt(1 - PAIRING) * own
    drawn = Drawn(world, settings[:, setting], seeds[:, seed], seed, world.chances(random, design.settings)[:, setting])
    scores = drawn.points(settings[:, setting] + seeds[:, seed] + noise)
    if not world.ceiling:
        scores += np.linspace(-10, 10, LANGUAGES)
    source = SOURCE_SCORE + noise.mean(axis=-1)
    collapsed = random.random((2, design.runs)) < drawn.chances
    lost = DEPTH * collapsed
    whole = np.concatenate([(source - lost)[..., None], scores - lost[..., None]], axis=-1)
    return Study(_view(whole, collapsed, setting, seed), truths(drawn, ~collapsed.any(axis=0)))


def _view(scores: Floats, collapsed: NDArray[np.bool_], setting: NDArray[np.int_], seed: NDArray[np.int_]) -> View:
    """The view of scores (methods × runs × languages, the source first), as from a table of results."""
    runs, languages = collapsed.shape[1], [SOURCE, *TARGETS]
    labels = [f"learning_rate={rate:.3g}" for rate in np.geomspace(*RATES, setting.max() + 1)]
    trials = pd.DataFrame(
        {
            "trial": [str(i) for i in range(2 * runs)],
            "method": np.repeat(METHODS, runs),
            "setting": np.tile(np.array(labels)[setting], 2),
            "seed": np.tile(seed, 2),
            "replicate": 0,
            "status": FINISHED,
            "collapsed": collapsed.ravel(),
            "diverged": False,
            "error": "",
            "targets": [TARGETS] * (2 * runs),
            "test_data": [{}] * (2 * runs),
        }
    )
    rows = trials[["trial", *RUN]].loc[np.repeat(trials.index, len(languages))].reset_index(drop=True)
    facts = {"split": "test", "metric": "score", "examples": np.nan, "unknown": np.nan}
    rows = rows.assign(language=np.tile(languages, 2 * runs), score=scores.ravel(), **facts)
    settings = pd.DataFrame({"learning_rate": [float(label.split("=")[1]) for label in labels]}, index=labels)
    return View(Results(About("simulated", SOURCE, TARGETS, METHODS), trials, rows, settings, "score"))
