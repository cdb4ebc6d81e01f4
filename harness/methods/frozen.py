"""The base of methods that freeze most of the encoder (Section 6)."""

from typing import TYPE_CHECKING, ClassVar

from harness.methods.base import Method

if TYPE_CHECKING:
    from collections.abc import Callable

    from transformers import PreTrainedModel

MAX_WIDTH = 10_000
"""Largest accepted width of modules added to an encoder. A larger width is a typo, and would take up memory."""


class FrozenEncoder(Method):
    """Base of the methods that decide by themselves which weights are trained."""

    holds_nothing: ClassVar[bool] = True
    """Whether the method trains no pretrained weights except layer norms. Pulls and freezes are then useless."""

    def clash(self, other: Method) -> str:
        if isinstance(other, FrozenEncoder):
            return "each of them decides alone which weights are trained"
        if self.holds_nothing and other.pulls:
            return f"{self.name} freezes the weights that {other.name} would hold near the pretrained ones"
        if self.holds_nothing and other.name == "layer_freeze":
            return f"{self.name} freezes the encoder anyway"
        return ""


def freeze_all_but(model: "PreTrainedModel", trained: "Callable[[str], bool]") -> None:
    """Freeze every parameter whose name ``trained`` rejects. Frozen parameters stay frozen."""
    for name, parameter in model.named_parameters():
        if not trained(name):
            parameter.requires_grad_(False)
