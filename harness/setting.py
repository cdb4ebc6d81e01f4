"""The hyperparameters of one fine-tuning. Imports neither torch nor Ray."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harness.common import fields
from harness.common.errors import bad

SCHEDULES = ("linear", "constant", "cosine")
INSTEAD = {"epochs": "max_steps", "max_steps": "epochs"}
"""A setting has exactly one of these fields, so setting one clears the other."""
MAX_VALUES = {
    "learning_rate": 1e38,  # about the largest fp32 number: a study may try rates that diverge
    "warmup_steps": 10**9,
    "epochs": 10**6,
    "max_steps": 10**9,
    "batch_size": 10**6,
    "max_length": 10**6,
    "weight_decay": 10**6,
    "max_grad_norm": 10**9,
    "train_examples": 10**9,
}
"""Largest accepted value of each field; anything above is treated as a typo and would overflow computations."""
MAX_TRIALS = 100_000
"""Largest number of trials in a study; anything above is treated as a typo."""
ABSENT = {"train_examples": "all"}
"""The label of a missing value, if it is not ``none``."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Hyperparameters of one fine-tuning, which a sensitivity study varies.

    Exactly one of ``epochs`` and ``max_steps`` is given.
    """

    learning_rate: float
    """Largest learning rate of AdamW, for encoder and head alike."""
    warmup_steps: int = 0
    """Optimizer steps of linear warmup."""
    epochs: float | None = None
    """Passes over the training data."""
    max_steps: int | None = None
    """Optimizer steps."""
    batch_size: int = 32
    """Examples per optimizer step, over all its micro-batches."""
    accumulation: int = 1
    """Number of micro-batches that a batch is cut into to save memory; the gradient is of the whole batch."""
    max_length: int = 128
    """Largest number of sub-words in an example, special tokens included.

    Longer sentences of token tasks are cut into windows, so that no word is lost. So are longer contexts of
    questions. Longer pairs lose the end of the longer text.
    """
    schedule: str = "linear"
    """Course of the learning rate after the warmup: ``linear`` or ``cosine`` decay to zero, or ``constant``."""
    weight_decay: float = 0.0
    """AdamW's decay towards zero. The default is 0, because it opposes a pull towards the pretrained weights."""
    max_grad_norm: float = 1.0
    """Norm to which the whole gradient, penalty included, is clipped; 0 for no clipping."""
    train_examples: int | None = None
    """Number of training examples used; ``None`` for all. An epoch is a pass over them.

    They are drawn once for all seeds, and a larger sample contains the smaller ones.
    """
    label_noise: float = 0.0
    """Share of the training labels that are replaced by another label, from 0 to below 1.

    If every label were wrong, the labels would be informative again. In token tasks, words are drawn one by one. The
    replacements are drawn once for all seeds, and a larger share contains the smaller ones. Dev and test labels stay.
    """

    def __post_init__(self) -> None:
        fields.coerce(self)
        fields.above("learning_rate", self.learning_rate, 0)
        fields.at_least("warmup_steps", self.warmup_steps, 0)
        fields.exactly_one(epochs=self.epochs, max_steps=self.max_steps)
        if self.epochs is not None:
            fields.above("epochs", self.epochs, 0)
        if self.max_steps is not None:
            fields.at_least("max_steps", self.max_steps, 1)
        fields.at_least("batch_size", self.batch_size, 1)
        fields.at_least("accumulation", self.accumulation, 1)
        if self.batch_size % self.accumulation:
            raise bad("accumulation", self.accumulation, f"a divisor of the batch size, {self.batch_size}")
        fields.at_least("max_length", self.max_length, 8)
        fields.choice("schedule", self.schedule, SCHEDULES)
        fields.at_least("weight_decay", self.weight_decay, 0)
        fields.at_least("max_grad_norm", self.max_grad_norm, 0)
        if self.train_examples is not None:
            fields.at_least("train_examples", self.train_examples, 1)
        fields.share("label_noise", self.label_noise)
        for name, most in MAX_VALUES.items():
            if (value := getattr(self, name)) is not None:
                fields.at_most(name, value, most)

    def steps(self, examples: int) -> int:
        """Number of optimizer steps with ``examples`` training examples."""
        if self.max_steps is not None:
            return self.max_steps
        assert self.epochs is not None
        return math.ceil(self.epochs * math.ceil(min(examples, self.train_examples or examples) / self.batch_size))


def value_label(name: str, value: Any) -> str:
    """A hyperparameter's value in a label. A missing value (``None``, or NaN in a frame) is ``all`` or ``none``.

    ``all`` is the label of missing ``train_examples``.
    """
    absent = value is None or (isinstance(value, float) and math.isnan(value))
    return ABSENT.get(name, "none") if absent else fields.short(value)


def setting_labels(settings: Sequence[Setting]) -> dict[Setting, str]:
    """A short name for each of some settings, from the fields in which they differ.

    An example is ``learning_rate=0.001 warmup_steps=6``.
    """
    distinct = [asdict(setting) for setting in dict.fromkeys(settings)]
    differing = [name for name in Setting.__dataclass_fields__ if len({values[name] for values in distinct}) > 1] or [
        "learning_rate"
    ]
    return {setting: " ".join(f"{n}={value_label(n, getattr(setting, n))}" for n in differing) for setting in settings}
