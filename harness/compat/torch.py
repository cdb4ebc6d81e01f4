"""Private names of ``torch``: abilities of this machine's processor, and an operator.

Tested with torch 2.11 and 2.13, the operator only on a CPU.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def has_fast_bf16() -> bool:
    """Whether the processor multiplies matrices in bf16 faster than in fp32: AVX512-BF16 or AMX, used by oneDNN."""
    import torch

    if not torch.backends.mkldnn.is_available():
        return False
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def flash_attention(
    query: "Tensor", key: "Tensor", value: "Tensor", ends: "Tensor", longest: int, dropout: float, scale: float
) -> "Tensor":
    """Flash attention within sequences of different lengths, (T, heads, width), in bf16 or fp16 on a GPU.

    ``torch.nn.attention.varlen`` calls the same operator, without its dropout. ``ends`` are the sequences' ends from 0,
    int32. Raises ``RuntimeError`` or ``NotImplementedError`` where there is no kernel for these tensors.
    """
    import torch

    attended: Tensor = torch.ops.aten._flash_attention_forward(
        query, key, value, ends, ends, longest, longest, dropout, False, False, scale=scale
    )[0]
    return attended
