"""The seeds of a run: one for the initial weights, one for the order of the data, one for all other chance."""

from collections.abc import Iterable

SEEDS = ("init_seed", "data_seed")
"""Fields of a setting that replace the run's seed for a part of the chance."""
SHARED_SEEDS = (
    "Runs differ in init_seed and data_seed. Each pair of them counts as a seed, although pairs share seeds: claims on "
    'other seeds are then too sure. "Where the variance comes from" tells both apart.'
)


def seed_label(init_seed: int | None, data_seed: int | None, seed: int, *, all_seeds: Iterable[int] = ()) -> str:
    """The name of a run's seeds, such as ``init 0, data 3``.

    The run's own seed is named too if it is neither of the two, or if ``all_seeds`` of the runs are several.
    """
    init, data = (seed if own is None else own for own in (init_seed, data_seed))
    several = len(set(all_seeds)) > 1
    return f"init {init}, data {data}" + (f", rest {seed}" if several else "")
