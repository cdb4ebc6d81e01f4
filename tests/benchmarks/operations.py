"""Device operations of a training step, and the host's waits in it, counted on the CPU.

    python -m tests.benchmarks.operations [--layers 12] [--task udpos] [--precision bf16]

An operation is a call of a torch operator that computes something: a view, an empty tensor and a detached tensor do not
count. An operation launches one kernel on a GPU, or a few for a list of tensors. The model is a small BERT with the
given number of layers; its width changes no count. As on a GPU, dropout and attention are each one operation forward
and one backward. Attention has no dropout here. In packed batches a stand-in replaces a GPU's flash attention.

A wait is an operator whose result the host reads: a number (``item``), or a shape that depends on values (``nonzero``).
"""

import argparse
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from tabulate import tabulate
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import TrainerCallback

from harness.methods import Vanilla
from harness.study import Setting, Study
from tests.benchmarks.on_gpu.making import make_encoder

FREE = ("empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided", "detach", "lift_fresh")
FREE += ("_unsafe_view", "_reshape_alias", "is_same_size", "_record_function_enter_new", "_record_function_exit")
"""Operators that compute nothing, beside the views."""
WAITS = ("_local_scalar_dense", "nonzero", "is_nonzero", "equal")
CASTS = ("_to_copy", "copy_", "_foreach_copy_")
NAMESPACE = "steadytune"
"""Namespace of the operators that stand for a kernel on a GPU."""
WAYS = ("padded", "packed layers", "packed batches", "weights copied together")
"""A CPU trains with packed layers. A GPU trains as in the last way, which has packed batches too."""


class Count(TorchDispatchMode):
    """Counts operators by name while it is on."""

    def __init__(self) -> None:
        super().__init__()
        self.on, self.found = False, Counter[str]()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        counts = self.on and not func.is_view and name not in FREE
        self.found[name] += counts
        before, self.on = self.on, self.on and func.namespace != NAMESPACE  # a stand-in's operations are not counted
        try:
            return func(*args, **(kwargs or {}))
        finally:
            self.on = before


@torch.library.custom_op(f"{NAMESPACE}::attention_by_lengths", mutates_args=())
def by_lengths(query: Tensor, key: Tensor, value: Tensor, ends: Tensor) -> Tensor:
    """One operation in the place of flash attention; its values do not matter."""
    return query.transpose(1, 2).clone(memory_format=torch.contiguous_format)


@torch.library.custom_op(f"{NAMESPACE}::attention_by_lengths_backward", mutates_args=())
def backward(gradient: Tensor) -> list[Tensor]:
    # One token after another in memory, as from flash attention, so that no later operation copies the gradients.
    return [gradient.clone(memory_format=torch.contiguous_format).transpose(1, 2) for _ in range(3)]


by_lengths.register_autograd(lambda context, gradient: (*backward(gradient), None))


def stand_in(query: Tensor, key: Tensor, value: Tensor, ends: Tensor, *rest: Any) -> Tensor:
    """The stand-in for ``packed_batches.attention`` on a GPU."""
    found: Tensor = by_lengths(query, key, value, ends)
    return found


def step(way: str, layers: int, task: str, precision: str, steps: int = 2) -> Counter[str]:
    """Operations of the last of a few steps, by name."""
    from harness.data.context import TrialContext
    from harness.execution.plan import plan
    from harness.training import building, packed_batches, varlen

    with tempfile.TemporaryDirectory() as folder, ExitStack() as patches:
        size = argparse.Namespace(vocabulary=19_200, hidden=96, layers=layers)
        make_encoder(Path(folder) / "encoder", size)
        setting = Setting(learning_rate=1e-5, max_steps=steps, batch_size=8, max_length=128, attention_dropout=0.0)
        study = Study(
            name="operations",
            task=task,
            methods=(Vanilla(),),
            settings=(setting,),
            seeds=(0,),
            targets=("de",),
            encoder=str(Path(folder) / "encoder"),
            precision=precision,
        )
        patches.enter_context(patch.object(nn.functional, "dropout", _dropout))
        if way == "padded":
            patches.enter_context(patch.object(building, "train_packed", lambda model: None))
        elif way != "packed layers":
            patches.enter_context(patch.object(packed_batches, "can_train", lambda *given: True))
            patches.enter_context(patch.object(varlen, "attention", stand_in))
            if way == "packed batches":
                patches.enter_context(patch.object(building, "copy_together", lambda model: None))
        trainer = building.build_trainer(TrialContext.of(plan(study)[0], Path(folder)))
        count = Count()
        trainer.add_callback(_Watch(count, steps))
        with count:
            trainer.train()
    return count.found


def _dropout(values: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Dropout as a GPU computes it: one operation forward and one backward."""
    return torch.native_dropout(values, p, training)[0] if training and p > 0 else values


class _Watch(TrainerCallback):
    def __init__(self, count: Count, steps: int) -> None:
        self.count, self.steps = count, steps

    def on_step_begin(self, args: Any, state: Any, *rest: Any, **named: Any) -> None:
        self.count.on = state.global_step == self.steps - 1

    def on_step_end(self, *given: Any, **named: Any) -> None:
        self.count.on = False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=12, help="(default: %(default)s)")
    parser.add_argument("--task", default="udpos", help="udpos or pawsx (default: %(default)s)")
    parser.add_argument("--precision", default="bf16", help="(default: %(default)s)")
    parser.add_argument("--names", type=int, default=0, help="number of operators that are listed (default: none)")
    options = parser.parse_args()
    rows = []
    for way in WAYS:
        found = step(way, options.layers, options.task, options.precision)
        if options.names:
            print(way, *(f"{name} {count}" for name, count in found.most_common(options.names)), sep="\n  ")
        parts = [sum(found[name] for name in names) for names in (CASTS, WAITS)]
        rows.append([way, found.total(), *parts])
    print(tabulate(rows, ["a step", "operations", "casts and copies", "waits"], tablefmt="github"))


if __name__ == "__main__":
    main()
