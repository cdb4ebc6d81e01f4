"""Helpers that simulate scores of settings × seeds with known variance."""

from typing import Any

import numpy as np
import pandas as pd

from tests.benchmarks.variance import Grid


def scores(languages: int, settings: int, seeds: int, replicates: int = 1, *, seed: int = 0) -> Any:
    """Scores (languages × settings × seeds × replicates), which vary most between settings."""
    return Grid(settings, seeds, replicates).scores(languages, np.random.default_rng(seed))


def tidy(values: Any) -> pd.DataFrame:
    """The scores as a frame with one row per run × language."""
    language, setting, seed, replicate = (at.ravel() for at in np.indices(values.shape))
    columns = {
        "language": [f"l{i:02}" for i in language],
        "setting": [f"s{i}" for i in setting],
        "seed": seed,
        "replicate": replicate,
    }
    return pd.DataFrame({**columns, "score": values.ravel()})
