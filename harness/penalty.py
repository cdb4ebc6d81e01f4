"""The pull towards the pretrained weights: Eq. 1 and 2 as a gradient that is added once per optimizer step, never through autograd."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from harness.vocabulary import kept_rows


@dataclass(frozen=True)
class Term:
    """One penalty λ/2 Σᵢ Fᵢ (θᵢ − θᵢ*)² over the encoder's body."""

    strength: float
    """λ."""
    importance: Mapping[str, Tensor] | None = None
    """F by parameter name within the body, each of its parameter's shape; ``None`` for ones (Eq. 1). A parameter that it lacks has F = 0:
    the masked-language-model loss does not depend on it, as on a pooler."""

    def weight(self, name: str) -> Tensor | float:
        """λF of a parameter."""
        if self.importance is None:
            return self.strength
        return self.strength * self.importance[name] if name in self.importance else 0.0


class Penalty:
    """The sum of some terms, bound to a model's body and its anchor θ*.

    ``anchor`` holds θ* by parameter name within the body (``model.base_model``), of the whole vocabulary also where the body's is
    trimmed. Parameters that it lacks, and the task head, which is
    outside the body, have no θ* and are never touched.
    """

    def __init__(self, body: nn.Module, anchor: Mapping[str, Tensor], terms: list[Term]) -> None:
        self.parameters: list[nn.Parameter] = []
        self.anchors: list[Tensor] = []
        self.weights: list[Tensor] = []
        """Σ λF of each parameter: its shape, or a scalar where all its entries weigh the same."""
        kept = kept_rows(body)
        for name, parameter in body.named_parameters():
            if not parameter.requires_grad or name not in anchor:
                continue
            theta, weight = anchor[name].detach(), torch.as_tensor(sum(term.weight(name) for term in terms))
            if name in kept:
                theta, weight = theta[kept[name]], weight[kept[name]] if weight.ndim else weight
            self.parameters.append(parameter)
            self.anchors.append(theta.to(parameter))
            self.weights.append(weight.to(parameter))

    @torch.no_grad()
    def add_gradient_(self, scale: float = 1.0) -> Tensor:
        """Add Σ λF(θ − θ*) to the gradients and return the penalty Σ λ/2 F(θ − θ*)², a scalar, at the present weights.

        Call it once per optimizer step, after the last backward pass and before clipping. ``scale`` is what the gradients are
        multiplied by until the step, as fp16's loss scaling does. A parameter without a gradient takes no part in the step and stays as
        it is.
        """
        value = torch.zeros((), device=self.parameters[0].device if self.parameters else None)
        for parameter, anchor, weight in zip(self.parameters, self.anchors, self.weights, strict=True):
            # One parameter at a time: the difference stays in the processor's cache, and no copy of the body is held.
            moved = parameter - anchor
            pull = moved * weight
            value += torch.dot(pull.flatten(), moved.flatten()) / 2
            if parameter.grad is not None:
                parameter.grad.add_(pull, alpha=scale)
        return value
