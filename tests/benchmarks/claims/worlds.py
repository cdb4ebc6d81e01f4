"""Worlds: distributions of two methods' scores and collapses."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LANGUAGES = 14
ALIKE = 0.8
"""Correlation of languages over runs, and over effects of settings and seeds."""
PAIRING = 0.3
"""Share of a run's noise variance that both methods have in common."""
NOISE = 2.0
"""Standard deviation of the noise, in points. Effects of settings and seeds are in units of this noise."""
COMMON = 1.0
"""Standard deviation of the setting effects that both methods share."""
DEPTH = 50.0
"""Drop of a collapsed run, in points, on the source and all targets."""
CEILING_LOGITS, CEILING_NOISE = (math.log(0.95 / 0.05), math.log(0.85 / 0.15)), 0.2
"""Centres of the method and the baseline near the ceiling, and the noise of both, in logits."""

LOGNORMAL = math.sqrt((math.e - 1) * math.e)
DRAWS: dict[str, Callable[[np.random.Generator, tuple[int, ...]], Floats]] = {
    "normal": lambda random, shape: random.normal(size=shape),
    "t5": lambda random, shape: random.standard_t(5, size=shape) / math.sqrt(5 / 3),
    # the long tail is on the side of low scores
    "lognormal": lambda random, shape: (math.exp(0.5) - np.exp(random.normal(size=shape))) / LOGNORMAL,
}
"""Draws with mean 0 and standard deviation 1."""


@dataclass(frozen=True)
class World:
    """The distribution of scores of the method (first of two) and the baseline (second)."""

    noise: str = "normal"
    """A name in ``DRAWS``. Effects of settings and seeds are normal."""
    ratio: float = 1.0
    """Ratio of the method's standard deviation, of noise and all effects, to the baseline's."""
    difference: float = 0.0
    """Difference of the method's mean score from the baseline's, in points."""
    own_settings: float = 0.0
    """Standard deviation of each method's own setting effects, in units of the noise."""
    own_seeds: float = 0.0
    collapse: tuple[float, float] = (0.0, 0.0)
    """Chance of a run to collapse, of the method and of the baseline."""
    collapse_of: Literal["runs", "settings", "settings and method"] = "runs"
    """Whether all runs have that chance, or each setting draws a chance, for both methods together or for each method.

    The draw is beta with that mean and a first parameter of 0.5, so that most settings are safe and some are lost.
    """
    ceiling: bool = False
    """Whether scores are in logits, around 95 and 85 %, with equal standard deviations."""

    def drawn(self, random: np.random.Generator, shape: tuple[int, ...], kind: str = "normal") -> Floats:
        """Deviates of standard deviation 1 (shape × languages), with correlation ``ALIKE`` between languages."""
        draw = DRAWS[kind]
        return math.sqrt(ALIKE) * draw(random, (*shape, 1)) + math.sqrt(1 - ALIKE) * draw(random, (*shape, LANGUAGES))

    def chances(self, random: np.random.Generator, settings: int) -> Floats:
        """The chance to collapse of each method's runs at each setting (2 × settings)."""
        mean = np.array(self.collapse)[:, None]
        if self.collapse_of == "runs" or not mean.all():
            return np.broadcast_to(mean, (2, settings)).copy()
        if self.collapse_of == "settings":
            mean = mean[:1]
        return np.broadcast_to(random.beta(0.5, 0.5 * (1 - mean) / mean, (len(mean), settings)), (2, settings))


WORLDS = {
    "normal": World(),
    "t5": World(noise="t5"),
    "lognormal": World(noise="lognormal"),
    "5 % collapse": World(collapse=(0.05, 0.05)),
    "10 % collapse": World(collapse=(0.1, 0.1)),
    "20 % collapse": World(collapse=(0.2, 0.2)),
    "40 % collapse": World(collapse=(0.4, 0.4)),
    "20 % collapse by settings": World(collapse=(0.2, 0.2), collapse_of="settings"),
    "20 % collapse by settings and method": World(collapse=(0.2, 0.2), collapse_of="settings and method"),
    "method × setting": World(own_settings=1.0),
    "method × seed": World(own_seeds=1.0),
    "ceiling": World(ceiling=True),
}
"""Worlds without a difference in the population, except for means and standard deviations in points in ``ceiling``."""
DIFFERENT = {
    "ratio 0.8": World(ratio=0.8),
    "ratio 0.7": World(ratio=0.7),
    "ratio 0.5": World(ratio=0.5),
    "ratio 0.33": World(ratio=1 / 3),
    "1 point": World(difference=1.0),
    "2 points": World(difference=2.0),
    "4 points": World(difference=4.0),
    "0 and 20 % collapse": World(collapse=(0.0, 0.2)),
    "0 and 40 % collapse": World(collapse=(0.0, 0.4)),
    "0 and 60 % collapse": World(collapse=(0.0, 0.6)),
}
"""Worlds with a difference. A ratio of 0.8 and 1 point are the bounds of equivalence."""
