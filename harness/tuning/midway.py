"""A trial that continues from another trial's weights with other hyperparameters, as in population based training.

Its model differs from a model trained with the last setting alone. So the earlier trials are part of its identity.
"""

from collections.abc import Sequence
from dataclasses import replace

from harness.common import fields
from harness.common.errors import UserError
from harness.methods import Method
from harness.setting import Setting, value_label
from harness.study import TrialConfig

CHANGEABLE = (
    "learning_rate", "warmup_steps", "schedule", "weight_decay", "max_grad_norm", "hidden_dropout",
    "attention_dropout", "head_dropout", "beta1", "beta2", "epsilon", "label_smoothing", "class_weights",
)  # fmt: skip
"""Hyperparameters that may change during a training. Most other fields change data, steps or the model's parts."""
OPTION = "strength"
"""The only option of a method that may change."""


def continued(trial: TrialConfig, before: TrialConfig, step: int) -> TrialConfig:
    """The trial that continues from another trial's weights after a step; the other trial if nothing has changed.

    Raises ``UserError`` for a change that is not allowed during a training.
    """
    same = replace(trial, course=before.course)
    if same.id == before.id:
        return same
    changed = [
        name for name in Setting.__dataclass_fields__ if getattr(before.setting, name) != getattr(trial.setting, name)
    ]
    _check(trial, before, changed)
    changes = [f"{name}={value_label(name, getattr(before.setting, name))}" for name in changed]
    methods = [before.method.label] if before.method != trial.method else []
    leg = f"{replace(before, course=()).id} to step {step}: {' '.join([*methods, *changes])}"
    return replace(trial, course=(*before.course, leg))


def _check(trial: TrialConfig, before: TrialConfig, changed: Sequence[str]) -> None:
    """Refuse a change of any field except ``CHANGEABLE`` and ``OPTION``. ``changed`` names hyperparameters."""
    allowed = [name for name in CHANGEABLE if name != "learning_rate" or trial.setting.head_learning_rate is None]
    for name in changed:
        if name not in allowed:
            raise UserError(
                f"{name}: it changed during a training, from {fields.short(getattr(before.setting, name))} to "
                f"{fields.short(getattr(trial.setting, name))}; only {', '.join(allowed)} and a method's {OPTION} may "
                "change"
            )
    if trial.seed != before.seed:
        raise UserError(f"seed: it changed during a training, from {before.seed} to {trial.seed}; keep it")
    pairs = [*zip(before.method.parts, trial.method.parts, strict=False)]
    if len(before.method.parts) != len(trial.method.parts) or not all(_alike(*pair) for pair in pairs):
        raise UserError(
            f"method: it changed during a training, from {before.method.label} to {trial.method.label}; only a "
            f"method's {OPTION} may change"
        )


def _alike(one: Method, other: Method) -> bool:
    """Whether two methods differ only in ``OPTION``."""
    if not hasattr(one, OPTION) or type(one) is not type(other):
        return one == other
    return replace(one, **{OPTION: getattr(other, OPTION)}) == other
