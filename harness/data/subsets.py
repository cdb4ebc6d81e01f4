"""The training data of a trial: all examples, a mix of source languages, fewer examples, or wrong labels.

The tokenised data is that of all examples with their own labels, which trials of all settings share; this is done to it
afterwards. What is drawn depends neither on a trial's seed nor on each other: data and chance are varied apart from one
another, and a word has the same wrong label however many sentences there are.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from datasets import Dataset
from datasets.table import InMemoryTable

from harness.data import mixing
from harness.data.context import TrialContext

SUBSET_SEED, NOISE_SEED = 0, 1
"""Fixed: another would be another data set under the same name. numpy promises that ``RandomState`` keeps its numbers
for ever, which it does not of ``default_rng``."""


def training_rows(context: TrialContext) -> Dataset:
    """The encoded rows that a trial trains on, in the order of the data.

    Source languages are mixed first, and fewer examples are drawn of the mix. All windows of a sentence are there as
    often as the sentence is drawn, or none.
    """
    setting, temperature = context.config.setting, context.config.sampling_temperature
    whole = context.encoded("train", context.config.source)
    rows, total = whole.rows, len(whole.gold)
    mix = np.arange(total) if temperature is None else mixing.mixed(context.sizes(), temperature)
    if setting.train_examples is not None:
        mix = mix[drawn(total, setting.train_examples)]
    if len(mix) < total or temperature is not None:
        rows = _of_examples(rows, mix)
    if setting.label_noise:
        rows = context.task.relabelled(rows, noisy(whole.gold, len(context.task.labels), setting.label_noise))
    return rows


def drawn(total: int, count: int) -> "np.ndarray[Any, Any]":
    """Numbers of the ``count`` examples that are drawn of ``total``, ascending, (count,); a larger count has those of a
    smaller."""
    return np.sort(np.random.RandomState(SUBSET_SEED).permutation(total)[:count])


def noisy(gold: Sequence[Sequence[int]], classes: int, share: float) -> list[list[int]]:
    """Label ids of each example, each replaced with probability ``share`` by one of the other ``classes`` - 1, as
    likely as one another.

    What a label is replaced by does not depend on ``share``, so that a larger share has the replacements of a smaller.
    """
    draw = np.random.RandomState(NOISE_SEED)
    sizes = np.array([len(labels) for labels in gold])
    labels = np.concatenate([np.asarray(labels, dtype=np.int64) for labels in gold])
    replaced = draw.random_sample(len(labels)) < share
    others = (labels + 1 + (draw.random_sample(len(labels)) * (classes - 1)).astype(np.int64)) % classes
    return [part.tolist() for part in np.split(np.where(replaced, others, labels), np.cumsum(sizes)[:-1])]


def _of_examples(rows: Dataset, examples: "np.ndarray[Any, Any]") -> Dataset:
    """The rows of some examples, ascending and each as often as it is given, as a table of its own.

    ``Dataset.select`` would leave the others in what is beneath.
    """
    table = rows.data.table
    numbers = table.column("example").to_numpy()  # ascending
    first, end = (np.searchsorted(numbers, examples, side) for side in ("left", "right"))
    places = np.concatenate([np.arange(*span) for span in zip(first, end, strict=True)])
    return Dataset(InMemoryTable(table.take(places)))
