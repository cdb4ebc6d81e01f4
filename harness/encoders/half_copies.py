"""The 16-bit copies of linear layers' weights for a forward pass, made by one operation.

Autocast copies each weight and each bias by an operation of its own. The backward pass then converts each gradient by
another operation. Here one operation makes all copies, and one operation converts all gradients. Copies and gradients
equal autocast's to the bit.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from transformers import PreTrainedModel


class HalfLinear(nn.Linear):
    """A linear layer that uses copies of its weights while there are any."""

    copies: tuple[Tensor, ...] = ()
    """16-bit copies of the weight, and of the bias if there is one."""

    def forward(self, input: Tensor) -> Tensor:
        return linear(input, *self.copies) if self.copies else super().forward(input)


def copy_together(model: PreTrainedModel) -> None:
    """Let a model in training copy the weights of its plain linear layers together under autocast, in place.

    The weights and their names stay.
    """
    layers = [layer for layer in model.modules() if type(layer) is nn.Linear]
    for layer in layers:
        layer.__class__ = HalfLinear
    if layers:
        # The hook is the body's: when a hook of the model itself runs, autocast is not on yet.
        model.base_model.register_forward_pre_hook(partial(_copy, layers))
        model.register_forward_hook(partial(_drop, layers), always_call=True)


def _copy(layers: Sequence[nn.Linear], body: nn.Module, *given: Any) -> None:
    device = layers[0].weight.device.type
    if not body.training or not torch.is_autocast_enabled(device):
        _drop(layers)
        return
    parts = [[part for part in (layer.weight, layer.bias) if part is not None] for layer in layers]
    copies = iter(_Together.apply(torch.get_autocast_dtype(device), *(part for own in parts for part in own)))
    for layer, own in zip(layers, parts, strict=True):
        assert isinstance(layer, HalfLinear)
        layer.copies = tuple(next(copies) for _ in own)


def _drop(layers: Sequence[nn.Linear], *given: Any) -> None:
    for layer in layers:
        assert isinstance(layer, HalfLinear)
        layer.copies = ()


class _Together(torch.autograd.Function):
    """Copies of some parameters in a dtype. Frozen parameters get no gradient."""

    @staticmethod
    def forward(context: Any, dtype: torch.dtype, *parameters: Tensor) -> tuple[Tensor, ...]:
        context.set_materialize_grads(False)
        copies = [torch.empty_like(parameter, dtype=dtype) for parameter in parameters]
        torch._foreach_copy_(copies, parameters)
        trained = context.needs_input_grad[1:]
        context.mark_non_differentiable(*(copy for copy, moves in zip(copies, trained, strict=True) if not moves))
        return tuple(copies)

    @staticmethod
    def backward(context: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        there = [gradient for gradient in gradients if gradient is not None]
        wide = [torch.empty_like(gradient, dtype=torch.float32) for gradient in there]
        torch._foreach_copy_(wide, there)
        found = iter(wide)
        return (None, *(None if gradient is None else next(found) for gradient in gradients))
