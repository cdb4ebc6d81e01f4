"""Private names of torch: the processor's abilities, and a schedule's rates. Tested with torch 2.11 and 2.13."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.optim.lr_scheduler import LRScheduler


def has_fast_bf16() -> bool:
    """Whether the processor multiplies matrices in bf16 faster than in fp32: AVX512-BF16 or AMX, used by oneDNN."""
    import torch

    if not torch.backends.mkldnn.is_available():
        return False
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def show_rates(schedule: "LRScheduler", rates: list[float]) -> None:
    """Let a schedule show other learning rates, one for each group, as those of its last step."""
    schedule._last_lr = [*rates]
