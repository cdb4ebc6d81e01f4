"""Limits of hyperparameters' values, in addition to the fields' types."""

from typing import Any

from harness.common import fields
from harness.common.errors import UserError, bad
from harness.setting import class_weights

SCHEDULES = ("linear", "constant", "cosine")
OPTIMIZERS = ("adamw", "adafactor", "sgd")
BATCHES = ("random", "by_length")
OF_OPTIMIZER = {"beta1": "adamw", "beta2": "adamw", "epsilon": "adamw", "bias_correction": "adamw", "momentum": "sgd"}
"""The fields that belong to one optimizer."""
MAX_VALUES = {
    "learning_rate": 1e38,  # about the largest fp32 number, because a study may try rates that diverge
    "head_learning_rate": 1e38,
    "warmup_steps": 10**9,
    "epochs": 10**6,
    "max_steps": 10**9,
    "batch_size": 10**6,
    "max_length": 10**6,
    "weight_decay": 10**6,
    "max_grad_norm": 10**9,
    "train_examples": 10**9,
    "epsilon": 10**6,
    "early_stopping": 9,  # there are ten dev scores, and the first has no earlier score
}
"""Largest accepted values, by field. Larger values count as typos; some would overflow computations."""
MAX_TRIALS = 100_000
"""Largest number of trials in a study. A larger number counts as a typo."""


def check(setting: Any) -> None:
    """Refuse values that a ``Setting`` does not allow."""
    _check_training(setting)
    _check_optimizer(setting)
    for name in ("init_seed", "data_seed"):
        if (seed := getattr(setting, name)) is not None:
            fields.seed(name, seed)
    for name in ("hidden_dropout", "attention_dropout", "head_dropout"):
        if (share := getattr(setting, name)) is not None:
            fields.share(name, share)
    fields.share("label_smoothing", setting.label_smoothing)
    class_weights.check(setting.class_weights)
    fields.choice("batches", setting.batches, BATCHES)
    if setting.early_stopping is not None:
        fields.at_least("early_stopping", setting.early_stopping, 1)
    for name, most in MAX_VALUES.items():
        if (value := getattr(setting, name)) is not None:
            fields.at_most(name, value, most)


def _check_training(setting: Any) -> None:
    """Refuse impossible rates, lengths, batches and data."""
    fields.above("learning_rate", setting.learning_rate, 0)
    if setting.head_learning_rate is not None:
        fields.above("head_learning_rate", setting.head_learning_rate, 0)
    fields.at_least("warmup_steps", setting.warmup_steps, 0)
    fields.exactly_one(epochs=setting.epochs, max_steps=setting.max_steps)
    if setting.epochs is not None:
        fields.above("epochs", setting.epochs, 0)
    if setting.max_steps is not None:
        fields.at_least("max_steps", setting.max_steps, 1)
    fields.at_least("batch_size", setting.batch_size, 1)
    fields.at_least("accumulation", setting.accumulation, 1)
    if setting.batch_size % setting.accumulation:
        raise bad("accumulation", setting.accumulation, f"a divisor of the batch size, {setting.batch_size}")
    fields.at_least("max_length", setting.max_length, 8)
    fields.choice("schedule", setting.schedule, SCHEDULES)
    fields.at_least("weight_decay", setting.weight_decay, 0)
    fields.at_least("max_grad_norm", setting.max_grad_norm, 0)
    if setting.train_examples is not None:
        fields.at_least("train_examples", setting.train_examples, 1)
    fields.share("label_noise", setting.label_noise)


def _check_optimizer(setting: Any) -> None:
    """Refuse an unknown optimizer, and a field that the chosen optimizer lacks."""
    fields.choice("optimizer", setting.optimizer, OPTIMIZERS)
    for name in ("beta1", "beta2", "momentum"):
        fields.share(name, getattr(setting, name))
    fields.above("epsilon", setting.epsilon, 0)
    chosen = fields.chosen(setting)
    for name, optimizer in OF_OPTIMIZER.items():
        if name in chosen and setting.optimizer != optimizer:
            raise UserError(
                f"{name}: {fields.short(chosen[name])} is not allowed; only the optimizer {optimizer!r} has it, and "
                f"the setting's is {setting.optimizer!r}"
            )
