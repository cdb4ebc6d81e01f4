"""What the methods have in common that freeze most of the encoder (Section 6)."""

from typing import TYPE_CHECKING, ClassVar

from harness.methods.base import Method

if TYPE_CHECKING:
    from collections.abc import Callable

    from transformers import PreTrainedModel


class FrozenEncoder(Method):
    """Base of the methods that say by themselves which weights are trained."""

    holds_nothing: ClassVar[bool] = True
    """Whether no weight matrix or bias with a θ* is trained, so that there is nothing for a penalty to hold."""

    def clash(self, other: Method) -> str:
        if isinstance(other, FrozenEncoder):
            return "each says by itself which weights are trained"
        if self.holds_nothing and other.pulls:
            return f"{self.name} freezes the weights that {other.name} would pull"
        if self.holds_nothing and other.name == "layer_freeze":
            return f"{self.name} freezes the encoder anyway"
        return ""


def freeze_all_but(model: "PreTrainedModel", trained: "Callable[[str], bool]") -> None:
    """Freeze every parameter whose name ``trained`` does not want; what is frozen already stays so."""
    for name, parameter in model.named_parameters():
        if not trained(name):
            parameter.requires_grad_(False)
