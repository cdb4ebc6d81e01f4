"""The pull towards the pretrained weights: a gradient (Eq. 1 and 2) added once per optimizer step, without autograd."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from harness.common.errors import UserError
from harness.compat.shards import cut, mine
from harness.encoders.trimmed_embedding import trimmed
from harness.methods.annealing import AnnealedPull, Annealing

AT_ONCE = 2**24
"""Approximate number of weights that a GPU pulls at once.

Small enough that no second copy of the body is held, and large enough that few kernels are started.
"""


@dataclass(frozen=True)
class Term:
    """One penalty λ/2 Σᵢ Fᵢ (θᵢ − θᵢ*)² over the encoder's body."""

    strength: float
    """λ, the strength of the pull."""
    importance: Mapping[str, Tensor] | None = None
    """F by parameter name within the body, shaped as the parameter; ``None`` for ones (Eq. 1).

    A parameter that is missing here, such as a pooler, has F = 0: the masked-language-model loss does not depend on it.
    """
    decoupled: bool = False
    """Whether the penalty is a decay apart from the optimizer's step instead of a part of the loss."""
    annealing: Annealing | None = None
    """If given, the pull follows each optimizer step, and the shares of step and pull change over the training."""

    def weight(self, name: str, theta: Tensor, kept: Tensor | None) -> Tensor:
        """λF of a parameter with the anchor ``theta``, in its shape; a scalar if all entries weigh the same.

        ``kept`` has the indices of the rows to return; ``None`` for all. Raises ``UserError`` if F has another shape
        than ``theta``, since it belongs to another encoder.
        """
        if self.importance is None:
            return torch.tensor(self.strength)
        if name not in self.importance:
            return torch.tensor(0.0)
        importance = self.importance[name]
        if importance.shape != theta.shape:
            raise UserError(
                f"fisher: {name} has the shape {tuple(importance.shape)}, not the encoder's {tuple(theta.shape)}: it "
                "belongs to another encoder"
            )
        return self.strength * (importance if kept is None else importance[kept])


class Penalty:
    """The sum of some terms, bound to a model's body and its anchor θ*.

    Parameters that ``anchor`` lacks, frozen parameters, and the task head outside the body are never touched. Of
    sharded parameters, each process pulls its own shards, and returned values are sums over these shards.

    Args:
        body: The encoder's body (``model.base_model``).
        anchor: θ* by parameter name within the body. A trimmed embedding keeps its own θ*.
        terms: The terms of the sum.
        grouped: Whether many parameters are pulled at once. ``None``: only on a GPU, where starting five kernels per
            parameter takes longer than running them.

    Raises:
        UserError: F belongs to another encoder.
    """

    def __init__(
        self, body: nn.Module, anchor: Mapping[str, Tensor], terms: Sequence[Term], grouped: bool | None = None
    ) -> None:
        self.parameters: list[nn.Parameter] = []
        self.anchors: list[Tensor] = []
        self.weights: list[Tensor] = []
        """Σ λF of each parameter: of its shape, or a scalar if all its entries weigh the same."""
        self.scalars: list[float | None] = []
        """The scalars as Python numbers, so that reading them does not wait for a GPU."""
        names = {name for name, _ in body.named_parameters()}
        for name, importance in (entry for term in terms for entry in (term.importance or {}).items()):
            # The masked language model may have a pooler that the task's model lacks. The loss does not depend on it.
            if name not in anchor and name not in names and importance.any():
                raise UserError(f"fisher: it has {name}, which the encoder lacks: it belongs to another encoder")
        self._largest = 0.0
        shortened = trimmed(body)
        for name, parameter in body.named_parameters():
            if not parameter.requires_grad or name not in anchor:
                continue
            theta, rows = anchor[name].detach(), shortened.get(name)
            weight = sum(
                (term.weight(name, theta, rows.kept if rows is not None else None) for term in terms), torch.tensor(0.0)
            )
            self.parameters.append(parameter)
            place = mine(parameter)
            self.anchors.append(cut(theta if rows is None else rows.pretrained(), parameter).to(place))
            self._largest = max(self._largest, float(weight.max()))
            self.weights.append((cut(weight, parameter) if weight.dim() else weight).to(place))
            self.scalars.append(float(weight) if weight.dim() == 0 else None)
        self.grouped = any(parameter.is_cuda for parameter in self.parameters) if grouped is None else grouped
        # Parameters are pulled singly on a CPU: the difference stays in its cache, and no copy of the body is held.
        self.groups = list(self._groups()) if self.grouped else [[i] for i in range(len(self.parameters))]
        """Indices of the parameters that are pulled at once."""

    def held(self) -> list[Tensor]:
        """The tensors that the penalty keeps in memory."""
        return [*self.anchors, *self.weights]

    def largest(self) -> float:
        """The largest λF of any weight."""
        return self._largest

    @torch.no_grad()
    def add_gradient_(self, scale: float = 1.0) -> Tensor:
        """Add Σ λF(θ − θ*) to the gradients and return the penalty Σ λ/2 F(θ − θ*)², a scalar, at the present weights.

        Call it once per optimizer step, after the last backward pass and before clipping. ``scale`` is the factor by
        which the gradients are multiplied until the step, such as fp16's loss scale. A parameter without a gradient
        takes no part in the step and stays unchanged.
        """
        total = self._zero()
        for parameters, pulls, value in self._pulls():
            total += value
            pairs = [(mine(p.grad), pull) for p, pull in zip(parameters, pulls, strict=True) if p.grad is not None]
            if pairs:
                torch._foreach_add_([grad for grad, _ in pairs], [pull for _, pull in pairs], alpha=scale)
        return total

    @torch.no_grad()
    def decay_(self, rates: Mapping[Tensor, float], share: Tensor | float = 1.0) -> Tensor:
        """θ ← θ − s η λF(θ − θ*), η a parameter's learning rate, s the ``share``. Returns the penalty before the move.

        It is called before an optimizer step for ``DecoupledL2``, and after the step for ``RecAdam``.
        """
        total = self._zero()
        if isinstance(share, Tensor):
            share = share.reshape(())
        for parameters, pulls, value in self._pulls():
            total += value
            if self.grouped:
                torch._foreach_mul_(pulls, [rates[parameter] for parameter in parameters])
                torch._foreach_mul_(pulls, share)
                torch._foreach_sub_([mine(parameter) for parameter in parameters], pulls)
            else:
                # This form rounds differently from the grouped form. It is kept so that CPU trials score as in earlier
                # versions, bit for bit.
                mine(parameters[0]).sub_(pulls[0] * share, alpha=rates[parameters[0]])
        return total

    def _pulls(self) -> Iterator[tuple[list[Tensor], list[Tensor], Tensor]]:
        """The parameters of each group, their λF(θ − θ*), and the sum of λ/2 F(θ − θ*)²."""
        for group in self.groups:
            parameters: list[Tensor] = [self.parameters[i] for i in group]
            moved = list(torch._foreach_sub([mine(one) for one in parameters], [self.anchors[i] for i in group]))
            if scalars := [scalar for i in group if (scalar := self.scalars[i]) is not None]:
                pulls = list(torch._foreach_mul(moved, scalars))
            else:
                pulls = list(torch._foreach_mul(moved, [self.weights[i] for i in group]))
            yield parameters, pulls, self._sum(pulls, moved) / 2

    def _sum(self, pulls: list[Tensor], moved: list[Tensor]) -> Tensor:
        """The sum of λF(θ − θ*)² over all entries of a group; ``moved`` is overwritten."""
        if not self.grouped:
            return torch.dot(pulls[0].flatten(), moved[0].flatten())
        torch._foreach_mul_(moved, pulls)
        return torch.stack(torch._foreach_norm(moved, 1)).sum()  # no entry is negative, because λ and F are not

    def _groups(self) -> Iterator[list[int]]:
        """Groups of one parameter or at most ``AT_ONCE`` weights. No group mixes scalars and weights per entry."""
        for numbers in (True, False):
            group: list[int] = []
            for i, parameter in enumerate(self.parameters):
                if (self.scalars[i] is not None) is numbers:
                    if group and sum(self.parameters[j].numel() for j in group) + parameter.numel() > AT_ONCE:
                        yield group
                        group = []
                    group.append(i)
            if group:
                yield group

    def _zero(self) -> Tensor:
        return torch.zeros((), device=self.parameters[0].device if self.parameters else None)


def penalties(
    body: nn.Module, anchor: Mapping[str, Tensor], terms: Sequence[Term]
) -> tuple[Penalty | None, Penalty | None]:
    """The coupled penalty, which is part of the loss, and the decoupled one. Each is ``None`` if it has no term."""
    plain = [term for term in terms if term.annealing is None]
    kinds = ([term for term in plain if term.decoupled is kind] for kind in (False, True))
    coupled, decoupled = (Penalty(body, anchor, kind) if kind else None for kind in kinds)
    return coupled, decoupled


def annealed_pull(body: nn.Module, anchor: Mapping[str, Tensor], terms: Sequence[Term]) -> AnnealedPull | None:
    """The pull of the annealed term, at most one; ``None`` if there is none."""
    for term in terms:
        if term.annealing is not None:
            return AnnealedPull(Penalty(body, anchor, [term]), term.annealing)
    return None
