"""The seeds of a run: for the initial weights, for the order of the data, and for all other random draws."""

from collections.abc import Iterable

SEEDS = ("init_seed", "data_seed")
"""Fields of a setting that replace the run's seed for a part of the random draws."""
SHARED_SEEDS = (
    "Runs differ in init_seed and data_seed. Each pair counts as one seed, although pairs share seeds. Claims on other "
    'seeds are therefore too confident. "Where the variance comes from" separates the effects of both seeds.'
)


def seed_label(init_seed: int | None, data_seed: int | None, seed: int, *, all_seeds: Iterable[int] = ()) -> str:
    """The name of a run's seeds, such as ``init 0, data 3``.

    ``all_seeds`` are the seeds of all runs. If they differ, the name ends with this run's seed as ``rest``.
    """
    init, data = (seed if own is None else own for own in (init_seed, data_seed))
    several = len(set(all_seeds)) > 1
    return f"init {init}, data {data}" + (f", rest {seed}" if several else "")
