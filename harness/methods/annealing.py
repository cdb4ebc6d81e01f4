"""A pull towards the pretrained weights for ``recadam``: its share falls while the share of the task rises."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from harness.compat.shards import mine


@dataclass(frozen=True)
class Annealing:
    """λ(t) = 1 / (1 + exp(−k (t − t₀))), the task's share at optimizer step t ≥ 1."""

    rate: float
    """k."""
    middle: float
    """t₀, the step with equal shares."""

    def share(self, step: int) -> float:
        """The task's share λ(t)."""
        exponent = self.rate * (step - self.middle)
        return 1 / (1 + math.exp(-exponent)) if exponent > -700 else 0.0  # math.exp overflows above about 709


class Pull(Protocol):
    """The ``Penalty`` of an annealed term."""

    parameters: list[torch.nn.Parameter]

    def held(self) -> list[Tensor]: ...

    def largest(self) -> float: ...

    def decay_(self, rates: Mapping[Tensor, float], share: Tensor | float = 1.0) -> Tensor: ...


class AnnealedPull:
    """θ ← θ + λ(t) Δ, then θ ← θ − (1 − λ(t)) η γ (θ − θ*), for an optimizer that moves θ by Δ."""

    def __init__(self, pull: Pull, annealing: Annealing) -> None:
        self.pull, self.annealing = pull, annealing
        self._before: list[Tensor] = []

    def held(self) -> list[Tensor]:
        """The tensors that the pull keeps in memory. The weights are listed in place of each step's temporary copy."""
        return [*self.pull.held(), *map(mine, self.pull.parameters)]

    def largest(self) -> float:
        """The largest γ of any weight."""
        return self.pull.largest()

    @torch.no_grad()
    def before_step(self) -> None:
        """Keep the weights before an optimizer step."""
        self._before = [mine(parameter).detach().clone() for parameter in self.pull.parameters]

    @torch.no_grad()
    def after_step_(self, step: int, rates: Mapping[Tensor, float], share: Tensor | float = 1.0) -> Tensor:
        """Anneal an optimizer step and pull. Returns the penalty (1 − λ) γ/2 Σ (θ − θ*)² before the pull, a scalar.

        Args:
            step: t, from 1.
            rates: The learning rate of each parameter.
            share: 0 after an fp16 overflow, because the optimizer then leaves the weights as they are; else 1.
        """
        task = self.annealing.share(step)
        for parameter, before in zip(map(mine, self.pull.parameters), self._before, strict=True):
            parameter.copy_(torch.lerp(before, parameter, task))
        self._before = []
        return self.pull.decay_(rates, share * (1 - task)) * (1 - task)
