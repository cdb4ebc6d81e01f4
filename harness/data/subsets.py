"""Training data of a trial: all of it, a mix of source languages, fewer examples, or examples with wrong labels.

The tokenised data holds all examples with their own labels, shared by trials of all settings. A setting's changes are
applied afterwards. The draws depend neither on a trial's seed nor on each other. So a study can vary the data and the
seed separately. An example has the same wrong labels for every number of examples.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from datasets import Dataset
from datasets.table import InMemoryTable

from harness.data import mixing
from harness.data.context import TrialContext

SUBSET_SEED, NOISE_SEED = 0, 1
"""Fixed seeds: other seeds would make other data sets under the same name.

numpy guarantees constant numbers for ``RandomState``, but not for ``default_rng``.
"""


def training_rows(context: TrialContext) -> Dataset:
    """The encoded rows that a trial trains on, in the order of the data.

    Source languages are mixed first, and fewer examples are drawn from the mix. Examples are drawn whole: a long
    sentence has all of its windows, or none.
    """
    setting, temperature = context.config.setting, context.config.sampling_temperature
    whole = context.encoded("train", context.config.source)
    rows, total = whole.rows, len(whole.gold)
    mix = np.arange(total) if temperature is None else mixing.mixed(context.sizes(), temperature)
    if setting.train_examples is not None:
        mix = mix[drawn(total, setting.train_examples)]
    if len(mix) < total or temperature is not None:
        rows = of_examples(rows, mix)
    if setting.label_noise:
        rows = context.task.relabelled(rows, noisy(whole.gold, len(context.task.labels), setting.label_noise))
    return rows


def drawn(total: int, count: int) -> "np.ndarray[Any, Any]":
    """Indices of the ``count`` examples drawn from ``total``, ascending, of shape (count,).

    A larger count includes the examples of a smaller count.
    """
    return np.sort(np.random.RandomState(SUBSET_SEED).permutation(total)[:count])


def noisy(gold: Sequence[Sequence[int]], classes: int, share: float) -> list[list[int]]:
    """Label ids of each example, each replaced with probability ``share`` by another of the ``classes``.

    All other classes are equally likely. The replacement of a label does not depend on ``share``, so a larger share
    includes the replacements of a smaller share.
    """
    draw = np.random.RandomState(NOISE_SEED)
    sizes = np.array([len(labels) for labels in gold])
    labels = np.concatenate([np.asarray(labels, dtype=np.int64) for labels in gold])
    replaced = draw.random_sample(len(labels)) < share
    others = (labels + 1 + (draw.random_sample(len(labels)) * (classes - 1)).astype(np.int64)) % classes
    return [part.tolist() for part in np.split(np.where(replaced, others, labels), np.cumsum(sizes)[:-1])]


def of_examples(rows: Dataset, examples: "np.ndarray[Any, Any]") -> Dataset:
    """The rows of some examples in the given order, in a new table. A repeated example repeats its rows.

    ``Dataset.select`` would keep the rows of all other examples in the underlying table.
    """
    table = rows.data.table
    numbers = table.column("example").to_numpy()
    order = np.argsort(numbers, kind="stable")  # a user's task may encode examples in any order
    first, end = (np.searchsorted(numbers, examples, side, sorter=order) for side in ("left", "right"))
    places = order[np.concatenate([np.arange(*span) for span in zip(first, end, strict=True)])]
    return Dataset(InMemoryTable(table.take(places)))
