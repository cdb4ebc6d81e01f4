"""Peak memory of a piece of work, bytes of tensors, and the return of freed memory to the system."""

import contextlib
import ctypes
import resource
import sys
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor


def nbytes(tensors: Iterable[Tensor], *, besides: Iterable[Tensor] = ()) -> int:
    """Bytes of tensors, each storage once. Storages that ``besides`` also uses do not count."""
    there = {tensor.untyped_storage().data_ptr() for tensor in besides}
    storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in tensors}
    return sum(size for place, size in storages.items() if place not in there)


def reset_peak() -> None:
    """Start a new peak. Outside Linux the resident peak cannot be reset and covers the process's whole life."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def trim() -> None:
    """Return freed memory to the system. Has an effect only with glibc, which keeps free blocks between used blocks."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def peak() -> dict[str, float]:
    """Peak since ``reset_peak`` in MiB: ``resident`` of this process and, on a GPU, ``gpu`` as torch allocated it."""
    found = {"resident": _resident_peak()}
    if torch.cuda.is_available():
        found["gpu"] = torch.cuda.max_memory_allocated() / 2**20
    return found


def _resident_peak() -> float:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**10
    except (OSError, StopIteration):
        unit = 2**20 if sys.platform == "darwin" else 2**10  # ru_maxrss is in bytes on macOS, in KiB elsewhere
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
