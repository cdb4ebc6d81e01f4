"""Sums and messages between the processes that train one model together.

Each process has a replica of the model, or shards of it (see ``shards``), and reads the same batches. It takes its
part of a batch's rows, and divides its loss by the number of labels in the whole step. The gradients' sum over the
processes is then the gradient of the whole batch. With this sum, every process applies penalties, clipping and the
optimizer's step.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from harness.compat import shards
from harness.compat.torch import arrived, process_group
from harness.training.parallel.lost import LostProcessError

AT_ONCE = 2**24
"""Largest number of values that one message sums. A larger tensor is summed in a message of its own."""


class Group:
    """The processes of a trial, from the view of one process.

    Process 0 leads: it decides, writes and scores. Before ``serve_torch`` no library sees the group, so
    ``transformers`` trains in each process as if that process were alone. Methods that exchange messages raise
    ``LostProcessError`` if another process no longer answers.

    Args:
        folder: A folder without files of an earlier group. All processes give the same folder, to find each other.
        rank: The number of this process.
        size: Number of processes.
        gpu: Whether each process has a GPU of its own, so that NCCL sums the gradients instead of gloo.
    """

    def __init__(self, folder: Path, rank: int, size: int, *, gpu: bool = False) -> None:
        self.folder, self.rank, self.size = folder, rank, size
        with _reaching_others():
            self._messages = process_group(folder / "messages", rank, size)
            self._sums = process_group(folder / "sums", rank, size, gpu=True) if gpu else self._messages

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def part(self, batch: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
        """This process's rows of a batch, every ``size``-th, and whether there are any.

        A process without rows gets the first row. It still takes part in the step, with a loss of weight 0.
        """
        any_row = len(next(part for part in batch.values() if isinstance(part, Tensor))) > self.rank
        rows = slice(self.rank, None, self.size) if any_row else slice(0, 1)
        part = {name: value[rows].contiguous() if isinstance(value, Tensor) else value for name, value in batch.items()}
        return part, any_row

    @contextmanager
    def own_draws(self, *numbers: int) -> Iterator[None]:
        """Draw random numbers that depend only on the given numbers and on ``rank``; afterwards, restore the state.

        Dropout must differ between the processes. All other random numbers must be the same.
        """
        gpu = torch.cuda.is_available()
        states = torch.get_rng_state(), torch.cuda.get_rng_state() if gpu else None
        torch.manual_seed(int.from_bytes(hashlib.sha256(json.dumps([*numbers, self.rank]).encode()).digest()[:7]))
        try:
            yield
        finally:
            torch.set_rng_state(states[0])
            if states[1] is not None:
                torch.cuda.set_rng_state(states[1])

    @torch.no_grad()
    def sum_(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors of one dtype by their sums over the processes."""
        for some in _groups(tensors):
            flat = some[0].view(-1) if len(some) == 1 and some[0].is_contiguous() else _flat(some)
            with _reaching_others():
                message = self._sums.allreduce([flat])
                message.wait() if self._sums is not self._messages else arrived(message)  # NCCL's wait returns at once
            if flat.data_ptr() != some[0].data_ptr():
                parts = flat.split([tensor.numel() for tensor in some])
                torch._foreach_copy_(some, [part.view_as(one) for part, one in zip(parts, some, strict=True)])

    @torch.no_grad()
    def same_(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors of one dtype by the tensors of process 0."""
        if not self.leads:
            torch._foreach_zero_(list(tensors))
        self.sum_(tensors)

    def sum_gradients_(self, parameters: Sequence[nn.Parameter]) -> None:
        """Replace gradients by their sums. A parameter then has a gradient if it had one in any process."""
        there = torch.tensor([parameter.grad is not None for parameter in parameters], dtype=torch.int32)
        with _reaching_others():
            arrived(self._messages.allreduce([there]))
        moved = [parameter for parameter, count in zip(parameters, there.tolist(), strict=True) if count]
        for parameter in moved:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        self.sum_([parameter.grad for parameter in moved if parameter.grad is not None])

    def told(self, value: Any = None) -> Any:
        """Process 0's ``value``, on every process. It must fit into JSON. The values of other processes are ignored."""
        content = torch.frombuffer(bytearray(json.dumps(value).encode()), dtype=torch.uint8)
        length = torch.tensor([len(content)])
        with _reaching_others():
            arrived(self._messages.broadcast(length, 0))
            if not self.leads:
                content = torch.empty(int(length), dtype=torch.uint8)
            arrived(self._messages.broadcast(content, 0))
        return json.loads(bytes(content.tolist()))

    def same_folder(self, folder: Path | None) -> Path | None:
        """Process 0's folder, on every process."""
        told = self.told(None if folder is None else str(folder))
        return None if told is None else Path(told)

    def meet(self) -> None:
        """Wait until every process has called this method."""
        with _reaching_others():
            arrived(self._messages.allreduce([torch.zeros(1)]))

    def serve_torch(self) -> None:
        """Become torch's default group, for shards. Every process calls this method at the same time."""
        with _reaching_others():
            shards.begin(self._sums, self.folder / "shards", self.rank, self.size)

    def abandon(self) -> None:
        """Leave torch's default group, and free a GPU from messages that no process answers any more."""
        if self._sums is not self._messages:
            self._sums.abort()  # first, because the end of the default group waits for its messages
        shards.end()

    def check_equal(self, tensors: Sequence[Tensor]) -> None:
        """Raise ``RuntimeError`` if this process's tensors have other norms than the tensors of process 0."""
        norms = str(torch.stack(torch._foreach_norm(list(tensors))).tolist())
        if self.told(norms) != norms:
            raise RuntimeError(
                f"the weights of process {self.rank} are no longer equal to the weights of process 0. The method's "
                "changes to weights must depend only on the gradient, the step and torch's random numbers"
            )


@contextmanager
def _reaching_others() -> Iterator[None]:
    """Raise ``LostProcessError`` if a message does not reach the other processes."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise LostProcessError(f"a process of the trial no longer answers: {error}") from error


def _groups(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    group: list[Tensor] = []
    for tensor in tensors:
        if group and sum(other.numel() for other in group) + tensor.numel() > AT_ONCE:
            yield group
            group = []
        group.append(tensor)
    if group:
        yield group


def _flat(tensors: Sequence[Tensor]) -> Tensor:
    return torch.cat([tensor.reshape(-1) for tensor in tensors])
