"""The training data of several source languages, mixed by ``harness.study.sampling.Sampling``.

The mix is drawn once for all seeds. A larger share of a language contains the examples of a smaller share.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MIX_SEED = 2
"""Seed of the mix, fixed like the seeds in ``harness.data.subsets``."""
DIGITS = 9
"""Decimal places of a share before its rounding to a whole number: platforms differ in the last bits of a power."""


def counts(sizes: Sequence[int], temperature: float) -> list[int]:
    """The number of examples of each language in the mix. Their sum is the sum of ``sizes``.

    The numbers N · n_i^T / Σ_j n_j^T, with N = Σ_j n_j, are rounded by largest remainders. Ties are broken in the order
    of the languages.
    """
    weights = np.asarray(sizes, dtype=np.float64) ** temperature
    shares = np.round(weights / weights.sum() * sum(sizes), DIGITS)
    found = np.floor(shares).astype(np.int64)
    most = np.argsort(found - shares, kind="stable")
    found[most[: sum(sizes) - found.sum()]] += 1
    return [int(count) for count in found]


def mixed(sizes: Sequence[int], temperature: float) -> NDArray[np.int64]:
    """Indices of the examples in the mix, ascending, (Σ sizes,). The examples are numbered language after language.

    If a language has more examples in the mix than in the data, its examples repeat equally often, and drawn examples
    occur once more.
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
