"""Notes on warmups that do not end in the training.

Such warmups are allowed, but nearly always a mistake in scaling a study down.
"""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from harness.common.console import tell

if TYPE_CHECKING:
    from harness.setting import Setting
    from harness.study import TrialConfig

SHORTER = "Shorten the warmup by --set warmup_steps=N or, with max_steps given, by --set warmup_steps=10%"
SHORTER_RANGE = "Give the search a shorter range of warmup_steps, or more steps"


def endless(settings: "Iterable[Setting]", examples: int | None, advice: str = SHORTER) -> list[str]:
    """Sentences on settings with a warmup that does not end in the training, one per number of steps.

    ``examples`` is the number of training examples. With ``None``, settings with epochs over all data are skipped.
    """
    found: dict[int, set[int]] = {}
    for setting in settings:
        known = examples is not None or setting.max_steps is not None or setting.train_examples is not None
        if known and setting.warmup_steps >= (steps := setting.steps(examples or setting.train_examples or 0)):
            found.setdefault(steps, set()).add(setting.warmup_steps)
    return [
        f"a warmup of {' or '.join(map(str, sorted(warmups)))} steps does not end in {steps}: the learning rate stays "
        f"below its value. {advice}"
        for steps, warmups in found.items()
    ]


def warn_of_warmups(settings: "Iterable[Setting]", trial: "TrialConfig | None", searched: Collection[str] = ()) -> None:
    """Print a note on each warmup that does not end in the training. ``trial`` gives the training data.

    Without a trial, only settings with a known number of steps are checked. ``searched`` are the hyperparameters of a
    search, which ``--set`` cannot change.
    """
    from harness.data.origin import Origin
    from harness.data.reading import examples

    there = len(examples(Origin.of(trial), "train", trial.source)) if trial is not None else None
    advice = SHORTER_RANGE if "warmup_steps" in searched else SHORTER
    for note in endless(dict.fromkeys(settings), there, advice):
        tell(f"Note: {note}.")
