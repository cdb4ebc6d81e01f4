"""The product that makes the logits, in fp32 where the rest of the model runs in 16 bits.

bf16 has 8 significant bits, so two labels often get equal logits. The label with the smaller id would then win.
"""

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel


class Fp32Linear(nn.Linear):
    """A linear layer that ignores autocast: (…, in) in any precision to (…, out) in fp32."""

    def forward(self, input: Tensor) -> Tensor:
        with torch.autocast(input.device.type, enabled=False):
            return super().forward(input.float())


def keep_head_in_fp32(model: PreTrainedModel, precision: str) -> None:
    """Make the last linear layer of the head an ``Fp32Linear``, in place. Its weights and their names stay.

    A model that is trained in fp32 needs no change.
    """
    if precision == "fp32":
        return
    body = set(model.base_model.modules())
    head = [layer for layer in model.modules() if type(layer) is nn.Linear and layer not in body]
    last = [layer for layer in head if layer.out_features == model.config.num_labels][-1:]
    for layer in last:
        layer.__class__ = Fp32Linear
