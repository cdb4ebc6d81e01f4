"""Batches without padding: the sequences of a batch one after another, with their ends.

Embeddings, layers and head see the real tokens alone. Flash attention keeps the sequences apart by their lengths. The
lengths are counted on the CPU, so that no step waits for the GPU. Losses and gradients equal the padded batch's except
for rounding, and for dropout, which draws for real tokens only.

Only a GPU with a kernel for flash attention trains on such batches (``can_train``). Otherwise, as on a CPU, batches are
padded, and ``varlen`` packs the tokens in the layers alone.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import DataCollatorForTokenClassification, DataCollatorWithPadding, PreTrainedModel

from harness.compat.torch import flash_attention
from harness.methods import Method, OwnMethod
from harness.tasks import Task

ENDS, LONGEST = "cu_seq_lens_q", "max_length_q"
"""Arguments that ``transformers`` passes on to the attention: 0 and the sequences' ends, and their largest length."""
FIRSTS = "first_tokens"
"""Argument with the positions of the texts' first tokens, (B,), for a head that reads only these tokens."""
INPUTS = ("input_ids", "token_type_ids")
COLLATORS = {DataCollatorForTokenClassification: True, DataCollatorWithPadding: False}
"""Collators that can be replaced; true if each token has a label, false if each sequence has one."""
TOLERANCE = 0.02
"""Largest accepted difference between flash and plain attention.

It is relative to the larger of 1 and plain attention's largest value.
"""


class PackedCollator:
    """A collator of packed batches.

    Args:
        first: The number of the first position: 0, or in the families of RoBERTa the padding's id + 1.
        of_tokens: Whether each token has a label; otherwise each sequence has one.
    """

    def __init__(self, first: int, *, of_tokens: bool) -> None:
        self.first, self.of_tokens = first, of_tokens

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """A batch of B sequences with T tokens together: inputs (1, T), ends (B + 1,), labels (1, T) or (B,)."""
        lengths = [len(row["input_ids"]) for row in rows]
        batch: dict[str, Any] = {name: _joined([row[name] for row in rows]) for name in INPUTS if name in rows[0]}
        batch["position_ids"] = _joined([range(self.first, self.first + length) for length in lengths])
        labels = [row["labels"] for row in rows]
        batch["labels"] = _joined(labels) if self.of_tokens else torch.tensor(labels)
        batch[ENDS] = torch.tensor(np.cumsum([0, *lengths]), dtype=torch.int32)
        batch[LONGEST] = max(lengths)
        if not self.of_tokens:
            batch[FIRSTS] = batch[ENDS][:-1]
        return batch


def _joined(parts: Sequence[Sequence[int]]) -> Tensor:
    return torch.from_numpy(np.concatenate([np.asarray(part, dtype=np.int64) for part in parts])).unsqueeze(0)


def collator(model: PreTrainedModel, padding: Any) -> PackedCollator:
    """The collator of a model's packed batches, in place of the collator ``padding``."""
    positions = model.base_model.get_submodule("embeddings.position_embeddings")
    assert isinstance(positions, torch.nn.Embedding)
    first = 0 if positions.padding_idx is None else positions.padding_idx + 1
    return PackedCollator(first, of_tokens=COLLATORS[type(padding)])


def can_train(model: PreTrainedModel, padding: Any, task: Task[Any], method: Method, precision: str) -> bool:
    """Whether a trial trains on packed batches: on a GPU with flash attention, in 16 bits.

    A user's method, a task with its own ``loss`` or ``prepare``, and prompts at the input expect padded batches. The
    caller checks that ``varlen`` supports the model's family (``is_packed``).
    """
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision)
    if dtype is None or not fits(padding, task, method) or not torch.cuda.is_available():
        return False
    config = model.config
    return flash_attention_works(config.hidden_size // config.num_attention_heads, dtype, "cuda")


def fits(padding: Any, task: Task[Any], method: Method) -> bool:
    """Whether a collator, a task and a method work with batches of any shape."""
    own = any(isinstance(part, OwnMethod) or part.virtual_tokens for part in method.parts)
    plain = type(task).loss is Task.loss and type(task).prepare is Task.prepare
    return type(padding) in COLLATORS and plain and not own


@lru_cache
def flash_attention_works(width: int, dtype: torch.dtype, device: str) -> bool:
    """Whether the kernel runs here, with dropout too, and agrees with plain attention forward and backward."""
    draw = torch.Generator().manual_seed(0)
    ends = torch.tensor([0, 5, 24], dtype=torch.int32, device=device)
    query, key, value, slope = (torch.randn(1, 2, 24, width, generator=draw).to(device, dtype) for _ in range(4))
    leaves = [part.requires_grad_() for part in (query, key, value)]
    found = []
    try:
        for attend in (by_kernel, one_by_one):
            attended = attend(query, key, value, ends, 19, 0.0, width**-0.5)
            found.append([attended.detach(), *torch.autograd.grad(attended, leaves, slope.transpose(1, 2))])
        with torch.random.fork_rng(range(torch.cuda.device_count())):  # a trial's draws do not depend on this draw
            dropped = by_kernel(query, key, value, ends, 19, 0.5, width**-0.5)
    except (RuntimeError, TypeError, NotImplementedError):
        return False
    apart = max(float((one - other).abs().max()) for one, other in zip(*found, strict=True))
    return apart <= TOLERANCE * max(1.0, *(float(part.abs().max()) for part in found[1])) and bool(
        dropped.isfinite().all()
    )


def attention(
    query: Tensor, key: Tensor, value: Tensor, ends: Tensor, longest: int, dropout: float, scale: float
) -> Tensor:
    """Attention within each sequence: (1, heads, T, width) to (1, T, heads, width)."""
    attend = by_kernel if query.is_cuda and query.dtype != torch.float32 else one_by_one
    return attend(query, key, value, ends, longest, dropout, scale)


def by_kernel(
    query: Tensor, key: Tensor, value: Tensor, ends: Tensor, longest: int, dropout: float, scale: float
) -> Tensor:
    """``attention`` by one kernel, which draws the dropout itself."""
    query, key, value = (part[0].transpose(0, 1) for part in (query, key, value))
    return flash_attention(query, key, value, ends, longest, dropout, scale).unsqueeze(0)


def one_by_one(
    query: Tensor, key: Tensor, value: Tensor, ends: Tensor, longest: int, dropout: float, scale: float
) -> Tensor:
    """``attention`` by torch's ``scaled_dot_product_attention``, one sequence after another."""
    lengths = ends.diff().tolist()
    parts = zip(*(part.split(lengths, dim=2) for part in (query, key, value)), strict=True)
    attended = [scaled_dot_product_attention(q, k, v, dropout_p=dropout, scale=scale) for q, k, v in parts]
    return torch.cat(attended, dim=2).transpose(1, 2)
