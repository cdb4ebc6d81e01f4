"""Labels of settings and of their values in tables and figures."""

import math
from collections.abc import Sequence
from typing import Any

from harness.common import fields
from harness.setting.seeds import SEEDS
from harness.setting.setting import Setting

ABSENT = {"train_examples": "all"}
"""The label of a missing value, by field: here a missing value means the largest number."""
INHERITED = {
    "init_seed": "seed",
    "data_seed": "seed",
    "hidden_dropout": "encoder's",
    "attention_dropout": "encoder's",
    "head_dropout": "encoder's",
    "head_learning_rate": "learning_rate",
}
"""The label of a missing value, by field: here a missing value is inherited."""


def value_label(name: str, value: Any) -> str:
    """A hyperparameter's value in a label.

    A missing value (``None``, or NaN in a frame) becomes a word from ``ABSENT`` or ``INHERITED``, such as ``all``. The
    word is ``none`` for other fields.
    """
    absent = value is None or (isinstance(value, float) and math.isnan(value))
    return (ABSENT | INHERITED).get(name, "none") if absent else fields.short(value)


def setting_labels(settings: Sequence[Setting], *, seeds: bool = True) -> dict[Setting, str]:
    """A short label for each setting, from the fields in which the settings differ.

    An example is ``learning_rate=0.001 warmup_steps=6``. Equal settings are labelled by the learning rate.
    Without ``seeds``, settings that differ only in ``init_seed`` and ``data_seed`` have the same label.
    """
    names = [name for name in Setting.__dataclass_fields__ if seeds or name not in SEEDS]
    distinct = [*dict.fromkeys(settings)]
    differing = [name for name in names if len({getattr(one, name) for one in distinct}) > 1] or ["learning_rate"]
    return {setting: " ".join(f"{n}={value_label(n, getattr(setting, n))}" for n in differing) for setting in settings}
