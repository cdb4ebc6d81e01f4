"""Private names of torch: the processor's abilities, and groups of processes that no library sees.

Tested with torch 2.11 and 2.13.
"""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup

FOREVER = timedelta(days=365)
"""Wait of a process for the others: process 0 may score or write for hours, and another part notices if one dies."""


def has_fast_bf16() -> bool:
    """Whether the processor multiplies matrices in bf16 faster than in fp32: AVX512-BF16 or AMX, used by oneDNN."""
    import torch

    if not torch.backends.mkldnn.is_available():
        return False
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def process_group(file: Path, rank: int, size: int, *, gpu: bool = False) -> "ProcessGroup":
    """A group of processes on one machine, by NCCL or, without GPUs, by gloo.

    It is not torch's default group, because ``transformers``, ``accelerate`` and ``datasets`` behave differently where
    there is one. Nothing but the machine itself can connect to it. ``file`` is where the processes meet; it must not
    exist before.
    """
    from torch.distributed import FileStore

    store = FileStore(str(file), size)
    if gpu:
        from torch.distributed import ProcessGroupNCCL

        nccl = ProcessGroupNCCL.Options()
        nccl._timeout = FOREVER
        return ProcessGroupNCCL(store, rank, size, nccl)
    from torch.distributed import ProcessGroupGloo

    gloo = ProcessGroupGloo._Options()
    gloo._timeout = FOREVER
    gloo._devices = [ProcessGroupGloo.create_device(hostname="127.0.0.1")]
    return ProcessGroupGloo(store, rank, size, gloo)
