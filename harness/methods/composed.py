"""``composed``: several methods at once, such as an L2 pull with a learning rate that decays by layer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from harness.common.errors import UserError, bad
from harness.methods.base import Method
from harness.methods.fisher_estimate import Estimate
from harness.methods.own import own
from harness.setting import Setting

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer
    from transformers import PreTrainedModel, TrainerCallback

    from harness.encoders.loading import Pretrained
    from harness.methods.batch import Batch
    from harness.methods.penalty import Term


@dataclass(frozen=True, kw_only=True)
class Composed(Method):
    """Several methods together: penalties add up, learning rates multiply, and frozen weights stay frozen.

    The order of the methods does not matter. A pointless combination is refused with the reason.
    """

    name: ClassVar[str] = "composed"

    methods: tuple[Method, ...]
    """At least two."""

    def __post_init__(self) -> None:
        super().__post_init__()
        flat = [part for method in self.methods for part in own(method).parts]
        object.__setattr__(self, "methods", tuple(sorted(flat, key=lambda part: part.name)))
        if len(self.methods) < 2:
            raise bad("methods", [method.label for method in self.methods], "at least two methods, or one by itself")
        if sum(method.replaces_loss for method in self.methods) > 1:
            raise bad("methods", self.label, "at most one method that replaces the task's loss")
        if sum(method.has_optimizer for method in self.methods) > 1:
            raise bad("methods", self.label, "at most one method with its own optimizer")
        for one, other in combinations(self.methods, 2):
            twice = one.name == other.name if one.name else one == other  # the name is empty until a file is read
            reason = "each method can be there once" if twice else one.clash(other) or other.clash(one)
            if reason:
                raise UserError(f"methods: {one.label} and {other.label} do not go together: {reason}")

    @property
    def replaces_loss(self) -> bool:  # type: ignore[override]
        return any(method.replaces_loss for method in self.methods)

    @property
    def has_optimizer(self) -> bool:
        return any(method.has_optimizer for method in self.methods)

    @property
    def label(self) -> str:
        return " + ".join(method.label for method in self.methods)

    @property
    def arm(self) -> Method:
        return replace(self, methods=tuple(method.arm for method in self.methods))

    @property
    def parts(self) -> tuple[Method, ...]:
        return self.methods

    def check(self, targets: Sequence[str], checkpoint: str, settings: Sequence[Setting]) -> None:
        for method in self.methods:
            method.check(targets, checkpoint, settings)

    def warnings(self, setting: Setting) -> list[str]:
        return [warning for method in self.methods for warning in method.warnings(setting)]

    def expand(self, targets: tuple[str, ...]) -> list[tuple[Method, tuple[str, ...]]]:
        split = product(*(method.expand(targets) for method in self.methods))
        return [
            (
                replace(self, methods=tuple(method for method, _ in parts)),
                tuple(language for language in targets if all(language in scored for _, scored in parts)),
            )
            for parts in split
        ]

    def located(self, absolute: Callable[[str, str], str]) -> Method:
        return replace(self, methods=tuple(method.located(absolute) for method in self.methods))

    def beside(self, folder: Path) -> Method:
        return replace(self, methods=tuple(method.beside(folder) for method in self.methods))

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "methods": [method.to_json() for method in self.methods]}

    def identity(self) -> dict[str, Any]:
        return {"name": self.name, "methods": [method.identity() for method in self.methods]}

    @property
    def virtual_tokens(self) -> int:
        return sum(method.virtual_tokens for method in self.methods)

    def adapt(self, model: "PreTrainedModel", pretrained: "Pretrained") -> None:
        for method in self.methods:
            method.adapt(model, pretrained)

    def restarts(self, model: "PreTrainedModel", pretrained: "Pretrained") -> frozenset[str]:
        return frozenset(name for method in self.methods for name in method.restarts(model, pretrained))

    def estimates(self) -> list[Estimate]:
        return [estimate for method in self.methods for estimate in method.estimates()]

    def terms(self, diagonals: "Sequence[Mapping[str, Tensor]]") -> "list[Term]":
        found: list[Term] = []
        left = list(diagonals)
        for method in self.methods:
            count = len(method.estimates())
            found += method.terms(left[:count])
            del left[:count]
        return found

    def rates(self, model: "PreTrainedModel", pretrained: "Pretrained") -> dict[str, float]:
        found = [method.rates(model, pretrained) for method in self.methods]
        return {
            name: prod(shares.get(name, 1.0) for shares in found)
            for name in {name for shares in found for name in shares}
        }

    def loss(self, model: "PreTrainedModel", batch: "Batch", outputs: "Mapping[str, Tensor]") -> "Tensor | None":
        found = [loss for method in self.methods if (loss := method.loss(model, batch, outputs)) is not None]
        return sum(found[1:], found[0]) if found else None

    def optimizer(self, groups: list[dict[str, Any]], setting: Setting) -> "Optimizer | None":
        found = [method.optimizer(groups, setting) for method in self.methods if method.has_optimizer]
        return found[0] if found else None

    def callbacks(self) -> "list[TrainerCallback]":
        return [callback for method in self.methods for callback in method.callbacks()]

    def finish(self, model: "PreTrainedModel") -> None:
        for method in self.methods:
            method.finish(model)
