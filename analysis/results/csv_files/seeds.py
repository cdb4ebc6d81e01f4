"""Runs with separate seeds for the initial weights and the order of the data."""

import pandas as pd

from harness.setting import SEEDS
from harness.setting.seeds import SHARED_SEEDS, seed_label

RUN_SEED = "run_seed"
"""Column of the run's seed, if ``seed`` is a label of several seeds."""
NO_SEED = ("", "none", "null", "nan")
"""Words in a file that mean "the run's seed"."""


def with_seed_labels(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Rows with a different ``seed`` for each combination of seeds, and a note on shared seeds.

    ``frame`` has a column ``seed``, and may have ``init_seed`` and ``data_seed``. A missing value means the run's seed.
    If all values equal the run's seed, ``seed`` stays and the two other columns are dropped. Otherwise ``seed`` becomes
    a label, missing values are filled in, and ``run_seed`` keeps the run's seed.
    """
    own = frame["seed"]
    parts = {name: frame.get(name, pd.Series(float("nan"), frame.index)).fillna(own).astype(int) for name in SEEDS}
    bare = frame.drop(columns=[name for name in SEEDS if name in frame])
    if all((part == own).all() for part in parts.values()):
        return bare, ()
    seeds = own.unique()
    labels = [seed_label(*row, all_seeds=seeds) for row in zip(*(parts[name] for name in SEEDS), own, strict=True)]
    pairs = pd.DataFrame(parts).drop_duplicates()
    shared = any(pairs[name].duplicated().any() for name in SEEDS)
    return bare.assign(seed=labels, **parts, **{RUN_SEED: own}), ((SHARED_SEEDS,) if shared else ())
