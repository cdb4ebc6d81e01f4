"""Optimizers by their names in a setting."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from harness.compat.torch import show_rates
from harness.setting import Setting

OPTIMIZERS = {"adamw": "adamw_torch_fused", "adafactor": "adafactor", "sgd": "sgd"}
"""The names of a setting's optimizers in ``transformers``."""


class UncorrectedAdamW(torch.optim.AdamW):
    """AdamW without bias correction, as in the first implementation of BERT (Mosbach et al., 2021).

    torch divides by 1 − β^t. Here t is infinite from the first step on, so that the divisors are 1.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.register_step_pre_hook(_begin_at_infinity)


def _begin_at_infinity(optimizer: torch.optim.Optimizer, *ignored: Any) -> None:
    """Give each parameter that has no state yet the state of an infinite number of steps with zero moments."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            if parameter.grad is not None and not optimizer.state[parameter]:
                optimizer.state[parameter] = {
                    "step": torch.full((), math.inf, dtype=torch.float32, device=parameter.device),
                    "exp_avg": torch.zeros_like(parameter, memory_format=torch.preserve_format),
                    "exp_avg_sq": torch.zeros_like(parameter, memory_format=torch.preserve_format),
                }


def uncorrected(setting: Setting) -> tuple[type[torch.optim.Optimizer], dict[str, Any]]:
    """The class of AdamW without bias correction, and its arguments for a setting."""
    betas = (setting.beta1, setting.beta2)
    return UncorrectedAdamW, {"lr": setting.learning_rate, "betas": betas, "eps": setting.epsilon, "fused": True}


def options_of(optimizer: torch.optim.Optimizer) -> list[dict[str, Any]]:
    """The hyperparameters of each group of an optimizer."""
    return [{name: value for name, value in group.items() if name != "params"} for group in optimizer.param_groups]


def restart_with(options: Sequence[dict[str, Any]], optimizer: torch.optim.Optimizer, schedule: LRScheduler) -> None:
    """Give a running optimizer other hyperparameters. Its schedule goes on at its present step, with the new rates.

    ``options`` is a result of ``options_of``, in the order of the groups. The optimizer's moments stay.
    """
    assert isinstance(schedule, LambdaLR)
    for group, own, share in zip(optimizer.param_groups, options, schedule.lr_lambdas, strict=True):
        group.update(own, initial_lr=own["lr"], lr=own["lr"] * share(schedule.last_epoch))
    schedule.base_lrs = [own["lr"] for own in options]
    show_rates(schedule, [group["lr"] for group in optimizer.param_groups])  # the log reads them
