"""The cross entropy of labels with smoothing and class weights."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from torch import Tensor
from torch.nn.functional import cross_entropy

from harness.setting import Setting, by_label
from harness.tasks.base import IGNORED


def label_loss(outputs: Mapping[str, Tensor], labels: Tensor, *, weights: Tensor | None, smoothing: float) -> Tensor:
    """The loss of a batch, summed over its labels, in nats. Labels of ``IGNORED`` do not count.

    Divided by the labels' total weight, it equals torch's ``CrossEntropyLoss``. Without ``weights``, it also equals
    transformers' ``LabelSmoother``.

    Args:
        outputs: The model's outputs with ``logits``, (…, classes).
        labels: The label ids, (…).
        weights: Weight of each class, (classes,); ``None`` for 1.
        smoothing: Share of a label's probability that is spread equally over all classes.
    """
    logits = outputs["logits"].flatten(0, -2).float()
    weight = None if weights is None else weights.to(logits.device)
    return cross_entropy(
        logits, labels.flatten(), weight=weight, ignore_index=IGNORED, reduction="sum", label_smoothing=smoothing
    )


def class_weights(setting: Setting, rows: Dataset, labels: Sequence[str]) -> Tensor | None:
    """A setting's weight of each label, (classes,); ``None`` for ``none``.

    ``balanced`` weights follow from the training ``rows``. Raises ``UserError`` as ``by_label`` does.
    """
    if setting.class_weights == "balanced":
        return balanced(rows["labels"][:], len(labels))
    weights = by_label(setting.class_weights, labels)
    return None if weights is None else torch.tensor(weights)


def balanced(labels: Sequence[Any], classes: int) -> Tensor:
    """Weights n / (C n_c) of the C classes that occur among n labels (King and Zeng, 2001), (classes,).

    A class that does not occur has weight 1. ``labels`` has a label id or a list of them for each row.
    """
    flat = np.concatenate([np.atleast_1d(np.asarray(row, dtype=np.int64)) for row in labels])
    counts = np.bincount(flat[flat != IGNORED], minlength=classes)
    there = counts > 0
    weights = np.divide(counts.sum(), there.sum() * counts, out=np.ones(classes), where=there)
    return torch.from_numpy(weights).float()
