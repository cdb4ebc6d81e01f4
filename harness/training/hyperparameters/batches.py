"""An order of the training rows that puts rows of similar length into one batch."""

from collections.abc import Iterator

import torch
from datasets import Dataset
from transformers.trainer_pt_utils import LengthGroupedSampler


class ByLength(LengthGroupedSampler):
    """Batches of rows of similar length, by transformers' ``LengthGroupedSampler``.

    The order of an epoch depends on the seed and the epoch's number alone, so that a training can resume.

    Args:
        rows: The encoded training rows.
        batch_size: Number of rows in an optimizer step, over all its micro-batches.
        seed: The seed of the order.
    """

    def __init__(self, rows: Dataset, batch_size: int, seed: int) -> None:
        lengths = [len(ids) for ids in rows["input_ids"]]
        super().__init__(batch_size, lengths=lengths, generator=torch.Generator())
        self.seed, self.epoch = seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order is next."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        self.generator.manual_seed(self.seed + self.epoch)
        order: Iterator[int] = super().__iter__()
        return order
