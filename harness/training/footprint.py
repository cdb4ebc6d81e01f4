"""Trained parameters of a method, and its memory beside weights, gradients and optimizer state."""

from collections.abc import Iterable
from itertools import chain
from typing import Protocol, runtime_checkable

from torch import Tensor, nn

from harness.common.machine import memory
from harness.encoders.loading import Pretrained


@runtime_checkable
class Keeper(Protocol):
    """A penalty, callback or module that keeps tensors for a method."""

    def held(self) -> list[Tensor]: ...


def sizes(model: nn.Module, pretrained: Pretrained) -> dict[str, int]:
    """``parameters`` of an adapted model, and its ``trained_parameters``. A vocabulary counts whole, trimmed or not."""
    whole = {name: parameter.numel() for name, parameter in pretrained.model.named_parameters()}
    added = _added(model, pretrained)
    trained = sum(
        whole.get(name, parameter.numel()) for name, parameter in model.named_parameters() if parameter.requires_grad
    )
    return {
        "parameters": sum(whole.values()) + sum(parameter.numel() for parameter in added),
        "trained_parameters": trained,
    }


def extra_bytes(model: nn.Module, pretrained: Pretrained, keepers: Iterable[object]) -> int:
    """Bytes of the tensors that a method keeps or adds to the model.

    The pretrained weights do not count, because all trials of a process share them.
    """
    held = chain.from_iterable(keeper.held() for keeper in (*keepers, *model.modules()) if isinstance(keeper, Keeper))
    return memory.nbytes([*held, *_added(model, pretrained)], besides=pretrained.model.parameters())


def _added(model: nn.Module, pretrained: Pretrained) -> list[Tensor]:
    """Parameters that a method has added.

    A wrapped layer's own weights do not count: they have a new name, but are frozen.
    """
    known = {name for name, _ in pretrained.model.named_parameters()}
    return [parameter for name, parameter in model.named_parameters() if name not in known and parameter.requires_grad]
