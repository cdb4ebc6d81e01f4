"""Runs with seeds of their own for the initial weights and the order of the data."""

import pandas as pd

from harness.setting import SEEDS
from harness.setting.seeds import SHARED_SEEDS, seed_label

RUN_SEED = "run_seed"
"""Column of a run's own seed, where ``seed`` is a label of several."""
NO_SEED = ("", "none", "null", "nan")
"""Words in a file for a part that has the run's seed."""


def with_seed_labels(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Rows in which ``seed`` tells apart runs that differ in any of their seeds, and a note on shared seeds.

    ``frame`` has a column ``seed``, and may have ``init_seed`` and ``data_seed``, missing for the run's own. If none
    differs from the run's, ``seed`` stays, and the others are dropped. Else ``seed`` becomes a label, the
    others are filled in, and ``run_seed`` keeps the run's own.
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
