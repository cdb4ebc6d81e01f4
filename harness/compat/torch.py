"""Abilities of this machine's processor, as torch sees them. Tested with torch 2.11 and 2.13."""


def has_fast_bf16() -> bool:
    """Whether the processor multiplies matrices in bf16 faster than in fp32: AVX512-BF16 or AMX, used by oneDNN."""
    import torch

    if not torch.backends.mkldnn.is_available():
        return False
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
