"""Helpers that draw or make arrays of scores, and compute the coverage of intervals."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

Array = NDArray[np.float64]
POINTS = st.integers(0, 1000).map(lambda x: x / 10)
"""Scores to a tenth of a point, so that ties are common."""


def scores(*shape: int) -> st.SearchStrategy[Array]:
    """A hypothesis strategy for arrays of scores."""
    return arrays(np.float64, shape, elements=POINTS)


RUNS = st.integers(2, 9)
TABLES = RUNS.flatmap(lambda runs: scores(runs, 4))
"""Runs × a source and three targets."""


def made(runs: int, languages: int = 3, seed: int = 0) -> tuple[Array, Array]:
    """Source scores, and target scores that follow them in part."""
    random = np.random.default_rng(seed)
    source = 85 + random.normal(size=runs)
    return source, 60 + 0.5 * (source - 85)[:, None] + random.normal(0, 2, (runs, languages))


def coverage(held: list[bool]) -> float:
    """The share of simulated studies whose interval holds the truth."""
    return float(np.mean(held))
