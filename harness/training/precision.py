"""Floating-point precision of a trial: the meaning of ``auto`` on a device, checks, and autocast."""

from contextlib import AbstractContextManager

from harness.common.errors import bad
from harness.compat.torch import has_fast_bf16
from harness.study import AUTO


def chosen(precision: str, gpus: float | None) -> str:
    """``precision``, or for ``auto`` the fastest precision on this machine's device.

    On a CPU that is bf16 if the processor has AVX512-BF16 or AMX, else fp32. On a GPU it is bf16 if the GPU has it,
    else fp16. ``gpus`` is a trial's share of a GPU; ``None`` means one GPU if there is any.
    """
    if precision != AUTO:
        return precision
    if not gpu_here(gpus):
        return "bf16" if has_fast_bf16() else "fp32"
    import torch

    return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"


def gpu_here(gpus: float | None) -> bool:
    """Whether a trial on this machine gets a GPU."""
    if gpus == 0:
        return False
    import torch

    return torch.cuda.is_available()


def check(precision: str, *, gpu: bool) -> None:
    """Refuse a precision that the device does not support."""
    if precision == "fp16" and not gpu:
        raise bad("precision", precision, "fp32, bf16 or auto: fp16 with loss scaling needs a GPU")


def autocast(precision: str, device: str) -> AbstractContextManager[object]:
    """Mixed precision as in training, for a forward pass on a device type such as ``cuda``."""
    import torch

    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision)
    return torch.autocast(device, dtype, enabled=dtype is not None)
