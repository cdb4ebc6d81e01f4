"""Tables of results of any size with a known truth: methods × learning rates × seeds, languages that move together."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from tests.helpers.synthetic import CODES

CHANCE_LEVEL = 12.0
"""Mean score of collapsed runs, in points."""


@dataclass(frozen=True)
class Truth:
    """A method's true behaviour."""

    spread: float = 2.0
    """Standard deviation of the zero-shot score over runs at one rate, in points, without the noise."""
    collapse: float = 0.0
    """Chance of a run at the highest quarter of rates to collapse."""
    gain: float = 0.0
    """Points added to every target score; the source score gets 0.3 of these points."""


@dataclass(frozen=True)
class Design:
    """The size of a study."""

    rates: int = 8
    seeds: int = 4
    languages: int = 6
    methods: Mapping[str, Truth] = field(default_factory=lambda: {"vanilla": Truth(), "l2(strength=0.1)": Truth()})


SIX = {
    "vanilla": Truth(3.0, 0.8),
    "l2(strength=0.1)": Truth(2.0, 0.2, 0.5),
    "l2(strength=1)": Truth(1.2, 0.0, 0.2),
    "ewc(strength=10)": Truth(2.0, 0.3, 1.0),
    "mixout(p=0.9)": Truth(3.0, 0.5),
    "freeze(layers=6)": Truth(1.5, 0.0, -2.0),
}
"""Six methods that differ in spread, collapse and score."""


def table(design: Design, seed: int = 0) -> pd.DataFrame:
    """The tidy results: one row per run and language.

    A run's deviation is shared by all its target languages, up to noise of 0.7 points. It grows with the distance of
    the language from the source. Runs at high rates score lower.
    """
    random = np.random.default_rng(seed)
    targets = CODES[: design.languages]
    far = np.linspace(0.2, 1.0, len(targets))
    rates = [float(f"{1e-5 * 2 ** (step * 6 / max(1, design.rates - 1)):.3g}") for step in range(design.rates)]
    runs = [(m, place, s) for m in design.methods for place in range(design.rates) for s in range(design.seeds)]
    parts = []
    for method, place, own_seed in runs:
        truth, heat = design.methods[method], place / design.rates
        fallen = bool(random.uniform() < truth.collapse and heat >= 0.75)
        moved = random.normal(0, truth.spread) * far / far.mean() - 6 * heat**2
        noise = random.normal(0, 0.7, len(targets))
        found = CHANCE_LEVEL + noise if fallen else 78 - 35 * far + truth.gain + moved + noise
        source = CHANCE_LEVEL + random.normal() if fallen else 88 + 0.3 * truth.gain - heat + random.normal(0, 0.5)
        keys = {"method": method, "seed": own_seed, "learning_rate": rates[place], "collapsed": str(fallen).lower()}
        parts.append(pd.DataFrame({**keys, "language": ["en", *targets], "score": [source, *found]}))
    return pd.concat(parts, ignore_index=True).round({"score": 3})
