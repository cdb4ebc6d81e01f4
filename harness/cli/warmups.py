"""Warmups that the training is too short for: allowed, and nearly always a mistake of scaling a study down."""

from collections.abc import Iterable

from harness.setting import Setting

SHORTER = "--set warmup_steps=N makes it shorter, or with max_steps given --set warmup_steps=10%"
"""What to do about it."""


def endless(settings: Iterable[Setting], examples: int | None, advice: str = SHORTER) -> list[str]:
    """What is to be said of settings whose warmup does not end, a sentence a number of steps, where there are so many
    training examples.

    ``None``: that is not known, and settings that count in epochs of all data are passed over.
    """
    found: dict[int, set[int]] = {}
    for setting in settings:
        known = examples is not None or setting.max_steps is not None or setting.train_examples is not None
        if known and setting.warmup_steps >= (steps := setting.steps(examples or setting.train_examples or 0)):
            found.setdefault(steps, set()).add(setting.warmup_steps)
    return [
        f"a warmup of {' or '.join(map(str, sorted(warmups)))} steps does not end in {steps}: the learning rate stays "
        f"below its value; {advice}"
        for steps, warmups in found.items()
    ]
