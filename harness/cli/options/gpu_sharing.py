"""The option for the number of trials that share a GPU."""

import argparse
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.common.errors import UserError, bad

if TYPE_CHECKING:
    from harness.execution.resources import Resources
    from harness.study import TrialConfig

AUTO = "auto"
SAME_SHARE = 0.005
"""Largest difference between GPU shares that count as equal: 0.33 counts as a third."""


def gpu_sharing_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--trials-per-gpu",
        metavar="N",
        help="trials that share a GPU: --gpus-per-trial 1/N. 'auto' runs 1, 2, 4, ... copies of the largest trial at "
        "once for some seconds each. Of the numbers that fit the memory, it takes the smallest with nearly the highest "
        "speed",
    )


def share(options: argparse.Namespace) -> float | None:
    """GPUs of a trial, from ``--gpus-per-trial`` and ``--trials-per-gpu``.

    ``None`` if neither option is given, or if ``auto`` measures the number.
    """
    word: str | None = options.trials_per_gpu
    gpus: float | None = options.gpus_per_trial
    if word is None:
        return gpus
    if not (word == AUTO or (word.isdecimal() and int(word) > 0)):
        raise bad("--trials-per-gpu", word, f"a whole number of at least 1, or {AUTO!r}")
    if options.local and word != "1":
        raise bad("--trials-per-gpu", word, "it without --local, which runs one trial at a time")
    if word == AUTO:
        _check_measurable(gpus, options.ray_address)
        return None
    even = 1 / int(word)
    if gpus is not None and not math.isclose(gpus, even, abs_tol=SAME_SHARE):
        raise bad("--gpus-per-trial", gpus, f"{even:.3g}, or leave it out, with --trials-per-gpu {word}")
    return even


def _check_measurable(gpus: float | None, ray_address: str | None) -> None:
    if gpus is not None:
        raise bad("--gpus-per-trial", gpus, f"it without --trials-per-gpu {AUTO}, which measures the share")
    if ray_address is not None:
        raise bad("--trials-per-gpu", AUTO, "a number with --ray-address: a cluster's GPUs cannot be tried from here")


def check_gpu(options: argparse.Namespace) -> None:
    """Raise ``UserError`` if ``--trials-per-gpu`` needs a GPU and this machine has none."""
    if options.trials_per_gpu is None or options.ray_address is not None:
        return
    from harness.training import precision

    if not precision.gpu_here(None):
        raise UserError(
            "--trials-per-gpu: this machine has no GPU for trials to share; without this option each trial gets CPU "
            "cores"
        )


def with_gpu_sharing(
    resources: "Resources", options: argparse.Namespace, trials: "Sequence[TrialConfig]", store: str | None
) -> "Resources":
    """The resources with the best number of trials per GPU, from ``--trials-per-gpu auto``.

    Without ``auto``, or if ``trials`` (the trials to run) is empty, the resources are unchanged. ``store`` keeps the
    tokenised data; ``None`` writes nothing.
    """
    if options.trials_per_gpu != AUTO or not trials:
        return resources
    import torch

    from harness.common.machine.cores import cores
    from harness.execution.gpu_sharing import pick
    from harness.store.store import Store

    by_cores = max(1, cores() // (resources.cpus * torch.cuda.device_count()))
    cache = Store(store).cache if store is not None else None
    return replace(resources, gpus=1 / pick(trials, cache, threads=resources.cpus, most=by_cores))
