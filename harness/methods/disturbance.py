"""Disturbed word embeddings, for ``harness.methods.smart``."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from harness.methods.batch import Batch


TINY = 1e-30
"""Smallest divisor, in place of the length of a gradient of zeros, such as the gradient at padding."""


@contextmanager
def _embeddings(model: "PreTrainedModel", change: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Change the outputs of the model's word embeddings, (..., width), within a ``with`` block."""

    def changed(module: nn.Module, given: Any, found: Tensor) -> Tensor:
        return change(found)

    handle = model.get_input_embeddings().register_forward_hook(changed)
    try:
        yield
    finally:
        handle.remove()


def outputs_at(
    model: "PreTrainedModel", batch: "Batch", move: Callable[[Tensor], Tensor] | Tensor
) -> Mapping[str, Tensor]:
    """The outputs with x + ``move`` for the embeddings x; ``move`` may be a function of x."""
    with _embeddings(model, lambda found: found + (move if isinstance(move, Tensor) else move(found))):
        return batch.outputs(model)


@dataclass(frozen=True)
class Ascent:
    """The search for the worst embeddings near a batch's own; fields are the options of ``Smart``."""

    radius: float
    step: float
    noise: float
    ascents: int
    norm: str

    def moved(self, model: "PreTrainedModel", batch: "Batch", outputs: Mapping[str, Tensor]) -> Tensor:
        """x̃ − x after T steps of ascent on the divergence from ``outputs``, in the shape of the embeddings."""
        still = {name: part.detach() for name, part in outputs.items() if isinstance(part, Tensor)}
        moves: list[Tensor] = []

        def begin(found: Tensor) -> Tensor:
            moves.append((self.noise * torch.randn_like(found)).requires_grad_())
            return moves[0]

        move: Callable[[Tensor], Tensor] | Tensor = begin
        for _ in range(self.ascents):
            divergence = batch.divergence(outputs_at(model, batch, move), still)
            (slope,) = torch.autograd.grad(divergence, moves[-1])
            step = self.step * slope / lengths(slope, self.norm).clamp(min=TINY)
            moves.append(projected(moves[-1].detach() + step, self.radius, self.norm).requires_grad_())
            move = moves[-1]
        return moves[-1].detach()


def lengths(rows: Tensor, norm: str) -> Tensor:
    """The norm of each sub-word's vector, (..., 1)."""
    return torch.linalg.vector_norm(rows, ord=float(norm), dim=-1, keepdim=True)


def projected(move: Tensor, radius: float, norm: str) -> Tensor:
    """The nearest move within the ball of a radius, for each sub-word; in the shape of ``move``."""
    if norm == "inf":
        return move.clamp(-radius, radius).detach()
    return (move * (radius / lengths(move, norm).clamp(min=radius))).detach()
