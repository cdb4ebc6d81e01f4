"""Private names of torch: the processor's abilities, a schedule's rates, groups of processes, and an operator.

Abilities and rates are tested with torch 2.11 and 2.13. Groups are tested with torch 2.13 on a CPU. The operator needs
a GPU.
"""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim.lr_scheduler import LRScheduler

FOREVER = timedelta(days=365)
"""Time limit of a process that waits for the others. Process 0 may score or write for hours.

Other code notices a dead process.
"""


STEP = timedelta(seconds=1)
"""Longest wait outside Python, where a signal or a time limit could not end it."""


class Work(Protocol):
    """A message in transit."""

    def wait(self, timeout: timedelta = ...) -> object: ...

    def is_completed(self) -> bool: ...


class Link(Protocol):
    """The methods of a process group that steadytune uses."""

    def allreduce(self, tensors: "list[Tensor]") -> Work:
        """Replace a tensor by the sum over the processes."""
        ...

    def broadcast(self, tensor: "Tensor", root: int) -> Work:
        """Replace a tensor by the tensor of the process ``root``."""
        ...

    def abort(self) -> None:
        """Give up all messages."""
        ...


def arrived(message: Work) -> None:
    """Wait for a message of gloo. Raises the ``RuntimeError`` of a message that does not arrive."""
    while not message.is_completed():
        with suppress(RuntimeError):  # STEP is over; or the message failed, and the last line raises its error
            message.wait(STEP)
    message.wait()


def has_fast_bf16() -> bool:
    """Whether the processor multiplies matrices in bf16 faster than in fp32: AVX512-BF16 or AMX, used by oneDNN."""
    import torch

    if not torch.backends.mkldnn.is_available():
        return False
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def show_rates(schedule: "LRScheduler", rates: list[float]) -> None:
    """Set the learning rates, one for each group of parameters, that a schedule reports for its last step."""
    schedule._last_lr = [*rates]


def process_group(file: Path, rank: int, size: int, *, gpu: bool = False) -> Link:
    """A group of processes on one machine, by NCCL if ``gpu``, else by gloo.

    It is not torch's default group, because ``transformers``, ``accelerate`` and ``datasets`` behave differently with a
    default group. Only processes on this machine can connect. The processes meet in ``file``, which must not exist
    before.
    """
    from torch._C import _distributed_c10d

    groups: Any = _distributed_c10d  # its stubs lack some names
    store = groups.FileStore(str(file), size)
    if gpu:
        nccl = groups.ProcessGroupNCCL.Options()
        nccl._timeout = FOREVER
        on_gpus: Link = groups.ProcessGroupNCCL(store, rank, size, nccl)
        return on_gpus
    gloo = groups.ProcessGroupGloo._Options()
    gloo._timeout = FOREVER
    gloo._devices = [groups.ProcessGroupGloo.create_device(hostname="127.0.0.1")]
    on_cpus: Link = groups.ProcessGroupGloo(store, rank, size, gloo)
    return on_cpus


def flash_attention(
    query: "Tensor", key: "Tensor", value: "Tensor", ends: "Tensor", longest: int, dropout: float, scale: float
) -> "Tensor":
    """Flash attention within sequences of different lengths, (T, heads, width), in bf16 or fp16 on a GPU.

    ``torch.nn.attention.varlen`` calls the same operator, without its dropout. ``ends`` (B + 1,), int32, has 0 and the
    end of each of the B sequences. Raises ``RuntimeError`` or ``NotImplementedError`` if there is no kernel for these
    tensors.
    """
    import torch

    attended: Tensor = torch.ops.aten._flash_attention_forward(
        query, key, value, ends, ends, longest, longest, dropout, False, False, scale=scale
    )[0]
    return attended
