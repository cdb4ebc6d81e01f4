"""The pull towards the pretrained weights: Eq. 1 and 2 as a gradient that is added once per optimizer step, never through autograd."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Term:
    """One penalty λ/2 Σᵢ Fᵢ (θᵢ − θᵢ*)² over the encoder's body."""

    strength: float
    """λ."""
    importance: Mapping[str, Tensor] | None = None
    """F by parameter name within the body, each of its parameter's shape; ``None`` for ones (Eq. 1)."""


class Penalty:
    """The sum of some terms, bound to a model's body and its anchor θ*.

    ``anchor`` holds θ* by parameter name within the body (``model.base_model``). The task head has no θ*: parameters outside the
    body are never touched.
    """

    def __init__(self, body: nn.Module, anchor: Mapping[str, Tensor], terms: list[Term]) -> None:
        self.parameters: list[nn.Parameter] = []
        self.anchors: list[Tensor] = []
        self.weights: list[Tensor] = []
        """Σ λF of each parameter: its shape, or a scalar where all its entries weigh the same."""
        for name, parameter in body.named_parameters():
            if not parameter.requires_grad:
                continue
            self.parameters.append(parameter)
            self.anchors.append(anchor[name].detach().to(parameter))
            weight = sum(term.strength * (1.0 if term.importance is None else term.importance[name]) for term in terms)
            self.weights.append(torch.as_tensor(weight).to(parameter))

    @torch.no_grad()
    def add_gradient_(self) -> Tensor:
        """Add Σ λF(θ − θ*) to the gradients and return the penalty Σ λ/2 F(θ − θ*)², a scalar, at the present weights.

        Call it once per optimizer step, after the last backward pass and before clipping. A parameter without a gradient takes no
        part in the step and stays as it is.
        """
        value = torch.zeros((), device=self.parameters[0].device if self.parameters else None)
        for parameter, anchor, weight in zip(self.parameters, self.anchors, self.weights, strict=True):
            # One parameter at a time: the difference stays in the processor's cache, and no copy of the body is held.
            moved = parameter - anchor
            pull = moved * weight
            value += torch.dot(pull.flatten(), moved.flatten()) / 2
            if parameter.grad is not None:
                parameter.grad.add_(pull)
        return value
