"""The training data of several source languages, mixed by ``harness.study.sampling.Sampling``.

The mix is drawn once, whatever a trial's seed. A language's larger share contains the smaller one.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MIX_SEED = 2
"""Fixed, as the seeds of ``harness.data.subsets`` are."""
DIGITS = 9
"""Decimal places of a share before rounding: platforms differ in the last bits of a power."""


def counts(sizes: Sequence[int], temperature: float) -> list[int]:
    """The number of examples of each language in the mix, which sum to those of ``sizes``.

    Shares n_i^T / Σ_j n_j^T are rounded by largest remainders, ties in the order of the languages.
    """
    weights = np.asarray(sizes, dtype=np.float64) ** temperature
    shares = np.round(weights / weights.sum() * sum(sizes), DIGITS)
    found = np.floor(shares).astype(np.int64)
    most = np.argsort(found - shares, kind="stable")
    found[most[: sum(sizes) - found.sum()]] += 1
    return [int(count) for count in found]


def mixed(sizes: Sequence[int], temperature: float) -> NDArray[np.int64]:
    """Numbers of the examples in the mix, ascending, (Σ sizes,). The languages' examples lie one after another.

    A language with fewer examples than its share has each as often as another, or once more; those are drawn.
    """
    starts = np.cumsum([0, *sizes[:-1]])
    return np.concatenate(
        [
            start + _repeated(size, count)
            for start, size, count in zip(starts, sizes, counts(sizes, temperature), strict=True)
        ]
    )


def _repeated(size: int, count: int) -> NDArray[np.int64]:
    times, rest = divmod(count, size)
    once_more = np.random.RandomState(MIX_SEED).permutation(size)[:rest]
    return np.sort(np.concatenate([np.tile(np.arange(size), times), once_more])).astype(np.int64)
