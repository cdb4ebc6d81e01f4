"""Exact vocabulary trimming: training without the embeddings that no training example uses.

The row of an unused id gets no gradient from the task and none from a penalty (θ = θ*), so Adam never moves it. It only
costs memory and time. Most rows of a multilingual encoder are unused. Unused rows stay in the shared pretrained
model; the trained matrix has the other rows. Ids are mapped to rows inside the embedding, so the rest of the model is
unaware of the trimming.
"""

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from harness.encoders import mapped_embedding


class TrimmedEmbedding(nn.Embedding):
    """An embedding with trained rows for the ``kept`` ids. The other rows are only read from the whole embedding.

    It takes and returns the same tensors as the whole embedding. ``weight`` has the kept rows, in the order of ``kept``
    (ascending).
    """

    def __init__(self, whole: nn.Embedding, kept: Tensor) -> None:
        rows = torch.full((whole.num_embeddings,), -1)
        rows[kept] = torch.arange(len(kept))
        padding = int(rows[whole.padding_idx]) if whole.padding_idx is not None else -1
        super().__init__(
            len(kept),
            whole.embedding_dim,
            padding_idx=padding if padding >= 0 else None,
            _weight=mapped_embedding.rows(whole, kept),
        )
        self.kept = kept
        self.register_buffer("rows", rows, persistent=False)
        self._whole = [whole]  # in a list, so that it is no submodule: it stays in place and is never trained

    def pretrained(self) -> Tensor:
        """The kept rows of the whole embedding, shaped as ``weight``."""
        return mapped_embedding.rows(self._whole[0], self.kept)

    def whole(self) -> nn.Embedding:
        """The whole embedding, which all trials share."""
        return self._whole[0]

    def forward(self, input: Tensor) -> Tensor:
        assert isinstance(self.rows, Tensor)
        rows = self.rows[input]
        if self.training:
            return super().forward(rows)
        found = super().forward(rows.clamp(min=0))
        cut = rows < 0
        if input.is_cuda:
            # A 16-bit trial computes with no more significant bits than fp16 has.
            dtype = torch.float16 if torch.is_autocast_enabled("cuda") else torch.float32
            return merged(found, cut, input, resident(self._whole[0], input.device, dtype))
        if bool(cut.any()):
            found[cut] = mapped_embedding.rows(self._whole[0], input[cut]).to(found)
        return found

    def restored(self) -> nn.Embedding:
        """The embedding at full size, with the trained rows in their places."""
        whole = self._whole[0]
        weight = whole.weight.detach().to(self.weight, copy=True)
        mapped_embedding.release(whole)
        weight[self.kept] = self.weight.detach()
        return nn.Embedding(whole.num_embeddings, whole.embedding_dim, padding_idx=whole.padding_idx, _weight=weight)


def merged(found: Tensor, cut: Tensor, ids: Tensor, vocabulary: Tensor) -> Tensor:
    """``found`` (…, width), with the rows of ``ids`` (…) at the positions in ``cut`` (…).

    ``vocabulary`` is the whole embedding (ids, width). No value leaves the device.
    """
    return torch.where(cut.unsqueeze(-1), nn.functional.embedding(ids, vocabulary).to(found), found)


@lru_cache(maxsize=1)
def resident(whole: nn.Embedding, device: torch.device, dtype: torch.dtype) -> Tensor:
    """A whole embedding on a device, once per process. A mapped embedding leaves no rows in main memory."""
    found = torch.empty(whole.weight.shape, dtype=dtype, device=device)
    for start in range(0, len(found), mapped_embedding.AT_ONCE):
        stop = start + mapped_embedding.AT_ONCE
        found[start:stop] = whole.weight.detach()[start:stop].to(device)
        mapped_embedding.release(whole)
    return found


def can_trim(model: PreTrainedModel, weight_decay: float, optimizer: str = "adamw") -> bool:
    """Whether trimming a model's input embedding is exact.

    It is not exact with weight decay, which moves every row, nor with Adafactor, which uses means over all rows.
    Nor is it exact for an embedding that does more than look up rows or that shares its weights.
    """
    return not weight_decay and optimizer != "adafactor" and mapped_embedding.only_looks_up(model)


def trimmed(body: nn.Module) -> dict[str, TrimmedEmbedding]:
    """The trimmed embeddings of a body, by parameter name."""
    return {f"{name}.weight": module for name, module in body.named_modules() if isinstance(module, TrimmedEmbedding)}


def kept_in_place(model: nn.Module) -> dict[int, Any]:
    """A memo for ``copy.deepcopy`` of a model, so that the copy shares the whole embedding."""
    return {id(whole): whole for cut in trimmed(model).values() for whole in (cut.whole(),)}


def size(model: PreTrainedModel) -> int:
    """Number of rows of a model's input embedding; for a trimmed embedding, the rows that may be trained."""
    return len(next(iter(model.get_input_embeddings().parameters())))


def restore(model: PreTrainedModel) -> None:
    """Give a trimmed model its whole embedding back, in place."""
    embedding = model.get_input_embeddings()
    if isinstance(embedding, TrimmedEmbedding):
        model.set_input_embeddings(embedding.restored())
