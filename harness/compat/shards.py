"""Weights that processes share by FSDP2: each process keeps a part of each tensor, its shard.

Tested with torch 2.13 on a CPU.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

    from harness.compat.torch import Link

BACKEND = "steadytune"
"""The name of the backend that torch's default group gets."""
_links: "list[Link]" = []
"""The group that becomes torch's default group next. torch gets this group by calling a function."""


def begin(link: "Link", file: Path, rank: int, size: int) -> None:
    """Make ``link`` torch's default group, which FSDP2 needs. ``file`` must not exist before."""
    from torch import distributed
    from torch._C import _distributed_c10d

    groups: Any = _distributed_c10d  # its stubs lack some names
    end()
    # A backend of our own: torch's gloo would listen at an address that other machines reach.
    if BACKEND not in distributed.Backend.backend_list:
        distributed.Backend.register_backend(BACKEND, lambda *given: _links.pop(), devices=["cpu", "cuda"])
    _links[:] = [link]
    distributed.init_process_group(BACKEND, store=groups.FileStore(str(file), size), rank=rank, world_size=size)


def end() -> None:
    """Leave the default group, if ``begin`` made it."""
    from torch import distributed

    if distributed.is_initialized() and distributed.get_backend() == BACKEND:
        distributed.destroy_process_group()


def shard(model: "nn.Module", layers: "Sequence[nn.Module]", size: int) -> None:
    """Shard the weights of a model in place: each layer's, then the rest. Gradients become sums over the processes."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    # A view as the model's output is harmless: the weights outside the layers stay whole until the backward pass.
    warnings.filterwarnings("ignore", "FSDP2-wrapped module .* returned a view tensor")
    device = next(model.parameters()).device.type
    mesh = init_device_mesh(device, (size,))
    for module in (*layers, model):
        whole = fully_shard(module, mesh=mesh)
        whole.set_gradient_divide_factor(1.0)
        whole.set_force_sum_reduction_for_comms(True)


def mine(tensor: "Tensor") -> "Tensor":
    """This process's shard of a tensor, in the tensor's own memory. For a tensor without shards, the tensor itself."""
    local = getattr(tensor, "to_local", None)
    return tensor if local is None else local()


def cut(whole: "Tensor", like: "Tensor") -> "Tensor":
    """The part of a whole tensor at the place of this process's shard of ``like``; all of it without shards."""
    return mine(sharded_like(whole, like))


def sharded_like(whole: "Tensor", like: Any) -> "Tensor":
    """A whole tensor, cut into shards like ``like`` if it has any. Every process has all of it, so nothing is sent."""
    if not hasattr(like, "to_local"):
        return whole
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(whole.to(like.device), like.device_mesh, like.placements, src_data_rank=None)


def gathered(tensor: Any) -> "Tensor":
    """The whole tensor of some shards. All processes call this function at the same time."""
    return tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor
